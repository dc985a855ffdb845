"""Where the touches before an order stand on a line of time, in a box of 720 by 56: arithmetic, drawn by the page.

The last hour, day and week have a quarter of the line each, the rest of the window the first: most happens at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

WIDTH = 720
MARGIN = 14
BASE = 40
STEPS = (timedelta(days=7), timedelta(days=1), timedelta(hours=1), timedelta(0))
RADIUS = (5, 10)  # of a candidate without a part, and of one that has the whole order


@dataclass(frozen=True, slots=True)
class Mark:
    """One candidate: its place, how large, and whether it has a part of the order."""

    x: int
    radius: int
    won: bool
    number: int  # of its row below


@dataclass(frozen=True, slots=True)
class Journey:
    """The line's marks, the places of its ticks, what they say (time before the order, the longest first), and where
    the programme's window begins."""

    marks: tuple[Mark, ...]
    ticks: tuple[int, ...]
    spans: tuple[timedelta, ...]
    window_x: int


def journey(candidates: Sequence[Mapping[str, Any]], placed_at: datetime, window_days: int) -> Journey:
    """The line of an order's candidates, each with the number of its row; the longest span holds the oldest."""
    ages = [max(timedelta(0), placed_at - datetime.fromisoformat(one["at"])) for one in candidates]
    longest = max([timedelta(days=window_days), *ages])
    spans = (longest, *(step for step in STEPS if step < longest))
    room = (WIDTH - 2 * MARGIN) // (len(spans) - 1)
    ticks = tuple(MARGIN + room * place for place in range(len(spans)))
    marks = tuple(
        Mark(_place(age, spans, ticks), _radius(one["weight_bps"]), bool(one["weight_bps"]), number)
        for number, (age, one) in enumerate(zip(ages, candidates, strict=True), 1)
    )
    return Journey(marks, ticks, spans, _place(timedelta(days=window_days), spans, ticks))


def _place(age: timedelta, spans: Sequence[timedelta], ticks: Sequence[int]) -> int:
    for place, (older, newer) in enumerate(pairwise(spans)):
        if age >= newer:
            return ticks[place] + round((ticks[place + 1] - ticks[place]) * ((older - age) / (older - newer)))
    return ticks[-1]


def _radius(weight_bps: int) -> int:
    return RADIUS[0] + (RADIUS[1] - RADIUS[0]) * weight_bps // 10_000
