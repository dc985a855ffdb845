"""The figures are those of the period, of this community or store, and of nobody else's."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from affiliate.catalogue.models import Availability, ProductStatus
from affiliate.conversions.models import ConversionStatus
from affiliate.insights import communities, stores
from affiliate.insights.rules import Period, period
from affiliate.merchants.models import WebhookKind
from affiliate.orders.models import Delivery, DeliveryStatus, Verdict
from affiliate.storefronts.models import CollectionStatus
from tests.affiliate.insights.conftest import NOW

TODAY = date(2026, 11, 22)
WEEK = period(TODAY, 7)


@pytest.fixture
def shop(make):
    """(community, pick) of one, and a pick of another who must never be counted."""
    community, merchant = make.community(), make.merchant()
    return community, make.pick(community, make.product(merchant)), make.pick(make.community(), make.product(merchant))


def test_only_people_only_this_period_only_here(session, day, shop):
    community, pick, foreign = shop
    for _visit in range(3):
        day.visit(pick)
    day.visit(pick, qualified=False)
    day.visit(pick, ago=timedelta(days=7))
    day.visit(foreign)
    found = communities.figures(session, community, WEEK)
    assert (found.clicks, found.orders, found.rate_bps) == (3, 0, 0)
    assert (found.estimated, found.earned) == ([], [])


def test_a_day_ends_at_midnight_in_jakarta(session, day, shop):
    """17:00 UTC is midnight there: a visit a second earlier belongs to the day before."""
    community, pick, _foreign = shop
    day.visit(pick, ago=NOW - NOW.replace(day=21, hour=16, minute=59, second=59))
    day.visit(pick, ago=NOW - NOW.replace(day=21, hour=17))
    series = communities.visits_by_day(session, community, WEEK)
    assert series[-2:] == [(date(2026, 11, 21), 1), (TODAY, 1)]
    assert communities.figures(session, community, Period(TODAY, TODAY)).clicks == 1
    assert len(series) == 7


def test_estimates_are_of_open_orders_and_earnings_of_booked_ones(session, day, shop):
    community, pick, foreign = shop
    day.visit(pick)
    day.order(pick, ConversionStatus.PENDING, minor=1000_00)
    day.order(pick, ConversionStatus.DECLINED, minor=7000_00)
    sold = day.order(pick, ConversionStatus.CONFIRMED, minor=5000_00)
    day.earned(sold, 5000_00)
    day.earned(sold, -1000_00, number=2)
    day.earned(day.order(foreign, ConversionStatus.CONFIRMED), 9000_00)
    found = communities.figures(session, community, WEEK)
    assert found.orders == 3  # a cancelled order was placed all the same
    assert found.estimated == [("IDR", 900_00)]
    assert found.earned == [("IDR", 3600_00)]
    assert found.rate_bps == 30_000
    assert communities.orders_by_day(session, community, WEEK)[-1] == (TODAY, 3)


def test_picks_that_sell_come_first_and_silent_ones_not_at_all(session, make, day, shop):
    community, pick, _foreign = shop
    seller = make.pick(community, make.product(make.merchant(name="Toko Laku")))
    gone = make.pick(community, make.product(make.merchant()))
    make.pick(community, make.product(make.merchant()))
    gone.withdrawn_at = NOW
    for target, times in ((pick, 3), (seller, 1), (gone, 9)):
        for _visit in range(times):
            day.visit(target)
    day.earned(day.order(seller, ConversionStatus.CONFIRMED), 5000_00)
    found = communities.top_picks(session, community, WEEK)
    assert [(row.pick.id, row.clicks, row.orders) for row in found] == [(seller.id, 1, 1), (pick.id, 3, 0)]
    assert found[0].merchant == "Toko Laku"
    assert [row.earned for row in found] == [[("IDR", 4500_00)], []]


def test_ill_are_shown_picks_that_nobody_can_buy(session, make, shop):
    community, _pick, _foreign = shop
    merchant = make.merchant()
    sold_out = make.pick(community, make.product(merchant, availability=Availability.OUT_OF_STOCK))
    gone = make.pick(community, make.product(merchant, status=ProductStatus.WITHDRAWN))
    taken_down = make.pick(community, make.product(merchant, status=ProductStatus.WITHDRAWN))
    taken_down.withdrawn_at = NOW
    session.flush()
    assert {row.Pick.id for row in communities.ill_picks(session, community)} == {sold_out.id, gone.id}


def test_first_steps_are_ticked_off_one_by_one(session, make, day):
    community = make.community()
    assert communities.steps(session, community) == communities.Steps(False, False, False, False, False)
    shelf = make.collection(community, status=CollectionStatus.DRAFT)
    pick = make.pick(community, make.product(make.merchant()), collection=shelf)
    assert communities.steps(session, community) == communities.Steps(False, True, True, False, False)
    shelf.status = CollectionStatus.PUBLISHED
    session.flush()
    assert not communities.steps(session, community).done
    day.visit(pick)
    assert communities.steps(session, community).done


def delivered(session, merchant, verdict, status=DeliveryStatus.WORKED, ago=timedelta(0)):
    session.add(
        Delivery(
            merchant_id=merchant.id, kind=WebhookKind.STANDARD, delivery_id=f"{verdict}-{status}-{ago}", headers={},
            body=b"{}", body_sha256="0" * 64, received_at=NOW - ago, next_try_at=NOW, status=status, verdict=verdict,
        )
    )  # fmt: skip
    session.flush()


def test_deliveries_of_a_day_by_what_we_made_of_them(session, make):
    merchant = make.merchant()
    delivered(session, merchant, Verdict.ACCEPTED)
    delivered(session, merchant, Verdict.ACCEPTED, ago=timedelta(hours=1))
    delivered(session, merchant, Verdict.UNREADABLE)
    delivered(session, merchant, None, DeliveryStatus.RECEIVED)
    delivered(session, merchant, None, DeliveryStatus.PARKED)
    delivered(session, merchant, Verdict.REPEAT, ago=timedelta(days=1))
    delivered(session, make.merchant(), Verdict.ACCEPTED)
    today = Period(TODAY, TODAY)
    assert stores.deliveries(session, merchant, today) == {"accepted": 2, "unreadable": 1, "waiting": 1, "parked": 1}
    assert stores.troubled(session, merchant, today) == 2


def test_a_store_owes_the_whole_commission(session, day, shop):
    _community, pick, _foreign = shop
    sold = day.order(pick, ConversionStatus.CONFIRMED)
    day.earned(sold, 5000_00)
    day.earned(sold, -2000_00, number=2, ago=timedelta(days=40))
    merchant = day.merchant(pick)
    assert stores.owed(session, merchant, period(TODAY, 22)) == [("IDR", 5000_00)]
    assert sum(number for _day, number in stores.orders_by_day(session, merchant, WEEK)) == 1


def test_the_state_of_a_catalogue(session, make):
    merchant = make.merchant()
    assert stores.shelf(session, merchant) == stores.Shelf(0, 0, 0, None)
    make.product(merchant)
    make.product(merchant, availability=Availability.OUT_OF_STOCK)
    make.product(merchant, status=ProductStatus.WITHDRAWN)
    make.product(make.merchant())
    found = stores.shelf(session, merchant)
    assert (found.listed, found.sold_out, found.withdrawn) == (2, 1, 1)


def test_a_stores_first_steps(session, make):
    merchant, community = make.merchant(), make.community()
    assert stores.steps(session, merchant) == stores.Steps(False, False, False, False, False)
    make.product(merchant)
    make.enrollment(make.programme(merchant), community)
    key = make.webhook_key(merchant)
    delivered(session, merchant, Verdict.ACCEPTED)
    assert stores.steps(session, merchant).done
    key.revoked_at = NOW
    session.flush()
    assert not stores.steps(session, merchant).done


def test_the_number_of_queries_does_not_grow_with_the_picks(session, make, day, shop, count_queries):
    community, pick, _foreign = shop

    def ask() -> int:
        with count_queries() as made:
            communities.figures(session, community, WEEK)
            communities.top_picks(session, community, WEEK)
            communities.visits_by_day(session, community, WEEK)
        return made[0]

    day.visit(pick)
    before = ask()
    for _pick in range(5):
        day.visit(make.pick(community, make.product(make.merchant())))
    assert before > 0
    assert ask() == before
