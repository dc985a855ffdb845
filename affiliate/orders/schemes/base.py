"""What every scheme of signing has: which headers count, who signed, and by which id a delivery is kept once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from affiliate.core.signing import same, sha256_hex

ID_MAX = 200
TOPIC_MAX = 80
MAC_BYTES = 32  # of SHA-256
Headers = Mapping[str, str]  # names in lower case
_UNPRINTABLE = re.compile("[\0-\x1f\x7f\ud800-\udfff]")

# Why a signature did not fit: stable codes, in words in `wording.CAUSES`.
NO_KEY = "no_key"
NO_SIGNATURE = "no_signature"
NOT_BASE64 = "not_base64"
OTHER_SYSTEM = "other_system"
WRONG_SECRET = "wrong_secret"  # noqa: S105  a code, not a secret


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way in which a shop system signs.

    verified(secrets, headers, body, now) → whether a live secret signed these very bytes; for every key the same work.
    delivery_id(headers, body) → the id by which a repeat is known, at most ID_MAX characters.
    cause(secrets, headers, body, now) → a code that says what was probably wrong.
    """

    kept: tuple[str, ...]  # the headers that are stored
    body_max: int  # bytes
    verified: Callable[[Sequence[str], Headers, bytes, datetime], bool]
    delivery_id: Callable[[Headers, bytes], str]
    cause: Callable[[Sequence[str], Headers, bytes, datetime], str]
    topic_header: str = ""  # ours has the type in the body

    def topic(self, headers: Headers) -> str:
        """What the request says that it is about, fit to be shown; empty where only the body says it."""
        return _UNPRINTABLE.sub("?", headers.get(self.topic_header, ""))[:TOPIC_MAX]


def hmac_verified(secrets: Sequence[str], signature: str, body: bytes) -> bool:
    """True when base64(HMAC-SHA256(body, secret)) of any secret is this header. The secret is used as it is written."""
    given, fits = signature.encode(), False
    for secret in secrets:
        mac = hmac.new(secret.encode(), body, hashlib.sha256).digest()
        fits |= same(base64.b64encode(mac), given)
    return fits


def content_id(topic: str, body: bytes) -> str:
    """The id of a delivery whose sender gives none: what it says, under its topic."""
    return "sha256:" + sha256_hex(topic.encode() + b"\0" + body)


def named_or_content_id(named: str, topic: str, body: bytes) -> str:
    """The sender's own id where it fits, else that of the content."""
    return named if 0 < len(named) <= ID_MAX else content_id(topic, body)


def mac_cause(signature: str) -> str | None:
    """What can be said about a header that should hold 32 bytes in base64, without knowing the secret."""
    if not signature:
        return NO_SIGNATURE
    try:
        raw = base64.b64decode(signature, validate=True)
    except ValueError:
        return NOT_BASE64
    return None if len(raw) == MAC_BYTES else NOT_BASE64
