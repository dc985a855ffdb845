"""Why an order is credited as it is: the page and its JSON, for each whom it concerns, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from affiliate.conversions.drawing import WIDTH, journey
from affiliate.identity.models import Role
from tests.affiliate.conversions.sold import Sold
from tests.affiliate.conversions.test_ladder import House
from tests.affiliate.conversions.test_views import page, sign_in

URL = "/api/v1/conversions/attribution"


@pytest.fixture
def house(make) -> House:
    """One order whose earlier click, the other community's, lost."""
    house = House(make)
    house.kept = house.order(token=house.journey())
    house.settle(house.kept)
    house.session.commit()
    return house


def story(client, house: House, key, order: str = "A-1"):
    return client.get(URL, query_string={"merchant": house.merchant.slug, "order": order}, headers=key)


def test_the_store_reads_every_candidate_and_the_rule(client, make, house):
    told = story(client, house, make.key(Role.MERCHANT_STAFF, house.merchant.id)).get_json()
    assert (told["status"], told["reason"], told["decided_by"]) == ("confirmed", None, "token")
    assert [(one["community"]["slug"], one["verdict"], one["weight_bps"]) for one in told["candidates"]] == [
        (house.community.slug, "won", 10_000), (house.other.slug, "earlier_click", 0),
    ]  # fmt: skip
    assert told["rule"]["model"] == "last_click"
    assert told["rule"]["programme_name"] == "Program"


def test_the_winner_reads_nothing_of_the_loser(client, make, house):
    answer = story(client, house, make.key(Role.CURATOR, house.community.id))
    assert len(answer.get_json()["candidates"]) == 1
    assert answer.get_json()["outcome"] == {"weight_bps": 10_000, "reason": None}
    assert house.other.slug not in answer.get_data(as_text=True)


def test_the_loser_reads_its_own_click_in_full_and_that_another_won(client, make, house):
    answer = story(client, house, make.key(Role.COMMUNITY_OWNER, house.other.id))
    told = answer.get_json()
    assert told["outcome"] == {"weight_bps": 0, "reason": "earlier_click"}
    winner, own = told["candidates"]
    assert (winner["is_other"], winner["community"], winner["link"], winner["verdict"]) == (True, None, None, "won")
    assert (own["community"]["slug"], own["verdict"]) == (house.other.slug, "earlier_click")
    text = answer.get_data(as_text=True)
    assert house.community.slug not in text
    assert house.community.name not in text
    assert house.curator.handle not in text


def test_strangers_find_nothing(client, make, house):
    stranger = Sold(make)
    for role, scope in ((Role.COMMUNITY_OWNER, stranger.community.id), (Role.MERCHANT_STAFF, stranger.merchant.id)):
        assert story(client, house, make.key(role, scope)).status_code == 404
    assert story(client, house, make.key(Role.ADMIN), order="A-9").status_code == 404
    assert client.get(URL).status_code == 401
    sign_in(client, make, Role.COMMUNITY_OWNER, stranger.community.id)
    assert client.get(f"/orders/{house.kept.id}/attribution").status_code == 404
    assert client.get("/orders/999999999999999999999/attribution").status_code == 404


@pytest.mark.parametrize(
    ("locale", "texts"),
    [
        ("en", ["Why did it not count for you?", "A later click counted.", "Another community", "1 day"]),
        (
            "id",
            ["Kenapa tidak dihitung untuk Anda?", "Klik yang lebih akhir yang dihitung.", "Komunitas lain", "1 hari"],
        ),
    ],
)
def test_the_page_tells_a_community_why_its_click_lost(client, make, house, locale, texts):
    sign_in(client, make, Role.CURATOR, house.other.id, locale=locale)
    html = page(client, f"/orders/{house.kept.id}/attribution")
    for text in (*texts, house.other.name, house.merchant.name):
        assert text in html, text
    assert house.community.name not in html
    assert 'class="journey-won"' in html


@pytest.mark.parametrize(
    ("over", "english", "indonesian"),
    [
        ({"token": None}, "did not come through a community", "tidak datang lewat tautan komunitas"),
        ({"token": "nonsense"}, "is not ours or was damaged", "bukan dari kami atau sudah rusak"),
        ({"token": None, "coupon": "LEBARAN"}, "does not stand for a community", "tidak mewakili komunitas mana pun"),
    ],
)
def test_why_was_this_sale_not_counted_is_answered(client, make, house, over, english, indonesian):
    order = house.order(**over)
    house.settle(order)
    sign_in(client, make, Role.MERCHANT_STAFF, house.merchant.id, locale="en")
    html = page(client, f"/orders/{order.id}/attribution")
    assert "Why was this sale not counted?" in html
    assert english in html
    client.get("/sign-out")
    sign_in(client, make, Role.FINANCE_MAKER, locale="id")
    assert indonesian in page(client, f"/orders/{order.id}/attribution")


def test_lists_and_the_stores_order_lead_to_the_story(client, make, house):
    way = f"/orders/{house.kept.id}/attribution"
    sign_in(client, make, Role.MERCHANT_STAFF, house.merchant.id, locale="en")
    assert way in page(client, f"/merchant/{house.merchant.slug}/orders")
    order = page(client, f"/merchant/{house.merchant.slug}/orders/A-1")
    assert way in order
    assert house.community.name in order
    assert way in page(client, f"/commissions/{house.commission(house.kept).id}")


def test_a_community_finds_the_orders_that_others_won(client, make, house):
    sign_in(client, make, Role.COMMUNITY_OWNER, house.other.id, locale="en")
    address = f"/portal/{house.other.slug}/orders"
    assert "A-1" not in page(client, address)
    lost = page(client, address + "?status=lost")
    assert "A-1" in lost
    assert "A later click counted." in lost
    client.get("/sign-out")
    sign_in(client, make, Role.COMMUNITY_OWNER, house.community.id, locale="en")
    assert "Nothing was lost to others" in page(client, f"/portal/{house.community.slug}/orders?status=lost")


def test_the_line_of_time_has_its_marks_inside_and_in_order():
    placed = datetime(2026, 10, 20, tzinfo=UTC)
    ages = [
        timedelta(days=40),
        timedelta(days=30),
        timedelta(days=8),
        timedelta(hours=30),
        timedelta(minutes=3),
        timedelta(0),
    ]
    rows = [{"at": (placed - age).isoformat(), "weight_bps": 10_000 * (not age)} for age in ages]
    drawn = journey(rows, placed, 30)
    places = [mark.x for mark in drawn.marks]
    assert places == sorted(places)
    assert 0 < places[0] <= places[-1] < WIDTH
    assert [mark.won for mark in drawn.marks] == [False] * 5 + [True]
    assert drawn.spans == (timedelta(days=40), timedelta(days=7), timedelta(days=1), timedelta(hours=1), timedelta(0))
    assert journey(rows[-1:], placed, 1).spans == (timedelta(days=1), timedelta(hours=1), timedelta(0))
