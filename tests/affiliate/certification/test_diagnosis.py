"""Why a signature did not fit: every usual mistake is made for real, and named."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest

from affiliate.certification import diagnosis as known
from affiliate.core.signing import standard_signature
from affiliate.merchants.models import WebhookKind
from affiliate.orders.schemes import base, standard
from tests.affiliate.certification.practice import SECRET
from tests.conftest import NOW

TEXT = "rahasia-kotak-pasir-toko-ini"
REAL = "whsec_" + base64.b64encode(b"kunci alamat yang sebenarnya ini").decode()
OTHER = "rahasia-sistem-lain-toko-ini"
BODY = json.dumps({"id": 1, "nama": "Kopi Gayo – 250 g"}, indent=1, ensure_ascii=False).encode() + b"\n"
TIGHT = json.dumps(json.loads(BODY), separators=(",", ":")).encode()
HEADERS = {
    WebhookKind.SHOPIFY: "x-shopify-hmac-sha256",
    WebhookKind.WOOCOMMERCE: "x-wc-webhook-signature",
    WebhookKind.ADOBE: "x-adobe-commerce-webhook-signature",
}


def mac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def cause(kind: WebhookKind, headers: dict[str, str], body: bytes = BODY, *, shops_own: bool = True) -> str:
    secrets = [SECRET] if kind is WebhookKind.STANDARD else [TEXT]
    others = {known.REAL_KEY: [REAL], known.OTHER_SYSTEMS_KEY: [OTHER]}
    return known.cause(kind, headers, body, secrets=secrets, others=others, has_shop_secret=shops_own, now=NOW)


RIGHT = mac(TEXT.encode(), BODY)


@pytest.mark.parametrize("kind", list(HEADERS))
@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("", base.NO_SIGNATURE),
        (RIGHT.hex(), known.HEXADECIMAL),
        (b64(RIGHT.hex().encode()), known.HEX_IN_BASE64),
        (f"sha256={RIGHT.hex()}", known.PREFIXED),
        (f"sha256={b64(RIGHT)}", known.PREFIXED),
        (b64(mac(TEXT.encode(), TIGHT)), known.BODY_REWRITTEN),
        (b64(mac(TEXT.encode(), BODY.strip())), known.BODY_REWRITTEN),
        (b64(mac(TEXT.encode() + b"\n", BODY)), known.SECRET_SPACED),
        (b64(mac(REAL.encode(), BODY)), known.REAL_KEY),
        (b64(mac(OTHER.encode(), BODY)), known.OTHER_SYSTEMS_KEY),
        (b64(mac(b"keterlaluan", BODY)), base.WRONG_SECRET),
        ("bukan base64!", base.NOT_BASE64),
    ],
)
def test_of_shop_systems(kind, signature, expected):
    found = cause(kind, {HEADERS[kind]: signature} if signature else {})
    if kind is WebhookKind.SHOPIFY and expected == base.WRONG_SECRET:
        assert found in {base.WRONG_SECRET, "needs_app_secret", "needs_store_secret"}
    else:
        assert found == expected


def test_url_safe_base64_is_told_from_the_plain_one():
    for number in range(50):
        body = b'{"n": %d}' % number
        text = base64.urlsafe_b64encode(mac(TEXT.encode(), body)).decode()
        if "-" in text or "_" in text:
            assert cause(WebhookKind.ADOBE, {HEADERS[WebhookKind.ADOBE]: text}, body) == known.URL_SAFE
            return
    pytest.fail("no such signature among fifty")


def test_shopify_without_its_own_secret_is_told_to_give_it():
    wrong = {HEADERS[WebhookKind.SHOPIFY]: b64(mac(b"x" * 32, BODY))}
    assert cause(WebhookKind.SHOPIFY, wrong, shops_own=False) == base.WRONG_SECRET  # of no shop
    wrong["x-shopify-shop-domain"] = "griya-wastra.myshopify.com"
    assert cause(WebhookKind.SHOPIFY, wrong, shops_own=False) == known.NEEDS_SHOP_SECRET


KEY = base64.b64decode(SECRET.removeprefix("whsec_"))
STAMP = str(int(NOW.timestamp()))
SIGNED = f"m-1.{STAMP}.".encode()
GOOD = standard_signature(SECRET, "m-1", NOW, BODY)


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({"webhook-signature": None}, base.NO_SIGNATURE),
        ({"webhook-id": None}, base.NO_SIGNATURE),
        ({"webhook-signature": GOOD.removeprefix("v1,")}, known.NO_VERSION),
        ({"webhook-signature": "v1," + base64.b64decode(GOOD[3:]).hex()}, known.HEXADECIMAL),
        ({"webhook-signature": "v1," + b64(mac(KEY, BODY))}, known.BODY_ALONE),
        ({"webhook-signature": "v1," + b64(mac(KEY, STAMP.encode() + b"." + BODY))}, known.NO_ID),
        ({"webhook-signature": "v1," + b64(mac(KEY, SIGNED + TIGHT))}, known.BODY_REWRITTEN),
        ({"webhook-signature": "v1," + b64(mac(SECRET.encode(), SIGNED + BODY))}, known.SECRET_AS_TEXT),
        ({"webhook-signature": "v1," + b64(mac(SECRET[6:].encode(), SIGNED + BODY))}, known.SECRET_AS_TEXT),
        ({"webhook-signature": standard_signature(REAL, "m-1", NOW, BODY)}, known.REAL_KEY),
        ({"webhook-signature": "v1," + b64(bytes(32))}, base.WRONG_SECRET),
        ({"webhook-timestamp": STAMP + "000", "webhook-signature": "v1," + b64(bytes(32))}, known.STAMP_MILLISECONDS),
        ({"webhook-timestamp": "gestern"}, standard.STALE_STAMP),
    ],
)
def test_of_our_own_format(over, expected):
    given = {"webhook-id": "m-1", "webhook-timestamp": STAMP, "webhook-signature": GOOD} | over
    assert cause(WebhookKind.STANDARD, {name: value for name, value in given.items() if value is not None}) == expected


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_clock_that_is_off_is_told_from_a_wrong_secret(minutes):
    at = NOW + timedelta(minutes=minutes)
    given = {
        "webhook-id": "m-1", "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": standard_signature(SECRET, "m-1", at, BODY),
    }  # fmt: skip
    assert cause(WebhookKind.STANDARD, given) == standard.STALE_STAMP


def test_hostile_bodies_and_headers_are_only_wrong():
    for body in (b"", b"\0", b"[" * 100_000, b"{" * 1000, b"\xff\xfe", b"x" * 300_000, b'{"a": 1e400}'):
        for kind, name in HEADERS.items():
            for signature in ("=", "AAAA", "é" * 44, "-" * 44, "0" * 64, "sha256=", "v1," * 100):
                assert cause(kind, {name: signature}, body)
        assert cause(
            WebhookKind.STANDARD,
            {"webhook-id": "\x7f", "webhook-timestamp": "9" * 13, "webhook-signature": "v1,é v1, x"},
            body,
        )
