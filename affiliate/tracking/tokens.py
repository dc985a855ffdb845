"""Click tokens: what a store's order brings back. Self-describing and signed, so a lost click row loses no attribution.

44 characters: 32 bytes in base64url without padding (43) and the id of the key that signed (1, alphanumeric, so that a
token never ends in punctuation that a mail or chat program would strip). The bytes: link id (8), milliseconds since
1970 (6), nonce (8, of which 63 bits are used), MAC (10, keyed BLAKE2b over the 22 before it).
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from affiliate.core import signing

LENGTH = 44
MAC_BYTES = 10
NONCE_BITS = 63
PROCESS_BITS = 40
COUNTER_BITS = NONCE_BITS - PROCESS_BITS

_COUNTER_MASK = (1 << COUNTER_BITS) - 1
_CLAIMS = struct.Struct(">QHIQ")  # link id, milliseconds (high 16 bits, low 32 bits), nonce
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
LAST_MS = (datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH) // _MILLISECOND  # later ones are no time at all


@dataclass(frozen=True, slots=True)
class ClickToken:
    """What a token says: which link, when (UTC, to the millisecond), and the number that makes the click unique."""

    link_id: int
    clicked_at: datetime
    nonce: int


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """The key that signs, and all that are still believed, by their one-character id."""

    current: str
    live: dict[str, bytes]


def keys(secret_key: str) -> TokenKeys:
    """The keys that follow from SECRET_KEY. A rotation adds a second live id and makes it the current one."""
    return TokenKeys("a", {"a": _derived(secret_key)})


def _derived(secret_key: str) -> bytes:
    return hashlib.blake2b(secret_key.encode(), digest_size=32, person=b"click token").digest()


def mint(link_id: int, clicked_at: datetime, nonce: int, keys: TokenKeys) -> str:
    """The token of one click; `clicked_at` is cut to the millisecond."""
    return mint_at(link_id, milliseconds(clicked_at), nonce, keys)


def mint_at(link_id: int, ms: int, nonce: int, keys: TokenKeys) -> str:
    """`mint` for the hot path, which has milliseconds at hand."""
    claims = _CLAIMS.pack(link_id, ms >> 32, ms & 0xFFFFFFFF, nonce)
    mac = signing.keyed_hash(keys.live[keys.current], claims, size=MAC_BYTES)
    return urlsafe_b64encode(claims + mac)[: LENGTH - 1].decode() + keys.current


def read(token: str, keys: TokenKeys) -> ClickToken | None:
    """What a token says, or None for anything that we have not signed in exactly this spelling. Never raises."""
    if not isinstance(token, str) or len(token) != LENGTH or not token.isascii():
        return None
    key = keys.live.get(token[-1])
    if key is None:
        return None
    text = token[:-1].encode()
    try:
        raw = urlsafe_b64decode(text + b"=")
    except ValueError:
        return None
    if urlsafe_b64encode(raw)[:-1] != text:  # the last character has two idle bits: only one spelling counts
        return None
    claims, mac = raw[: _CLAIMS.size], raw[_CLAIMS.size :]
    if not signing.same(signing.keyed_hash(key, claims, size=MAC_BYTES), mac):
        return None
    link_id, high, low, nonce = _CLAIMS.unpack(claims)
    ms = high << 32 | low
    return ClickToken(link_id, moment(ms), nonce) if ms <= LAST_MS else None


def milliseconds(at: datetime) -> int:
    """Whole milliseconds since 1970."""
    return (at - _EPOCH) // _MILLISECOND


def moment(ms: int) -> datetime:
    """The time of that many milliseconds since 1970, in UTC."""
    return _EPOCH + ms * _MILLISECOND


class Nonces:
    """Numbers that no other process gives within the same millisecond: 40 random bits of its own and a counter.

    Safe to draw from by many threads at once: the counter steps in one go, as a generator would not.
    """

    def __init__(self) -> None:
        self._process = secrets.randbits(PROCESS_BITS) << COUNTER_BITS
        self._count = itertools.count()

    def draw(self) -> int:
        return self._process | (next(self._count) & _COUNTER_MASK)
