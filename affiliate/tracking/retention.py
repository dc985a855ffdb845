"""The job "retention": what points to a person does not stay. Cheap when nothing is due, bounded when something is.

Clicks older than KEPT_MONTHS lose visitor, trail and referrer; that a click happened, on which link and whether it
counted, stays. Lines that were set aside, which hold such pseudonyms too, go with their file after BAD_FILE_DAYS.
"""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Session

from affiliate.core.db import db, transaction, upsert
from affiliate.tracking import spool
from affiliate.tracking.models import Click, Retention

KEPT_MONTHS = 13
BAD_FILE_DAYS = 30
CLICKS_A_BATCH = 5000
BATCHES_A_RUN = 4
BLANK = {"visitor": "", "trail": 0, "referrer_host": None}
THE_ONE = 1
_LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def run(now: datetime) -> int:
    """Do a bounded part of what is due; how many clicks were blanked and files removed."""
    cutoff = months_before(now, KEPT_MONTHS)
    done = _remove_bad_files(current_app.config["ETALASE"].spool_dir, now - timedelta(days=BAD_FILE_DAYS))
    for _ in range(BATCHES_A_RUN):
        if _next_moment(db.session, cutoff) is None:
            break
        with transaction(db.session) as session:
            done += blank_batch(session, cutoff)
    return done


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


def _next_moment(session: Session, cutoff: datetime) -> datetime | None:
    """The oldest click that is due, None when there is none: one step into the primary key."""
    due = sa.select(Click.clicked_at).where(Click.clicked_at >= _blanked_until(session), Click.clicked_at < cutoff)
    return session.scalar(due.order_by(Click.clicked_at).limit(1))


def _remove_bad_files(folder: Path, before: datetime) -> int:
    removed = 0
    for path in folder.glob(f"*{spool.SUFFIX}.bad"):
        if path.stat().st_mtime < before.timestamp():
            path.unlink(missing_ok=True)
            removed += 1
    return removed
