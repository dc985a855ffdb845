"""Booking: every commission event once, and what a merchant's money covers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.commissions.models import CommissionEvent
from affiliate.core.db import upsert
from payouts.booking import chart, queries, rules
from payouts.booking.models import BookingMark
from payouts.ledger import service as ledger

SETTLES_AFTER = timedelta(minutes=1)  # an id is drawn a moment before its transaction can be seen
CHUNK = 1000


def book(session: Session, *, limit: int, now: datetime) -> int:
    """Book up to `limit` commission events that the books do not hold; returns how many.

    Where they need their merchant's money and that has come already, they are covered in the same breath.
    """
    return len(book_after(session, None, limit=limit, now=now))


def book_after(session: Session, after: int | None, *, limit: int, now: datetime) -> Sequence[int]:
    """As `book`, for events behind an id, or behind the mark; returns their ids in order."""
    mark = session.get(BookingMark, 1, populate_existing=True) if after is None else None
    start = after if after is not None else mark.settled_event_id if mark else 0
    ids = queries.unbooked_ids(session, after=start, limit=limit)
    if ids:
        facts = queries.facts(session, CommissionEvent.id.in_(ids))
        ledger.post(session, [chart.commission_event(fact) for fact in facts], now=now)
        cover(session, {(fact.merchant_id, fact.currency) for fact in facts if fact.needs_funding}, now=now)
    elif after is None:
        _move_mark(session, mark, now)
    return ids


def cover(session: Session, merchants: Iterable[tuple[int, str]], *, now: datetime) -> int:
    """Make payable what the receipts of these (merchant, currency) pairs cover; returns how many events that were.

    Called wherever a receipt or an event of the merchant is booked, in the same transaction.
    """
    return sum(_cover_one(session, merchant_id, currency, now) for merchant_id, currency in sorted(merchants))


def _cover_one(session: Session, merchant_id: int, currency: str, now: datetime) -> int:
    owner = chart.merchant_owner(merchant_id)
    received = queries.received(session, [owner]).get((owner, currency), 0)
    if received == 0:
        return 0
    coverage = rules.cover(queries.claims(session, merchant_id, currency), received)
    open_facts = [
        *_open_facts(session, coverage.taken_back, CommissionEvent.amount_minor < 0),
        *_open_facts(session, coverage.covered, sa.true()),
    ]
    entries = [chart.funded(fact, at=now) for fact in open_facts]
    return ledger.post(session, [entry for entry in entries if entry], now=now)


def _open_facts(
    session: Session, commissions: Sequence[int], which: sa.ColumnElement[bool]
) -> Iterator[chart.EarnedFact]:
    """Booked events of these commissions that are not covered yet, of the kind asked for."""
    for start in range(0, len(commissions), CHUNK):
        of_these = CommissionEvent.commission_id.in_(commissions[start : start + CHUNK])
        uncovered = sa.and_(of_these, which, CommissionEvent.needs_funding, queries.BOOKED, ~queries.FUNDED)
        yield from queries.facts(session, uncovered)


def _move_mark(session: Session, mark: BookingMark | None, now: datetime) -> None:
    """Nothing is left to book: remember how far that holds, and settle what was seen before."""
    oldest, horizon = queries.transaction_horizon(session)
    seen = {"seen_event_id": queries.newest_event_id(session), "seen_at": now, "horizon": horizon}
    if mark is None:
        first = {"id": 1, "settled_event_id": 0, **seen}
        session.execute(upsert(session, BookingMark).values(first).on_conflict_do_nothing())
        return
    if mark.settled_event_id == seen["seen_event_id"]:
        return
    if now - mark.seen_at >= SETTLES_AFTER and oldest >= mark.horizon:
        session.execute(
            sa.update(BookingMark)
            .where(BookingMark.id == 1, BookingMark.seen_event_id == mark.seen_event_id)
            .values(settled_event_id=mark.seen_event_id, **seen),
            execution_options={"synchronize_session": False},
        )
