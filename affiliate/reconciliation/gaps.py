"""Gaps in a store's order numbers, where its own past shows that it numbers without gaps. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

PATIENCE = timedelta(hours=24)
LEARNT_FROM = 50  # numbers of a series before we speak of its habit
DENSE_SHARE = 0.8  # of its steps are by one; a store that sends only our orders lies far below
LONGEST = 1_000  # a longer jump is a new range, not lost orders
LISTED = 100  # numbers named in one gap
_NUMBER = re.compile(r"(.*?)([0-9]{1,15})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers `first` to `last` of a series that were passed over; `since` is when a later one was first seen."""

    series: str
    first: int
    last: int
    width: int
    since: datetime

    @property
    def count(self) -> int:
        return self.last - self.first + 1

    @property
    def numbers(self) -> tuple[str, ...]:
        """The missing numbers as the store writes them, the first LISTED."""
        stop = min(self.last, self.first + LISTED - 1) + 1
        return tuple(f"{self.series}{number:0{self.width}d}" for number in range(self.first, stop))


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known of one series: how many numbers were seen, whether it is watched, and its gaps."""

    seen: int
    dense: bool
    gaps: tuple[Gap, ...]


def parts(order_ref: str) -> tuple[str, int, int] | None:
    """Series, number and written width: INV-2024-0012 is the 12th of INV-2024-; None where no number ends it."""
    found = _NUMBER.fullmatch(order_ref.strip())
    if found is None:
        return None
    digits = found[2]
    return found[1], int(digits), len(digits) if digits.startswith("0") else 0


def watch(seen: Mapping[str, datetime], now: datetime) -> dict[str, Watch]:
    """Every series among all orders told (number → first seen), not only those that came through us."""
    series: dict[str, dict[int, datetime]] = defaultdict(dict)
    widths: dict[str, int] = defaultdict(int)
    for order_ref, at in seen.items():
        if (known := parts(order_ref)) is not None:
            name, number, width = known
            series[name][number] = min(at, series[name].get(number, at))
            widths[name] = max(widths[name], width)
    return {name: _watch_one(name, numbers, widths[name], now) for name, numbers in series.items()}


def _watch_one(name: str, numbers: dict[int, datetime], width: int, now: datetime) -> Watch:
    ordered = sorted(numbers)
    steps = [after - before for before, after in pairwise(ordered)]
    dense = len(ordered) >= LEARNT_FROM and steps.count(1) >= DENSE_SHARE * len(steps)
    if not dense:
        return Watch(len(ordered), dense=False, gaps=())
    # A number is overdue once ANY later one was seen, however far on: they need not arrive in order.
    earliest_later = list(accumulate((numbers[number] for number in reversed(ordered)), min))[::-1]
    gaps = tuple(
        Gap(name, before + 1, after - 1, width, earliest_later[place + 1])
        for place, (before, after) in enumerate(pairwise(ordered))
        if 1 < after - before <= LONGEST + 1 and now - earliest_later[place + 1] > PATIENCE
    )
    return Watch(len(ordered), dense=True, gaps=gaps)
