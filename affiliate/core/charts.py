"""Where the marks of a small chart stand, in a box of 720 by 132: pure arithmetic, drawn by components/chart.html."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log10

WIDTH = 720
HEIGHT = 132
BAR_SHARE = 0.72  # of the room that a day has


@dataclass(frozen=True, slots=True)
class Bar:
    """One value's bar, and the whole column above and below it that answers to a pointer."""

    x: float
    y: float
    width: float
    height: float
    touch_x: float
    touch_width: float


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart's geometry; `top` is the value of its upper edge, `line` and `area` are SVG paths."""

    top: int
    line: str
    area: str
    bars: tuple[Bar, ...]


def plot(values: Sequence[int]) -> Plot:
    """The marks for values ≥ 0, oldest first; an empty series gives an empty chart."""
    top = round_top(max(values, default=0))
    room = WIDTH / max(len(values), 1)
    points = [(room * (index + 0.5), HEIGHT - HEIGHT * value / top) for index, value in enumerate(values)]
    line = " ".join(f"{'L' if index else 'M'}{x:.1f} {y:.1f}" for index, (x, y) in enumerate(points))
    area = f"{line} L{points[-1][0]:.1f} {HEIGHT} L{points[0][0]:.1f} {HEIGHT} Z" if points else ""
    bars = tuple(
        Bar(
            x=round(x - room * BAR_SHARE / 2, 1),
            y=round(y, 1),
            width=round(room * BAR_SHARE, 1),
            height=round(HEIGHT - y, 1),
            touch_x=round(x - room / 2, 1),
            touch_width=round(room, 1),
        )
        for x, y in points
    )
    return Plot(top, line, area, bars)


def round_top(largest: int) -> int:
    """The next of 1, 2, 4, 5, 6, 8, 10, 20, 40 … that holds the largest value, so that the scale is a round number."""
    if largest <= 1:
        return 1
    size = 10 ** int(log10(largest))
    return next(int(step * size) for step in (1, 2, 4, 5, 6, 8, 10) if ceil(largest / size) <= step)
