"""Picks and collections as programs meet them."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from lxml import html

from affiliate.catalogue.models import ProductStatus
from affiliate.communities.models import Curator
from affiliate.identity.models import Role
from affiliate.storefronts.models import Collection, CollectionStatus, Pick


@pytest.fixture
def community(make):
    return make.community(slug="kirana")


@pytest.fixture
def key(make, community):
    return make.key(Role.COMMUNITY_OWNER, community.id)


@pytest.fixture
def product(make, community):
    merchant = make.merchant()
    make.enrollment(make.programme(merchant), community)
    return make.product(merchant, title="Kebaya")


def pick(client, key, body, slug="kirana"):
    return client.post(f"/api/v1/communities/{slug}/picks", json=body, headers=key)


def test_a_pick_is_in_the_window_at_once(client, key, product):
    answer = pick(client, key, {"product": product.id, "note": "Jatuhnya bagus.", "curator": "@rina"})
    assert answer.status_code == 201
    body = answer.json
    assert body["link"]["url"] == f"http://127.0.0.1:8000/go/{body['link']['code']}"
    assert (body["product"], body["collection"], body["curator"]) == (product.id, "pilihan", "rina")
    assert body["warnings"] == []
    page = client.get("/c/kirana").text
    assert "Jatuhnya bagus." in page
    assert f'href="/go/{body["link"]["code"]}"' in page


def test_collections_by_slug_title_or_new(client, key, make, product, session):
    other = make.product(make.merchant())
    for name in ("Malam ini", "malam-ini"):
        assert pick(client, key, {"product": product.id, "collection": name}).json["collection"] == "malam-ini"
    assert pick(client, key, {"product": other.id, "collection": "Malam ini"}).status_code == 201
    assert session.execute(sa.select(Collection.slug, Collection.status)).all() == [
        ("malam-ini", CollectionStatus.PUBLISHED)
    ]
    assert session.execute(sa.select(sa.func.count(Pick.id))).scalar() == 2


def test_a_draft_stays_a_draft(client, key, make, community, product):
    make.collection(community, slug="draf", status=CollectionStatus.DRAFT)
    assert pick(client, key, {"product": product.id, "collection": "draf"}).status_code == 201
    assert product.title not in client.get("/c/kirana").text


def test_twice_is_the_first_pick(client, key, product):
    first = pick(client, key, {"product": product.id}).json
    again = pick(client, key, {"product": product.id, "note": "Lain."})
    assert again.status_code == 201
    assert (again.json["id"], again.json["link"]) == (first["id"], first["link"])
    assert again.json["warnings"] == ["already_picked"]


def test_without_enrollment_with_a_warning(client, key, make):
    answer = pick(client, key, {"product": make.product(make.merchant()).id})
    assert answer.status_code == 201
    assert answer.json["warnings"] == ["not_enrolled"]


def test_a_curator_is_made_once(client, key, make, product, session):
    for title in ("A", "B"):
        pick(client, key, {"product": product.id, "collection": title, "curator": "Rina W"})
    assert session.execute(sa.select(Curator.handle, Curator.name)).all() == [("rina-w", "Rina W")]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "product"),
        ({"product": 10**12}, "product"),
        ({"product": 0}, "product"),
        ({"product": 2**70}, "product"),
        ({"product": "abc"}, "product"),
        ({"product": True}, "product"),
        ({"product": 1, "colour": "red"}, "colour"),
        ({"product": 1, "note": "x" * 501}, "note"),
        ({"product": 1, "collection": ""}, "collection"),
        ({"product": 1, "collection": "x" * 121}, "collection"),
        ({"product": 1, "curator": "x" * 61}, "curator"),
    ],
)
def test_wrong_fields_are_named(client, key, body, field):
    answer = pick(client, key, body)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [field]


def test_a_curator_without_a_letter_is_refused_and_nothing_kept(client, key, product, session):
    answer = pick(client, key, {"product": product.id, "curator": "!!!"})
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["curator"]
    assert session.execute(sa.select(sa.func.count(Collection.id))).scalar() == 0


def test_withdrawn_products_are_refused(client, key, make):
    gone = make.product(make.merchant(), status=ProductStatus.WITHDRAWN)
    answer = pick(client, key, {"product": gone.id})
    assert (answer.status_code, answer.json["code"]) == (422, "product_withdrawn")


def test_strangers_get_404_and_nobody_401(client, make, product, session):
    stranger = make.key(Role.COMMUNITY_OWNER, make.community().id)
    shop = make.key(Role.MERCHANT_STAFF, make.merchant().id)
    finance = make.key(Role.FINANCE_MAKER)
    for headers in (stranger, shop, finance):
        assert pick(client, headers, {"product": product.id}).status_code == 404
    for path in ("picks", "collections"):
        assert client.get(f"/api/v1/communities/kirana/{path}", headers=stranger).status_code == 404
        assert client.get(f"/api/v1/communities/kirana/{path}", headers=shop).status_code == 404
        assert client.get(f"/api/v1/communities/kirana/{path}", headers=finance).status_code == 200
        assert client.get(f"/api/v1/communities/kirana/{path}").status_code == 401
    assert pick(client, {}, {"product": product.id}).status_code == 401
    assert session.execute(sa.select(sa.func.count(Pick.id))).scalar() == 0


def test_lists(client, key, make, community):
    shelf = make.collection(community, slug="rak", title="Rak")
    made = [make.pick(community, make.product(make.merchant()), collection=shelf) for _number in range(3)]
    first = client.get("/api/v1/communities/kirana/picks?limit=2", headers=key).json
    assert [item["id"] for item in first["items"]] == [made[0].id, made[1].id]
    rest = client.get(f"/api/v1/communities/kirana/picks?limit=2&cursor={first['next']}", headers=key).json
    assert ([item["id"] for item in rest["items"]], rest["next"]) == ([made[2].id], None)
    assert client.get("/api/v1/communities/kirana/picks?collection=lain", headers=key).json["items"] == []
    shelves = client.get("/api/v1/communities/kirana/collections", headers=key).json["items"]
    assert [(row["slug"], row["picks"], row["status"]) for row in shelves] == [("rak", 3, "published")]
    assert shelves[0]["url"] == "http://127.0.0.1:8000/c/kirana/rak"


@pytest.mark.parametrize("query", ["cursor=x", "limit=0", "limit=501", "limit=a"])
def test_lists_refuse_what_they_do_not_know(client, key, query, community):
    assert client.get(f"/api/v1/communities/kirana/picks?{query}", headers=key).status_code == 422


def test_hostile_words_are_kept_or_refused_and_shown_as_words(client, key, make, shared_data):
    words = json.loads((shared_data / "hostile" / "blns.json").read_text(encoding="utf-8"))
    merchant = make.merchant()
    for number, word in enumerate(words):
        body = {"product": make.product(merchant, title=word[:500].replace("\0", "") or "-").id, "note": word}
        if number % 7 == 0:
            body |= {"collection": word, "curator": word}
        answer = pick(client, key, body)
        assert answer.status_code in {201, 422}, (word, answer.text)
    for path in ("/c/kirana", "/c/kirana/pilihan", "/c/kirana/pilihan?page=2", "/c/kirana/pilihan?page=99"):
        page = client.get(path)
        assert page.status_code == 200
        assert_tame(page.text)


def assert_tame(page: str) -> None:
    """No word has become markup: only our own scripts, no handler, no foreign element, no address that runs."""
    tree = html.document_fromstring(page)
    assert [script.get("src", "")[:8] for script in tree.iter("script")] == ["/assets/"]
    for element in tree.iter():
        assert element.tag not in {"iframe", "object", "embed", "marquee", "base", "b"}
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            assert not value.strip().lower().startswith(("javascript:", "vbscript:"))
