"""Prices, splits and differences as tables."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest

from affiliate.commissions import rules
from affiliate.commissions.models import ShareRole
from affiliate.commissions.rules import Line, RateLine, Weights
from affiliate.merchants import matching
from affiliate.merchants.models import RateKind, RateScope

LINE = Line(
    ref="1", sku="Z-77", title="Sepatu", category="Shoes > Boots", brand="Acme", quantity=2, refunded_quantity=0,
    unit_price_minor=15_000_000, discount_minor=3_000_000, tax_minor=0, net_minor=27_000_000, refunded_minor=0,
)  # fmt: skip
WEIGHTS = Weights(1000, 6000, 3000, 0)


def percent(bps: int, scope: str = "all", match: str | None = None, position: int = 0) -> RateLine:
    return RateLine(position, RateScope(scope), match, RateKind.PERCENT, bps, None, None)


def fixed(kind: str, amount: int, scope: str = "all", match: str | None = None, position: int = 0, currency="IDR"):
    return RateLine(position, RateScope(scope), match, RateKind(kind), None, amount, currency)


def total(lines, rates, currency="IDR") -> int:
    return rules.price(lines, rates, currency).total_minor


def test_the_most_specific_rate_wins_and_the_beaten_ones_are_told():
    rates = [
        percent(100, "all", position=0),
        percent(200, "category", "shoes", position=1),
        percent(300, "brand", "ACME", position=2),
        percent(400, "sku", "z-77", position=3),
    ]
    line = rules.price([LINE], rates, "IDR").lines[0]
    assert (line.rate, line.commission_minor) == (rates[3], 1_080_000)
    assert line.beaten == (rates[2], rates[1], rates[0])
    assert [total([LINE], rates[:n]) for n in (1, 2, 3, 4)] == [270_000, 540_000, 810_000, 1_080_000]


def test_within_a_scope_the_earlier_position_wins():
    rates = [percent(500, "category", "Shoes > Boots", position=4), percent(200, "category", "Shoes", position=1)]
    assert total([LINE], rates) == 540_000


@pytest.mark.parametrize(
    ("category", "match", "expected"),
    [
        ("Shoes", "Shoes", True),
        ("shoes", "SHOES", True),
        (" Shoes ", "Shoes", True),
        ("Shoes > Boots", "Shoes", True),
        ("Shoes/Boots", "Shoes", True),
        ("Shoes > Boots > Winter", "Shoes > Boots", True),
        ("Apparel > Shoes", "Shoes", False),
        ("Shoestrings", "Shoes", False),
        ("Shoes", "Shoes > Boots", False),
        (None, "Shoes", False),
        ("", "Shoes", False),
    ],
)
def test_a_category_matches_whole_or_as_the_leading_part_of_a_path(category, match, expected):
    assert matching.matches(percent(100, "category", match), replace(LINE, category=category)) is expected


@pytest.mark.parametrize(
    ("net", "bps", "expected", "exact"),
    [
        (50, 100, 0, "0.5"),
        (150, 100, 2, "1.5"),
        (250, 100, 2, "2.5"),
        (251, 100, 3, "2.51"),
        (10_000, 1250, 1250, "1250"),
        (1, 1, 0, "0.0001"),
        (9_007_199_254_740_991, 10_000, 9_007_199_254_740_991, "9007199254740991"),
        (12_345, 0, 0, "0"),
    ],
)
def test_a_percentage_is_rounded_half_even_once_a_line(net, bps, expected, exact):
    line = rules.price([replace(LINE, net_minor=net)], [percent(bps)], "IDR").lines[0]
    assert (line.commission_minor, line.exact) == (expected, exact)


def test_rounding_is_by_line_and_then_summed():
    lines = [replace(LINE, ref=str(n), net_minor=150) for n in range(3)]
    assert total(lines, [percent(100)]) == 6  # 2 + 2 + 2, not 4.5 → 4


@pytest.mark.parametrize(
    ("refunded", "units_back", "expected"),
    [(0, 0, 2000), (13_500_000, 1, 1000), (27_000_000, 2, 0), (27_000_000, 0, 0), (1, 2, 0), (5_000_000, 0, 2000)],
)
def test_an_amount_an_item_counts_the_units_that_stay_sold(refunded, units_back, expected):
    line = replace(LINE, refunded_minor=refunded, refunded_quantity=units_back)
    assert total([line], [fixed("per_item", 1000)]) == expected


def test_an_amount_an_order_is_paid_once_while_anything_of_its_lines_is_left():
    rates = [fixed("per_order", 5000, "category", "Shoes", 0), percent(1000, position=1)]
    other = replace(LINE, ref="3", category="Tas", net_minor=100)
    assert total([LINE, replace(LINE, ref="2"), other], rates) == 5010
    gone = replace(LINE, refunded_minor=LINE.net_minor)
    assert total([gone, replace(LINE, ref="2"), other], rates) == 5010
    assert total([gone, other], rates) == 10


def test_a_fixed_amount_in_another_currency_does_not_apply():
    rates = [fixed("per_item", 1000, "sku", "Z-77", 0, currency="USD"), percent(100, position=1)]
    assert total([LINE], rates) == 270_000


def test_a_line_without_a_rate_or_with_nothing_left_earns_nothing_and_says_so():
    no_rate = rules.price([LINE], [percent(100, "sku", "other")], "IDR").lines[0]
    gone = rules.price([replace(LINE, refunded_minor=LINE.net_minor + 5)], [percent(100)], "IDR").lines[0]
    assert (no_rate.commission_minor, no_rate.excluded) == (0, "no_rate")
    assert (gone.commission_minor, gone.excluded) == (0, "nothing_left")


def test_a_negative_net_earns_nothing():
    assert total([replace(LINE, net_minor=-5)], [percent(1000), fixed("per_item", 7)]) == 0


def test_the_split_goes_to_platform_community_and_curator():
    shares = rules.share_out(1001, WEIGHTS, community_id=3, curator_id=9)
    assert [(share.owner, share.role, share.amount_minor) for share in shares] == [
        ("platform", ShareRole.PLATFORM, 100),
        ("community:3", ShareRole.COMMUNITY, 601),
        ("curator:9", ShareRole.CURATOR, 300),
    ]


def test_without_a_curator_or_evangelist_the_community_has_their_weight():
    shares = rules.share_out(1000, Weights(1000, 5000, 3000, 1000), community_id=3, curator_id=None)
    assert [(share.owner, share.weight_bps, share.amount_minor) for share in shares] == [
        ("platform", 1000, 100),
        ("community:3", 9000, 900),
    ]


def test_shares_always_sum_to_the_whole():
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    for _ in range(500):
        cuts = sorted(dice.randint(0, 10_000) for _ in range(3))
        weights = Weights(cuts[0], cuts[1] - cuts[0], cuts[2] - cuts[1], 10_000 - cuts[2])
        whole = dice.choice([0, 1, 2, 7, dice.randrange(10**12)])
        curator = dice.choice([None, 9])
        shares = rules.share_out(whole, weights, community_id=3, curator_id=curator)
        assert sum(share.amount_minor for share in shares) == whole, f"seed {seed}"
        for share in shares:
            exact = Fraction(whole * share.weight_bps, 10_000)
            assert abs(share.amount_minor - exact) < 1, f"seed {seed}"


@pytest.mark.parametrize(
    ("target", "booked", "steps"),
    [
        ({"a": 5, "b": 3}, {}, [{"a": 5, "b": 3}]),
        ({"a": 5, "b": 3}, {"a": 5, "b": 3}, []),
        ({}, {}, []),
        ({"a": 0}, {}, []),
        ({}, {"a": 5, "b": 3}, [{"a": -5, "b": -3}]),
        ({"a": 4, "b": 3}, {"a": 5, "b": 3}, [{"a": -1}]),
        ({"c": 8}, {"a": 5, "b": 3}, [{"a": -5, "b": -3}, {"c": 8}]),
        ({"a": 6, "b": 2}, {"a": 5, "b": 3}, [{"b": -1}, {"a": 1}]),
    ],
)
def test_only_the_difference_is_appended(target, booked, steps):
    assert rules.differences(target, booked) == steps
