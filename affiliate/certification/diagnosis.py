"""Why a sandbox signature did not fit: what a sender usually does wrong is tried, until something fits. Pure.

Only the sandbox does this: it knows the secrets and has nothing to lose. The sender learns no more than "refused".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from affiliate.core.signing import SECRET_PREFIX, TOLERANCE_SECONDS
from affiliate.merchants.models import WebhookKind
from affiliate.orders.schemes import SCHEMES, adobe, base, shopify, standard, woocommerce

BODY_LOOKED_AT = 256 * 1024  # bytes; a larger one is compared with nothing
SECRETS_TRIED = 10

BODY_REWRITTEN = "body_rewritten"
BODY_ALONE = "body_alone"
NO_ID = "no_id"
HEXADECIMAL = "hexadecimal"
HEX_IN_BASE64 = "hex_in_base64"
URL_SAFE = "url_safe"
PREFIXED = "prefixed"
NO_VERSION = "no_version"
STAMP_MILLISECONDS = "stamp_milliseconds"
SECRET_AS_TEXT = "secret_as_text"  # noqa: S105  a code, not a secret
SECRET_DECODED = "secret_decoded"  # noqa: S105  a code, not a secret
SECRET_SPACED = "secret_spaced"  # noqa: S105  a code, not a secret
REAL_KEY = "real_key"
OTHER_SYSTEMS_KEY = "other_systems_key"
NEEDS_SHOP_SECRET = "needs_shop_secret"  # noqa: S105  a code, not a secret

_SIGNATURES = {
    WebhookKind.SHOPIFY: shopify.SIGNATURE,
    WebhookKind.WOOCOMMERCE: woocommerce.SIGNATURE,
    WebhookKind.ADOBE: adobe.SIGNATURE,
}
_BEYOND_DOUBT = {base.NO_SIGNATURE, base.OTHER_SYSTEM, adobe.ADOBES_OWN}
Named = tuple[str | None, bytes]  # what is wrong with it, and the bytes


def cause(
    kind: WebhookKind,
    headers: Mapping[str, str],
    body: bytes,
    *,
    secrets: Sequence[str],
    others: Mapping[str, Sequence[str]],
    has_shop_secret: bool,
    now: datetime,
) -> str:
    """A code that says what was probably wrong. `others` are secrets that should not have signed, by their code."""
    likely = SCHEMES[kind].cause(secrets, headers, body, now)
    if likely in _BEYOND_DOUBT:
        return likely
    found = _found(kind, headers, body, _keys(kind, secrets, others)) if len(body) <= BODY_LOOKED_AT else None
    if found is not None:
        return found
    if kind is WebhookKind.STANDARD and _is_milliseconds(headers, now):
        return STAMP_MILLISECONDS
    if shopify.SHOP in headers and not has_shop_secret and likely != base.NOT_BASE64:
        return NEEDS_SHOP_SECRET
    return likely


def _found(kind: WebhookKind, headers: Mapping[str, str], body: bytes, keys: Sequence[Named]) -> str | None:
    """The first thing that is wrong, of the combination that gives the signature; None where none does."""
    given = (
        _standard_forms(headers) if kind is WebhookKind.STANDARD else list(_forms(headers.get(_SIGNATURES[kind], "")))
    )
    contents = list(_standard_contents(headers, body) if kind is WebhookKind.STANDARD else _bodies(body))
    for wrong_key, key in keys:
        for wrong_content, content in contents:
            mac = hmac.new(key, content, hashlib.sha256).digest()
            for wrong_form, raw in given:
                if hmac.compare_digest(mac, raw):
                    return (
                        wrong_key
                        or wrong_content
                        or wrong_form
                        or (standard.STALE_STAMP if kind is WebhookKind.STANDARD else None)
                    )
    return None


def _keys(kind: WebhookKind, secrets: Sequence[str], others: Mapping[str, Sequence[str]]) -> list[Named]:
    keys: list[Named] = []
    for secret in secrets:
        text, decoded = secret.encode(), _decoded(secret)
        if kind is WebhookKind.STANDARD:
            keys += [
                (None, decoded),
                (SECRET_AS_TEXT, text),
                (SECRET_AS_TEXT, text.removeprefix(SECRET_PREFIX.encode())),
            ]
        else:
            keys += [(None, text), (SECRET_SPACED, text + b"\n"), (SECRET_DECODED, decoded)]
    for code, foreign in others.items():
        for secret in list(foreign)[:SECRETS_TRIED]:
            keys += [(code, _decoded(secret)), (code, secret.encode())]
    return [(code, key) for code, key in keys if key]


def _decoded(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX) + "==")
    except ValueError:
        return b""


def _forms(signature: str) -> Iterator[Named]:
    """The bytes that a header's text may mean."""
    text = signature.strip()
    bare = text.partition("=")[2] if text.lower().startswith("sha256=") else ""
    for code, written in ((None, text), (PREFIXED, bare)):
        plain = _base64(written)
        yield from ((code, raw) for raw in (plain,) if raw)
        yield from ((code or HEXADECIMAL, raw) for raw in (_hex(written),) if raw)
        yield from ((HEX_IN_BASE64, raw) for raw in (_hex(plain.decode("latin-1")),) if raw)
        if "-" in written or "_" in written:
            yield from ((URL_SAFE, raw) for raw in (_base64(written.translate({45: "+", 95: "/"})),) if raw)


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return b""


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text) if len(text) == 2 * base.MAC_BYTES else b""
    except ValueError:
        return b""


def _bodies(body: bytes) -> Iterator[Named]:
    """The body as it came, and as it would be if it had been parsed and written anew before it was signed."""
    yield None, body
    for other in {body.strip(), body.rstrip(b"\n"), body + b"\n"} - {body}:
        yield BODY_REWRITTEN, other
    try:
        content = json.loads(body)
        written = {
            json.dumps(content, ensure_ascii=plain, separators=(",", ":") if tight else None).encode()
            for plain in (True, False)
            for tight in (True, False)
        }
    except (ValueError, RecursionError):
        return
    for other in written - {body}:
        yield BODY_REWRITTEN, other


def _standard_forms(headers: Mapping[str, str]) -> list[Named]:
    found: list[Named] = []
    for part in headers.get("webhook-signature", "").split(" ")[:SECRETS_TRIED]:
        versioned = part.startswith("v1,")
        for code, raw in _forms(part.removeprefix("v1,")):
            found.append((code or (None if versioned else NO_VERSION), raw))
    return found


def _standard_contents(headers: Mapping[str, str], body: bytes) -> Iterator[Named]:
    message_id, stamp = headers.get("webhook-id", "").encode(), headers.get("webhook-timestamp", "").encode()
    for code, content in _bodies(body):
        yield code, b".".join((message_id, stamp, content))
    yield NO_ID, stamp + b"." + body
    yield BODY_ALONE, body


def _is_milliseconds(headers: Mapping[str, str], now: datetime) -> bool:
    stamp = headers.get("webhook-timestamp", "")
    is_number = stamp.isascii() and stamp.isdigit() and len(stamp) == 13
    return is_number and abs(int(stamp) / 1000 - now.timestamp()) <= TOLERANCE_SECONDS
