"""How the outbox does, for /metrics: what waits, how late the latest is, and addresses that stopped by themselves."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from affiliate.core import clock, health
from affiliate.core.db import db
from affiliate.outbox.models import EndpointStatus, MessageStatus, WebhookEndpoint, WebhookMessage


def figures() -> Iterable[health.Figure]:
    """Two counts and a lag in seconds; nothing without a database."""
    message, now = WebhookMessage, clock.now()
    waits = sa.select(sa.func.count(), sa.func.min(message.next_try_at)).where(message.status == MessageStatus.WAITING)
    healthy = waits.join(WebhookEndpoint, WebhookEndpoint.id == message.endpoint_id).where(
        WebhookEndpoint.status == EndpointStatus.ENABLED, WebhookEndpoint.failing_since.is_(None)
    )
    stops = sa.select(sa.func.count()).where(WebhookEndpoint.status == EndpointStatus.STOPPED)
    try:
        waiting = db.session.execute(waits).one()[0]
        oldest = db.session.execute(healthy).one()[1]
        stopped = db.session.execute(stops).scalar_one()
    except SQLAlchemyError:
        db.session.rollback()
        return
    lag = max(0.0, (now - oldest).total_seconds()) if oldest is not None else 0.0
    yield health.Figure("etalase_webhooks_waiting", "Webhooks that wait to be sent, or sent again", waiting)
    yield health.Figure("etalase_webhooks_lag_seconds", "How late the latest is whose receiver is well", lag)
    yield health.Figure("etalase_webhooks_stopped", "Addresses for webhooks that stopped by themselves", stopped)
