"""Views, clicks, orders, completed and refunded ones: by whatever they are grouped, the same ones."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from affiliate.commissions.models import Commission, CommissionEvent, CommissionShare
from affiliate.conversions.models import Conversion, ConversionStatus
from affiliate.insights import funnel, reports, rules
from affiliate.insights.funnel import By, Scope
from affiliate.insights.rules import Counts, Period, period
from affiliate.orders.models import Order
from tests.affiliate.insights.conftest import NOW

TODAY = date(2026, 11, 22)
WEEK = period(TODAY, 7)
PENDING, CONFIRMED, DECLINED = ConversionStatus.PENDING, ConversionStatus.CONFIRMED, ConversionStatus.DECLINED


@pytest.fixture
def shop(make):
    """(community, two picks of one shelf and store, a pick of another shelf and store)."""
    community, merchant = make.community(), make.merchant()
    shelf = make.collection(community)
    first, second = (make.pick(community, make.product(merchant), collection=shelf) for _pick in range(2))
    third = make.pick(community, make.product(make.merchant()))
    return community, first, second, third


def keyed(rows):
    return {row.key: row.counts for row in rows}


def refund(session, conversion, minor=1):
    session.execute(sa.update(Order).where(Order.id == conversion.order_id).values(refunded_minor=minor))


def test_each_step_counts_what_it_says(session, day, shop):
    community, first, _second, _third = shop
    day.view(community, [first])
    for _visit in range(4):
        day.visit(first)
    day.visit(first, qualified=False)
    day.order(first, PENDING)
    day.order(first, DECLINED)  # cancelled: it was placed
    foreign = day.order(first, DECLINED)
    session.execute(sa.update(Conversion).where(Conversion.id == foreign.id).values(reason="outside_window"))
    sold = day.order(first, CONFIRMED)
    day.earned(sold, 5000_00)
    refund(session, day.order(first, CONFIRMED))
    refund(session, day.order(first, PENDING))  # money back before it was completed is no refund of a sale
    rows = funnel.table(session, Scope(community_id=community.id), By.DAY, WEEK)
    assert rows[-1].counts == Counts(1, 4, 5, 2, 1, 1, (("IDR", 4500_00),))
    assert rows[-1].counts.open == 2
    assert [row.counts for row in rows[:-1]] == [Counts()] * 6


def test_a_view_of_a_page_is_a_view_of_all_that_stood_on_it(session, day, shop):
    community, first, second, third = shop
    day.view(community, [first, second, third])  # the front page
    for _view in range(2):
        day.view(community, [first, second], collection_id=first.collection_id)
    day.view(community, [third], collection_id=third.collection_id)
    everything = Scope(community_id=community.id)

    def seen(by, scope=everything):
        return {key: counts.views for key, counts in keyed(funnel.table(session, scope, by, WEEK)).items()}

    assert seen(By.DAY)[TODAY] == 4
    assert seen(By.COMMUNITY) == {community.id: 4}
    assert seen(By.COLLECTION) == {first.collection_id: 3, third.collection_id: 2}
    assert seen(By.PICK) == {first.link_id: 3, second.link_id: 3, third.link_id: 2}
    assert seen(By.MERCHANT) == {day.merchant(first).id: 3, day.merchant(third).id: 2}
    assert seen(By.DAY, Scope(community_id=community.id, link_id=third.link_id))[TODAY] == 2
    assert seen(By.DAY, Scope(community_id=community.id, collection_id=first.collection_id))[TODAY] == 3
    assert seen(By.DAY, Scope(merchant_id=day.merchant(third).id))[TODAY] == 2


def test_a_visitor_who_reloads_is_one_view_and_the_next_hour_another(session, day, shop):
    community, first, _second, _third = shop
    for minutes in (0, 1, 2, 61):
        day.view(community, [first], ago=timedelta(minutes=minutes), visitor="ab")
    rows = keyed(funnel.table(session, Scope(community_id=community.id), By.PICK, WEEK))
    assert rows[first.link_id].views == 3  # the clock's hours: one view on the hour, two minutes before it, and 61


def test_orders_belong_to_the_day_they_were_placed_on_in_jakarta(session, day, shop):
    community, first, _second, _third = shop
    day.order(first, CONFIRMED, ago=NOW - NOW.replace(day=21, hour=16, minute=59))
    day.order(first, CONFIRMED, ago=NOW - NOW.replace(day=21, hour=17))
    day.visit(first, ago=NOW - NOW.replace(day=21, hour=16, minute=59))
    rows = keyed(funnel.table(session, Scope(community_id=community.id), By.DAY, WEEK))
    assert (rows[TODAY - timedelta(days=1)].orders, rows[TODAY].orders) == (1, 1)
    assert (rows[TODAY - timedelta(days=1)].clicks, rows[TODAY].clicks) == (1, 0)


def test_nothing_of_others_is_counted(session, day, shop, make):
    community, first, _second, third = shop
    other = make.community()
    foreign = make.pick(other, make.product(day.merchant(first)))
    day.view(other, [foreign])
    day.visit(foreign)
    day.order(foreign, CONFIRMED)
    day.visit(third)
    assert rules.total(row.counts for row in funnel.table(session, Scope(community_id=community.id), By.DAY, WEEK)) == (
        Counts(clicks=1)
    )
    store = Scope(merchant_id=day.merchant(first).id, whole=True)
    assert keyed(funnel.table(session, store, By.COMMUNITY, WEEK)) == {other.id: Counts(1, 1, 1, 1)}


def test_a_store_sees_the_whole_commission_and_a_community_its_part(session, day, shop):
    community, first, _second, _third = shop
    day.earned(day.order(first, CONFIRMED), 5000_00)
    for scope, minor in (
        (Scope(community_id=community.id), 4500_00),
        (Scope(merchant_id=day.merchant(first).id, whole=True), 5000_00),
    ):
        rows = keyed(funnel.table(session, scope, By.PICK, WEEK))
        assert rows[first.link_id].earned == (("IDR", minor),)


def test_currencies_stand_side_by_side(session, day, shop):
    community, first, _second, _third = shop
    day.visit(first)
    day.visit(first)
    day.earned(day.order(first, CONFIRMED), 5000_00)
    yen = day.order(first, CONFIRMED)
    day.earned(yen, 900)
    day.earned_in(yen, "JPY", 1000)
    one = keyed(funnel.table(session, Scope(community_id=community.id), By.DAY, WEEK))[TODAY]
    assert dict(one.earned) == {"IDR": 4500_00 + 810, "JPY": 900}
    assert dict(one.per_click) == {"IDR": (4500_00 + 810) // 2, "JPY": 450}


def test_random_histories_sum_to_the_same_whatever_they_are_grouped_by(session, day, shop):
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    community, *picks = shop
    for _event in range(60):
        pick, ago = rng.choice(picks), timedelta(minutes=rng.randrange(60 * 24 * 9))
        kind = rng.choice(["view", "click", "click", "bot", "order"])
        if kind == "view":
            day.view(community, rng.sample(picks, rng.randint(1, 3)), ago=ago)
        elif kind == "order":
            placed = day.order(pick, rng.choice([PENDING, CONFIRMED, DECLINED]), ago=ago)
            if rng.random() < 0.4:
                refund(session, placed)
            if placed.status is CONFIRMED:
                day.earned(placed, rng.randrange(10, 9000) * 100)
        else:
            day.visit(pick, qualified=kind == "click", ago=ago)
    scope = Scope(community_id=community.id)
    days = rules.total(row.counts for row in funnel.table(session, scope, By.DAY, WEEK))
    assert days.clicks > 0, seed
    for by in (By.COLLECTION, By.PICK, By.MERCHANT, By.COMMUNITY):
        found = rules.total(row.counts for row in funnel.table(session, scope, by, WEEK))
        for step in ("clicks", "orders", "completed", "refunded", "cancelled", "earned"):
            assert getattr(found, step) == getattr(days, step), (seed, by, step)
        assert found.views >= days.views, seed
    shares = session.execute(
        sa.select(sa.func.sum(CommissionShare.amount_minor))
        .join(CommissionEvent, CommissionEvent.id == CommissionShare.event_id)
        .join(Commission, Commission.id == CommissionEvent.commission_id)
        .join(Conversion, Conversion.id == Commission.conversion_id)
        .where(
            CommissionShare.role != "platform",
            Conversion.placed_at >= NOW.replace(day=15, hour=17),
            Conversion.placed_at < NOW.replace(hour=17),
        )
    ).scalar_one()
    assert sum(minor for _currency, minor in days.earned) == int(shares or 0), seed


def test_the_number_of_queries_does_not_grow(session, day, shop, make, count_queries):
    community, first, _second, _third = shop

    def ask() -> int:
        with count_queries() as made:
            for by in By:
                reports.report(session, Scope(community_id=community.id), by, WEEK)
        return made[0]

    day.visit(first)
    before = ask()
    for _pick in range(6):
        pick = make.pick(community, make.product(make.merchant()))
        day.visit(pick)
        day.view(community, [pick])
        day.order(pick, PENDING)
    assert ask() == before


def test_the_time_before_is_as_long_and_ends_the_day_before():
    assert WEEK.before == Period(date(2026, 11, 9), date(2026, 11, 15))
    assert Period(TODAY, TODAY).before == Period(TODAY - timedelta(days=1), TODAY - timedelta(days=1))


@pytest.mark.parametrize(
    ("args", "first", "last"),
    [
        ({}, date(2026, 10, 24), TODAY),
        ({"days": "7"}, date(2026, 11, 16), TODAY),
        ({"month": "2026-11"}, date(2026, 11, 1), TODAY),
        ({"month": "2026-02"}, date(2026, 2, 1), date(2026, 2, 28)),
        ({"month": "2026-12"}, date(2026, 12, 1), date(2026, 12, 31)),
        ({"month": "2026-13"}, date(2026, 10, 24), TODAY),
        ({"from": "2026-03-05", "to": "2026-03-01"}, date(2026, 3, 1), date(2026, 3, 5)),
        ({"from": "2026-11-01"}, date(2026, 11, 1), TODAY),
        ({"to": "2026-11-01"}, date(2026, 11, 1), date(2026, 11, 1)),
        ({"from": "0001-01-01", "to": "9999-12-31"}, date(2026, 10, 24), TODAY),
        ({"from": "2000-01-01", "to": "2026-11-01"}, date(2024, 11, 1), date(2026, 11, 1)),
        ({"from": "20261101", "days": "7"}, date(2026, 11, 16), TODAY),
    ],
)
def test_a_period_is_what_the_address_says_or_the_last_thirty_days(args, first, last):
    assert rules.chosen_period(args, TODAY).period == Period(first, last)


@pytest.mark.parametrize(("now", "before", "bps"), [(12, 10, 2000), (0, 10, -10_000), (5, 0, None), (7, 7, 0)])
def test_a_change_is_of_what_was_before(now, before, bps):
    assert rules.change_bps(now, before) == bps


def test_rates_of_nothing_are_none():
    empty = Counts()
    assert (empty.click_bps, empty.order_bps, empty.completed_bps, empty.refunded_bps) == (None,) * 4
    assert (empty.per_click, empty.is_empty) == ((), True)
    assert rules.total([]) == empty
