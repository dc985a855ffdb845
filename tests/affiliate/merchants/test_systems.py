"""Shop systems: a key for each, and when a sale counts as completed, in the same words for both sides."""

from __future__ import annotations

import html

import pytest

from affiliate.identity.models import Role
from affiliate.merchants.models import WebhookKind
from tests.affiliate.conversions.sold import Sold
from tests.factories import PASSWORD

SENTENCES = {
    WebhookKind.STANDARD: "A sale is completed when the store sends order.completed.",
    WebhookKind.SHOPIFY: "A sale is completed when Shopify shows the order as both fulfilled and paid.",
    WebhookKind.WOOCOMMERCE: "A sale is completed when WooCommerce gives the order the status Completed.",
    WebhookKind.ADOBE: "A sale is completed when Adobe Commerce gives the order the state Complete.",
}


def read(client, make, role, scope_id, path: str, status: int = 200) -> str:
    user = make.user(role, scope_id, locale="en")
    make.session.commit()
    client.post("/sign-out")
    assert client.post("/sign-in", data={"email": user.email, "password": PASSWORD}).status_code == 303
    answer = client.get(path)
    assert answer.status_code == status
    return html.unescape(answer.get_data(as_text=True))


@pytest.mark.parametrize("kind", SENTENCES)
def test_store_and_community_read_the_same_sentence(client, make, kind):
    sold, stranger = Sold(make), make.community()
    make.webhook_key(sold.merchant, kind)
    others = [sentence for other, sentence in SENTENCES.items() if other is not kind]
    theirs = read(client, make, Role.CURATOR, sold.community.id, f"/portal/{sold.community.slug}/orders")
    assert SENTENCES[kind] in theirs
    assert not any(sentence in theirs for sentence in others)
    settings = read(client, make, Role.MERCHANT_STAFF, sold.merchant.id, f"/merchant/{sold.merchant.slug}/settings")
    assert settings.count(SENTENCES[kind]) == 2  # how to connect, and what counts
    elsewhere = read(client, make, Role.CURATOR, stranger.id, f"/portal/{stranger.slug}/orders")
    assert SENTENCES[kind] not in elsewhere
    read(client, make, Role.CURATOR, stranger.id, f"/portal/{sold.community.slug}/orders", status=404)


def test_a_revoked_key_says_nothing_any_more(client, make):
    sold = Sold(make)
    make.webhook_key(sold.merchant, WebhookKind.SHOPIFY).revoked_at = sold.community.created_at
    page = read(client, make, Role.CURATOR, sold.community.id, f"/portal/{sold.community.slug}/orders")
    assert SENTENCES[WebhookKind.SHOPIFY] not in page


@pytest.mark.parametrize("kind", SENTENCES)
def test_a_key_of_each_kind_is_made_with_a_secret_of_the_shop_or_of_ours(client, make, kind):
    merchant = make.merchant()
    staff, path = make.key(Role.MERCHANT_STAFF, merchant.id), f"/api/v1/merchants/{merchant.slug}/webhook-keys"
    made = client.post(path, json={"kind": kind.value}, headers=staff)
    assert (made.status_code, made.json["kind"]) == (201, kind.value)
    assert len(made.json["secret"]) > 30
    assert made.json["url"].endswith(f"/hooks/v1/{merchant.slug}/{kind.value}")
    given = "whsec_" + "QUFB" * 8 if kind is WebhookKind.STANDARD else "0b" * 32
    again = client.post(path, json={"kind": kind.value, "secret": given}, headers=staff)
    assert (again.status_code, again.json["secret"]) == (201, given)


def test_the_settings_say_how_to_connect_each_system(client, make):
    merchant = make.merchant(click_param="jejak")
    page = read(client, make, Role.MERCHANT_STAFF, merchant.id, f"/merchant/{merchant.slug}/settings")
    for kind in SENTENCES:
        assert f"/hooks/v1/{merchant.slug}/{kind.value}" in page
    assert "put the parameter jejak of the landing page into a cart attribute" in page
    assert "%(param)s" not in page
