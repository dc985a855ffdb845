"""A statement drawn from our own orders is found out exactly where it was damaged."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.reconciliation.comparing import Difference, Field, Kind, Line, Sums, compare, is_rounding

OURS = Line("IDR", 15_000_000, "completed", 0, 750_000)


@pytest.mark.parametrize(
    ("told", "fields"),
    [
        (OURS, ()),
        (replace(OURS, commission_minor=None), ()),
        (replace(OURS, amount_minor=14_900_000), (Field.AMOUNT,)),
        (replace(OURS, status="cancelled"), (Field.STATUS,)),
        (replace(OURS, refunded_minor=500_000), (Field.REFUNDED,)),
        (replace(OURS, commission_minor=700_000), (Field.COMMISSION,)),
        (replace(OURS, currency="USD"), (Field.CURRENCY,)),
        (replace(OURS, amount_minor=1, status="placed"), (Field.AMOUNT, Field.STATUS)),
    ],
)
def test_a_difference_names_its_fields(told, fields):
    found = compare({"a": told}, {"a": OURS})
    assert found.differences == ((Difference("a", Kind.DIFFERENT, fields),) if fields else ())
    assert found.agreed == (() if fields else ("a",))


def test_an_order_with_our_click_token_is_certainly_missing():
    found = compare({"a": replace(OURS, click_token="t"), "b": OURS}, {})
    assert found.differences == (
        Difference("a", Kind.MISSING, certain=True), Difference("b", Kind.MISSING),
    )  # fmt: skip


def test_an_order_never_completed_is_not_left_out():
    found = compare({}, {"a": replace(OURS, status="placed"), "b": OURS})
    assert found.differences == (Difference("b", Kind.EXTRA),)
    assert found.sums == {"IDR": Sums(0, OURS.amount_minor)}


@pytest.mark.parametrize(
    ("told", "ours", "currency", "rounding"),
    [
        (100, 149, "IDR", True), (200, 101, "IDR", True), (100, 200, "IDR", False), (101, 149, "IDR", False),
        (5, 6, "JPY", False), (1000, 1999, "KWD", True),
    ],
)  # fmt: skip
def test_rounding_is_whole_major_units_less_than_one_away(told, ours, currency, rounding):
    assert is_rounding(told, ours, currency) is rounding


def test_rounded_orders_are_agreed_and_shown():
    found = compare({"a": replace(OURS, amount_minor=15_000_000)}, {"a": replace(OURS, amount_minor=15_000_049)})
    assert (found.agreed, found.rounded, found.differences) == (("a",), ("a",), ())
    assert found.sums["IDR"].difference_minor == -49


@given(
    amounts=st.lists(st.integers(1, 10**9), min_size=3, max_size=60),
    fates=st.lists(st.sampled_from(["kept", "removed", "added", "changed"]), min_size=60, max_size=60),
)
def test_each_damage_is_found_once_and_nothing_else(amounts, fates):
    orders = {f"n{place}": replace(OURS, amount_minor=amount) for place, amount in enumerate(amounts)}
    fate = dict(zip(orders, fates, strict=False))
    ours = {key: line for key, line in orders.items() if fate[key] != "added"}
    told = {
        key: replace(line, amount_minor=line.amount_minor + 1_000) if fate[key] == "changed" else line
        for key, line in orders.items()
        if fate[key] != "removed"
    }
    found = compare(told, ours)
    by_kind = {kind: {one.order_key for one in found.differences if one.kind is kind} for kind in Kind}
    assert by_kind[Kind.EXTRA] == {key for key in orders if fate[key] == "removed"}
    assert by_kind[Kind.MISSING] == {key for key in orders if fate[key] == "added"}
    assert by_kind[Kind.DIFFERENT] == {key for key in orders if fate[key] == "changed"}
    assert set(found.agreed) == {key for key in orders if fate[key] == "kept"}
    assert len(found.differences) + len(found.agreed) == len(orders)
    explained = sum(
        (told[one.order_key].amount_minor if one.order_key in told else 0)
        - (ours[one.order_key].amount_minor if one.order_key in ours else 0)
        for one in found.differences
    )
    assert sum(one.difference_minor for one in found.sums.values()) == explained
