"""A shop that sends signed deliveries, as tests need it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from flask.testing import FlaskClient

from affiliate.core import clock
from affiliate.core.signing import standard_signature
from affiliate.merchants.models import WebhookKey

AT = "2026-11-01T09:00:00Z"


def line(line_id: str = "1", **over: Any) -> dict[str, Any]:
    return {
        "line_id": line_id,
        "sku": "Z-77",
        "category": "Shoes",
        "brand": "Acme",
        "quantity": 2,
        "unit_price": "150000.00",
        "discount": "30000.00",
        "tax": "0.00",
    } | over


def message(kind: str = "order.placed", *, timestamp: str = AT, **data: Any) -> dict[str, Any]:
    """A standard delivery; `data` overrides the order's fields, None leaves one out."""
    told = {"order_id": "A-1001", "version": 1, "currency": "IDR", "placed_at": AT, "lines": [line()]} | data
    return {
        "type": kind,
        "timestamp": timestamp,
        "data": {name: value for name, value in told.items() if value is not None},
    }


def refund(refund_id: str = "R-1", amount: str | None = "135000.00", **data: Any) -> dict[str, Any]:
    """A refund that names no lines unless `refund_lines` are given."""
    lines = data.pop("refund_lines", None)
    told = {"refund_id": refund_id} | ({"amount": amount} if amount else {}) | ({"lines": lines} if lines else {})
    return message("order.refunded", placed_at=None, lines=None, refund=told, **data)


def body_of(content: Any) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def headers(key: WebhookKey, delivery: str, body: bytes, *, at: datetime | None = None) -> dict[str, str]:
    moment = at or clock.now()
    return {
        "webhook-id": delivery,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": standard_signature(key.secret, delivery, moment, body),
        "content-type": "application/json",
    }


def send(client: FlaskClient, slug: str, key: WebhookKey, delivery: str, content: Any) -> Any:
    body = body_of(content)
    return client.post(f"/hooks/v1/{slug}/standard", data=body, headers=headers(key, delivery, body))
