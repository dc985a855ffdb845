"""Mark hours as due, and count due hours anew. Both kinds of hours, clicks' and views', work alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from affiliate.core.db import UTCDateTime, is_postgres, upsert
from affiliate.tracking.models import Click
from affiliate.tracking.pageviews.models import PageView, ShownPage
from affiliate.tracking.rollups.models import ClickHour, ClickHourDue, ViewHour, ViewHourDue

HOUR = timedelta(hours=1)
WINDOW = timedelta(days=1)  # of a batch at most: its rows are read by time
KEYS_A_BATCH = 1000
Key = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of hours: where it is due, where its sums stand, and how some keys of a few hours are counted."""

    due: sa.Table
    hours: sa.Table
    key: str
    counted: Callable[[Session, Any, Sequence[Key]], Any]


def hour_of(moment: datetime) -> datetime:
    """The beginning of a moment's hour, in UTC as the moment is."""
    return moment.replace(minute=0, second=0, microsecond=0)


def hour_start(session: Session, column: Any) -> sa.ColumnElement[Any]:
    """The beginning of a stored moment's hour of UTC, as the database reckons it."""
    if is_postgres(session):
        zone: Any = sa.literal_column("'UTC'")
        return sa.func.date_trunc(sa.literal_column("'hour'", sa.String), column, zone, type_=UTCDateTime())
    text = sa.func.strftime(sa.literal_column("'%Y-%m-%d %H:00:00.000000'"), column, type_=sa.String())
    return sa.type_coerce(text, UTCDateTime())


def mark_due(session: Session, keys: Iterable[Key]) -> None:
    """Say which (moment or hour, link) have other clicks than before, in the transaction that changed them."""
    _mark(session, CLICKS, {(hour_of(hour), link_id) for hour, link_id in keys})


def mark_views_due(session: Session, keys: Iterable[Key]) -> None:
    """Say which (moment or hour, page) have other views than before, in the transaction that changed them."""
    _mark(session, VIEWS, {(hour_of(hour), page_id) for hour, page_id in keys})


def _mark(session: Session, kind: Kind, keys: set[Key], *, spreads: bool = True) -> None:
    ordered = sorted(keys)  # whoever locks several marks does so in this order
    if not ordered:
        return
    values = {"spreads": spreads} if "spreads" in kind.due.c else {}
    if not is_postgres(session):
        rows = [{"hour": hour, kind.key: key, **values} for hour, key in ordered]
        session.execute(_kept(session, kind, upsert(session, kind.due)), rows)
        return
    arrays = [
        sa.literal([hour for hour, _key in ordered], postgresql.ARRAY(UTCDateTime())),
        sa.literal([key for _hour, key in ordered], postgresql.ARRAY(sa.BigInteger())),
    ]
    arrived = sa.func.unnest(*arrays).table_valued("hour", kind.key).render_derived()
    marks = sa.select(arrived.c.hour, arrived.c[kind.key], *(sa.literal(value) for value in values.values()))
    insert = upsert(session, kind.due).from_select(["hour", kind.key, *values], marks)
    session.execute(_kept(session, kind, insert))


def _kept(session: Session, kind: Kind, insert: Any) -> Any:
    """Marks that are there stay. They are locked all the same: so this waits for a worker that is just taking one off,
    and then puts it there again. (ON CONFLICT DO NOTHING would see the old mark and lose the new one.)
    """
    mark = kind.due.c
    if "spreads" in mark:
        how = {"set_": {"spreads": True}, "where": sa.and_(insert.excluded.spreads, sa.not_(mark.spreads))}
    else:
        how = {"set_": {"hour": mark.hour}, "where": sa.false()}
    return insert.on_conflict_do_update(index_elements=["hour", kind.key], **how)


