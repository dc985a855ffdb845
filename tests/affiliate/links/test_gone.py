"""A link to what the store sells no more leads to the next best page, and the redirect follows at once."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from affiliate.catalogue.models import Availability, ProductStatus
from affiliate.links import queries
from affiliate.tracking.cache import LinkCache
from tests.affiliate.conversions.sold import statements
from tests.affiliate.tracking.test_rules import CHROME

PERSON = {"User-Agent": CHROME}


@pytest.fixture
def store(make):
    return make.merchant(slug="toko", shop_url="https://toko.test/depan")


@pytest.fixture
def product(make, store):
    return make.product(store, sku="G-S", group_key="gaun", url="https://toko.test/gaun-s")


@pytest.fixture
def link(make, product):
    return make.link(make.community(slug="kirana"), product)


def withdraw(session, *products) -> None:
    for product in products:
        product.status = ProductStatus.WITHDRAWN
    session.flush()


def leads_to(client, link) -> str:
    return client.get(f"/go/{link.code}", headers=PERSON).headers["Location"].split("?")[0]


def test_a_sold_out_product_keeps_its_page(client, link, product, session):
    product.availability = Availability.OUT_OF_STOCK
    session.flush()
    assert leads_to(client, link) == "https://toko.test/gaun-s"


def test_first_comes_another_size_that_can_be_had(client, make, link, product, store, session):
    make.product(store, sku="G-M", group_key="gaun", availability=Availability.OUT_OF_STOCK)
    there = make.product(store, sku="G-L", group_key="gaun", url="https://toko.test/gaun-l")
    make.product(make.merchant(), sku="G-X", group_key="gaun")  # another store's group of the same name
    withdraw(session, product)
    assert leads_to(client, link) == there.url


def test_then_the_stores_front_page(client, link, product, session):
    withdraw(session, product)
    assert leads_to(client, link) == "https://toko.test/depan"
    assert "etl=" in client.get(f"/go/{link.code}", headers=PERSON).headers["Location"]


def test_a_page_off_the_allowed_hosts_is_gone_too(client, link, product, session):
    product.url = "https://elsewhere.test/gaun"
    session.flush()
    assert leads_to(client, link) == "https://toko.test/depan"


def test_a_link_made_by_hand_falls_back_as_well(client, make, store, session):
    from affiliate.links import service
    from tests.conftest import NOW

    made = service.create_to(session, make.community(), store, "https://toko.test/promo", now=NOW)
    assert leads_to(client, made) == "https://toko.test/promo"
    store.allowed_hosts, store.shop_url = ["baru.test"], "https://baru.test/"
    session.flush()
    assert leads_to(client, made) == "https://baru.test/"


def test_what_has_no_page_at_the_store_ends_in_the_communitys_window(client, link, product, store, session):
    store.shop_url = "https://elsewhere.test/"
    withdraw(session, product)
    assert leads_to(client, link) == "/c/kirana"
    answer = client.get(f"/go/{link.code}", headers=PERSON)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Toko sudah tidak menjual" in client.get(answer.headers["Location"]).text


def test_what_comes_back_leads_to_its_own_page_again(client, link, product, session):
    withdraw(session, product)
    leads_to(client, link)
    product.status = ProductStatus.LISTED
    session.flush()
    assert leads_to(client, link) == "https://toko.test/gaun-s"


@pytest.fixture
def watched(app):
    """A cache as a server process has it."""
    found = LinkCache(app, app.config["ETALASE"])
    found.start()
    return found


def place(watched: LinkCache, link) -> str:
    found = watched.at_hand(link.code)
    assert found is not None
    return found.before.split("?")[0]


def test_a_watching_process_hears_of_the_product_its_variant_and_the_front_page(
    watched, make, link, product, store, session
):
    from affiliate.core import clock

    other = make.product(store, sku="G-L", group_key="gaun", url="https://toko.test/gaun-l")
    watched.refresh()
    assert place(watched, link) == product.url
    product.changed_at = clock.now()
    withdraw(session, product)
    watched.refresh()
    assert place(watched, link) == other.url
    product.changed_at = clock.now().replace(year=2025)  # long ago: only the variant is news
    other.changed_at = clock.now()
    withdraw(session, other)
    watched.refresh()
    assert place(watched, link) == "https://toko.test/depan"
    other.changed_at = clock.now().replace(year=2025)
    store.shop_url = "https://toko.test/baru"
    session.flush()
    session.expire_all()
    watched.refresh()
    assert place(watched, link) == "https://toko.test/baru"


def test_the_number_of_queries_does_not_grow_with_the_links(make, store, session):
    community = make.community()
    for number in range(40):
        gone = make.product(store, group_key=f"g{number % 7}", status=ProductStatus.WITHDRAWN)
        make.link(community, gone)
    with statements(session) as seen:
        assert len(list(queries.targets_after(session, 0))) == 40
    assert (
        len([one for one in seen if one.startswith("SELECT")]) == 4
    )  # links, stores, variants, and that no more follow


def test_a_target_says_the_next_best_page_and_never_one_off_the_hosts(app, link, product, session):
    withdraw(session, product)
    target = queries.target_of(session, link.code)
    assert target.url == "https://toko.test/depan"
    assert queries.is_open(target, queries.shop_of(session, target.merchant_id))
    session.execute(sa.text("UPDATE merchants SET shop_url = 'javascript:alert(1)'"))
    session.expire_all()
    assert queries.target_of(session, link.code).url == ""
