"""Shopify: base64 HMAC-SHA256 over the raw body, by the app's client secret or by the store's own signing secret.

Which of the two signs depends on where the webhook was made: by an app, or under Settings → Notifications. A shop may
have both kinds and enter both secrets. No moment is signed, so there is no time window: an old delivery that is sent
again says what it said before, and counts once.
"""

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

SIGNATURE = "x-shopify-hmac-sha256"
TOPIC = "x-shopify-topic"
TEST = "x-shopify-test"
SHOP = "x-shopify-shop-domain"
KEPT = (
    SIGNATURE, TOPIC, TEST, SHOP, "x-shopify-api-version", "x-shopify-webhook-id",
    "x-shopify-event-id", "x-shopify-triggered-at", "content-type", "user-agent",
)  # fmt: skip
NEEDS_STORE_SECRET = "needs_store_secret"  # noqa: S105  a code, not a secret
NEEDS_APP_SECRET = "needs_app_secret"  # noqa: S105  a code, not a secret
_APP_SECRET = re.compile(r"shpss_[0-9a-f]{32}|[0-9a-f]{32}")  # custom apps, and those of earlier years
_STORE_SECRET = re.compile(r"[0-9a-f]{64}")


def verified(secrets: Sequence[str], headers: Headers, body: bytes, _now: datetime) -> bool:
    return hmac_verified(secrets, headers.get(SIGNATURE, ""), body)


def delivery_id(headers: Headers, body: bytes) -> str:
    """X-Shopify-Webhook-Id: one delivery, the same in every retry.

    Not X-Shopify-Event-Id, which `orders/paid` and `orders/updated` of one event share: of two different deliveries
    the second would be lost.
    """
    return named_or_content_id(headers.get("x-shopify-webhook-id", ""), headers.get(TOPIC, ""), body)


def cause(secrets: Sequence[str], headers: Headers, _body: bytes, _now: datetime) -> str:
    """Which secret is missing follows from the shape of those that we have, and from the test notification's header."""
    signature = headers.get(SIGNATURE, "")
    if not signature and "x-wc-webhook-signature" in headers:
        return OTHER_SYSTEM
    wrong = mac_cause(signature)
    if wrong:
        return wrong
    has_app = any(_APP_SECRET.fullmatch(secret) for secret in secrets)
    has_store = any(_STORE_SECRET.fullmatch(secret) for secret in secrets)
    from_notifications = headers.get(TEST, "").lower() == "true"  # only that page sends tests
    if not has_store and (has_app or from_notifications):
        return NEEDS_STORE_SECRET
    return NEEDS_APP_SECRET if has_store and not has_app else WRONG_SECRET


SCHEME = Scheme(KEPT, 2 * 1024 * 1024, verified, delivery_id, cause, TOPIC)
