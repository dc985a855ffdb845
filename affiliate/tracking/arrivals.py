"""A batch inside the database: a temporary table, and the statements from it into `clicks`. No row passes Python twice.

Two statements decide what is *repeated*: a batch's own earlier visits were seen in `batches`; here stored ones before
the batch mark rows of the batch as they are inserted, and rows of the batch mark stored ones after them. So what is
marked depends on the set of clicks and not on the order in which they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateTable

from affiliate.core.db import BigId, affected, is_postgres, numbers, plan_by_index, upsert
from affiliate.links.models import TrackingLink
from affiliate.tracking import batches, rules
from affiliate.tracking.models import NEXT_SPAN, SPAN_MS, Click

LOADERS = 0x636C6B73  # "clks": on PostgreSQL one loader at a time, as on SQLite
SQLITE_CACHE_KB = 128 * 1024  # a span of the index and the ends of all tables stay in memory
SQLITE_LOG_PAGES = 16 * 1024  # of 4 KB before they are written back: a page that several batches change goes once

CLICKS = cast(sa.Table, Click.__table__)  # the ORM's unit of work stays off this path
LINKS = cast(sa.Table, TrackingLink.__table__)
_KINDS: dict[str, Any] = {"ms": BigId, "nonce": BigId, "link_id": BigId, "trail": BigId}
ARRIVED = sa.Table(
    "arrived_clicks",
    sa.MetaData(),
    *(sa.Column(name, _KINDS.get(name, sa.Text), nullable=False) for name in batches.COLUMNS),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DELETE ROWS",
)


def prepare(session: Session) -> None:
    """Wait for another loader to finish its batch, and set up this transaction."""
    plan_by_index(session)
    if is_postgres(session):
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(LOADERS)))
    else:
        session.execute(sa.text(f"PRAGMA cache_size = -{SQLITE_CACHE_KB}"))
        session.execute(sa.text(f"PRAGMA wal_autocheckpoint = {SQLITE_LOG_PAGES}"))


def receive(session: Session, rows: Sequence[bytes]) -> None:
    """Put the rows of a batch into the temporary table."""
    connection = session.connection()
    connection.execute(CreateTable(ARRIVED, if_not_exists=True))
    connection.execute(sa.delete(ARRIVED))
    names = ", ".join(batches.COLUMNS)
    driver: Any = connection.connection.driver_connection
    if is_postgres(session):
        with driver.cursor() as cursor, cursor.copy(f"COPY {ARRIVED.name} ({names}) FROM STDIN") as copy:
            copy.write(b"\n".join(rows) + b"\n")
    else:
        marks = ", ".join("?" * len(batches.COLUMNS))
        text = (b"\n".join(rows)).decode("ascii")
        driver.executemany(
            f"INSERT INTO {ARRIVED.name} ({names}) VALUES ({marks})",  # noqa: S608  our own names
            (row.split("\t") for row in text.split("\n")),
        )


def known(session: Session, link_ids: set[int]) -> set[int]:
    """Those of these links that this database has."""
    asked = numbers(session, link_ids)
    return set(session.scalars(sa.select(LINKS.c.id).join(asked, asked.c.number == LINKS.c.id)))


def strangers(session: Session) -> list[bytes]:
    """Payloads of visits to links that this database does not have."""
    is_known = sa.select(1).where(LINKS.c.id == ARRIVED.c.link_id).exists()
    payload = [ARRIVED.c[name] for name in batches.COLUMNS[:-1]]
    return ["\t".join(map(str, row)).encode("ascii") for row in session.execute(sa.select(*payload).where(~is_known))]


def newest_ms(session: Session) -> int:
    """The moment of the latest stored click; 0 without one."""
    latest = sa.select(sa.func.max(CLICKS.c.clicked_at).label("at")).subquery()
    return int(session.execute(sa.select(_milliseconds(session, latest.c.at))).scalar() or 0)


def insert(session: Session, *, spans: Sequence[int]) -> int:
    """Insert what is new, with owners from its link; rows. `spans`: where earlier visits may lie."""
    row = _rows(session, spans)
    chosen = sa.select(row).where(sa.literal_column("1 = 1"))  # SQLite takes ON CONFLICT for a part of FROM without it
    new = upsert(session, CLICKS).from_select(list(row.c.keys()), chosen)
    if not is_postgres(session):
        return affected(session.execute(new.on_conflict_do_nothing()))
    try:  # looking for each row first costs a fifth of the rate, and hardly ever finds one
        with session.begin_nested():
            return affected(session.execute(new))
    except IntegrityError:
        return affected(session.execute(new.on_conflict_do_nothing()))


def _rows(session: Session, spans: Sequence[int]) -> sa.Subquery:
    """The batch as rows of `clicks`."""
    arrived = ARRIVED.c
    repeated = sa.and_(arrived.reason == "", sa.or_(*(_has_earlier(session, span) for span in spans)))
    reason = sa.case((repeated, rules.Reason.REPEATED), else_=sa.func.nullif(arrived.reason, ""))
    visit = (
        sa.select(
            _moment(session, arrived.ms).label("clicked_at"),
            arrived.nonce,
            arrived.trail,
            arrived.link_id,
            LINKS.c.community_id,
            LINKS.c.merchant_id,
            arrived.visitor,
            sa.func.nullif(arrived.referrer_host, "").label("referrer_host"),
            arrived.device,
            reason.label("reason"),
        )
        .select_from(ARRIVED.join(LINKS, LINKS.c.id == arrived.link_id))
        .offset(0)  # worked out once: its reason is used twice
        .subquery()
    )
    return sa.select(visit, visit.c.reason.is_(None).label("is_qualified")).subquery()


def _has_earlier(session: Session, span: int) -> sa.ColumnElement[bool]:
    """Is there a stored visit in the hour before the arrived one, in that span?"""
    stored, arrived = CLICKS.alias("stored"), ARRIVED.c
    return (
        sa.select(1)
        .where(
            _same_pair(stored.c, span),
            sa.or_(stored.c.is_qualified, stored.c.reason == rules.Reason.REPEATED),
            _in_the_hour_before(_milliseconds(session, stored.c.clicked_at), stored.c.nonce, arrived.ms, arrived.nonce),
        )
        .correlate(ARRIVED)
        .exists()
    )


def mark_later(session: Session, *, newest_ms: int, spans: Sequence[int]) -> set[tuple[int, int]]:
    """Mark stored visits in the hour after arrived ones as repeated; hours and links of those that were.

    Arrived ones after the newest stored one cannot have any.
    """
    arrived, stored = ARRIVED.c, CLICKS.c
    at = _milliseconds(session, stored.clicked_at)
    changed: set[tuple[int, int]] = set()
    for span in spans:
        found = session.execute(
            sa.update(CLICKS)
            .where(
                _same_pair(stored, span),
                stored.is_qualified,
                arrived.ms <= newest_ms,
                arrived.reason.in_(["", rules.Reason.REPEATED]),
                _in_the_hour_before(arrived.ms, arrived.nonce, at, stored.nonce),
            )
            .values(is_qualified=False, reason=rules.Reason.REPEATED)
            .returning(stored.clicked_at, stored.link_id)
        )
        changed |= {(int(moment.timestamp()) // 3600, link_id) for moment, link_id in found}
    return changed


def _same_pair(stored: Any, span: int) -> sa.ColumnElement[bool]:
    """A stored visit of the same visitor to the same link as the arrived one, so many spans after it."""
    arrived = ARRIVED.c
    return sa.and_(
        stored.trail == (arrived.trail + span * NEXT_SPAN if span else arrived.trail),
        stored.link_id == arrived.link_id,
        stored.visitor == arrived.visitor,
    )


def _in_the_hour_before(ms: Any, nonce: Any, later_ms: Any, later_nonce: Any) -> sa.ColumnElement[bool]:
    """Is the first visit before the second, by less than an hour? In whole numbers, so that no index on time is
    tempting: it would lead through all of the hour."""
    return sa.and_(ms > later_ms - rules.REPEAT_MS, sa.or_(ms < later_ms, sa.and_(ms == later_ms, nonce < later_nonce)))


def spans_before(first_ms: int, last_ms: int) -> tuple[int, ...]:
    """The spans, counted from its own, in which a visit may have one in the hour before it."""
    since_start = first_ms % SPAN_MS
    crosses = since_start < rules.REPEAT_MS or since_start + last_ms - first_ms >= SPAN_MS
    return (0, -1) if crosses else (0,)


def spans_after(first_ms: int, last_ms: int) -> tuple[int, ...]:
    """The spans, counted from its own, in which a visit may have one in the hour after it."""
    return (0, 1) if first_ms % SPAN_MS + last_ms - first_ms > SPAN_MS - rules.REPEAT_MS else (0,)


def _moment(session: Session, ms: Any) -> sa.ColumnElement[Any]:
    """Milliseconds since 1970 as the engine stores a moment."""
    if is_postgres(session):
        return sa.literal_column("timestamptz 'epoch'") + ms * sa.literal_column("interval '1 millisecond'")
    seconds = ms.op("/")(sa.literal_column("1000.0"))
    return sa.func.strftime("%Y-%m-%d %H:%M:%f", seconds, "unixepoch", type_=sa.String()).concat("000")


def _milliseconds(session: Session, moment: Any) -> sa.ColumnElement[int]:
    """A stored moment as milliseconds since 1970."""
    if is_postgres(session):
        return sa.cast(sa.extract("epoch", moment) * 1000, sa.BigInteger)
    days = sa.func.julianday(moment) - sa.literal_column("2440587.5")
    return sa.cast(sa.func.round(days * sa.literal_column("86400000.0")), sa.Integer)
