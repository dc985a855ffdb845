"""The store's settings, and the operator's pages of stores and communities."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from affiliate.communities.models import Brand, Community
from affiliate.core.signing import standard_verified
from affiliate.identity.models import Role
from affiliate.merchants.models import Merchant, RateKind, RateScope, WebhookKey
from tests.factories import PASSWORD

EN = {"Accept-Language": "en"}


@pytest.fixture
def sign_in(client, make, session):
    def as_(role: Role, scope_id: int | None = None):
        user = make.user(role, scope_id)
        session.commit()
        client.post("/sign-out")
        assert client.post("/sign-in", data={"email": user.email, "password": PASSWORD}).status_code == 303

    return as_


@pytest.fixture
def merchant(make, sign_in):
    """A store whose staff is signed in."""
    found = make.merchant(slug="zalia", name="Zalia")
    sign_in(Role.MERCHANT_STAFF, found.id)
    return found


def main(answer) -> str:
    return answer.get_data(as_text=True).split('<main id="main"')[1].split("</main>")[0]


def test_empty_settings_say_what_to_do(client, merchant):
    page = main(client.get("/merchant/zalia/settings", headers=EN))
    for said in ("No key yet", "No programme yet", "No community yet", "/hooks/v1/zalia/standard"):
        assert said in page


def test_a_key_is_shown_once(client, session, merchant):
    made = client.post("/merchant/zalia/webhook-keys", data={"kind": "standard", "secret": ""}, headers=EN)
    key = session.execute(sa.select(WebhookKey)).scalar_one()
    assert made.status_code == 201
    assert key.secret in main(made)
    assert made.headers["Cache-Control"] == "no-store"
    assert key.secret not in main(client.get("/merchant/zalia/settings"))


def test_a_wrong_secret_is_said_beside_its_field(client, session, merchant):
    answer = client.post(
        "/merchant/zalia/webhook-keys", data={"kind": "standard", "secret": "wrong-secret"}, headers=EN
    )
    assert answer.status_code == 422
    assert "A standard secret is whsec_" in main(answer)
    assert session.execute(sa.select(WebhookKey)).first() is None


def test_a_key_is_revoked(client, make, session, merchant):
    key = make.webhook_key(merchant)
    session.commit()
    path = f"/merchant/zalia/webhook-keys/{key.id}/revocation"
    assert client.post(path, headers=EN).status_code == 303
    assert "Revoked" in main(client.get("/merchant/zalia/settings", headers=EN))
    assert client.post(path).status_code == 404


def test_programmes_are_told_in_words(client, make, session, merchant):
    make.programme(
        merchant,
        name="Utama",
        rates=[
            {"scope": RateScope.ALL, "kind": RateKind.PERCENT, "rate_bps": 1250},
            {
                "scope": RateScope.BRAND,
                "match": "Acme",
                "kind": RateKind.PER_ITEM,
                "amount_minor": 500_000,
                "currency": "IDR",
            },
            {"scope": RateScope.SKU, "match": "Z", "kind": RateKind.PER_ORDER, "amount_minor": 1, "currency": "USD"},
        ],
    )
    community = make.community(name="Klozet")
    make.enrollment(make.programme(merchant, name="Kedua"), community)
    session.commit()
    page = main(client.get("/merchant/zalia/settings", headers=EN)).replace("\u00a0", " ")
    for said in (
        "12.5 % of everything",
        "Rp5.000 for each item of the brand Acme",
        "$0.01 for each order with the SKU Z",
    ):
        assert said in page
    assert "Klozet" in page
    assert "60 %" in page


def test_rates_speak_indonesian(client, make, session, merchant):
    make.programme(merchant, bps=1250)
    session.commit()
    page = main(client.get("/merchant/zalia/settings", headers={"Accept-Language": "id"})).replace("\u00a0", " ")
    assert "12,5 % dari semua barang" in page


def test_the_example_really_signs(client, make, session, merchant):
    """The Python on the page, run up to its last call, makes a signature that we take."""
    key = make.webhook_key(merchant)
    session.commit()
    page = client.get("/merchant/zalia/settings").get_data(as_text=True)
    code = re.search(r"<code>(import base64.*?)</code>", page, re.DOTALL)
    assert code is not None
    source = code[1].replace("&#34;", '"').replace("&quot;", '"').replace("&#39;", "'").replace("&#x27;", "'")
    source = source.replace("whsec_…", key.secret).split("urllib.request.urlopen")[0]
    made: dict = {}
    exec(source, made)
    import base64

    signature = "v1," + base64.b64encode(made["signed"]).decode()
    now = datetime.fromtimestamp(int(made["stamp"]), UTC)
    assert standard_verified(
        [key.secret],
        message_id=made["message"],
        timestamp=made["stamp"],
        signature=signature,
        body=made["body"],
        now=now,
    )


def test_strangers_find_no_settings(client, make, session, merchant, sign_in):
    key = make.webhook_key(merchant)
    for role, scope_id in ((Role.MERCHANT_STAFF, make.merchant().id), (Role.COMMUNITY_OWNER, make.community().id)):
        sign_in(role, scope_id)
        assert client.get("/merchant/zalia/settings").status_code == 404
        assert client.post("/merchant/zalia/webhook-keys", data={"kind": "standard"}).status_code == 404
        assert client.post(f"/merchant/zalia/webhook-keys/{key.id}/revocation").status_code == 404
        assert client.get("/admin/merchants").status_code == 404
        assert client.get("/admin/communities").status_code == 404
        assert client.post("/admin/communities", data={"slug": "x1", "name": "X"}).status_code == 404
    session.refresh(key)
    assert key.revoked_at is None


def test_finance_sees_programmes_but_no_keys(client, merchant, sign_in):
    sign_in(Role.FINANCE_MAKER)
    page = main(client.get("/merchant/zalia/settings", headers=EN))
    assert "Programmes" in page
    assert "Webhook keys" not in page


STORE = {
    "name": "Rakuna",
    "slug": "rakuna",
    "currency": "JPY",
    "shop_url": "https://rakuna.test",
    "allowed_hosts": "rakuna.test\r\nm.rakuna.test",
    "click_param": "u1",
}


def test_an_admin_adds_a_store(client, session, sign_in):
    sign_in(Role.ADMIN)
    assert "No store yet" in main(client.get("/admin/merchants", headers=EN))
    answer = client.post("/admin/merchants", data=STORE)
    assert (answer.status_code, answer.location) == (303, "/admin/merchants/rakuna")
    row = session.execute(sa.select(Merchant)).scalar_one()
    assert (row.allowed_hosts, row.currency) == (["rakuna.test", "m.rakuna.test"], "JPY")
    assert "Rakuna" in main(client.get("/admin/merchants"))
    again = client.post("/admin/merchants", data=STORE, headers=EN)
    assert again.status_code == 409
    assert "This address is taken" in main(again)


def test_a_refused_store_keeps_what_was_typed(client, session, sign_in):
    sign_in(Role.ADMIN)
    answer = client.post("/admin/merchants", data=STORE | {"allowed_hosts": "*.rakuna.test"}, headers=EN)
    assert answer.status_code == 422
    assert "*.rakuna.test" in main(answer)
    assert "Rakuna" in main(answer)
    assert session.execute(sa.select(Merchant)).first() is None


def test_an_admin_adds_a_community(client, session, sign_in):
    sign_in(Role.ADMIN)
    assert "No community yet" in main(client.get("/admin/communities", headers=EN))
    assert client.post("/admin/communities", data={"slug": "klozet", "name": "Klozet"}).status_code == 303
    assert session.execute(sa.select(Community.slug).join(Brand)).scalars().all() == ["klozet"]
    assert "Klozet" in main(client.get("/admin/communities"))
    assert client.post("/admin/communities", data={"slug": "klozet", "name": "Lagi"}).status_code == 409
    assert client.post("/admin/communities", data={"slug": "A B", "name": "Lagi"}).status_code == 422
