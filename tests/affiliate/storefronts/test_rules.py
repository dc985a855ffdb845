"""The order of a shelf, and what one sale would bring."""

from __future__ import annotations

import random

import pytest

from affiliate.merchants.models import RateKind, RateScope
from affiliate.storefronts.rules import Goods, Offer, OfferedRate, behind, sale_brings, stepped

DRESS = Goods(sku="Z-77", brand="Senja", category="Apparel > Dresses", minor=15_000_000, currency="IDR")


def percent(scope: RateScope, bps: int, match: str | None = None) -> OfferedRate:
    return OfferedRate(scope, match, RateKind.PERCENT, bps, None, None)


def fixed(amount: int, currency: str = "IDR", kind: RateKind = RateKind.PER_ITEM) -> OfferedRate:
    return OfferedRate(RateScope.SKU, "z-77", kind, None, amount, currency)


@pytest.mark.parametrize(
    ("rates", "platform_bps", "expected"),
    [
        ([percent(RateScope.ALL, 1000)], 1000, 1_350_000),
        ([percent(RateScope.ALL, 1000)], 10_000, 0),
        ([percent(RateScope.ALL, 1000), percent(RateScope.CATEGORY, 2000, "apparel")], 0, 3_000_000),
        ([percent(RateScope.CATEGORY, 2000, "Dresses")], 0, None),
        ([percent(RateScope.BRAND, 500, "SENJA "), percent(RateScope.CATEGORY, 2000, "Apparel")], 0, 750_000),
        ([percent(RateScope.ALL, 100), percent(RateScope.ALL, 900)], 0, 150_000),
        ([fixed(250_000), percent(RateScope.ALL, 1000)], 2000, 200_000),
        ([fixed(250_000, kind=RateKind.PER_ORDER)], 0, 250_000),
        ([fixed(500, "USD"), percent(RateScope.ALL, 1000)], 0, 1_500_000),
        ([], 1000, None),
    ],
)
def test_what_a_sale_brings(rates, platform_bps, expected):
    assert sale_brings(DRESS, Offer(tuple(rates), platform_bps)) == expected


def test_a_product_without_brand_matches_no_rate_for_brands():
    plain = Goods("X", None, None, 1000, "IDR")
    offer = Offer((percent(RateScope.BRAND, 500, "Senja"), percent(RateScope.CATEGORY, 500, "Apparel")), 0)
    assert sale_brings(plain, offer) is None


@pytest.mark.parametrize(
    ("pick_id", "places", "expected"),
    [(2, -1, [2, 1, 3]), (2, 1, [1, 3, 2]), (1, -1, [1, 2, 3]), (3, 1, [1, 2, 3]), (1, 9, [2, 3, 1])],
)
def test_a_step_stops_at_either_end(pick_id, places, expected):
    assert stepped([1, 2, 3], pick_id, places) == expected


@pytest.mark.parametrize(
    ("pick_id", "after", "expected"), [(3, None, [3, 1, 2]), (1, 3, [2, 3, 1]), (1, 2, [2, 1, 3]), (2, 1, [1, 2, 3])]
)
def test_behind_another(pick_id, after, expected):
    assert behind([1, 2, 3], pick_id, after) == expected


@pytest.mark.parametrize(("pick_id", "after"), [(9, None), (1, 9), (1, 1)])
def test_strangers_have_no_place(pick_id, after):
    with pytest.raises(ValueError):
        behind([1, 2, 3], pick_id, after)


def test_no_pick_is_lost_or_doubled_by_any_move():
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    order = list(range(1, 13))
    for _turn in range(300):
        one, other = chance.sample(order, 2)
        order = behind(order, one, other) if chance.random() < 0.5 else stepped(order, one, chance.choice([-1, 1, 4]))
        assert sorted(order) == list(range(1, 13)), f"seed {seed}"
