"""Write down how a parcel ended: the tries, the messages, and what it says of the endpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core import bulk
from affiliate.core.db import affected
from affiliate.identity.actors import system
from affiliate.identity.service import record as note
from affiliate.outbox import rules, service
from affiliate.outbox.models import (
    EndpointStatus,
    MessageStatus,
    StopReason,
    WebhookEndpoint,
    WebhookMessage,
    WebhookTry,
)
from affiliate.outbox.rules import Outcome
from affiliate.outbox.sending import Parcel, Result

FORGET_MAX = 200
WORKER = system("webhooks")


def record(
    session: Session, parcel: Parcel, results: Sequence[Result], *, jitter: Callable[[], float], now: datetime
) -> bool:
    """Write down how a parcel ended; what was not sent of it stays due. False when the lease ran out meanwhile."""
    row = WebhookEndpoint
    mine = sa.update(row).where(row.id == parcel.endpoint_id, row.claimed_at == parcel.claimed_at)
    if not affected(session.execute(mine.values(claimed_at=None), execution_options={"synchronize_session": False})):
        return False
    sent = {one.sending.try_id for one in results}
    unsent = [one.try_id for one in parcel.sendings if one.try_id not in sent]
    gone = sa.delete(WebhookTry).where(WebhookTry.id.in_(unsent), WebhookTry.outcome.is_(None))
    session.execute(gone, execution_options={"synchronize_session": False})
    bulk.update(session, WebhookTry, [_ended(one) for one in results])
    bulk.update(session, WebhookMessage, [_settled(one, jitter(), now) for one in results])
    _judge(session, parcel, results, now)
    _close_removed(session, parcel, now)
    _forget_old(session, parcel, now)
    return True


def _close_removed(session: Session, parcel: Parcel, now: datetime) -> None:
    """Nothing waits for an endpoint that was removed while its parcel was under way."""
    row = WebhookEndpoint
    status = session.execute(sa.select(row.status).where(row.id == parcel.endpoint_id)).scalar_one()
    if status is EndpointStatus.REMOVED:
        service.give_up_all(session, parcel.endpoint_id, now=now)


def _forget_old(session: Session, parcel: Parcel, now: datetime) -> None:
    """Bound the log: a few of the oldest that are settled for long, whenever something new was sent."""
    row = WebhookMessage
    oldest = sa.select(row.id, row.settled_at).where(row.endpoint_id == parcel.endpoint_id)
    rows = session.execute(oldest.order_by(row.id).limit(FORGET_MAX)).all()
    ids = [one.id for one in rows if one.settled_at is not None and one.settled_at < now - rules.KEPT]
    if ids:
        for gone in (
            sa.delete(WebhookTry).where(WebhookTry.message_id.in_(ids)),
            sa.delete(row).where(row.id.in_(ids)),
        ):
            session.execute(gone, execution_options={"synchronize_session": False})


def _ended(one: Result) -> dict[str, Any]:
    return {
        "id": one.sending.try_id, "outcome": one.outcome, "status_code": one.status_code, "address": one.address,
        "answer": one.answer, "took_ms": one.took_ms,
    }  # fmt: skip


def _settled(one: Result, jitter: float, now: datetime) -> dict[str, Any]:
    sending = one.sending
    values: dict[str, Any] = {"id": sending.message_id, "tries": sending.number, "failures": sending.failures}
    if one.outcome is Outcome.DELIVERED:
        return values | {"status": MessageStatus.DELIVERED, "next_try_at": None, "settled_at": now}
    failures = sending.failures + 1
    again = None
    if one.outcome is not Outcome.GONE:
        again = rules.next_try(failures, now=now, give_up_at=sending.give_up_at, jitter=jitter, wait=one.wait)
    values["failures"] = failures
    if again is None:
        return values | {"status": MessageStatus.FAILED, "next_try_at": None, "settled_at": now}
    return values | {"status": MessageStatus.WAITING, "next_try_at": again, "settled_at": None}


def _judge(session: Session, parcel: Parcel, results: Sequence[Result], now: datetime) -> None:
    """Healthy after a delivery; failing and left alone after a failure; stopped when gone, or failing for long."""
    if not results:
        return
    row, last = WebhookEndpoint, results[-1]
    delivered = any(one.outcome is Outcome.DELIVERED for one in results)
    since = None if delivered else parcel.failing_since
    failures: Any = 0 if delivered else row.failures
    quiet = None
    if last.outcome is not Outcome.DELIVERED:
        since, failures = since or now, failures + 1
        quiet = rules.quiet_until(1 if delivered else parcel.failures + 1, now=now, wait=last.wait)
    values = {"failing_since": since, "failures": failures, "quiet_until": quiet}
    this = sa.update(row).where(row.id == parcel.endpoint_id).values(values)
    session.execute(this, execution_options={"synchronize_session": False})
    if last.outcome is Outcome.GONE:
        _stop(session, parcel, StopReason.GONE, now)
    elif since is not None and now - since >= rules.LASTS:
        _stop(session, parcel, StopReason.FAILING, now)


def _stop(session: Session, parcel: Parcel, why: StopReason, now: datetime) -> None:
    """Nothing more is sent until a person looks; the owner's pages say so."""
    row = WebhookEndpoint
    on = sa.update(row).where(row.id == parcel.endpoint_id, row.status == EndpointStatus.ENABLED)
    values = {"status": EndpointStatus.STOPPED, "stop_reason": why, "changed_at": now}
    if affected(session.execute(on.values(values), execution_options={"synchronize_session": False})):
        service.give_up_all(session, parcel.endpoint_id, now=now)
        subject = ("webhook_endpoint", parcel.endpoint_id)
        note(session, WORKER, "webhook_endpoint.stopped", subject, now=now, reason=why.value)
