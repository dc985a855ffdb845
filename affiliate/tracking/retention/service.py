"""Blank old clicks, from the oldest on, and remember how far that is done."""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.db import upsert
from affiliate.tracking.models import Click, Retention

CLICKS_A_BATCH = 5000
BLANK = {"visitor": "", "trail": 0, "referrer_host": None}
THE_ONE = 1
_LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def months_before(moment: datetime, months: int) -> datetime:
    """The same day and time so many months ago; the month's last day where it has no such day."""
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def blank_batch(session: Session, cutoff: datetime) -> int:
    """Blank the oldest clicks before `cutoff` that are not blank yet; how many there were.

    They are found along the primary key from where the last batch ended, so no row is looked at twice.
    """
    start = _blanked_until(session)
    moments = sa.select(Click.clicked_at).where(Click.clicked_at >= start, Click.clicked_at < cutoff)
    end = session.scalar(moments.order_by(Click.clicked_at).offset(CLICKS_A_BATCH).limit(1)) or cutoff
    if end == start:  # more clicks of one moment than a batch holds: all of them, or it would never end
        end += timedelta(milliseconds=1)
    blanked = session.execute(
        sa.update(Click)
        .where(Click.clicked_at >= start, Click.clicked_at < end)
        .values(BLANK)
        .returning(Click.nonce)
        .execution_options(synchronize_session=False)
    )
    count = len(blanked.all())
    set_blanked_until(session, end)
    return count


def reopen(session: Session, moment: datetime) -> None:
    """A click of this moment has only now arrived: what was blanked up to a later one is to be looked at again."""
    session.execute(
        sa.update(Retention)
        .where(Retention.blanked_until > moment)
        .values(blanked_until=moment)
        .execution_options(synchronize_session=False)
    )


def set_blanked_until(session: Session, moment: datetime) -> None:
    first = upsert(session, Retention).values(id=THE_ONE, blanked_until=moment)
    session.execute(first.on_conflict_do_update(index_elements=["id"], set_={"blanked_until": moment}))


def _blanked_until(session: Session) -> datetime:
    return session.scalar(sa.select(Retention.blanked_until)) or _LONG_AGO


def next_moment(session: Session, cutoff: datetime) -> datetime | None:
    """The oldest click that is due, None when there is none: one step into the primary key."""
    due = sa.select(Click.clicked_at).where(Click.clicked_at >= _blanked_until(session), Click.clicked_at < cutoff)
    return session.scalar(due.order_by(Click.clicked_at).limit(1))
