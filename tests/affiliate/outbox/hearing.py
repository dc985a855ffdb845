"""Who listens, and what stands in the outbox for them: for the rooms that tell."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from affiliate.outbox import service
from affiliate.outbox.models import WebhookEndpoint, WebhookMessage
from tests.conftest import NOW
from tests.factories import ROBOT


def listen(session: Any, owner: Any, *types: Any) -> WebhookEndpoint:
    """An endpoint of this owner, for these types or all that it may hear."""
    row = service.add_endpoint(
        session, owner, url="https://app.contoh.id/hooks", types=types or service.heard_by(owner), to_localhost=False,
        actor=ROBOT, now=NOW,
    )  # fmt: skip
    session.flush()
    return row


def heard(session: Any, endpoint: WebhookEndpoint) -> list[dict[str, Any]]:
    """What it is told, in order: {"type", "timestamp", "data"}."""
    wanted = sa.select(WebhookMessage.body).where(WebhookMessage.endpoint_id == endpoint.id)
    return [json.loads(body) for body in session.execute(wanted.order_by(WebhookMessage.id)).scalars()]


def types(told: list[dict[str, Any]]) -> list[str]:
    return [one["type"] for one in told]
