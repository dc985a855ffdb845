"""Where the marks of a chart stand: pure arithmetic, drawn by components/chart.html.

A plot is a box of WIDTH by HEIGHT that is stretched to its place; words stand outside of it, so that they are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log10

WIDTH = 720
HEIGHT = 160
BAR_SHARE = 0.72  # of the room that a day has
STEPS_MAX = 4  # between the ticks of the scale
LABELS_MAX = 5  # of the days
LEAST_SHARE = 0.004  # of a funnel's width: a step that has something is seen


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
class Tick:
    """A line across the plot at a round value."""

    value: int
    y: float


@dataclass(frozen=True, slots=True)
class Label:
    """Which of the values is named below the plot: where in percent of its width, and to which side it may grow."""

    index: int
    percent: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart's geometry; `line`, `area`, `before` and `last` are SVG paths, ticks stand from the top down."""

    top: int
    ticks: tuple[Tick, ...]
    labels: tuple[Label, ...]
    line: str
    area: str
    before: str
    last: str
    bars: tuple[Bar, ...]


def plot(values: Sequence[int], before: Sequence[int] = ()) -> Plot:
    """The marks for values ≥ 0, oldest first, and of as many values of an earlier time; nothing gives an empty chart.

    Both share one scale, which ends at a round number at or above the largest of them.
    """
    step = round_step(max((*values, *before), default=0))
    top = step * max(1, ceil(max((*values, *before), default=0) / step))
    room = WIDTH / max(len(values), len(before), 1)
    points = _points(values, room, top)
    line = _path(points)
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
    ticks = tuple(Tick(value, round(HEIGHT - HEIGHT * value / top, 1)) for value in range(top, -1, -step))
    last = f"M{points[-1][0]:.1f} {points[-1][1]:.1f}h0" if points else ""
    return Plot(top, ticks, labels(len(values)), line, area, _path(_points(before, room, top)), last, bars)


def _points(values: Sequence[int], room: float, top: int) -> list[tuple[float, float]]:
    return [(room * (index + 0.5), HEIGHT - HEIGHT * value / top) for index, value in enumerate(values)]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{'L' if index else 'M'}{x:.1f} {y:.1f}" for index, (x, y) in enumerate(points))


def round_step(largest: int) -> int:
    """The next of 1, 2, 5, 10, 20, 50 … of which STEPS_MAX reach the largest value."""
    least = ceil(largest / STEPS_MAX)
    if least <= 1:
        return 1
    size = 10 ** int(log10(least))
    return next(int(step * size) for step in (1, 2, 5, 10, 20) if step * size >= least)


def labels(count: int) -> tuple[Label, ...]:
    """The values to be named: the newest, and from it backwards at even steps, LABELS_MAX at most."""
    if not count:
        return ()
    step = ceil(count / LABELS_MAX)
    chosen = range((count - 1) % step, count, step)
    return tuple(Label(index, round((index + 0.5) / count * 100, 2), _anchor(index, count)) for index in chosen)


def _anchor(index: int, count: int) -> str:
    """Names near the edges grow inwards, so that none is cut off."""
    place = (index + 0.5) / count
    return "start" if place < 0.08 else "end" if place > 0.92 else "middle"


def shares(steps: Sequence[int]) -> tuple[float, ...]:
    """The steps of a funnel as percentages of its largest, never too thin to be seen; 0 only for nothing."""
    largest = max(steps, default=0)
    if largest <= 0:
        return tuple(0.0 for _step in steps)
    return tuple(round(max(step / largest, LEAST_SHARE) * 100, 2) if step else 0.0 for step in steps)
