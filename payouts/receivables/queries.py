"""Who owes what: sums of the books beside the receipts, and the order that the receipts reach."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.commissions.models import Commission, CommissionEvent
from affiliate.core.errors import NotFound
from affiliate.identity.actors import Actor
from affiliate.merchants.models import Merchant
from affiliate.orders.models import Order
from payouts.booking import queries as booking
from payouts.booking import rules
from payouts.booking.chart import merchant_owner
from payouts.ledger import queries as ledger
from payouts.ledger.accounts import RECEIVABLE
from payouts.receivables.models import Receipt


@dataclass(frozen=True, slots=True)
class Standing:
    """One merchant in one currency. `owed_minor` is all that it ever owed; `up_to` the last order that is covered.

    A commission is covered when its first event comes no later in line than `up_to_event`.
    """

    merchant: Merchant
    currency: str
    owed_minor: int
    received_minor: int
    up_to_event: int
    up_to: Order | None

    @property
    def open_minor(self) -> int:
        """Still to be paid; negative where the merchant has paid ahead."""
        return self.owed_minor - self.received_minor


def standings(session: Session, actor: Actor) -> list[Standing]:
    """Every merchant that owes or has paid something, for finance and admins. Raises NotFound for others."""
    if not actor.sees_all():
        raise NotFound
    merchants = session.execute(sa.select(Merchant).order_by(Merchant.name, Merchant.id)).scalars().all()
    return _standings(session, merchants)


def standings_of(session: Session, merchant: Merchant, *, with_reach: bool = True) -> list[Standing]:
    """One merchant, which the caller fetched through the person, by currency; perhaps only its sums."""
    return _standings(session, [merchant], with_reach=with_reach)


def _standings(session: Session, merchants: Sequence[Merchant], *, with_reach: bool = True) -> list[Standing]:
    owners = [merchant_owner(merchant.id) for merchant in merchants]
    still_open = ledger.balances(session, name=RECEIVABLE, owners=owners)
    received = booking.received(session, owners)
    reached = {
        (owner, currency): _up_to(session, int(owner.partition(":")[2]), currency, amount)
        for (owner, currency), amount in received.items()
        if amount and with_reach
    }
    orders = _orders(session, reached.values())
    found = []
    for merchant in merchants:
        owner = merchant_owner(merchant.id)
        for currency in sorted(code for known, code in still_open if known == owner):
            paid, up_to = received.get((owner, currency), 0), reached.get((owner, currency), 0)
            owed = still_open[owner, currency] + paid
            found.append(Standing(merchant, currency, owed, paid, up_to, orders.get(up_to)))
    return found


def _up_to(session: Session, merchant_id: int, currency: str, received_minor: int) -> int:
    """The event that the merchant's money reaches in the line of its commissions; 0 where it reaches none."""
    return rules.cover(booking.claims(session, merchant_id, currency), received_minor).up_to or 0


def _orders(session: Session, events: Iterable[int]) -> dict[int, Order]:
    """Orders by the event that they earned."""
    rows = session.execute(
        sa.select(CommissionEvent.id, Order)
        .join(Commission, Commission.id == CommissionEvent.commission_id)
        .join(Order, Order.id == Commission.order_id)
        .where(CommissionEvent.id.in_(list(events)))
    )
    return {row[0]: row[1] for row in rows}


def receipts(
    session: Session, actor: Actor, *, before: int | None, limit: int, merchant_id: int | None = None
) -> Sequence[tuple[Receipt, Merchant]]:
    """Receipts that the actor may see, the newest first."""
    query = sa.select(Receipt, Merchant).join(Merchant, Merchant.id == Receipt.merchant_id)
    if not actor.sees_all():
        query = query.where(Receipt.merchant_id.in_(actor.merchants))
    if merchant_id is not None:
        query = query.where(Receipt.merchant_id == merchant_id)
    if before is not None:
        query = query.where(Receipt.id < before)
    rows = session.execute(query.order_by(Receipt.id.desc()).limit(limit))
    return [(receipt, merchant) for receipt, merchant in rows]
