"""Clicks into the database: a batch at a time, each click once, repeated ones marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.db import affected, upsert
from affiliate.tracking import arrivals, batches, inspection, records, rollups, rules, tokens
from affiliate.tracking.batches import Batch
from affiliate.tracking.models import SpoolProgress
from affiliate.tracking.records import ClickRecord

HOUR = timedelta(hours=rules.REPEAT_HOURS)
HourOfLink = tuple[datetime, int]  # the beginning of the hour, UTC, and the link


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a batch: rows that are new, and payloads of visits to links that we do not have."""

    new: int
    strangers: list[bytes]


def position(session: Session, file: str) -> int:
    """How many bytes of a spool file are loaded."""
    row = session.get(SpoolProgress, file, populate_existing=True)
    return row.offset_bytes if row else 0


def advance(
    session: Session, file: str, *, start: int, end: int, loaded: int, set_aside: int, finished_at: datetime | None
) -> bool:
    """Move a file's position in the transaction of its clicks; False when another loader was here first."""
    first = {"file": file, "offset_bytes": 0, "loaded": 0, "set_aside": 0}
    session.execute(upsert(session, SpoolProgress).values(**first).on_conflict_do_nothing(index_elements=["file"]))
    moved = session.execute(
        sa.update(SpoolProgress)
        .where(SpoolProgress.file == file, SpoolProgress.offset_bytes == start)
        .values(
            offset_bytes=end,
            loaded=SpoolProgress.loaded + loaded,
            set_aside=SpoolProgress.set_aside + set_aside,
            finished_at=finished_at,
        )
        .execution_options(synchronize_session=False)
    )
    return affected(moved) == 1


def load(session: Session, visits: Sequence[ClickRecord]) -> Loaded:
    """`load_batch` for visits that are at hand one by one."""
    arrivals.prepare(session)
    payloads = [records.payload_of(record) for record in visits]
    return load_batch(session, batches.arrange(payloads)) if payloads else Loaded(0, [])


def load_batch(session: Session, batch: Batch) -> Loaded:
    """Insert the clicks that are not there yet and mark repeated ones. After `arrivals.prepare`.

    Stored clicks after a batch are looked for only where there are any: clicks come nearly in order.
    """
    first, last = batch.first_ms, batch.last_ms
    arrivals.receive(session, batch.rows)
    asked = {link_id for _hour, link_id in batch.hours}
    known = arrivals.known(session, asked)
    newest = arrivals.newest_ms(session)
    new = arrivals.insert(session, spans=arrivals.spans_before(first, last))
    touched = {hour for hour in batch.hours if hour[1] in known} if new else set()
    if newest >= first:
        touched |= arrivals.mark_later(session, newest_ms=newest, spans=arrivals.spans_after(first, last))
    keys = _moments(touched)
    inspection.mark_due(session, {hour for hour, _link_id in keys})
    rollups.mark_due(session, keys)
    return Loaded(new, [] if known == asked else arrivals.strangers(session))


def _moments(touched: Iterable[tuple[int, int]]) -> set[HourOfLink]:
    starts = {number: tokens.moment(number * batches.HOUR_MS) for number in {number for number, _link in touched}}
    return {(starts[number], link_id) for number, link_id in touched}
