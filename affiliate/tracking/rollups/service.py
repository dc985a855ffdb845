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
KEYS_A_BATCH = 1000
Key = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of hours: where it is due, where its sums stand, and how one hour of some keys is counted."""

    due: sa.Table
    hours: sa.Table
    key: str
    counted: Callable[[datetime, Sequence[int]], Any]


def hour_of(moment: datetime) -> datetime:
    """The beginning of a moment's hour, in UTC as the moment is."""
    return moment.replace(minute=0, second=0, microsecond=0)


def mark_due(session: Session, keys: Iterable[Key]) -> None:
    """Say which (moment or hour, link) have other clicks than before, in the transaction that changed them."""
    _mark(session, CLICKS, {(hour_of(hour), link_id) for hour, link_id in keys})


def mark_views_due(session: Session, keys: Iterable[Key]) -> None:
    """Say which (moment or hour, page) have other views than before, in the transaction that changed them."""
    _mark(session, VIEWS, {(hour_of(hour), page_id) for hour, page_id in keys})


def _mark(session: Session, kind: Kind, keys: set[Key]) -> None:
    ordered = sorted(keys)  # whoever locks several marks does so in this order
    if not ordered:
        return
    values = {"spreads": True} if "spreads" in kind.due.c else {}
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
    """Count one hour's due keys anew and take their marks off; how many there were, 0 when nothing is due.

    Marks that another worker holds are left to it. A fixed number of statements, however many keys.
    """
    due = kind.due.c
    first = sa.select(due.hour).order_by(due.hour, due[kind.key]).limit(1).with_for_update(skip_locked=True)
    hour = session.execute(first).scalar()
    if hour is None:
        return 0
    claim = sa.select(due[kind.key]).where(due.hour == hour).order_by(due[kind.key]).limit(KEYS_A_BATCH)
    keys = session.execute(claim.with_for_update(skip_locked=True)).scalars().all()
    names = list(kind.hours.c.keys())
    insert = upsert(session, kind.hours).from_select(names, kind.counted(hour, keys))
    others = {name: insert.excluded[name] for name in names if name not in {"hour", kind.key}}
    session.execute(insert.on_conflict_do_update(index_elements=["hour", kind.key], set_=others))
    if "spreads" in due:
        _spread(session, kind, hour, keys)
    session.execute(sa.delete(kind.due).where(due.hour == hour, due[kind.key].in_(keys)))
    return len(keys)


def _spread(session: Session, kind: Kind, hour: datetime, keys: Sequence[int]) -> None:
    """Have the hour after counted anew, where it is counted already or its mark is just being taken off.

    Where it is neither, it has nothing, or whoever loads it will say so.
    """
    now, later, hours = kind.due.alias("now").c, kind.due.alias("later").c, kind.hours.c
    after = hour + HOUR
    is_counted = sa.exists().where(hours.hour == after, hours[kind.key] == now[kind.key])
    is_marked = sa.exists().where(later.hour == after, later[kind.key] == now[kind.key])
    marks = (
        sa.select(sa.literal(after, UTCDateTime()), now[kind.key], sa.false())
        .where(now.hour == hour, now[kind.key].in_(keys), now.spreads, is_counted | is_marked)
        .order_by(now[kind.key])
    )
    insert = upsert(session, kind.due).from_select(["hour", kind.key, "spreads"], marks)
    session.execute(_kept(session, kind, insert))


def is_due(session: Session, kind: Kind) -> bool:
    """True when there is something to count, without a lock."""
    return session.execute(sa.select(kind.due.c.hour).limit(1)).first() is not None


def _clicks(hour: datetime, link_ids: Sequence[int]) -> Any:
    """Reads the hour by its place in the primary key: a link's whole past would be more. Hence the sum before IN."""
    return (
        sa.select(
            sa.literal(hour, UTCDateTime()),
            Click.link_id,
            Click.community_id,
            Click.merchant_id,
            sa.func.count(),
            sa.func.sum(sa.case((Click.is_qualified, 1), else_=0)),
        )
        .where(Click.clicked_at >= hour, Click.clicked_at < hour + HOUR, (Click.link_id + 0).in_(link_ids))
        .group_by(Click.link_id, Click.community_id, Click.merchant_id)
    )


def _views(hour: datetime, page_ids: Sequence[int]) -> Any:
    return (
        sa.select(
            sa.literal(hour, UTCDateTime()),
            PageView.page_id,
            ShownPage.community_id,
            ShownPage.collection_id,
            sa.func.count(),
            sa.func.count(PageView.visitor.distinct()),
        )
        .join(ShownPage, ShownPage.id == PageView.page_id)
        .where(PageView.viewed_at >= hour, PageView.viewed_at < hour + HOUR, (PageView.page_id + 0).in_(page_ids))
        .group_by(PageView.page_id, ShownPage.community_id, ShownPage.collection_id)
    )


CLICKS = Kind(cast(sa.Table, ClickHourDue.__table__), cast(sa.Table, ClickHour.__table__), "link_id", _clicks)
VIEWS = Kind(cast(sa.Table, ViewHourDue.__table__), cast(sa.Table, ViewHour.__table__), "page_id", _views)
KINDS = (CLICKS, VIEWS)
