"""The shop window as a visitor sees it."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from affiliate.catalogue.models import Availability, ProductStatus
from affiliate.communities.models import Brand
from affiliate.core.db import db
from affiliate.identity.models import Role
from affiliate.storefronts.models import CollectionStatus
from tests.factories import PASSWORD

DISCLOSURE = "Tautan afiliasi: komunitas ini menerima komisi dari pembelian Anda, harga Anda tetap sama."


@pytest.fixture
def community(make):
    return make.community(slug="kirana", name="Kirana")


@pytest.fixture
def shelf(make, community):
    return make.collection(community, slug="kondangan", title="Kondangan")


@contextmanager
def counted_queries():
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        if statement.startswith("SELECT"):
            seen.append(statement)

    engine = db.engines[None]
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def sign_in(client, user):
    assert client.post("/sign-in", data={"email": user.email, "password": PASSWORD}).status_code == 303


def test_a_pick_with_all_that_belongs_to_it(client, make, community, shelf):
    store = make.merchant(name="Lemari Senja")
    product = make.product(
        store,
        title="Kebaya kutubaru",
        price_minor=48_900_000,
        sale_price_minor=30_000_000,
        image_url="https://a.test/1.jpg",
    )
    pick = make.pick(community, product, collection=shelf, curator=make.curator(community, name="Rina"))
    page = client.get("/c/kirana").text
    for words in ("Kebaya kutubaru", "Rp300.000", "<s>Rp489.000</s>", "Lihat di Lemari Senja", "Rina", pick.note):
        assert words in page
    assert 'width="800" height="1000"' in page
    assert 'rel="sponsored noopener"' in page
    assert page.index(DISCLOSURE) < page.index("Kebaya kutubaru")
    assert f'title="{DISCLOSURE}" aria-describedby="disclosure"' in page
    assert 'property="og:image" content="https://a.test/1.jpg"' in page
    assert 'rel="canonical" href="http://127.0.0.1:8000/c/kirana"' in page
    assert "Etalase" in page


def test_in_english(client, make, community, shelf):
    make.pick(community, make.product(make.merchant(name="Lemari Senja")), collection=shelf)
    page = client.get("/c/kirana/kondangan", headers={"Accept-Language": "en"})
    assert "See it at Lemari Senja" in page.text
    assert 'lang="en"' in page.text
    assert "Accept-Language" in page.headers["Vary"]


def test_sold_out_and_gone_are_said(client, make, community, shelf):
    store = make.merchant()
    sold_out = make.product(store, availability=Availability.OUT_OF_STOCK)
    gone = make.product(store, status=ProductStatus.WITHDRAWN)
    ahead = make.product(store, availability=Availability.PREORDER)
    links = {p.id: make.pick(community, p, collection=shelf).link_id for p in (sold_out, gone, ahead)}
    page = client.get("/c/kirana/kondangan").text
    assert page.count('<p class="state">Habis</p>') == 1
    assert page.count("Tidak tersedia lagi") == 1
    assert page.count("Pra-pesan") == 1
    assert page.count('class="go"') == 2
    assert len(links) == 3


def test_visitors_get_no_cookie_and_caches_may_keep_the_page(client, make, community, shelf):
    make.pick(community, make.product(make.merchant()), collection=shelf)
    for path in ("/c/kirana", "/c/kirana/kondangan", "/c/kirana/brand.css"):
        first = client.get(path)
        assert "Set-Cookie" not in first.headers
        assert first.headers["Cache-Control"] == "public, max-age=30"
        again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


def test_the_policy_stands_on_every_page(client, make, community):
    for path in ("/c/kirana", "/c/kirana/brand.css", "/c/kirana/nichts", "/c/nobody"):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "script-src 'self'; style-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy


def test_unknown_windows_and_shelves_are_friendly(client, community):
    answer = client.get("/c/nobody")
    assert answer.status_code == 404
    assert "Etalase ini tidak ada" in answer.text
    answer = client.get("/c/kirana/tidak-ada")
    assert answer.status_code == 404
    assert "Lihat pilihan Kirana" in answer.text
    assert client.get("/c/nobody/brand.css").status_code == 404


def test_an_empty_window_says_so(client, community):
    assert "Etalase sedang ditata" in client.get("/c/kirana").text


def test_drafts_are_seen_by_their_curators_alone(client, make, community, session):
    draft = make.collection(community, slug="draf", title="Rahasia", status=CollectionStatus.DRAFT)
    make.pick(community, make.product(make.merchant()), collection=draft)
    curator = make.user(Role.CURATOR, community.id)
    stranger = make.user(Role.CURATOR, make.community().id)
    session.commit()
    for path in ("/c/kirana/draf", "/c/kirana/draf?preview=1"):
        assert client.get(path).status_code == 404
    assert "Rahasia" not in client.get("/c/kirana?preview=1").text
    sign_in(client, stranger)
    assert client.get("/c/kirana/draf?preview=1").status_code == 404
    client.post("/sign-out")
    sign_in(client, curator)
    assert client.get("/c/kirana/draf").status_code == 404
    seen = client.get("/c/kirana/draf?preview=1")
    assert seen.status_code == 200
    assert "frame-ancestors 'self'" in seen.headers["Content-Security-Policy"]
    assert seen.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/c/kirana", "/c/kirana/kondangan"])
def test_as_many_queries_for_fifty_picks_as_for_five(client, make, community, shelf, path):
    store = make.merchant()
    counts = []
    for size in (5, 45):
        for _number in range(size):
            make.pick(community, make.product(store), collection=shelf, curator=make.curator(community))
        make.session.commit()
        make.session.expunge_all()
        with counted_queries() as seen:
            assert client.get(path).status_code == 200
        counts.append(len(seen))
    assert counts == [3, 3]


def test_long_shelves_have_pages_and_stay_small(client, make, community, shelf):
    store = make.merchant()
    picks = [make.pick(community, make.product(store, title=f"Barang {n}."), collection=shelf) for n in range(100)]
    first = client.get("/c/kirana/kondangan")
    assert len(first.data) < 100_000
    assert len(client.get("/c/kirana").data) < 100_000
    seen = []
    for number in (1, 2, 3):
        page = client.get(f"/c/kirana/kondangan?page={number}").text
        seen += [pick.id for pick in picks if f'id="p{pick.id}"' in page]
    assert seen == [pick.id for pick in picks]
    for number in ("0", "-4", "x", "99999999999999999999"):
        assert client.get(f"/c/kirana/kondangan?page={number}").status_code == 200


def test_the_brand_as_custom_properties(client, community, session):
    session.execute(sa.update(Brand).values(accent="#ffd23f", corners="round"))
    session.commit()
    style = client.get("/c/kirana/brand.css")
    assert style.mimetype == "text/css"
    for part in ("--accent:#ffd23f", "--on-accent:#000000", "--corner:22px", "prefers-color-scheme:dark"):
        assert part in style.text
    assert f"/c/kirana/brand.css?v={int(session.scalar(sa.select(Brand.updated_at)).timestamp())}" in (
        client.get("/c/kirana").text
    )


def test_a_missing_picture_leaves_its_drawn_initial(client, make, community, shelf):
    make.pick(community, make.product(make.merchant(), title="kebaya", image_url=None), collection=shelf)
    page = client.get("/c/kirana").text
    assert '<span class="initial" aria-hidden="true">K</span></div>' in page.replace("\n", "").replace("    ", "")
