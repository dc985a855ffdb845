"""Click tokens: what a store's order brings back. Self-describing and signed, so a lost click row loses no attribution.

44 characters: 32 bytes in base64url without padding (43) and the id of the key that signed (1, alphanumeric, so that a
token never ends in punctuation that a mail or chat program would strip). The bytes: link id (8), milliseconds since
1970 (6), nonce (8, of which 63 bits are used), MAC (10, keyed BLAKE2b over the 22 before it).
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
import string
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import b2a_base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from affiliate.core import signing

LENGTH = 44
MAC_BYTES = 10
NONCE_BITS = 63
PROCESS_BITS = 40
COUNTER_BITS = NONCE_BITS - PROCESS_BITS

_IDS = string.ascii_letters + string.digits
_URLSAFE = bytes.maketrans(b"+/", b"-_")
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
    """The key that signs, by its one-character id, and all that are still believed.

    Ids follow from the keys, so two keys may share one: the id says which to try first, the MAC decides.
    """

    current: str
    live: dict[str, tuple[bytes, ...]]


def keys(secret_key: str, secret_key_old: str | None = None) -> TokenKeys:
    """The keys that follow from SECRET_KEY, which signs, and SECRET_KEY_OLD, which is believed during a rotation."""
    live: dict[str, tuple[bytes, ...]] = {}
    for secret in [secret_key, secret_key_old] if secret_key_old else [secret_key]:
        key = _derived(secret)
        live[_id_of(key)] = (*live.get(_id_of(key), ()), key)
    return TokenKeys(_id_of(_derived(secret_key)), live)


def _derived(secret_key: str) -> bytes:
    return hashlib.blake2b(secret_key.encode(), digest_size=32, person=b"click token").digest()


def _id_of(key: bytes) -> str:
    return _IDS[hashlib.blake2b(key, digest_size=8, person=b"key id").digest()[0] % len(_IDS)]


class Mint:
    """Makes tokens with the current key. Safe for many threads: each token starts from a copy of the keyed hash."""

    def __init__(self, keys: TokenKeys) -> None:
        self._keyed = signing.keyed(keys.live[keys.current][0], size=MAC_BYTES)
        self._id = keys.current

    def token(self, link_id: int, ms: int, nonce: int) -> str:
        """The token of a click at that many milliseconds since 1970."""
        claims = _CLAIMS.pack(link_id, ms >> 32, ms & 0xFFFFFFFF, nonce)
        mac = self._keyed.copy()
        mac.update(claims)
        text = b2a_base64(claims + mac.digest(), newline=False)
        return text[: LENGTH - 1].translate(_URLSAFE).decode() + self._id


def mint(link_id: int, clicked_at: datetime, nonce: int, keys: TokenKeys) -> str:
    """The token of one click; `clicked_at` is cut to the millisecond."""
    return Mint(keys).token(link_id, milliseconds(clicked_at), nonce)


def read(token: str, keys: TokenKeys) -> ClickToken | None:
    """What a token says, or None for anything that we have not signed in exactly this spelling. Never raises."""
    if not isinstance(token, str) or len(token) != LENGTH or not token.isascii():
        return None
    believed = keys.live.get(token[-1])
    if believed is None:
        return None
    text = token[:-1].encode()
    try:
        raw = urlsafe_b64decode(text + b"=")
    except ValueError:
        return None
    if urlsafe_b64encode(raw)[:-1] != text:  # the last character has two idle bits: only one spelling counts
        return None
    claims, mac = raw[: _CLAIMS.size], raw[_CLAIMS.size :]
    if not any(signing.same(signing.keyed_hash(key, claims, size=MAC_BYTES), mac) for key in believed):
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
