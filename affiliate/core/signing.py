"""Signatures over bytes: compared in constant time, with more than one live secret so that keys can be rotated."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

TOLERANCE_SECONDS = 300
SECRET_PREFIX = "whsec_"  # noqa: S105  a prefix, not a secret


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def keyed_hash(key: bytes, data: bytes, *, size: int = 16) -> bytes:
    """A short keyed digest (BLAKE2b) for pseudonyms and tokens."""
    return hashlib.blake2b(data, key=key[:64], digest_size=size).digest()


def keyed(key: bytes, *, size: int) -> hashlib.blake2b:
    """The start of many `keyed_hash`es with one key: copy it, update the copy, take its digest."""
    return hashlib.blake2b(key=key[:64], digest_size=size)


def same(left: bytes, right: bytes) -> bool:
    return hmac.compare_digest(left, right)


def new_webhook_secret() -> str:
    """A Standard Webhooks secret: whsec_ and 32 random bytes in base64."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def standard_signature(secret: str, message_id: str, at: datetime, body: bytes) -> str:
    """The webhook-signature header value of a Standard Webhooks message."""
    content = b".".join((message_id.encode(), str(int(at.timestamp())).encode(), body))
    return "v1," + _mac(secret, content).decode()


def standard_verified(
    secrets_live: list[str], *, message_id: str, timestamp: str, signature: str, body: bytes, now: datetime
) -> bool:
    """True when any live secret signed these very bytes and the stamp lies within five minutes, both ways.

    Source: Standard Webhooks specification, `id.timestamp.body` under HMAC-SHA256.
    """
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12) or not message_id or not signature:
        return False
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    content = message_id.encode() + b"." + timestamp.encode() + b"." + body
    given = [part[3:] for part in signature.split(" ") if part.startswith("v1,")]
    return any(same(_mac(secret, content), text.encode()) for secret in secrets_live for text in given)


def _mac(secret: str, content: bytes) -> bytes:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX) + "==")  # spare padding is ignored
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest())
