"""The marks of a chart stay inside its box, keep the order of the values and stand beside round numbers."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.core.charts import HEIGHT, LABELS_MAX, STEPS_MAX, WIDTH, labels, plot, round_step, shares

NUMBERS = st.lists(st.integers(0, 10**12), min_size=1, max_size=120)


def places(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path)]


@pytest.mark.parametrize(
    ("largest", "step"),
    [(0, 1), (1, 1), (4, 1), (5, 2), (8, 2), (9, 5), (20, 5), (21, 10), (67, 20), (80, 20), (81, 50), (1210, 500)],
)
def test_the_scale_goes_by_round_steps(largest, step):
    assert round_step(largest) == step


@pytest.mark.parametrize(("largest", "ticks"), [(0, [1, 0]), (3, [3, 2, 1, 0]), (67, [80, 60, 40, 20, 0])])
def test_every_tick_is_a_round_number_from_the_top_down(largest, ticks):
    drawn = plot([0, largest])
    assert [tick.value for tick in drawn.ticks] == ticks
    assert (drawn.ticks[0].y, drawn.ticks[-1].y) == (0, HEIGHT)


def test_nothing_gives_an_empty_chart():
    drawn = plot([])
    assert (drawn.line, drawn.area, drawn.before, drawn.last, drawn.bars, drawn.labels, drawn.top) == (
        "", "", "", "", (), (), 1,
    )  # fmt: skip


@given(NUMBERS, st.lists(st.integers(0, 10**12), max_size=120))
def test_every_mark_lies_in_the_box(values, before):
    drawn = plot(values, before)
    assert drawn.top >= max((*values, *before))
    assert len(drawn.ticks) <= STEPS_MAX + 1
    assert len(drawn.bars) == len(values)
    for x, y in places(drawn.line) + places(drawn.before) + places(drawn.last):
        assert 0 <= x <= WIDTH
        assert -0.05 <= y <= HEIGHT
    for bar, value in zip(drawn.bars, values, strict=True):
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH + 0.2
        assert abs(bar.y + bar.height - HEIGHT) < 0.11
        assert (bar.height == 0) or value > 0


@given(NUMBERS)
def test_a_larger_value_never_stands_lower(values):
    heights = [-y for _x, y in places(plot(values).line)]
    for (one, low), (other, high) in zip(
        sorted(zip(values, heights, strict=True)), sorted(zip(values, heights, strict=True))[1:], strict=False
    ):
        assert one <= other
        assert low <= high + 0.051


def test_two_periods_of_the_same_values_lie_on_each_other():
    drawn = plot([1, 5, 3], [1, 5, 3])
    assert drawn.line == drawn.before


@given(st.integers(1, 800))
def test_the_newest_day_is_named_and_never_too_many(count):
    found = labels(count)
    assert found[-1].index == count - 1
    assert len(found) <= LABELS_MAX
    assert len({b.index - a.index for a, b in itertools.pairwise(found)}) <= 1
    assert all(0 < label.percent < 100 for label in found)


@pytest.mark.parametrize(
    ("steps", "percents"),
    [([], ()), ([0, 0], (0, 0)), ([200, 100, 0], (100, 50, 0)), ([100_000, 1], (100, 0.4)), ([10, 20], (50, 100))],
)
def test_a_step_is_as_wide_as_it_is_large_and_something_is_always_seen(steps, percents):
    assert shares(steps) == percents
