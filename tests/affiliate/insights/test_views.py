"""The overviews as people open them: their own, never somebody else's; new, busy and ill."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from affiliate.catalogue.models import Availability
from affiliate.conversions.models import ConversionStatus
from affiliate.identity import service
from affiliate.identity.models import Role
from tests.factories import EARLY


@pytest.fixture
def community(make):
    return make.community(slug="kebaya", name="Kebaya Kita")


def test_a_new_community_sees_what_to_do_first(client, make, enter, community):
    enter(make.user(Role.COMMUNITY_OWNER, community.id, locale="en"))
    page = client.get("/portal/kebaya/").text
    assert "Your first steps" in page
    assert "What your picks bring" not in page
    assert page.count('aria-current="step"') == 1


def test_a_busy_community_sees_its_morning(client, make, enter, community, day, noon):
    pick = make.pick(community, make.product(make.merchant(), title="Kebaya <encim>"))
    for _visit in range(4):
        day.visit(pick, ago=timedelta(days=1))
    day.earned(day.order(pick, ConversionStatus.CONFIRMED, ago=timedelta(days=1)), 1500_000_00)
    enter(make.user(Role.CURATOR, community.id, locale="id"))
    page = client.get("/portal/kebaya/").text
    assert "Kemarin 4 klik menghasilkan 1 pesanan; minggu ini sudah 1 pesanan." in page
    assert "Rp1.350.000" in page
    assert "25\u00a0%" in page
    assert "Kebaya &lt;encim&gt;" in page
    assert "Langkah pertama" not in page


def test_an_ill_pick_is_named(client, make, enter, community):
    make.pick(community, make.product(make.merchant(), title="Selendang", availability=Availability.OUT_OF_STOCK))
    enter(make.user(Role.CURATOR, community.id, locale="en"))
    page = client.get("/portal/kebaya/").text
    assert "Picks that need you" in page
    assert "Sold out" in page


@pytest.mark.parametrize("days", ["7", "30", "90", "x", "-1", "9999999999999999999999"])
def test_any_period_gives_a_page(client, make, enter, community, days):
    make.collection(community)
    enter(make.user(Role.CURATOR, community.id))
    answer = client.get("/portal/kebaya/", query_string={"days": days})
    assert answer.status_code == 200
    assert answer.text.count("<h1") == 1


def test_one_place_opens_at_once_and_several_are_listed(client, make, enter, community):
    user = make.user(Role.CURATOR, community.id)
    enter(user)
    assert client.get("/portal/").headers["Location"] == "/portal/kebaya/"
    assert client.get("/merchant/").status_code == 404


def test_platform_staff_choose_from_all(client, make, enter, community):
    make.community(slug="wota", name="Wota Bandung")
    make.merchant(slug="batik", name="Batik Nusantara")
    make.merchant(slug="sepatu")
    enter(make.user(Role.FINANCE_MAKER))
    page = client.get("/portal/").text
    assert "Kebaya Kita" in page
    assert "Wota Bandung" in page
    assert "Batik Nusantara" in client.get("/merchant/").text
    assert client.get("/portal/wota/").status_code == 200
    assert client.get("/merchant/batik/").status_code == 200


def test_an_empty_house_says_so(client, make, enter):
    enter(make.user(Role.ADMIN, locale="en"))
    assert "There is no community yet." in client.get("/portal/").text
    assert "There is no partner store yet." in client.get("/merchant/").text


def test_strangers_find_nothing(client, make, enter, community):
    make.merchant(slug="batik")
    other, store = make.community(slug="wota"), make.merchant(slug="sepatu")
    enter(make.user(Role.COMMUNITY_OWNER, other.id))
    assert client.get("/portal/kebaya/").status_code == 404
    assert client.get("/portal/none/").status_code == 404
    assert client.get("/merchant/batik/").status_code == 404
    client.post("/sign-out")
    enter(make.user(Role.MERCHANT_STAFF, store.id))
    assert client.get("/merchant/batik/").status_code == 404
    assert client.get("/merchant/sepatu/").status_code == 200
    assert client.get("/portal/kebaya/").status_code == 404


def test_a_new_store_sees_what_to_do_first(client, make, enter):
    store = make.merchant(slug="batik", name="Batik Nusantara")
    enter(make.user(Role.MERCHANT_STAFF, store.id, locale="en"))
    page = client.get("/merchant/batik/").text
    assert "Your first steps" in page
    assert "No catalogue has come in yet" in page
    assert page.count("<h1") == 1


def test_a_busy_store_sees_what_it_owes(client, make, enter, day, noon):
    store = make.merchant(slug="batik")
    pick = make.pick(make.community(), make.product(store))
    day.earned(day.order(pick, ConversionStatus.CONFIRMED), 1500_000_00)
    enter(make.user(Role.MERCHANT_STAFF, store.id, locale="id"))
    assert "Rp1.500.000" in client.get("/merchant/batik/").text


def test_somebody_with_several_places_can_switch(client, make, enter, session, community):
    user = make.user(Role.CURATOR, community.id)
    service.grant(
        session, Role.MERCHANT_STAFF, user=user, scope_id=make.merchant(slug="batik", name="Batik").id, now=EARLY
    )
    make.community(slug="wota", name="Wota Bandung")
    enter(user)
    page = client.get("/portal/kebaya/").text
    assert 'href="/merchant/batik/"' in page
    assert "Wota Bandung" not in page


def test_somebody_with_one_place_has_nothing_to_switch(client, make, enter, community):
    enter(make.user(Role.CURATOR, community.id))
    assert '<details class="switch"' not in client.get("/portal/kebaya/").text


def test_a_curator_whose_picks_earn_finds_their_account(client, make, enter, community):
    user = make.user(Role.CURATOR, community.id)
    make.curator(community, user_id=user.id)
    other = make.user(Role.CURATOR, community.id)
    enter(user)
    link = 'href="/portal/kebaya/payout-account"'
    assert link in client.get("/portal/kebaya/").text
    assert client.get("/portal/kebaya/payout-account").status_code == 200
    client.post("/sign-out")
    enter(other)
    assert link not in client.get("/portal/kebaya/").text


def test_the_demos_start_page_leads_to_shop_windows(client, make, session, community):
    make.collection(community)
    make.community(slug="wota", name="Wota Bandung")
    service.create_user(
        session, "demo@contoh.test", name="Demo", password=service.DEMO_PASSWORD, now=EARLY, is_demo=True
    )
    session.commit()
    page = client.get("/").text
    assert 'href="/c/kebaya"' in page
    assert "Wota Bandung" not in page


@pytest.mark.parametrize(
    ("role", "scope", "path"),
    [
        (Role.COMMUNITY_OWNER, "community", "/portal/kebaya/"),
        (Role.CURATOR, "community", "/portal/kebaya/"),
        (Role.MERCHANT_STAFF, "merchant", "/merchant/batik/"),
        (Role.FINANCE_MAKER, None, "/portal/kebaya/"),
        (Role.FINANCE_APPROVER, None, "/merchant/batik/"),
        (Role.FINANCE_APPROVER, None, "/finance/"),
        (Role.ADMIN, None, "/portal/kebaya/"),
        (Role.ADMIN, None, "/merchant/batik/"),
        (Role.ADMIN, None, "/admin/"),
    ],
)
def test_every_link_of_a_page_opens(client, make, enter, day, community, role, scope, path):
    """Nobody is led to a page that turns them away."""
    store = make.merchant(slug="batik")
    pick = make.pick(community, make.product(store, availability=Availability.OUT_OF_STOCK))
    day.visit(pick)
    day.earned(day.order(pick, ConversionStatus.CONFIRMED), 1000_00)
    enter(make.user(role, {"community": community.id, "merchant": store.id}.get(scope)))
    page = client.get(path).text
    links = {unescape(link) for link in re.findall(r'<a[^>]* href="(/[^"#]*)"', page)}
    shut = {link: client.get(link).status_code for link in links if client.get(link).status_code != 200}
    assert shut == {}
    assert len(links) > 4
