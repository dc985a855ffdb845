"""Clicks into the database: a batch at a time, each click once, repeated ones marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from affiliate.core.db import affected, is_postgres, upsert
from affiliate.links.models import TrackingLink
from affiliate.tracking import rules, tokens
from affiliate.tracking.models import Click, SpoolProgress
from affiliate.tracking.records import ClickRecord
from affiliate.tracking.rollups import mark_due

CLICKS = cast(sa.Table, Click.__table__)  # the ORM's unit of work stays off this path
HOUR = timedelta(hours=rules.REPEAT_HOURS)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a batch: rows that are new, and records of links that we do not have."""

    new: int
    strangers: list[ClickRecord]


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


def load(session: Session, records: Sequence[ClickRecord]) -> Loaded:
    """Insert the clicks that are not there yet and mark repeated ones."""
    if not records:
        return Loaded(0, [])
    owners = _owners(session, {record.link_id for record in records})
    rows = [_row(record, *owners[record.link_id]) for record in records if record.link_id in owners]
    new = 0
    if rows:
        new = _insert(session, rows)
        _mark_repeated(session, rows)
        mark_due(session, {(row["clicked_at"], row["link_id"]) for row in rows})
    return Loaded(new, [record for record in records if record.link_id not in owners])


def _owners(session: Session, link_ids: set[int]) -> dict[int, tuple[int, int]]:
    rows = session.execute(
        sa.select(TrackingLink.id, TrackingLink.community_id, TrackingLink.merchant_id).where(
            TrackingLink.id.in_(link_ids)
        )
    )
    return {id_: (community_id, merchant_id) for id_, community_id, merchant_id in rows}


def _row(record: ClickRecord, community_id: int, merchant_id: int) -> dict[str, Any]:
    return {
        "clicked_at": tokens.moment(record.ms),
        "nonce": record.nonce,
        "link_id": record.link_id,
        "community_id": community_id,
        "merchant_id": merchant_id,
        "visitor": record.visitor,
        "referrer_host": record.referrer_host or None,
        "device": record.device,
        "is_qualified": not record.reason,
        "reason": record.reason or None,
    }


def _insert(session: Session, rows: list[dict[str, Any]]) -> int:
    """Rows that were new. PostgreSQL takes them as one statement over arrays, SQLite as one prepared statement."""
    insert = upsert(session, CLICKS)
    if is_postgres(session):
        names = list(rows[0])
        arrays = [sa.literal([row[name] for row in rows], postgresql.ARRAY(CLICKS.c[name].type)) for name in names]
        arrived = sa.func.unnest(*arrays).table_valued(*names).render_derived()
        insert = insert.from_select(names, sa.select(arrived))
        return affected(session.execute(insert.on_conflict_do_nothing()))
    return affected(session.execute(insert.on_conflict_do_nothing(), rows))


def _mark_repeated(session: Session, rows: list[dict[str, Any]]) -> None:
    """Of one visitor's clicks on a link, those with another in the hour before.

    A function of the set of clicks, so the order in which files are loaded does not matter; hence also the clicks of
    the hour after the batch are looked at.
    """
    earlier = sa.orm.aliased(Click)
    was_before = sa.or_(
        earlier.clicked_at < Click.clicked_at,
        sa.and_(earlier.clicked_at == Click.clicked_at, earlier.nonce < Click.nonce),
    )
    in_the_hour_before = (
        sa.select(1)
        .where(
            earlier.link_id == Click.link_id,
            earlier.visitor == Click.visitor,
            earlier.clicked_at > _hour_before(session, Click.clicked_at),
            earlier.clicked_at <= Click.clicked_at,
            was_before,
            sa.or_(earlier.is_qualified, earlier.reason == rules.Reason.REPEATED),
        )
        .correlate(Click)
        .exists()
    )
    moments = [row["clicked_at"] for row in rows]
    session.execute(
        sa.update(Click)
        .where(
            Click.is_qualified,
            Click.link_id.in_({row["link_id"] for row in rows}),
            Click.clicked_at.between(min(moments), max(moments) + HOUR),
            in_the_hour_before,
        )
        .values(is_qualified=False, reason=rules.Reason.REPEATED)
        .execution_options(synchronize_session=False)
    )


def _hour_before(session: Session, moment: Any) -> Any:
    if is_postgres(session):
        return moment - sa.literal(HOUR, sa.Interval)
    return sa.func.strftime("%Y-%m-%d %H:%M:%f000", moment, f"-{rules.REPEAT_HOURS} hours", type_=sa.String)
