"""The lines of a statement: each thing that changed what we owe a community or its curators, and where it opens to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.commissions.models import Commission, CommissionEvent
from affiliate.merchants.models import Merchant
from affiliate.orders.models import Order
from payouts.booking.queries import FUNDED
from payouts.ledger.accounts import CLEARING, PAYABLE, PAYABLE_UNFUNDED
from payouts.ledger.models import LedgerAccount, LedgerEntry, Posting
from payouts.runs.models import Payout

OWED = (PAYABLE, PAYABLE_UNFUNDED, CLEARING)


@dataclass(frozen=True, slots=True)
class Earning:
    """The commission event behind a line; `waits` where it becomes payable only with the store's payment."""

    commission_id: int
    kind: str
    order_ref: str
    merchant: str
    available_on: datetime
    waits: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One change: positive where we owe more. `key` is its place in the list; behind it an earning or a payout."""

    key: int
    occurred_at: datetime
    owner: str
    amount_minor: int
    text: str
    earning: Earning | None
    payout: Payout | None


def lines(session: Session, keys: Collection[str], currency: str, *, before: int | None, limit: int) -> Sequence[Line]:
    """The newest lines of these owners in a currency. Moves from held to available or into a payout change nothing."""
    key = sa.func.min(Posting.id)
    query = (
        sa.select(
            key.label("key"),
            LedgerEntry.source,
            LedgerEntry.text,
            LedgerEntry.occurred_at,
            LedgerAccount.owner,
            sa.func.sum(-Posting.amount_minor).label("amount"),
        )
        .join(LedgerEntry, LedgerEntry.id == Posting.entry_id)
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(LedgerAccount.name.in_(OWED), LedgerAccount.owner.in_(keys), LedgerAccount.currency == currency)
        .group_by(LedgerEntry.id, LedgerEntry.source, LedgerEntry.text, LedgerEntry.occurred_at, LedgerAccount.owner)
        .having(sa.func.sum(Posting.amount_minor) != 0)
        .order_by(key.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.having(key < before)
    rows = session.execute(query).all()
    sources = {row.source for row in rows}
    earnings = _earnings(session, _numbers(sources, "commission_event"))
    payouts = _payouts(session, _numbers(sources, "payout"))
    return [
        Line(
            row.key, row.occurred_at, row.owner, int(row.amount), row.text,
            earnings.get(_number(row.source, "commission_event")), payouts.get(_number(row.source, "payout")),
        )
        for row in rows
    ]  # fmt: skip


def _number(source: str, kind: str) -> int:
    """17 of "payout:17:paid" for the kind payout; 0 for another kind."""
    parts = source.split(":")
    return int(parts[1]) if parts[0] == kind and len(parts) > 1 and parts[1].isdecimal() else 0


def _numbers(sources: Collection[str], kind: str) -> list[int]:
    return [number for source in sources if (number := _number(source, kind))]


def _earnings(session: Session, event_ids: Collection[int]) -> dict[int, Earning]:
    waits = sa.and_(CommissionEvent.needs_funding, ~FUNDED)
    rows = session.execute(
        sa.select(CommissionEvent, Commission.id, Commission.available_on, Order.ref, Merchant.name, waits)
        .join(Commission, Commission.id == CommissionEvent.commission_id)
        .join(Order, Order.id == Commission.order_id)
        .join(Merchant, Merchant.id == Commission.merchant_id)
        .where(CommissionEvent.id.in_(event_ids))
    )
    return {
        event.id: Earning(
            commission_id, event.kind.value, ref, merchant, max(event.available_on, available_on), bool(waiting)
        )
        for event, commission_id, available_on, ref, merchant, waiting in rows
    }


def _payouts(session: Session, payout_ids: Collection[int]) -> dict[int, Payout]:
    rows = session.execute(sa.select(Payout).where(Payout.id.in_(payout_ids))).scalars()
    return {row.id: row for row in rows}
