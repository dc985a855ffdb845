"""Who works an order file: claims with a lease, fenced by their attempt. Who lost the lease touches no row any more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.db import affected
from affiliate.orders.files.models import WORKED, FileStage, OrderFile

TRIES_MAX = 3  # without coming forward
LEASE = timedelta(minutes=5)
RETRY_AFTER = timedelta(seconds=10)


class LeaseLost(Exception):
    """Another worker has this file now; this one stops and writes nothing."""


def claim(session: Session, *, now: datetime) -> OrderFile | None:
    """The oldest file that is due, leased to the caller; one that failed too often is given up on the way."""
    due = sa.and_(OrderFile.stage.in_(WORKED), sa.or_(OrderFile.lease_until.is_(None), OrderFile.lease_until <= now))
    oldest = sa.select(OrderFile.id).where(due).order_by(OrderFile.id).limit(1)
    while (file_id := session.execute(oldest).scalar()) is not None:
        taken = session.execute(
            sa.update(OrderFile)
            .where(OrderFile.id == file_id, due, OrderFile.tries < TRIES_MAX)
            .values(attempts=OrderFile.attempts + 1, tries=OrderFile.tries + 1, lease_until=now + LEASE)
            .execution_options(synchronize_session=False)
        )
        if affected(taken):
            found = session.execute(sa.select(OrderFile).where(OrderFile.id == file_id), execution_options=_FRESH)
            claimed = found.scalar_one()
            session.expunge(claimed)  # what this worker knows of it, whatever becomes of the row
            return claimed
        session.execute(
            sa.update(OrderFile)
            .where(OrderFile.id == file_id, due)
            .values(stage=FileStage.FAILED, failure="gave_up", failure_detail={}, lease_until=None)
            .execution_options(synchronize_session=False)
        )
    return None


_FRESH = {"populate_existing": True}


def hold(session: Session, claimed: OrderFile, values: Mapping[str, Any]) -> None:
    """Write on a claimed file that is still ours. Raises LeaseLost."""
    done = session.execute(
        sa.update(OrderFile)
        .where(OrderFile.id == claimed.id, OrderFile.attempts == claimed.attempts, OrderFile.stage.in_(WORKED))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if not affected(done):
        raise LeaseLost


def come_forward(session: Session, claimed: OrderFile, values: Mapping[str, Any], *, now: datetime) -> None:
    """The same after a piece of work is done: so its tries count anew. Raises LeaseLost."""
    hold(session, claimed, {"tries": 0, "lease_until": now + LEASE, **values})


def rest(session: Session, claimed: OrderFile, values: Mapping[str, Any]) -> None:
    """The same where nobody works it any more until a person has spoken. Raises LeaseLost."""
    hold(session, claimed, {"tries": 0, "lease_until": None, **values})


def retry_later(session: Session, claimed: OrderFile, *, now: datetime) -> None:
    """After an unforeseen failure: due again soon, from the position that was reached."""
    session.execute(
        sa.update(OrderFile)
        .where(OrderFile.id == claimed.id, OrderFile.attempts == claimed.attempts, OrderFile.stage.in_(WORKED))
        .values(lease_until=now + RETRY_AFTER)
        .execution_options(synchronize_session=False)
    )
