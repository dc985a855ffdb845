"""WooCommerce: base64 HMAC-SHA256 over the raw body by the webhook's own secret; and its ping, which nobody signs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from affiliate.orders.schemes.base import (
    OTHER_SYSTEM,
    WRONG_SECRET,
    Headers,
    Scheme,
    hmac_verified,
    mac_cause,
    named_or_content_id,
)

SIGNATURE = "x-wc-webhook-signature"
TOPIC = "x-wc-webhook-topic"
KEPT = (
    SIGNATURE, TOPIC, "x-wc-webhook-source", "x-wc-webhook-resource", "x-wc-webhook-event", "x-wc-webhook-id",
    "x-wc-webhook-delivery-id", "content-type", "user-agent",
)  # fmt: skip
PING_ID = "ping"
_PING = re.compile(rb"webhook_id=[0-9]{1,20}")


def is_ping(body: bytes) -> bool:
    """The form that WooCommerce posts when a webhook is saved; it keeps the webhook only when answered 200."""
    return _PING.fullmatch(body) is not None


def verified(secrets: Sequence[str], headers: Headers, body: bytes, _now: datetime) -> bool:
    return hmac_verified(secrets, headers.get(SIGNATURE, ""), body)


def delivery_id(headers: Headers, body: bytes) -> str:
    return named_or_content_id(headers.get("x-wc-webhook-delivery-id", ""), headers.get(TOPIC, ""), body)


def cause(_secrets: Sequence[str], headers: Headers, _body: bytes, _now: datetime) -> str:
    signature = headers.get(SIGNATURE, "")
    if not signature and "x-shopify-hmac-sha256" in headers:
        return OTHER_SYSTEM
    return mac_cause(signature) or WRONG_SECRET


SCHEME = Scheme(KEPT, 2 * 1024 * 1024, verified, delivery_id, cause, TOPIC)
