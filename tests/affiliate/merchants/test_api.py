"""The API of merchants, keys, programmes, terms, enrollments and communities: answers, refusals, strangers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from affiliate.communities.models import Brand, Community
from affiliate.identity.models import AuditEntry, Role
from affiliate.merchants import queries
from affiliate.merchants.models import Enrollment, Merchant, Rate, Split, Terms, WebhookKey
from affiliate.orders.intake import check_signature
from tests.affiliate.orders.shop import headers, send

MERCHANT = {
    "slug": "zalia",
    "name": "Zalia",
    "currency": "IDR",
    "shop_url": "https://Zalia.test/shop",
    "allowed_hosts": ["Zalia.test", "m.zalia.test", "zalia.test"],
    "click_param": "etl",
}
SPLIT = {"platform_bps": 1000, "community_bps": 6000, "curator_bps": 3000, "evangelist_bps": 0}
ALL = {"scope": "all", "kind": "percent", "bps": 1000}


@pytest.fixture
def admin(make):
    return make.key(Role.ADMIN)


@pytest.fixture
def zalia(make, session):
    """(merchant, headers of its staff)"""
    merchant = make.merchant(slug="zalia", name="Zalia")
    return merchant, make.key(Role.MERCHANT_STAFF, merchant.id)


@pytest.fixture
def stranger(make):
    return make.key(Role.MERCHANT_STAFF, make.merchant().id)


def errors(answer) -> dict:
    assert answer.status_code == 422, answer.json
    return answer.json["errors"]


def count(session, kind) -> int:
    return session.execute(sa.select(sa.func.count()).select_from(kind)).scalar_one()


def programme(merchant: str = "zalia", **over):
    return {
        "merchant": merchant,
        "name": "Program utama",
        "window_days": 30,
        "hold_days": 14,
        "payable_when": "held",
        "timezone": "Asia/Jakarta",
    } | over


def test_a_merchant_is_created_and_told(client, session, admin):
    answer = client.post("/api/v1/merchants", json=MERCHANT, headers=admin)
    assert answer.status_code == 201
    assert answer.json["slug"] == "zalia"
    assert answer.json["allowed_hosts"] == ["zalia.test", "m.zalia.test"]
    assert client.get("/api/v1/merchants/zalia", headers=admin).json == answer.json
    assert session.execute(sa.select(AuditEntry.action)).scalars().all()[-1] == "merchant.created"


def test_a_slug_is_taken_once(client, session, admin):
    client.post("/api/v1/merchants", json=MERCHANT, headers=admin)
    answer = client.post("/api/v1/merchants", json=MERCHANT | {"name": "Another"}, headers=admin)
    assert (answer.status_code, answer.json["code"], count(session, Merchant)) == (409, "slug_taken", 1)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"slug": "Zalia!"}, "slug"),
        ({"slug": "zalia\n"}, "slug"),
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"currency": "RP"}, "currency"),
        ({"shop_url": "ftp://zalia.test"}, "shop_url"),
        ({"shop_url": "https://elsewhere.test"}, "shop_url"),
        ({"shop_url": "https://zalia.test@elsewhere.test"}, "shop_url"),
        ({"allowed_hosts": []}, "allowed_hosts"),
        ({"allowed_hosts": ["*.zalia.test"]}, "allowed_hosts"),
        ({"allowed_hosts": ["zalia.test:443"]}, "allowed_hosts"),
        ({"allowed_hosts": ["https://zalia.test"]}, "allowed_hosts"),
        ({"allowed_hosts": [5]}, "allowed_hosts.0"),
        ({"click_param": "a b"}, "click_param"),
        ({"click_param": "x" * 41}, "click_param"),
        ({"click_param": "etl\n"}, "click_param"),
        ({"owner": "me"}, "owner"),
        ({"id": 7}, "id"),
    ],
)
def test_a_wrong_field_of_a_merchant_is_named_and_nothing_is_kept(client, session, admin, wrong, field):
    assert field in errors(client.post("/api/v1/merchants", json=MERCHANT | wrong, headers=admin))
    assert count(session, Merchant) == 0


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"slug": ' + b"1" * 5000 + b"}", b"\xff", b"{", b"NaN", b"[]", b""])
def test_a_body_that_is_no_object_is_refused(client, admin, body):
    answer = client.post("/api/v1/merchants", data=body, headers=admin, content_type="application/json")
    assert answer.status_code in {400, 422}


def test_only_admins_create_merchants_and_communities(client, session, zalia):
    for path in ("/api/v1/merchants", "/api/v1/communities"):
        assert client.post(path, json=MERCHANT, headers=zalia[1]).status_code == 404
        assert client.post(path, json=MERCHANT).status_code == 401
    assert count(session, Community) == 0


def test_who_sees_which_merchant(client, make, session, zalia, stranger):
    merchant, staff = zalia
    community = make.community()
    curator = make.key(Role.CURATOR, community.id)
    assert client.get("/api/v1/merchants/zalia", headers=staff).status_code == 200
    assert client.get("/api/v1/merchants/zalia", headers=make.key(Role.FINANCE_MAKER)).status_code == 200
    for headers_ in (stranger, curator):
        assert client.get("/api/v1/merchants/zalia", headers=headers_).status_code == 404
        assert "zalia" not in str(client.get("/api/v1/merchants", headers=headers_).json)
    make.enrollment(make.programme(merchant), community)
    session.commit()
    assert [item["slug"] for item in client.get("/api/v1/merchants", headers=curator).json["items"]] == ["zalia"]


def test_lists_page_by_cursor(client, make, session, admin):
    for _number in range(3):
        make.merchant()
    session.commit()
    first = client.get("/api/v1/merchants?limit=2", headers=admin).json
    rest = client.get(f"/api/v1/merchants?limit=2&cursor={first['next']}", headers=admin).json
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)


def test_a_key_is_told_once_and_signs(client, session, zalia):
    staff = zalia[1]
    answer = client.post("/api/v1/merchants/zalia/webhook-keys", json={"kind": "standard"}, headers=staff)
    assert answer.status_code == 201
    assert answer.json["url"].endswith("/hooks/v1/zalia/standard")
    listed = client.get("/api/v1/merchants/zalia/webhook-keys", headers=staff).json["items"]
    assert [item["id"] for item in listed] == [answer.json["id"]]
    assert "secret" not in listed[0]
    key = session.get(WebhookKey, answer.json["id"])
    assert key.secret == answer.json["secret"]
    assert send(client, "zalia", key, "msg_1", b"{}").status_code == 202


def test_a_given_secret_is_kept(client, session, zalia):
    given = {"kind": "standard", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    answer = client.post("/api/v1/merchants/zalia/webhook-keys", json=given, headers=zalia[1])
    assert answer.json["secret"] == given["secret"]
    shopify = {"kind": "shopify", "secret": "shpss_0123456789abcdef"}
    answer = client.post("/api/v1/merchants/zalia/webhook-keys", json=shopify, headers=zalia[1])
    assert (answer.json["secret"], answer.json["kind"]) == (shopify["secret"], "shopify")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "fax"}, "kind"),
        ({"kind": "standard", "secret": "whsec_short"}, "secret"),
        ({"kind": "standard", "secret": "not base64 at all"}, "secret"),
        ({"kind": "shopify", "secret": "short"}, "secret"),
        ({"secret": "x" * 20}, "kind"),
    ],
)
def test_a_wrong_key_is_refused(client, session, zalia, wrong, field):
    assert field in errors(client.post("/api/v1/merchants/zalia/webhook-keys", json=wrong, headers=zalia[1]))
    assert count(session, WebhookKey) == 0


def test_a_revoked_key_signs_no_more(client, make, session, zalia, stranger):
    merchant, staff = zalia
    key = make.webhook_key(merchant)
    session.commit()
    path = f"/api/v1/merchants/zalia/webhook-keys/{key.id}"
    assert client.delete(path, headers=stranger).status_code == 404
    assert send(client, "zalia", key, "msg_1", b"{}").status_code == 202
    assert client.delete(path, headers=staff).status_code == 204
    assert client.delete(path, headers=staff).status_code == 404
    assert send(client, "zalia", key, "msg_2", b"{}").status_code == 401


def test_strangers_and_finance_make_no_keys(client, make, session, zalia, stranger):
    path = "/api/v1/merchants/zalia/webhook-keys"
    for who in (stranger, make.key(Role.FINANCE_MAKER), make.key(Role.CURATOR, make.community().id)):
        assert client.post(path, json={"kind": "standard"}, headers=who).status_code == 404
        assert client.get(path, headers=who).status_code == 404
    assert count(session, WebhookKey) == 0


def test_a_community_gets_its_brand(client, session, admin):
    answer = client.post("/api/v1/communities", json={"slug": "klozet", "name": "Klozet"}, headers=admin)
    assert answer.status_code == 201
    assert (answer.json["slug"], answer.json["name"]) == ("klozet", "Klozet")
    assert answer.json["url"].endswith("/c/klozet")
    assert (count(session, Community), count(session, Brand)) == (1, 1)
    again = client.post("/api/v1/communities", json={"slug": "klozet", "name": "K"}, headers=admin)
    assert (again.status_code, again.json["code"]) == (409, "slug_taken")


def test_who_sees_which_community(client, make, admin):
    one, other = make.community(), make.community()
    owner = make.key(Role.COMMUNITY_OWNER, one.id)
    assert [item["slug"] for item in client.get("/api/v1/communities", headers=owner).json["items"]] == [one.slug]
    assert client.get(f"/api/v1/communities/{one.slug}", headers=owner).status_code == 200
    assert client.get(f"/api/v1/communities/{other.slug}", headers=owner).status_code == 404
    assert len(client.get("/api/v1/communities", headers=admin).json["items"]) == 2


def test_a_programme_is_created_and_told(client, zalia, admin, stranger):
    answer = client.post("/api/v1/programmes", json=programme(payable_when="funded"), headers=zalia[1])
    assert answer.status_code == 201
    assert {name: answer.json[name] for name in programme()} == programme(payable_when="funded")
    path = f"/api/v1/programmes/{answer.json['id']}"
    assert client.get(path, headers=admin).json == answer.json
    assert client.get(path, headers=stranger).status_code == 404
    assert client.get("/api/v1/programmes?merchant=zalia", headers=zalia[1]).json["items"] == [answer.json]
    assert client.get("/api/v1/programmes?merchant=zalia", headers=stranger).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"window_days": 0}, "window_days"),
        ({"window_days": 366}, "window_days"),
        ({"window_days": 10**30}, "window_days"),
        ({"window_days": "30"}, "window_days"),
        ({"window_days": True}, "window_days"),
        ({"hold_days": -1}, "hold_days"),
        ({"hold_days": 1.5}, "hold_days"),
        ({"payable_when": "soon"}, "payable_when"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"name": None}, "name"),
        ({"merchant_id": 1}, "merchant_id"),
    ],
)
def test_a_wrong_field_of_a_programme_is_named(client, zalia, wrong, field):
    assert field in errors(client.post("/api/v1/programmes", json=programme(**wrong), headers=zalia[1]))


def test_nobody_adds_a_programme_to_another_store(client, make, zalia, stranger):
    assert client.post("/api/v1/programmes", json=programme(), headers=stranger).status_code == 404
    assert client.post("/api/v1/programmes", json=programme("nobody"), headers=zalia[1]).status_code == 404


@pytest.fixture
def offer(client, zalia):
    """Path of a programme of zalia, without terms."""
    return f"/api/v1/programmes/{client.post('/api/v1/programmes', json=programme(), headers=zalia[1]).json['id']}"


RATES = [
    {"scope": "all", "kind": "percent", "bps": 800},
    {"scope": "category", "match": "Sepatu", "kind": "percent", "bps": 1250},
    {"scope": "brand", "match": "Acme", "kind": "per_item", "amount": "5000.00"},
    {"scope": "sku", "match": "Z-77", "kind": "per_order", "amount": {"amount": "1.25", "currency": "USD"}},
]


def test_terms_are_versions_with_rates_in_order(client, session, zalia, offer, stranger):
    staff = zalia[1]
    first = client.post(
        f"{offer}/terms", json={"valid_from": "2020-01-01T07:00:00+07:00", "rates": RATES}, headers=staff
    )
    assert (first.status_code, first.json["version"], first.json["valid_from"]) == (201, 1, "2020-01-01T00:00:00Z")
    kept = session.execute(sa.select(Rate).order_by(Rate.position)).scalars().all()
    assert [(rate.rate_bps, rate.amount_minor, rate.currency) for rate in kept] == [
        (800, None, None),
        (1250, None, None),
        (None, 500_000, "IDR"),
        (None, 125, "USD"),
    ]
    assert first.json["rates"][2]["amount"] == {"amount": "5000.00", "currency": "IDR"}
    second = client.post(
        f"{offer}/terms",
        json={"valid_from": "2026-01-01T00:00:00Z", "rates": [ALL], "tiers": [], "bonuses": None},
        headers=staff,
    )
    assert second.json["version"] == 2
    assert client.get(f"{offer}/terms", headers=staff).json["items"] == [first.json, second.json]
    assert client.get(f"{offer}/terms/1", headers=staff).json == first.json
    assert client.get(f"{offer}/terms/3", headers=staff).status_code == 404
    assert client.get(f"{offer}/terms", headers=stranger).status_code == 404
    assert client.post(f"{offer}/terms", json={}, headers=stranger).status_code in {404, 422}
    programme_id = int(offer.rsplit("/", 1)[1])
    found = queries.terms_in_force(session, programme_id, at=datetime(2025, 12, 31, tzinfo=UTC))
    assert found is not None
    assert (found[0].version, len(found[1])) == (1, 4)
    assert queries.terms_in_force(session, programme_id, at=datetime(2019, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("rate", "field"),
    [
        ({"scope": "all", "kind": "percent"}, "rates.0.bps"),
        ({"scope": "all", "kind": "percent", "bps": 10_001}, "rates.0.bps"),
        ({"scope": "all", "kind": "percent", "bps": -1}, "rates.0.bps"),
        ({"scope": "all", "kind": "percent", "bps": 12.5}, "rates.0.bps"),
        ({"scope": "all", "kind": "percent", "bps": 100, "amount": "5"}, "rates.0.amount"),
        ({"scope": "all", "kind": "per_item"}, "rates.0.amount"),
        ({"scope": "all", "kind": "per_item", "amount": "5", "bps": 1}, "rates.0.bps"),
        ({"scope": "all", "kind": "per_item", "amount": "-5"}, "rates.0.amount"),
        ({"scope": "all", "kind": "per_item", "amount": "NaN"}, "rates.0.amount"),
        ({"scope": "all", "kind": "per_item", "amount": "1e3"}, "rates.0.amount"),
        ({"scope": "all", "kind": "per_item", "amount": "0.001"}, "rates.0.amount"),
        ({"scope": "all", "kind": "per_item", "amount": 5.5}, "rates.0.amount"),
        ({"scope": "all", "kind": "per_item", "amount": {"amount": "5", "currency": "RP"}}, "rates.0.amount.currency"),
        ({"scope": "all", "match": "x", "kind": "percent", "bps": 1}, "rates.0.match"),
        ({"scope": "sku", "kind": "percent", "bps": 1}, "rates.0.match"),
        ({"scope": "sku", "match": "", "kind": "percent", "bps": 1}, "rates.0.match"),
        ({"scope": "colour", "match": "red", "kind": "percent", "bps": 1}, "rates.0.scope"),
        ({"scope": "all", "kind": "percent", "bps": 1, "id": 3}, "rates.0.id"),
    ],
)
def test_a_wrong_rate_is_named(client, session, zalia, offer, rate, field):
    sent = {"valid_from": "2026-01-01T00:00:00Z", "rates": [rate]}
    assert field in errors(client.post(f"{offer}/terms", json=sent, headers=zalia[1]))
    assert count(session, Terms) == 0


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"tiers": [{}]}, "tiers"),
        ({"bonuses": [1]}, "bonuses"),
        ({"caps": ["x"]}, "caps"),
        ({"rates": []}, "rates"),
        ({"valid_from": "2026-01-01"}, "valid_from"),
        ({"valid_from": "0001-01-01T00:00:00+14:00"}, "valid_from"),
        ({"version": 7}, "version"),
    ],
)
def test_wrong_terms_are_named(client, session, zalia, offer, wrong, field):
    sent = {"valid_from": "2026-01-01T00:00:00Z", "rates": [ALL]} | wrong
    assert field in errors(client.post(f"{offer}/terms", json=sent, headers=zalia[1]))
    assert count(session, Terms) == 0


@pytest.fixture
def enrolment(make, session, offer):
    """What admits a community to the programme; the community."""
    community = make.community()
    session.commit()
    return {"programme": int(offer.rsplit("/", 1)[1]), "community": community.slug, "split": SPLIT}, community


def test_another_split_is_another_version_and_the_same_is_not(client, session, zalia, enrolment):
    sent, staff = enrolment[0], zalia[1]
    first = client.post("/api/v1/enrollments", json=sent, headers=staff)
    assert (first.status_code, first.json["split"], len(first.json["versions"])) == (201, SPLIT, 1)
    same = client.post("/api/v1/enrollments", json=sent, headers=staff)
    assert same.json == first.json
    other = SPLIT | {"platform_bps": 2000, "community_bps": 5000}
    second = client.post("/api/v1/enrollments", json=sent | {"split": other}, headers=staff)
    assert (second.status_code, second.json["id"], second.json["split"]) == (201, first.json["id"], other)
    assert [version["version"] for version in second.json["versions"]] == [1, 2]
    assert (count(session, Enrollment), count(session, Split)) == (1, 2)
    assert client.get(f"/api/v1/enrollments/{first.json['id']}", headers=staff).json == second.json
    assert client.get("/api/v1/enrollments?merchant=zalia", headers=staff).json["items"] == [second.json]


def test_an_enrolment_may_count_from_an_earlier_day(client, zalia, enrolment):
    answer = client.post(
        "/api/v1/enrollments", json=enrolment[0] | {"valid_from": "2022-01-01T00:00:00Z"}, headers=zalia[1]
    )
    assert answer.json["enrolled_at"] == answer.json["versions"][0]["valid_from"] == "2022-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"split": SPLIT | {"platform_bps": 999}}, "split"),
        ({"split": SPLIT | {"platform_bps": -1000, "community_bps": 8000}}, "split.platform_bps"),
        ({"split": SPLIT | {"friend_bps": 0}}, "split.friend_bps"),
        ({"split": {}}, "split"),
        ({"split": None}, "split"),
        ({"community": "nobody"}, "community"),
        ({"programme": "1"}, "programme"),
        ({"programme": 0}, "programme"),
        ({"programme": 2**63}, "programme"),
    ],
)
def test_a_wrong_enrolment_is_named(client, session, zalia, enrolment, wrong, field):
    found = errors(client.post("/api/v1/enrollments", json=enrolment[0] | wrong, headers=zalia[1]))
    assert any(name == field or name.startswith(f"{field}.") for name in found), found
    assert count(session, Enrollment) == 0


def test_who_sees_an_enrolment(client, make, session, zalia, enrolment, stranger):
    sent, community = enrolment
    curator, other = make.key(Role.CURATOR, community.id), make.key(Role.CURATOR, make.community().id)
    for who in (stranger, curator, other):
        assert client.post("/api/v1/enrollments", json=sent, headers=who).status_code == 404
    made = client.post("/api/v1/enrollments", json=sent, headers=zalia[1]).json
    for who, status in ((curator, 200), (other, 404), (stranger, 404)):
        assert client.get(f"/api/v1/enrollments/{made['id']}", headers=who).status_code == status
        assert client.get(f"/api/v1/programmes/{made['programme']}", headers=who).status_code == status
        assert client.get(f"/api/v1/programmes/{made['programme']}/terms", headers=who).status_code == status
    assert len(client.get("/api/v1/enrollments", headers=curator).json["items"]) == 1
    assert client.get("/api/v1/enrollments", headers=other).json["items"] == []
    assert client.post("/api/v1/programmes/1/terms", json={}, headers=curator).status_code == 404


def test_the_same_idempotency_key_gives_the_first_answer(client, session, zalia):
    sent = zalia[1] | {"Idempotency-Key": "once"}
    first = client.post("/api/v1/programmes", json=programme(), headers=sent)
    again = client.post("/api/v1/programmes", json=programme(), headers=sent)
    assert (again.status_code, again.json) == (201, first.json)
    other = client.post("/api/v1/programmes", json=programme(name="Lain"), headers=sent)
    assert other.status_code == 409


def test_the_secret_of_a_new_key_verifies_as_the_standard_says(client, session, zalia):
    answer = client.post("/api/v1/merchants/zalia/webhook-keys", json={"kind": "standard"}, headers=zalia[1])
    key = session.get(WebhookKey, answer.json["id"])
    now = datetime(2026, 11, 1, tzinfo=UTC)
    check_signature([answer.json["secret"]], headers(key, "msg_1", b"body", at=now), b"body", now=now)
