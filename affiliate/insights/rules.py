"""Periods, ratios and the funnel's arithmetic. Pure: dates and numbers in, dates and numbers out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from affiliate.core.wording import day_of

PERIODS = (7, 30, 90)  # days to choose from
DEFAULT_DAYS = 30
BPS = 10_000
PERIOD_DAYS_MAX = 731
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")
Amounts = tuple[tuple[str, int], ...]  # (currency, minor units); currencies stand side by side, never added


@dataclass(frozen=True, slots=True)
class Period:
    """Whole calendar days, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """Every day, oldest first."""
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def before(self) -> Period:
        """As many days, ending the day before this period begins."""
        last = self.first - timedelta(days=1)
        return Period(last - (self.last - self.first), last)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A period with how it was chosen: `days` or `month` where it was by one of those."""

    period: Period
    days: int | None = None
    month: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """One cell of the funnel: how many at each step, and what the orders have earned by now.

    views: page views, one a page, visitor and hour · clicks: visits that count, one a link, visitor and hour · orders:
    credited orders placed · completed, cancelled: of those orders, as they stand · refunded: of the completed ones.
    """

    views: int = 0
    clicks: int = 0
    orders: int = 0
    completed: int = 0
    refunded: int = 0
    cancelled: int = 0
    earned: Amounts = ()

    @property
    def open(self) -> int:
        """Orders that are neither completed nor cancelled yet."""
        return self.orders - self.completed - self.cancelled

    @property
    def click_bps(self) -> int | None:
        """Clicks of a hundred views."""
        return ratio_bps(self.clicks, self.views)

    @property
    def order_bps(self) -> int | None:
        """Orders of a hundred clicks."""
        return ratio_bps(self.orders, self.clicks)

    @property
    def completed_bps(self) -> int | None:
        return ratio_bps(self.completed, self.orders)

    @property
    def refunded_bps(self) -> int | None:
        return ratio_bps(self.refunded, self.completed)

    @property
    def per_click(self) -> Amounts:
        """What one click has earned (EPC), each currency by itself, rounded down to the minor unit."""
        if not self.clicks:
            return ()
        return tuple((currency, minor // self.clicks) for currency, minor in self.earned)

    @property
    def is_empty(self) -> bool:
        return not (self.views or self.clicks or self.orders)


def total(cells: Iterable[Counts]) -> Counts:
    """The sum of cells, step by step and currency by currency."""
    found = list(cells)
    money: dict[str, int] = {}
    for currency, minor in (amount for cell in found for amount in cell.earned):
        money[currency] = money.get(currency, 0) + minor
    steps = ("views", "clicks", "orders", "completed", "refunded", "cancelled")
    return Counts(**{step: sum(getattr(cell, step) for cell in found) for step in steps}, earned=amounts(money))


def amounts(money: Mapping[str, int]) -> Amounts:
    """Sums by currency, most first."""
    return tuple(sorted(money.items(), key=lambda pair: (-pair[1], pair[0])))


def change_bps(now: int, before: int) -> int | None:
    """By how much more (or less) in basis points of before; None where there was nothing before."""
    return (now - before) * BPS // before if before > 0 else None


def chosen_period(args: Mapping[str, str], today: date) -> Chosen:
    """What an address names by from and to, by month (2026-11), or by days; what it does not know is not chosen.

    A month that is not over ends today; ends that stand the wrong way round are turned; two years are the longest.
    """
    first, last = day_of(args.get("from")), day_of(args.get("to"))
    if first or last:
        first, last = sorted((first or last or today, last or today))
        return Chosen(Period(max(first, last - timedelta(days=PERIOD_DAYS_MAX - 1)), last))
    if found := _MONTH.fullmatch(args.get("month") or ""):
        begin = date(int(found[1]), int(found[2]), 1)
        end = (begin + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        return Chosen(Period(begin, min(end, today) if begin <= today else end), month=found[0])
    days = chosen_days(args.get("days"))
    return Chosen(period(today, days), days=days)


def month_before(day: date) -> date:
    """The first day of the month before a day's."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def period(today: date, days: int) -> Period:
    """The last `days` days up to today."""
    return Period(today - timedelta(days=days - 1), today)


def chosen_days(text: str | None) -> int:
    """The period of an address; what it does not know counts as not chosen."""
    return int(text) if text in {str(days) for days in PERIODS} else DEFAULT_DAYS


def filled(found: Mapping[date, int], days: list[date]) -> list[tuple[date, int]]:
    """A value for every day, 0 where nothing was found."""
    return [(day, found.get(day, 0)) for day in days]


def ratio_bps(part: int, whole: int) -> int | None:
    """`part` of `whole` in basis points, rounded down; None of nothing."""
    return part * BPS // whole if whole > 0 else None


def monday_of(day: date) -> date:
    """The first day of the week, as people in Indonesia count it at work."""
    return day - timedelta(days=day.weekday())
