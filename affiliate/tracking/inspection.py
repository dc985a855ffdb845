"""Clicks that are in the database, looked at again for visitors that are no people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.db import affected
from affiliate.tracking import behaviour, tokens
from affiliate.tracking.models import Click

CLICKS = cast(sa.Table, Click.__table__)
SPAN = timedelta(seconds=behaviour.SPAN_SECONDS)


def mark_inhuman(session: Session, first: datetime, last: datetime) -> int:
    """Disqualify inhuman clicks around those that lie between two moments; how many are newly so.

    Give it the earliest and the latest moment of what was loaded: it looks SPAN before and behind, so clicks that come
    late complete a pattern. Twice changes nothing. The database counts by visitor; only who made too many is read.
    """
    around = CLICKS.c.clicked_at.between(first - SPAN, last + SPAN)
    busy = (
        sa.select(CLICKS.c.visitor).where(around).group_by(CLICKS.c.visitor).having(sa.func.count() > behaviour.FEW)
    ).subquery()
    rows = session.execute(
        sa.select(CLICKS.c.clicked_at, CLICKS.c.nonce, CLICKS.c.visitor, CLICKS.c.link_id)
        .join(busy, busy.c.visitor == CLICKS.c.visitor)
        .where(around)
    ).all()
    moments = {(tokens.milliseconds(at), nonce): at for at, nonce, _visitor, _link_id in rows}
    visits = [(tokens.milliseconds(at), nonce, visitor, link_id) for at, nonce, visitor, link_id in rows]
    found = behaviour.inhuman(visits)
    if not found:
        return 0
    done = session.execute(
        sa.update(CLICKS)
        .where(
            CLICKS.c.clicked_at == sa.bindparam("at"), CLICKS.c.nonce == sa.bindparam("number"), CLICKS.c.is_qualified
        )
        .values(is_qualified=False, reason=sa.bindparam("why")),
        [{"at": moments[key], "number": key[1], "why": reason.value} for key, reason in found.items()],
    )
    return affected(done)
