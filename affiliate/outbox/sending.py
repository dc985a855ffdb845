"""Hand messages to their endpoints: claim, commit, call, record. The verbs around the call; `courier` makes it.

One sender an endpoint at a time: the claim is the endpoint's, so that messages go in their order and a slow address
takes one thread at most. A sender that dies leaves tries without an outcome; after the lease they count as
interrupted, and their messages are sent again with the same webhook-id.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core import bulk
from affiliate.core.db import affected
from affiliate.core.signing import standard_signature
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

LEASE = timedelta(minutes=3)  # longer than a parcel takes, names that resolve slowly and all
PARCEL_MAX = 50  # messages of one endpoint
FORGET_MAX = 200
PROBE_MAX = 1  # of one that is failing
AGENT = "Etalase-Webhooks/1"
WORKER = system("webhooks")


@dataclass(frozen=True, slots=True)
class Sending:
    """One message to send now; the try that says so is written already."""

    message_id: int
    try_id: int
    number: int
    failures: int
    give_up_at: datetime
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one sender brings to one endpoint, in this order, for the length of a lease."""

    endpoint_id: int
    url: str
    claimed_at: datetime
    failing_since: datetime | None
    failures: int  # in a row
    sendings: tuple[Sending, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """How a sending ended. `wait` is what a busy receiver asked for."""

    sending: Sending
    outcome: Outcome
    status_code: int | None = None
    address: str = ""
    answer: str = ""
    took_ms: int = 0
    wait: timedelta | None = None


def claim(session: Session, *, healthy: int, failing: int, now: datetime) -> list[Parcel]:
    """Take up to so many endpoints with due messages, those that waited longest first; written before it is sent."""
    rows = [*_due(session, WebhookEndpoint.failing_since.is_(None), healthy, now),
            *_due(session, WebhookEndpoint.failing_since.is_not(None), failing, now)]  # fmt: skip
    found = [_claim_one(session, row, now) for row in rows]
    return [parcel for parcel in found if parcel is not None]


def is_due(session: Session, *, now: datetime) -> bool:
    """True when there is anything to claim; a look that takes no lock."""
    message = WebhookMessage
    due = sa.select(message.id).where(
        message.endpoint_id == WebhookEndpoint.id, message.status == MessageStatus.WAITING, message.next_try_at <= now
    )
    ready = sa.select(WebhookEndpoint.id).where(_is_ready(now), due.exists())
    return session.execute(ready.limit(1)).scalar() is not None


def _is_ready(now: datetime) -> sa.ColumnElement[bool]:
    """On, in nobody's hands, and not left alone."""
    row = WebhookEndpoint
    free = row.claimed_at.is_(None) | (row.claimed_at < now - LEASE)
    return sa.and_(row.status == EndpointStatus.ENABLED, free, row.quiet_until.is_(None) | (row.quiet_until <= now))


def _due(session: Session, which: sa.ColumnElement[bool], limit: int, now: datetime) -> Sequence[int]:
    row, message = WebhookEndpoint, WebhookMessage
    if limit <= 0:
        return []
    oldest = (
        sa.select(sa.func.min(message.next_try_at))
        .where(message.endpoint_id == row.id, message.status == MessageStatus.WAITING)
        .scalar_subquery()
    )
    ready = sa.select(row.id).where(_is_ready(now), which, oldest <= now)
    return session.execute(ready.order_by(oldest, row.id).limit(limit)).scalars().all()


def _claim_one(session: Session, endpoint_id: int, now: datetime) -> Parcel | None:
    """None where another sender was faster."""
    row = WebhookEndpoint
    free = sa.update(row).where(row.id == endpoint_id, _is_ready(now))
    if not affected(session.execute(free.values(claimed_at=now), execution_options={"synchronize_session": False})):
        return None
    query = sa.select(row).where(row.id == endpoint_id).execution_options(populate_existing=True)
    endpoint = session.execute(query).scalar_one()
    _close_interrupted(session, endpoint_id)
    limit = PARCEL_MAX if endpoint.failing_since is None else PROBE_MAX
    message = WebhookMessage
    waiting = sa.select(message.__table__).where(
        message.endpoint_id == endpoint_id, message.status == MessageStatus.WAITING, message.next_try_at <= now
    )
    rows = session.execute(waiting.order_by(message.next_try_at, message.id).limit(limit)).all()
    ids = bulk.new_ids(session, WebhookTry, len(rows))
    sendings = tuple(_sending(endpoint, one, key, now) for one, key in zip(rows, ids, strict=True))
    bulk.insert(session, WebhookTry, [_begun(one, now) for one in sendings])
    return Parcel(endpoint_id, endpoint.url, now, endpoint.failing_since, endpoint.failures, sendings)


def _close_interrupted(session: Session, endpoint_id: int) -> None:
    """Tries that a dead sender of this endpoint left behind; whoever holds the claim is the only one at work."""
    left = (
        sa.select(WebhookTry.id, WebhookTry.message_id, WebhookTry.number)
        .join(WebhookMessage, WebhookMessage.id == WebhookTry.message_id)
        .where(WebhookMessage.endpoint_id == endpoint_id, WebhookTry.outcome.is_(None))
    )
    rows = session.execute(left).all()
    bulk.update(session, WebhookTry, [{"id": row.id, "outcome": Outcome.INTERRUPTED} for row in rows])
    bulk.update(session, WebhookMessage, [{"id": row.message_id, "tries": row.number} for row in rows])


def _sending(endpoint: WebhookEndpoint, row: Any, try_id: int, now: datetime) -> Sending:
    body = row.body.encode()
    headers = (
        ("content-type", "application/json"),
        ("user-agent", AGENT),
        ("webhook-id", row.message_id),
        ("webhook-timestamp", str(int(now.timestamp()))),
        ("webhook-signature", signatures(endpoint, row.message_id, body, now)),
    )
    return Sending(row.id, try_id, row.tries + 1, row.failures, row.give_up_at, headers, body)


def signatures(endpoint: WebhookEndpoint, message_id: str, body: bytes, now: datetime) -> str:
    """By the secret, and for a day after a rotation by the one before it: separated by a blank."""
    live = [endpoint.secret]
    if endpoint.old_secret and endpoint.old_secret_until and now < endpoint.old_secret_until:
        live.append(endpoint.old_secret)
    return " ".join(standard_signature(secret, message_id, now, body) for secret in live)


def _begun(one: Sending, now: datetime) -> dict[str, Any]:
    return {
        "id": one.try_id, "message_id": one.message_id, "number": one.number, "started_at": now,
        "headers": dict(one.headers),
    }  # fmt: skip


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
