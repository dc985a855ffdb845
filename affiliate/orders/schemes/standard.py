"""Standard Webhooks: HMAC over `id.timestamp.body`, within five minutes both ways. Our own scheme, and our shops'."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from affiliate.core.signing import TOLERANCE_SECONDS, standard_verified
from affiliate.orders.schemes.base import ID_MAX, NO_SIGNATURE, WRONG_SECRET, Headers, Scheme

STALE_STAMP = "stale_stamp"
KEPT = ("webhook-id", "webhook-timestamp", "webhook-signature", "content-type", "user-agent")


def verified(secrets: Sequence[str], headers: Headers, body: bytes, now: datetime) -> bool:
    """Source: the Standard Webhooks specification."""
    message_id = headers.get("webhook-id", "")
    fits = standard_verified(
        list(secrets),
        message_id=message_id,
        timestamp=headers.get("webhook-timestamp", ""),
        signature=headers.get("webhook-signature", ""),
        body=body,
        now=now,
    )
    return fits and len(message_id) <= ID_MAX


def delivery_id(headers: Headers, _body: bytes) -> str:
    return headers["webhook-id"]


def cause(_secrets: Sequence[str], headers: Headers, _body: bytes, now: datetime) -> str:
    stamp = headers.get("webhook-timestamp", "")
    if not headers.get("webhook-id") or not headers.get("webhook-signature") or not stamp:
        return NO_SIGNATURE
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        return STALE_STAMP
    return STALE_STAMP if abs(now.timestamp() - int(stamp)) > TOLERANCE_SECONDS else WRONG_SECRET


SCHEME = Scheme(KEPT, 256 * 1024, verified, delivery_id, cause)
