"""A dense series shows its gaps after a day, a sparse one none, and lateness within a day is no gap."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.reconciliation import gaps

START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def told(numbers, name="#", width=0):
    return {f"{name}{number:0{width}d}": START + HOUR * place for place, number in enumerate(numbers)}


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("#1001", ("#", 1001, 0)), ("INV-2024-0012", ("INV-2024-", 12, 4)), (" 7 ", ("", 7, 0)),
        ("A-1-x", None), ("", None), ("X" + "9" * 20, ("X99999", 10**15 - 1, 0)),
    ],
)  # fmt: skip
def test_the_parts_of_a_number(written, known):
    assert gaps.parts(written) == known


def test_a_gap_is_flagged_after_a_day_and_closes_when_the_order_comes():
    seen = told([n for n in range(1000, 1100) if n not in {1050, 1051}])
    passed = seen["#1052"]
    assert gaps.watch(seen, passed + gaps.PATIENCE)["#"].gaps == ()
    late = passed + gaps.PATIENCE + HOUR
    (gap,) = gaps.watch(seen, late)["#"].gaps
    assert (gap.numbers, gap.count, gap.since) == (("#1050", "#1051"), 2, passed)
    assert gaps.watch(seen | {"#1050": late, "#1051": late}, late)["#"].gaps == ()


def test_series_and_years_are_watched_apart_and_written_as_the_store_writes():
    seen = told([n for n in range(1, 80) if n != 12], "INV-2024-", 4) | told(range(1, 60), "INV-2025-", 4)
    found = gaps.watch(seen, START + timedelta(days=30))
    assert found["INV-2024-"].gaps[0].numbers == ("INV-2024-0012",)
    assert found["INV-2025-"] == gaps.Watch(59, dense=True, gaps=())


def test_a_huge_jump_is_a_new_range_and_a_long_gap_is_listed_in_part():
    numbers = [*range(100), *range(600, 700), *range(10**9, 10**9 + 100)]
    (gap,) = gaps.watch(told(numbers), START + timedelta(days=90))["#"].gaps
    assert (gap.first, gap.last, gap.count, len(gap.numbers)) == (100, 599, 500, gaps.LISTED)


def test_a_store_that_sends_only_our_orders_is_never_watched():
    chosen = random.Random(7)
    numbers = [n for n in range(5000) if chosen.random() < 0.3]
    found = gaps.watch(told(numbers), START + timedelta(days=900))["#"]
    assert (found.dense, found.gaps) == (False, ())


def test_too_few_numbers_are_not_judged():
    found = gaps.watch(told([*range(20), *range(25, 40)]), START + timedelta(days=90))["#"]
    assert (found.seen, found.dense, found.gaps) == (35, False, ())


@given(
    delays=st.lists(st.integers(0, 24 * 60), min_size=60, max_size=120),
    apart=st.integers(0, 90),
    asked=st.integers(0, 20_000),
)
def test_a_dense_series_in_any_order_within_a_day_has_no_gap(delays, apart, asked):
    minute = timedelta(minutes=1)
    now = START + asked * minute
    arrivals = {f"#{1000 + n}": START + (n * apart + delay) * minute for n, delay in enumerate(delays)}
    seen = {number: at for number, at in arrivals.items() if at <= now}
    assert all(found.gaps == () for found in gaps.watch(seen, now).values())
