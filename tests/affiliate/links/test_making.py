"""Links by hand: found by host, labelled, with a code of one's own; by form and by program; strangers kept out."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from datetime import timedelta

import pytest
import segno
import sqlalchemy as sa
from PIL import Image

from affiliate.core import clock
from affiliate.identity.models import AuditEntry, Role
from affiliate.links import qr
from affiliate.links.models import TrackingLink
from affiliate.tracking.models import Click
from affiliate.tracking.rollups import jobs as rollups
from affiliate.tracking.rollups import mark_due
from tests.factories import PASSWORD

PUBLIC = "http://127.0.0.1:8000"


@pytest.fixture
def community(make):
    return make.community(slug="kirana", name="Kirana")


@pytest.fixture
def store(make, community):
    merchant = make.merchant(slug="toko", name="Toko Anggun")
    make.enrollment(make.programme(merchant), community)
    return merchant


@pytest.fixture
def key(make, community, store):
    return make.key(Role.COMMUNITY_OWNER, community.id)


@pytest.fixture
def curator(make, community, store, client):
    user = make.user(Role.CURATOR, community.id)
    make.session.commit()
    assert client.post("/sign-in", data={"email": user.email, "password": PASSWORD}).status_code == 303
    return user


def make_link(client, key, **body):
    return client.post("/api/v1/communities/kirana/links", json=body, headers=key)


def links(session) -> list[TrackingLink]:
    return list(session.execute(sa.select(TrackingLink).order_by(TrackingLink.id)).scalars())


def test_a_program_makes_a_link_and_it_leads_to_the_page(client, key, session, store):
    answer = make_link(
        client, key, url="https://toko.test/promo?utm_source=ig&etl=OLD", label="Story",
        sub_ids={"channel": "instagram-story", "sub1": "lebaran"}, code="KebayaSage",
    )  # fmt: skip
    assert answer.status_code == 201, answer.json
    told = answer.json
    assert told == {
        "id": told["id"],
        "code": "kebayasage",
        "url": f"{PUBLIC}/go/kebayasage",
        "qr": f"{PUBLIC}/api/v1/communities/kirana/links/{told['id']}/qr.svg",
        "merchant": "toko",
        "target": "https://toko.test/promo?utm_source=ig",
        "product": None,
        "label": "Story",
        "sub_ids": {"channel": "instagram-story", "sub1": "lebaran"},
        "clicks": 0,
        "orders": 0,
        "created_at": told["created_at"],
        "withdrawn_at": None,
    }
    location = client.get("/go/kebayasage").headers["Location"]
    assert location.startswith("https://toko.test/promo?utm_source=ig&etl=")
    (made,) = links(session)
    assert (made.look, made.merchant_id) == ("kebayasage", store.id)
    actions = session.execute(sa.select(AuditEntry.action).order_by(AuditEntry.id)).scalars()
    assert "link.made" in list(actions)


def test_without_a_wish_the_code_is_drawn(client, key, session):
    told = make_link(client, key, url="https://toko.test/").json
    assert len(told["code"]) == 8
    assert links(session)[0].look is None


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"url": "https://evil.test/x"}, "host_not_allowed", "url"),
        ({"url": "https://toko.test@evil.test/"}, "host_not_allowed", "url"),
        ({"url": "javascript:alert(1)"}, "host_not_allowed", "url"),
        ({"url": f"{PUBLIC}/go/abcd2345"}, "own_link", "url"),
        ({"url": ""}, "invalid", "url"),
        ({"url": "https://toko.test/", "code": "abc"}, "code_not_usable", "code"),
        ({"url": "https://toko.test/", "code": "masuk"}, "code_not_usable", "code"),
        ({"url": "https://toko.test/", "label": "x" * 121}, "invalid", "label"),
        ({"url": "https://toko.test/", "sub_ids": {"sub1": "a b"}}, "invalid", "sub_ids.sub1"),
        ({"url": "https://toko.test/", "sub_ids": {"sub1": "x" * 73}}, "invalid", "sub_ids.sub1"),
        ({"url": "https://toko.test/", "sub_ids": {"sub9": "x"}}, "invalid", "sub_ids.sub9"),
        ({"url": "https://toko.test/", "merchant": "nobody"}, "not_enrolled", "merchant"),
        ({"url": "https://toko.test/", "colour": "red"}, "invalid", "colour"),
    ],
)
def test_what_cannot_be_had_is_refused_by_name_and_leaves_no_link(client, key, session, body, code, field):
    answer = make_link(client, key, **body)
    assert answer.status_code == 422
    assert answer.json["code"] == code
    assert field in answer.json["errors"]
    assert links(session) == []


def test_a_store_without_the_community_in_its_programme_is_refused(client, key, make, community, session):
    other = make.merchant(slug="lain")
    session.commit()
    answer = make_link(client, key, url="https://lain.test/p")
    assert (answer.status_code, answer.json["code"]) == (422, "not_enrolled")
    ended = make.enrollment(make.programme(other), community)
    ended.ended_at = clock.now() - timedelta(days=1)
    session.commit()
    assert make_link(client, key, url="https://lain.test/p").json["code"] == "not_enrolled"
    ended.ended_at = None
    session.commit()
    assert make_link(client, key, url="https://lain.test/p").status_code == 201


def test_stores_that_share_a_host_are_told_apart_by_name(client, key, make, community, session):
    twin = make.merchant(slug="kembar", allowed_hosts=["toko.test"], click_param="k")
    make.enrollment(make.programme(twin), community)
    session.commit()
    assert make_link(client, key, url="https://toko.test/p").json["code"] == "several_stores"
    told = make_link(client, key, url="https://toko.test/p", merchant="kembar").json
    assert told["merchant"] == "kembar"


@pytest.mark.parametrize("wish", ["kebaya1", "KEBAYAl", "kebayai"])
def test_a_look_alike_of_a_given_code_is_refused_with_one_that_is_free(client, key, session, wish):
    assert make_link(client, key, url="https://toko.test/", code="kebayal").status_code == 201
    answer = make_link(client, key, url="https://toko.test/", code=wish)
    assert answer.json["code"] == "code_not_usable"
    assert "kebaya" in answer.json["errors"]["code"]
    suggestion = next(word for word in answer.json["errors"]["code"].split() if word.startswith("kebaya"))
    assert make_link(client, key, url="https://toko.test/", code=suggestion).status_code == 201
    assert len(links(session)) == 2


def test_a_drawn_code_is_respected_too(client, key, make, community, store, session):
    make.link(community, make.product(store), code="AbCd2345")
    session.commit()
    assert make_link(client, key, url="https://toko.test/", code="abcd2345").json["code"] == "code_not_usable"


def test_a_withdrawn_links_code_is_never_given_to_another(client, key, session):
    made = make_link(client, key, url="https://toko.test/", code="kebaya").json
    path = f"/api/v1/communities/kirana/links/{made['id']}"
    assert client.post(f"{path}/withdrawal", headers=key).json["withdrawn_at"]
    assert client.get("/go/kebaya").status_code == 410
    assert make_link(client, key, url="https://toko.test/", code="kebaya").status_code == 422
    assert client.post(f"{path}/restoration", headers=key).json["withdrawn_at"] is None
    assert client.get("/go/kebaya").status_code == 302


def test_a_picks_link_stands_and_falls_with_its_pick(client, key, make, community, store, session):
    pick = make.pick(community, make.product(store))
    session.commit()
    answer = client.post(f"/api/v1/communities/kirana/links/{pick.link_id}/withdrawal", headers=key)
    assert (answer.status_code, answer.json["code"]) == (409, "belongs_to_pick")
    assert links(session)[0].withdrawn_at is None


def test_one_product_in_two_collections_has_two_links_that_are_told_apart(client, key, make, community, store, session):
    product = make.product(store)
    picks = [
        make.pick(community, product, collection=make.collection(community, title=name)) for name in ("Satu", "Dua")
    ]
    session.commit()
    codes = {row["code"] for row in client.get("/api/v1/communities/kirana/links", headers=key).json["items"]}
    assert len(codes) == 2
    where = [client.get(f"/go/{code}").headers["Location"].split("?")[0] for code in codes]
    assert where == [product.url] * 2
    assert picks[0].link_id != picks[1].link_id


def test_the_list_goes_newest_first_by_pages(client, key, session):
    made = [make_link(client, key, url=f"https://toko.test/{number}").json["id"] for number in range(5)]
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/api/v1/communities/kirana/links", query_string=query, headers=key).json
        seen += [row["id"] for row in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert seen == made[::-1]


def test_clicks_and_orders_stand_beside_their_link(client, key, session, community, store):
    made = make_link(client, key, url="https://toko.test/").json["id"]
    for nonce, counts in enumerate([True, True, False]):
        session.add(
            Click(
                clicked_at=clock.now(), nonce=nonce, link_id=made, community_id=community.id, merchant_id=store.id,
                visitor="v", device="phone", is_qualified=counts, reason=None if counts else "bot",
            )
        )  # fmt: skip
    mark_due(session, {(clock.now(), made)})
    session.commit()
    while rollups.run(clock.now()):
        pass
    told = client.get(f"/api/v1/communities/kirana/links/{made}", headers=key).json
    assert (told["clicks"], told["orders"]) == (2, 0)


@pytest.mark.parametrize("role", [Role.COMMUNITY_OWNER, Role.MERCHANT_STAFF, None])
def test_strangers_find_nothing(client, make, key, store, session, role):
    made = make_link(client, key, url="https://toko.test/").json["id"]
    scope = {Role.COMMUNITY_OWNER: make.community, Role.MERCHANT_STAFF: make.merchant}.get(role)
    user = make.user(role, scope().id if scope else None)
    foreign = make.key(role, scope().id) if role else None
    session.commit()
    for path in (f"/{made}", "", f"/{made}/qr.svg"):
        expected = 404 if foreign else 401
        assert client.get(f"/api/v1/communities/kirana/links{path}", headers=foreign or {}).status_code == expected
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    for path in ("", f"/{made}", f"/{made}/qr.png"):
        assert client.get(f"/portal/kirana/links{path}").status_code == 404, path
    for path in ("", f"/{made}/withdrawal", f"/{made}/restoration"):
        assert client.post(f"/portal/kirana/links{path}", data={"url": "https://toko.test/"}).status_code == 404, path
    assert len(links(session)) == 1


def test_another_communitys_link_is_not_there_even_under_ones_own_address(client, make, key, community, session):
    other = make.link(make.community(), make.product(make.merchant()))
    session.commit()
    assert client.get(f"/api/v1/communities/kirana/links/{other.id}", headers=key).status_code == 404
    assert client.get(f"/api/v1/communities/kirana/links/{other.id}/qr.svg", headers=key).status_code == 404


# -- the portal's page -------------------------------------------------------------------------------------------


def test_an_empty_page_says_what_to_do(client, curator):
    page = client.get("/portal/kirana/links").text
    assert "Belum ada tautan" in page
    assert "Toko Anggun" in page


def test_a_community_without_a_store_is_told_why_there_is_no_form(client, make, session):
    community = make.community(slug="sepi")
    user = make.user(Role.CURATOR, community.id)
    session.commit()
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    page = client.get("/portal/sepi/links").text
    assert "belum ikut program" in page
    assert 'name="url"' not in page


def test_the_form_makes_a_link_and_shows_it(client, curator, session):
    answer = client.post(
        "/portal/kirana/links", data={"url": "toko.test/gaun", "label": "Reel", "channel": "tiktok", "code": ""}
    )
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"]).text
    (made,) = links(session)
    assert (made.target_url, made.label, made.sub_ids) == ("https://toko.test/gaun", "Reel", {"channel": "tiktok"})
    assert f"{PUBLIC}/go/{made.code}" in page
    assert "tiktok" in page
    assert "Reel" in client.get("/portal/kirana/links?q=reel").text
    assert "tidak ada" in client.get("/portal/kirana/links?q=zzz").text.lower()


def test_a_refused_form_keeps_what_was_typed_and_marks_the_field(client, curator, session):
    typed = {"url": "https://evil.test/x", "label": "Nama <saya>", "code": "kode", "channel": "tiktok"}
    answer = client.post("/portal/kirana/links", data=typed)
    assert answer.status_code == 422
    assert "https://evil.test/x" in answer.text
    assert "Nama &lt;saya&gt;" in answer.text
    assert "toko.test" in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert links(session) == []


def test_withdrawing_offers_to_undo_and_restoring_brings_back(client, curator, session):
    client.post("/portal/kirana/links", data={"url": "https://toko.test/gaun", "code": "kebaya"})
    (made,) = links(session)
    answer = client.post(f"/portal/kirana/links/{made.id}/withdrawal", follow_redirects=True)
    assert f"/portal/kirana/links/{made.id}/restoration" in answer.text
    assert "data-undo" in answer.text
    assert client.get("/go/kebaya").status_code == 410
    client.post(f"/portal/kirana/links/{made.id}/restoration")
    assert client.get("/go/kebaya").status_code == 302


def test_finance_looks_but_does_not_make(client, make, store, session):
    user = make.user(Role.FINANCE_MAKER)
    session.commit()
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    assert 'name="url"' not in client.get("/portal/kirana/links").text
    assert client.post("/portal/kirana/links", data={"url": "https://toko.test/"}).status_code == 404
    assert links(session) == []


# -- QR codes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 240, 960, 2000, 10**9])
def test_the_png_holds_the_very_modules_of_the_address(size):
    address = f"{PUBLIC}/go/kebayasage"
    picture = Image.open(io.BytesIO(qr.png(address, size))).convert("L")
    expected = [list(row) for row in segno.make(address, error="m", micro=False).matrix]
    side = len(expected) + 2 * qr.BORDER
    step = picture.width // side
    assert picture.size == (step * side, step * side)
    assert min(size, qr.SIZE_MAX) <= picture.width <= qr.SIZE_MAX + side
    read = [
        [int(picture.getpixel(((x + qr.BORDER) * step + step // 2, (y + qr.BORDER) * step + step // 2)) < 128)
         for x in range(len(expected))]
        for y in range(len(expected))
    ]  # fmt: skip
    assert read == expected


def test_the_qr_comes_as_svg_and_png_and_as_a_file(client, key, curator):
    made = make_link(client, key, url="https://toko.test/", code="kebaya").json
    drawn = client.get(f"/portal/kirana/links/{made['id']}/qr.svg")
    assert ET.fromstring(drawn.data).tag.endswith("svg")
    saved = client.get(f"/portal/kirana/links/{made['id']}/qr.png?size=480&save=1")
    assert (saved.mimetype, saved.headers["Content-Disposition"]) == (
        "image/png",
        'attachment; filename="etalase-kebaya.png"',
    )
    by_key = client.get(f"/api/v1/communities/kirana/links/{made['id']}/qr.png?size=300", headers=key)
    assert Image.open(io.BytesIO(by_key.data)).width >= 300
    assert client.get(f"/portal/kirana/links/{made['id']}/qr.png?size=drop").status_code == 200
    assert client.get(f"/portal/kirana/links/{made['id']}/qr.gif").status_code == 404
