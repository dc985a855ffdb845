"""The demo's orders with a story tell the same story on whatever day the demo is begun."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from payouts.demo import journeys
from payouts.demo.month import DAYS, Month
from payouts.demo.story import STORES
from payouts.demo.world import PickFact

A_YEAR = [datetime(2027, 12, 31, 17, 0, tzinfo=UTC) + timedelta(days=number) for number in range(366)]


@pytest.fixture(scope="module")
def picks() -> list[PickFact]:
    items = [(store, item) for store in STORES for item in store.items]
    clubs = ("lemari-kita", "sahabat-senandika")
    return [PickFact(number, store, item, club, 1, 1) for number, (store, item) in enumerate(items) for club in clubs]


def told(picks: list[PickFact], begin: datetime) -> Month:
    month = Month()
    journeys.add(month, picks, begin=begin)
    return month


def test_a_persons_clicks_lie_in_one_month_for_a_pseudonym_lasts_no_longer(picks):
    for begin in A_YEAR:
        months: dict[str, set[int]] = {}
        for visit in told(picks, begin).visits:
            months.setdefault(visit.visitor, set()).add(visit.at.month)
        assert all(len(found) == 1 for found in months.values()), begin


def test_every_story_ends_within_the_demos_month_and_shared_orders_come_after_sharing_began(picks):
    refs = {one.data["order_id"] for one in told(picks, A_YEAR[0]).tellings}
    for begin in A_YEAR:
        tellings = told(picks, begin).tellings
        assert {one.data["order_id"] for one in tellings} == refs
        assert max(one.at for one in tellings) < begin + timedelta(days=DAYS)
        shared = min(one.at for one in tellings if one.data["order_id"] == "PL-JALAN-2")
        assert shared >= begin + timedelta(days=journeys.SHARED_FROM)
        alone = max(one.at for one in tellings if one.data["order_id"] == "PL-JALAN-1" and one.kind == "paid")
        assert alone < begin + timedelta(days=journeys.SHARED_FROM)