def count_anew(session: Session, kind: Kind) -> int:
    """Count the oldest due keys of a day anew and take their marks off; how many there were, 0 when nothing is due.

    Marks that another worker holds are left to it. A fixed number of statements, however many keys.
    """
    due = kind.due.c
    first = sa.select(due.hour).order_by(due.hour, due[kind.key]).limit(1).with_for_update(skip_locked=True)
    begin = session.execute(first).scalar()
    if begin is None:
        return 0
    end = begin + _window(session, kind)
    claim = sa.select(kind.due).where(due.hour >= begin, due.hour < end).order_by(due.hour, due[kind.key])
    rows = session.execute(claim.limit(KEYS_A_BATCH).with_for_update(skip_locked=True)).all()
    claimed = [(row.hour, row[1]) for row in rows]
    names = list(kind.hours.c.keys())
    insert = upsert(session, kind.hours).from_select(names, kind.counted(session, _these(claimed), claimed))
    others = {name: insert.excluded[name] for name in names if name not in {"hour", kind.key}}
    session.execute(insert.on_conflict_do_update(index_elements=["hour", kind.key], set_=others))
    if "spreads" in due:
        _spread(session, kind, {(row.hour + HOUR, row[1]) for row in rows if row.spreads}.difference(claimed))
    these = _these(claimed)
    done = sa.select(1).where(these.c.hour == due.hour, these.c.key == due[kind.key]).exists()
    session.execute(sa.delete(kind.due).where(done))
    return len(claimed)


def _window(session: Session, kind: Kind) -> timedelta:
    """How many hours a batch may take. Where workers run side by side, one that waits to mark the hour after must hold
    no later hour: everybody who waits for marks does so from early to late.
    """
    return HOUR if is_postgres(session) and "spreads" in kind.due.c else WINDOW


def _these(keys: Iterable[Key]) -> Any:
    """Keys as a table (hour, key) to join with."""
    columns = sa.column("hour", UTCDateTime()), sa.column("key", sa.BigInteger())
    return sa.values(*columns, name="these").data(sorted(keys)).cte("these")


def _spread(session: Session, kind: Kind, keys: set[Key]) -> None:
    """Have these hours counted anew, where they are counted already or their mark is just being taken off.

    Where it is neither, an hour has nothing, or whoever loads it will say so.
    """
    if not keys:
        return
    these, marked, hours = _these(keys), kind.due.c, kind.hours.c
    is_counted = sa.select(1).where(hours.hour == these.c.hour, hours[kind.key] == these.c.key).exists()
    is_marked = sa.select(1).where(marked.hour == these.c.hour, marked[kind.key] == these.c.key).exists()
    found = session.execute(sa.select(these.c.hour, these.c.key).where(is_counted | is_marked))
    _mark(session, kind, {(hour, key) for hour, key in found}, spreads=False)


def is_due(session: Session, kind: Kind) -> bool:
    """True when there is something to count, without a lock."""
    return session.execute(sa.select(kind.due.c.hour).limit(1)).first() is not None


def _clicks(session: Session, these: Any, keys: Sequence[Key]) -> Any:
    """Reads the days' clicks by the primary key, and of them these keys': a link's whole past would be more."""
    return (
        sa.select(
            these.c.hour,
            Click.link_id,
            Click.community_id,
            Click.merchant_id,
            sa.func.count(),
            sa.func.sum(sa.case((Click.is_qualified, 1), else_=0)),
        )
        .select_from(Click)
        .join(these, sa.and_(these.c.hour == hour_start(session, Click.clicked_at), these.c.key == Click.link_id + 0))
        .where(Click.clicked_at >= keys[0][0], Click.clicked_at < keys[-1][0] + HOUR)
        .group_by(these.c.hour, Click.link_id, Click.community_id, Click.merchant_id)
    )


def _views(session: Session, these: Any, keys: Sequence[Key]) -> Any:
    return (
        sa.select(
            these.c.hour,
            PageView.page_id,
            ShownPage.community_id,
            ShownPage.collection_id,
            sa.func.count(),
            sa.func.count(PageView.visitor.distinct()),
        )
        .select_from(PageView)
        .join(these, sa.and_(these.c.hour == hour_start(session, PageView.viewed_at), these.c.key == PageView.page_id))
        .join(ShownPage, ShownPage.id == PageView.page_id)
        .where(PageView.viewed_at >= keys[0][0], PageView.viewed_at < keys[-1][0] + HOUR)
        .group_by(these.c.hour, PageView.page_id, ShownPage.community_id, ShownPage.collection_id)
    )


CLICKS = Kind(cast(sa.Table, ClickHourDue.__table__), cast(sa.Table, ClickHour.__table__), "link_id", _clicks)
VIEWS = Kind(cast(sa.Table, ViewHourDue.__table__), cast(sa.Table, ViewHour.__table__), "page_id", _views)
KINDS = (CLICKS, VIEWS)
