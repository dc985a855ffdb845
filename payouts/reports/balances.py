"""What a community and its curators have, by currency: estimated, on the way, payable, paid. Sums of the books."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.communities.models import Community, Curator
from affiliate.conversions.models import Conversion, ConversionStatus, Credit
from affiliate.core import clock
from affiliate.core.i18n import DEFAULT_ZONE
from payouts.booking import queries as booking
from payouts.ledger import queries as ledger
from payouts.ledger.accounts import CLEARING, PAYABLE, PAYABLE_UNFUNDED
from payouts.ledger.models import LedgerAccount, Posting

FIGURES = ("estimated", "held", "awaiting_funds", "available", "in_flight", "paid", "owed_back")


@dataclass(frozen=True, slots=True)
class Balance:
    """One currency, in minor units, never negative: what is owed back stands in a figure of its own.

    estimated       the community's and its curators' part of orders that are not completed yet; outside the books
    held            earned, its hold not over
    awaiting_funds  earned, waiting for the store's payment
    available       may be paid now
    in_flight       reserved by a payout
    paid            has reached them
    owed_back       refunds took back more than there is; later earnings settle it
    """

    currency: str
    estimated: int
    held: int
    awaiting_funds: int
    available: int
    in_flight: int
    paid: int
    owed_back: int

    @property
    def owed_minor(self) -> int:
        """What we owe them in all, as the lines of their statement sum to."""
        return self.held + self.awaiting_funds + self.available + self.in_flight - self.owed_back


def owners(session: Session, community: Community) -> dict[str, str]:
    """Owner keys and names: the community itself, then its curators."""
    curators = session.execute(
        sa.select(Curator.id, Curator.name).where(Curator.community_id == community.id).order_by(Curator.id)
    )
    return {f"community:{community.id}": community.name} | {f"curator:{row.id}": row.name for row in curators}


def balances(session: Session, community: Community, *, now: datetime, as_of: datetime | None = None) -> list[Balance]:
    """A community's balances, rupiah first. The caller fetched the community through the person.

    With `as_of`, what had occurred by then, divided by what could be paid then.
    """
    keys = list(owners(session, community))
    estimated = _estimated(session, community, as_of)
    positions = ledger.positions(session, cutoff=as_of or now, owners=keys, as_of=as_of)
    waiting = _by_currency(ledger.balances(session, name=PAYABLE_UNFUNDED, owners=keys, as_of=as_of))
    clearing = _by_currency(ledger.balances(session, name=CLEARING, owners=keys, as_of=as_of))
    paid = _by_currency(booking.settled(session, keys, as_of=as_of))
    currencies = {*estimated, *waiting, *clearing, *paid, *(code for _owner, code in positions)}
    found = []
    for currency in sorted(currencies, key=lambda code: (code != "IDR", code)):
        mine = [position for (_owner, code), position in positions.items() if code == currency]
        found.append(
            Balance(
                currency=currency,
                estimated=estimated.get(currency, 0),
                held=sum(position.held for position in mine),
                awaiting_funds=-waiting.get(currency, 0),
                available=sum(max(0, position.available) for position in mine),
                in_flight=-clearing.get(currency, 0),
                paid=paid.get(currency, 0),
                owed_back=sum(max(0, -position.available) for position in mine),
            )
        )
    return found


def _by_currency(sums: dict[tuple[str, str], int]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for (_owner, currency), amount in sums.items():
        found[currency] += amount
    return dict(found)


def _estimated(session: Session, community: Community, as_of: datetime | None) -> dict[str, int]:
    query = (
        sa.select(Conversion.currency, sa.func.sum(Credit.estimate_minor))
        .join(Credit, Credit.conversion_id == Conversion.id)
        .where(Credit.community_id == community.id, Credit.withdrawn_at.is_(None))
        .where(Conversion.status == ConversionStatus.PENDING)
        .group_by(Conversion.currency)
    )
    if as_of is not None:
        query = query.where(Conversion.placed_at <= as_of)
    return {currency: int(total) for currency, total in session.execute(query)}


def expected(session: Session, keys: Collection[str], currency: str, *, now: datetime) -> dict[date, int]:
    """Held money by the day on which it becomes available, in order; what was taken back of it is gone already."""
    rows = session.execute(
        sa.select(Posting.available_on, sa.func.sum(-Posting.amount_minor))
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(
            LedgerAccount.name == PAYABLE,
            LedgerAccount.owner.in_(keys),
            LedgerAccount.currency == currency,
            Posting.available_on > now,
        )
        .group_by(Posting.available_on)
        .order_by(Posting.available_on)
    )
    days: dict[date, int] = defaultdict(int)
    for available_on, amount in rows:
        assert available_on is not None  # the query asks for days to come
        days[clock.local_date(available_on, DEFAULT_ZONE)] += int(amount)
    return {day: amount for day, amount in days.items() if amount}
