"""Adobe Commerce and Magento: base64 HMAC-SHA256 over the raw body by a secret of ours, as a small module sends it.

The module posts the order as the shop's REST API shows it, after every save, with three headers:

    X-Adobe-Commerce-Webhook-Signature: base64(HMAC-SHA256(body, secret))
    X-Adobe-Commerce-Webhook-Event: sales_order_save_commit_after
    X-Adobe-Commerce-Webhook-Id: any id that is the same when the same message is sent again (may be left out)

What Adobe itself signs is not supported: Commerce Webhooks and I/O Events use RSA keys, the latter fetched from a
server of Adobe's, and the Open Source edition has neither.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime

from affiliate.orders.schemes.base import (
    MAC_BYTES,
    WRONG_SECRET,
    Headers,
    Scheme,
    hmac_verified,
    mac_cause,
    named_or_content_id,
)

SIGNATURE = "x-adobe-commerce-webhook-signature"
TOPIC = "x-adobe-commerce-webhook-event"
KEPT = (SIGNATURE, TOPIC, "x-adobe-commerce-webhook-id", "content-type", "user-agent")
ADOBES_OWN = "adobes_own_signature"


def verified(secrets: Sequence[str], headers: Headers, body: bytes, _now: datetime) -> bool:
    return hmac_verified(secrets, headers.get(SIGNATURE, ""), body)


def delivery_id(headers: Headers, body: bytes) -> str:
    return named_or_content_id(headers.get("x-adobe-commerce-webhook-id", ""), headers.get(TOPIC, ""), body)


def cause(_secrets: Sequence[str], headers: Headers, _body: bytes, _now: datetime) -> str:
    signature = headers.get(SIGNATURE, "")
    if "x-adobe-digital-signature-1" in headers or _is_rsa(signature):
        return ADOBES_OWN
    return mac_cause(signature) or WRONG_SECRET


def _is_rsa(signature: str) -> bool:
    """An RSA signature is as long as its key, 1,024 bits or more."""
    try:
        return len(base64.b64decode(signature, validate=True)) >= 4 * MAC_BYTES
    except ValueError:
        return False


SCHEME = Scheme(KEPT, 2 * 1024 * 1024, verified, delivery_id, cause, TOPIC)
