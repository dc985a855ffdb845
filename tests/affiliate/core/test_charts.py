"""The marks of a chart stay inside its box and keep the order of the values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.core.charts import HEIGHT, WIDTH, plot, round_top


@pytest.mark.parametrize(
    ("largest", "top"), [(0, 1), (1, 1), (2, 2), (3, 4), (7, 8), (9, 10), (10, 10), (11, 20), (67, 80), (1210, 2000)]
)
def test_the_scale_ends_at_a_round_number(largest, top):
    assert round_top(largest) == top


def test_nothing_gives_an_empty_chart():
    drawn = plot([])
    assert (drawn.line, drawn.area, drawn.bars, drawn.top) == ("", "", (), 1)


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=120))
def test_every_mark_lies_in_the_box(values):
    drawn = plot(values)
    assert drawn.top >= max(values)
    assert len(drawn.bars) == len(values)
    for bar, value in zip(drawn.bars, values, strict=True):
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH + 0.2
        assert -0.05 <= bar.y <= HEIGHT
        assert abs(bar.y + bar.height - HEIGHT) < 0.11
        assert (bar.height == 0) or value > 0
