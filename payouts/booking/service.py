"""Booking: every commission event once, and what a merchant's money covers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.commissions.models import CommissionEvent
from affiliate.core.db import among, upsert
from payouts.booking import chart, queries, rules
from payouts.booking.models import BookingMark
from payouts.ledger import service as ledger

SETTLES_AFTER = timedelta(seconds=5)  # an id is drawn a moment before its transaction can be seen
CHUNK = 1000
LOOK = 20_000  # events that are compared with the books in one go


@dataclass(frozen=True, slots=True)
class Scan:
    """One reading of the events, from the mark to the end: where it goes on, and which transaction was the oldest
    that ran when it began. Everything that was written before that one is visible to the whole scan."""

    after: int
    oldest: int


def begin(session: Session) -> Scan:
    """Start reading behind what is known to be booked without a gap."""
    oldest, _following = queries.transaction_horizon(session)
    mark = _mark(session)
    return Scan(mark.settled_event_id if mark else 0, oldest)


def book(session: Session, *, limit: int, now: datetime) -> int:
    """Book at most `limit` commission events that the books do not hold.

    Returns how many; 0 only when nothing is left. Where they need their merchant's money and that has come already,
    they are covered in the same breath.
    """
    scan: Scan | None = begin(session)
    count = 0
    while scan and not count:
        count, scan = book_next(session, scan, limit=limit, now=now)
    return count


def book_next(session: Session, scan: Scan, *, limit: int, now: datetime) -> tuple[int, Scan | None]:
    """Book at most `limit` of the next events that are not booked: how many, and where to go on; None at the end."""
    ids = queries.event_ids(session, after=scan.after, limit=LOOK)
    open_ones = queries.unbooked(session, ids)
    taken = open_ones[:limit]
    count = _book(session, taken, now) if taken else 0
    if len(taken) < len(open_ones):
        return count, Scan(taken[-1], scan.oldest)
    if len(ids) == LOOK:
        return count, Scan(ids[-1], scan.oldest)
    _move_mark(session, scan, now)
    return count, None


def _book(session: Session, event_ids: Sequence[int], now: datetime) -> int:
    facts = [fact for fact in queries.facts(session, among(session, CommissionEvent.id, event_ids)) if fact.sums]
    ledger.post(session, [chart.commission_event(fact) for fact in facts], now=now)
    cover(session, {(fact.merchant_id, fact.currency) for fact in facts if fact.needs_funding}, now=now)
    return len(facts)


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


def _mark(session: Session) -> BookingMark | None:
    return session.get(BookingMark, 1, populate_existing=True)


def _move_mark(session: Session, scan: Scan, now: datetime) -> None:
    """A scan has come to the end: remember how far, and settle what an earlier one had seen."""
    mark, newest = _mark(session), queries.newest_event_id(session)
    _oldest, following = queries.transaction_horizon(session)
    seen = {"seen_event_id": newest, "seen_at": now, "horizon": following}
    if mark is None:
        first = {"id": 1, "settled_event_id": 0, **seen}
        session.execute(upsert(session, BookingMark).values(first).on_conflict_do_nothing())
        return
    is_over = now - mark.seen_at >= SETTLES_AFTER and scan.oldest >= mark.horizon
    if is_over and mark.settled_event_id < newest:
        session.execute(
            sa.update(BookingMark)
            .where(BookingMark.id == 1, BookingMark.seen_event_id == mark.seen_event_id)
            .values(settled_event_id=mark.seen_event_id, **seen),
            execution_options={"synchronize_session": False},
        )
