"""Signatures of each shop system: the right bytes and secrets only, and what was probably wrong otherwise."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from affiliate.merchants.models import WebhookKind
from affiliate.orders.schemes import SCHEMES
from affiliate.orders.schemes.base import ID_MAX
from tests.affiliate.orders.adapters.shops import SIGNATURE_HEADERS, mac

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
BODY = b'{"id":820982911946154508,"currency":"IDR","total_price":"150000.00"}'
APP = "shpss_" + "0a" * 16
STORE = "0b" * 32
MACS = tuple(SIGNATURE_HEADERS)


def verified(kind: WebhookKind, secrets: list[str], body: bytes, **headers: str) -> bool:
    return SCHEMES[kind].verified(secrets, {name.replace("_", "-"): text for name, text in headers.items()}, body, NOW)


@pytest.mark.parametrize("kind", [WebhookKind.SHOPIFY, WebhookKind.WOOCOMMERCE])
def test_the_vectors_are_judged_as_they_say(kind, shared_data):
    vectors = json.loads((shared_data / "webhooks/signature_vectors.json").read_text())[kind.value]
    for vector in vectors:
        given = {name.lower(): text for name, text in vector["header"].items()}
        judged = SCHEMES[kind].verified([vector["secret"]], given, vector["body"].encode(), NOW)
        assert judged == vector["valid"], vector
    assert {vector["valid"] for vector in vectors} == {True, False}


@pytest.mark.parametrize("kind", MACS)
def test_a_value_worked_out_elsewhere_fits(kind):
    given = {SIGNATURE_HEADERS[kind]: "zQdWxoGfriX0YVK3IgLm85Yc/2hv9ZAz11Qfic3XOEQ="}
    assert SCHEMES[kind].verified(["hush"], given, BODY, NOW)
    assert not SCHEMES[kind].verified(["hush"], given, BODY + b"\n", NOW)
    assert not SCHEMES[kind].verified(["Hush"], given, BODY, NOW)


@pytest.mark.parametrize("kind", MACS)
def test_any_of_several_secrets_may_sign(kind):
    given = {SIGNATURE_HEADERS[kind]: mac("second", BODY)}
    assert SCHEMES[kind].verified(["first", "second", "third"], given, BODY, NOW)
    assert not SCHEMES[kind].verified(["first", "third"], given, BODY, NOW)


@pytest.mark.parametrize("kind", MACS)
@pytest.mark.parametrize("text", ["", "é", "=", "AAAA", "x" * 9000, "\x00"])
def test_a_header_of_nonsense_fits_nothing_and_has_a_cause(kind, text):
    given = {SIGNATURE_HEADERS[kind]: text}
    assert not SCHEMES[kind].verified(["hush"], given, BODY, NOW)
    assert SCHEMES[kind].cause(["hush"], given, BODY, NOW) in {"no_signature", "not_base64", "adobes_own_signature"}


CAUSES = [
    (WebhookKind.SHOPIFY, [APP], {"x-shopify-hmac-sha256": mac(STORE, BODY)}, "needs_store_secret"),
    (WebhookKind.SHOPIFY, [STORE], {"x-shopify-hmac-sha256": mac(APP, BODY)}, "needs_app_secret"),
    (WebhookKind.SHOPIFY, [APP, STORE], {"x-shopify-hmac-sha256": mac("other", BODY)}, "wrong_secret"),
    (WebhookKind.SHOPIFY, ["own words"], {"x-shopify-hmac-sha256": mac("other", BODY)}, "wrong_secret"),
    (
        WebhookKind.SHOPIFY, ["own words"],
        {"x-shopify-hmac-sha256": mac("other", BODY), "x-shopify-test": "true"}, "needs_store_secret",
    ),
    (
        WebhookKind.SHOPIFY, [APP],
        {"x-shopify-hmac-sha256": hmac.new(APP.encode(), BODY, hashlib.sha256).hexdigest()}, "not_base64",
    ),
    (WebhookKind.SHOPIFY, [APP], {"x-wc-webhook-signature": mac(APP, BODY)}, "other_system"),
    (WebhookKind.SHOPIFY, [APP], {}, "no_signature"),
    (WebhookKind.WOOCOMMERCE, ["a"], {"x-wc-webhook-signature": mac("b", BODY)}, "wrong_secret"),
    (WebhookKind.WOOCOMMERCE, ["a"], {"x-shopify-hmac-sha256": mac("b", BODY)}, "other_system"),
    (
        WebhookKind.ADOBE, ["a"],
        {"x-adobe-commerce-webhook-signature": base64.b64encode(b"r" * 256).decode()}, "adobes_own_signature",
    ),
    (WebhookKind.ADOBE, ["a"], {"x-adobe-digital-signature-1": "abc"}, "adobes_own_signature"),
    (WebhookKind.STANDARD, ["whsec_aaaa"], {"webhook-id": "1"}, "no_signature"),
    (
        WebhookKind.STANDARD, ["whsec_aaaa"],
        {"webhook-id": "1", "webhook-signature": "v1,x", "webhook-timestamp": "1"}, "stale_stamp",
    ),
    (
        WebhookKind.STANDARD, ["whsec_aaaa"],
        {"webhook-id": "1", "webhook-signature": "v1,x", "webhook-timestamp": str(int(NOW.timestamp()))},
        "wrong_secret",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "secrets", "given", "cause"), CAUSES)
def test_what_was_probably_wrong(kind, secrets, given, cause):
    assert not SCHEMES[kind].verified(secrets, given, BODY, NOW)
    assert SCHEMES[kind].cause(secrets, given, BODY, NOW) == cause


def test_shopifys_delivery_is_known_by_its_webhook_id_not_by_the_event_that_two_topics_share():
    def named(topic: str) -> str:
        given = {"x-shopify-topic": topic, "x-shopify-webhook-id": f"w-{topic}", "x-shopify-event-id": "e-1"}
        return SCHEMES[WebhookKind.SHOPIFY].delivery_id(given, BODY)

    assert named("orders/paid") != named("orders/updated")


@pytest.mark.parametrize("kind", MACS)
def test_without_an_id_of_its_own_a_delivery_is_known_by_topic_and_bytes(kind):
    scheme = SCHEMES[kind]
    ids = {scheme.delivery_id({}, BODY), scheme.delivery_id({}, BODY), scheme.delivery_id({}, BODY + b" ")}
    assert len(ids) == 2
    assert all(len(one) <= ID_MAX for one in ids)
