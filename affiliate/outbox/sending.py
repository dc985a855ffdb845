"""Hand messages to their endpoints: claim, commit, call, record. `courier` makes the call, `recording` writes after it.

One sender an endpoint at a time: the claim is the endpoint's, so that messages go in their order and a slow address
takes one thread at most. A sender that dies leaves tries without an outcome; after the lease they count as
interrupted, and their messages are sent again with the same webhook-id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core import bulk
from affiliate.core.db import affected
from affiliate.core.signing import standard_signature
from affiliate.outbox.models import (
    EndpointStatus,
    MessageStatus,
    WebhookEndpoint,
    WebhookMessage,
    WebhookTry,
)
from affiliate.outbox.rules import Outcome

LEASE = timedelta(minutes=3)  # longer than a parcel takes, names that resolve slowly and all
PARCEL_MAX = 50  # messages of one endpoint
PROBE_MAX = 1  # of one that is failing
AGENT = "Etalase-Webhooks/1"


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
