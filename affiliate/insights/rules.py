"""Periods and ratios of the overviews. Pure: dates and numbers in, dates and numbers out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

PERIODS = (7, 30, 90)  # days to choose from
DEFAULT_DAYS = 30
BPS = 10_000


@dataclass(frozen=True, slots=True)
class Period:
    """Whole calendar days, both ends included; the last one is today."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """Every day, oldest first."""
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]


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
