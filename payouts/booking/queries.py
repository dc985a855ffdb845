"""Reads the seam: commission events that are not booked yet, and what merchants' receipts have to cover."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from affiliate.commissions.models import Commission, CommissionEvent, CommissionShare
from affiliate.core.db import among, is_postgres
from payouts.booking.chart import EarnedFact, Share, event_source
from payouts.booking.rules import Claim
from payouts.ledger.accounts import CASH, CLEARING, RECEIVABLE
from payouts.ledger.models import LedgerAccount, LedgerEntry, Posting


def booked_as(prefix: str) -> sa.ColumnElement[bool]:
    """True for an event that the books hold under this prefix."""
    source = sa.literal(prefix) + sa.cast(CommissionEvent.id, sa.String)
    return sa.exists().where(LedgerEntry.source == source).correlate(CommissionEvent)


BOOKED = booked_as("commission_event:")
FUNDED = booked_as("funding:")


def event_ids(session: Session, *, after: int, limit: int) -> list[int]:
    """The next ids of commission events behind an id, booked or not."""
    query = sa.select(CommissionEvent.id).where(CommissionEvent.id > after).order_by(CommissionEvent.id).limit(limit)
    return list(session.execute(query).scalars())


def unbooked(session: Session, event_ids: Sequence[int]) -> list[int]:
    """Those of these events that the books do not hold."""
    by_source = {event_source(event_id): event_id for event_id in event_ids}
    booked = session.execute(sa.select(LedgerEntry.source).where(among(session, LedgerEntry.source, by_source)))
    return sorted(set(event_ids) - {by_source[source] for source in booked.scalars()})


def newest_event_id(session: Session) -> int:
    return session.execute(sa.select(sa.func.coalesce(sa.func.max(CommissionEvent.id), 0))).scalar_one()


def transaction_horizon(session: Session) -> tuple[int, int]:
    """(oldest transaction that still runs, next to begin). On SQLite writers come one by one: (0, 0)."""
    if not is_postgres(session):
        return 0, 0
    snapshot = "pg_current_snapshot()"
    row = session.execute(sa.text(f"SELECT pg_snapshot_xmin({snapshot})::text, pg_snapshot_xmax({snapshot})::text"))
    oldest, following = row.one()
    return int(oldest), int(following)


def facts(session: Session, which: sa.ColumnElement[bool]) -> list[EarnedFact]:
    """The events that fit a condition, as booking reads them, in order of their ids."""
    event = CommissionEvent
    rows = session.execute(
        sa.select(
            event.id, event.merchant_id, event.currency, event.kind, event.amount_minor, event.available_on,
            event.needs_funding, event.occurred_at, Commission.available_on.label("of_commission"),
        )
        .join(Commission, Commission.id == event.commission_id)
        .where(which)
        .order_by(event.id)
    ).all()  # fmt: skip
    shares: dict[int, list[Share]] = defaultdict(list)
    query = (
        sa.select(CommissionShare.event_id, CommissionShare.owner, CommissionShare.amount_minor)
        .join(event, event.id == CommissionShare.event_id)
        .where(which)
        .order_by(CommissionShare.id)
    )
    for event_id, owner, amount in session.execute(query):
        shares[event_id].append(Share(owner, amount))
    return [_fact(row, tuple(shares[row.id])) for row in rows]


def _fact(row: Any, shares: tuple[Share, ...]) -> EarnedFact:
    return EarnedFact(
        event_id=row.id,
        merchant_id=row.merchant_id,
        currency=row.currency,
        kind=row.kind.value,
        amount_minor=row.amount_minor,
        available_on=row.available_on if row.amount_minor > 0 else row.of_commission,
        needs_funding=row.needs_funding,
        occurred_at=row.occurred_at,
        shares=shares,
    )


def received(session: Session, owners: Collection[str] | None) -> dict[tuple[str, str], int]:
    """What these merchants, or all, have paid us, by (owner, currency): what their accounts hold against our cash."""
    return {key: -total for key, total in _against_cash(session, RECEIVABLE, owners, None).items()}


def settled(
    session: Session, owners: Collection[str] | None, *, as_of: datetime | None = None
) -> dict[tuple[str, str], int]:
    """What has reached these owners, or all, by (owner, currency): what left by our bank, less what returned."""
    return _against_cash(session, CLEARING, owners, as_of)


def _against_cash(
    session: Session, name: str, owners: Collection[str] | None, as_of: datetime | None
) -> dict[tuple[str, str], int]:
    cash_leg, cash = aliased(Posting), aliased(LedgerAccount)
    moved_cash = (
        sa.exists()
        .where(cash_leg.entry_id == Posting.entry_id, cash.id == cash_leg.account_id, cash.name == CASH)
        .correlate(Posting)
    )
    query = (
        sa.select(LedgerAccount.owner, LedgerAccount.currency, sa.func.sum(Posting.amount_minor))
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(LedgerAccount.name == name, moved_cash)
        .group_by(LedgerAccount.owner, LedgerAccount.currency)
    )
    if owners is not None:
        query = query.where(LedgerAccount.owner.in_(sorted(owners)))
    if as_of is not None:
        query = query.join(LedgerEntry, LedgerEntry.id == Posting.entry_id).where(LedgerEntry.occurred_at <= as_of)
    return {(owner, code): int(total) for owner, code, total in session.execute(query)}


def claims(session: Session, merchant_id: int, currency: str) -> list[Claim]:
    """What each booked commission of a merchant asks of it."""
    of_merchant = (CommissionEvent.merchant_id == merchant_id, CommissionEvent.currency == currency)
    is_done = sa.case((sa.and_(CommissionEvent.needs_funding, FUNDED), 1), else_=0).label("is_done")
    columns = (CommissionEvent.id, CommissionEvent.commission_id, CommissionEvent.needs_funding)
    events = sa.select(*columns, CommissionEvent.amount_minor, is_done).where(*of_merchant, BOOKED).subquery().c
    done, gives, takes = (
        sa.func.sum(sa.case((which, events.amount_minor), else_=0))
        for which in (
            events.is_done == 1,
            sa.and_(events.is_done == 0, events.amount_minor > 0),
            sa.and_(events.is_done == 0, events.amount_minor < 0),
        )
    )
    first = sa.func.min(events.id)
    rows = session.execute(
        sa.select(events.commission_id, first, events.needs_funding, sa.func.max(events.is_done), done, gives, takes)
        .group_by(events.commission_id, events.needs_funding)
        .order_by(first)
    )
    return [Claim(row[0], row[1], row[2], bool(row[3]), int(row[4]), int(row[5]), int(row[6])) for row in rows]
