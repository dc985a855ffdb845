"""Mark hours as due for inspection, and disqualify in them what no person did."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.db import upsert
from affiliate.tracking import behaviour, tokens
from affiliate.tracking.inspection.models import InspectionDue
from affiliate.tracking.models import Click

CLICKS = cast(sa.Table, Click.__table__)
SPAN = timedelta(seconds=behaviour.SPAN_SECONDS)
HOUR = timedelta(hours=1)


def mark_due(session: Session, hours: Iterable[datetime]) -> None:
    """Say which hours have other clicks than before, in the transaction that changed them, before anything else is
    marked: so whoever inspects and whoever loads wait for each other in one order.

    A mark that is there is locked all the same: so this waits for who is just taking it off, and puts it there again.
    """
    insert = upsert(session, InspectionDue)
    kept = insert.on_conflict_do_update(
        index_elements=["hour"], set_={"hour": InspectionDue.hour}, where=sa.false()
    ).execution_options(synchronize_session=False)
    for hour in sorted(hours):
        session.execute(kept.values(hour=hour))


def is_due(session: Session) -> bool:
    """True when there is an hour to inspect, without a lock."""
    return session.execute(sa.select(InspectionDue.hour).limit(1)).first() is not None


def take(session: Session) -> datetime | None:
    """Take the mark off the oldest due hour that nobody else holds."""
    oldest = sa.select(InspectionDue.hour).order_by(InspectionDue.hour).limit(1).with_for_update(skip_locked=True)
    hour = session.execute(oldest).scalar()
    if hour is not None:
        session.execute(sa.delete(InspectionDue).where(InspectionDue.hour == hour))
    return hour


def mark_inhuman(session: Session, first: datetime, last: datetime) -> set[tuple[datetime, int]]:
    """Disqualify inhuman clicks around those that lie between two moments; (moment, link) of those that are newly so.

    Give it the earliest and the latest moment of what was loaded: it looks SPAN before and behind, so clicks that come
    late complete a pattern. Twice changes nothing. The database counts by visitor; only who made too many is read.
    """
    around = sa.and_(CLICKS.c.clicked_at.between(first - SPAN, last + SPAN), CLICKS.c.visitor != "")
    busy = (
        sa.select(CLICKS.c.visitor).where(around).group_by(CLICKS.c.visitor).having(sa.func.count() > behaviour.FEW)
    ).subquery()
    rows = session.execute(
        sa.select(CLICKS.c.clicked_at, CLICKS.c.nonce, CLICKS.c.visitor, CLICKS.c.link_id, CLICKS.c.is_qualified)
        .join(busy, busy.c.visitor == CLICKS.c.visitor)
        .where(around)
    ).all()
    qualified = {(tokens.milliseconds(row.clicked_at), row.nonce): row for row in rows if row.is_qualified}
    visits = [(tokens.milliseconds(row.clicked_at), row.nonce, row.visitor, row.link_id) for row in rows]
    found = {key: reason for key, reason in behaviour.inhuman(visits).items() if key in qualified}
    if not found:
        return set()
    session.execute(
        sa.update(CLICKS)
        .where(
            CLICKS.c.clicked_at == sa.bindparam("at"), CLICKS.c.nonce == sa.bindparam("number"), CLICKS.c.is_qualified
        )
        .values(is_qualified=False, reason=sa.bindparam("why")),
        [{"at": qualified[key].clicked_at, "number": key[1], "why": reason.value} for key, reason in found.items()],
    )
    return {(qualified[key].clicked_at, qualified[key].link_id) for key in found}
