"""Dates as people and programs write them, read the same way down a whole column.

Whether 04/05 is in April or in May is decided for the column, by a cell that can mean one thing only; where there is
none, a person decides. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

DAY_FIRST, MONTH_FIRST = "day_first", "month_first"
MIXED = "mixed"
EARLIEST, LATEST = 2000, 2200
_TIME = r"(?:[T ,]+(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d)(?:[.,]\d+)?)? ?(?P<half>[AaPp][Mm])?)?"
_ZONE = r" ?(?P<zone>Z|UTC|WIB|WITA|WIT|[+-]\d\d:?\d\d)?"
_YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})[-/.](?P<one>\d{{1,2}})[-/.](?P<two>\d{{1,2}}){_TIME}{_ZONE}")
_COMPACT = re.compile(rf"(?P<year>20\d\d)(?P<one>\d\d)(?P<two>\d\d){_TIME}{_ZONE}")
_YEAR_LAST = re.compile(rf"(?P<one>\d{{1,2}})[-/.](?P<two>\d{{1,2}})[-/.](?P<year>\d{{4}}|\d\d){_TIME}{_ZONE}")
_NAMED = re.compile(rf"(?P<day>\d{{1,2}})[- ./]+(?P<name>[A-Za-z]{{3,9}})[- .,/]+(?P<year>\d{{4}}|\d\d){_TIME}{_ZONE}")
_NAME_FIRST = re.compile(rf"(?P<name>[A-Za-z]{{3,9}})[- .]+(?P<day>\d{{1,2}}),? +(?P<year>\d{{4}}){_TIME}{_ZONE}")
_MONTHS = (
    "jan", "feb", "mar", "apr", "may mei", "jun", "jul", "aug agu ags", "sep", "oct okt", "nov nop", "dec des",
)  # fmt: skip
_ZONES = {"Z": 0, "UTC": 0, "WIB": 7, "WITA": 8, "WIT": 9}


@dataclass(frozen=True, slots=True)
class Day:
    """A day and, where it was told, a time; `offset` only where the cell names its zone."""

    year: int
    month: int
    day: int
    at: time | None = None
    offset: timedelta | None = None

    def moment(self, zone: tzinfo) -> datetime:
        """In UTC. A day without a time is its last second: whatever happened on it has happened by then."""
        at = self.at or time(23, 59, 59)
        where = zone if self.offset is None else timezone(self.offset)
        told = datetime(self.year, self.month, self.day, at.hour, at.minute, at.second, tzinfo=where)
        return told.astimezone(UTC)


def order_of(text: str) -> str | None:
    """Which of day and month a cell proves to come first; None where it proves nothing."""
    found = _YEAR_LAST.fullmatch(text.strip())
    if not found:
        return None
    one, two = int(found["one"]), int(found["two"])
    if one > 12 >= two:
        return DAY_FIRST
    return MONTH_FIRST if two > 12 >= one else None


def is_open(text: str) -> bool:
    """Whether a cell means two days."""
    found = _YEAR_LAST.fullmatch(text.strip())
    return found is not None and int(found["one"]) != int(found["two"]) and order_of(text) is None


class Orders:
    """What the cells of one column have proved so far."""

    def __init__(self) -> None:
        self.proved: Counter[str] = Counter()
        self.open = 0

    def see(self, text: str) -> None:
        order = order_of(text)
        if order:
            self.proved[order] += 1
        elif is_open(text):
            self.open += 1

    @property
    def verdict(self) -> str | None:
        """DAY_FIRST, MONTH_FIRST, MIXED where cells prove both, None where none proves anything."""
        if len(self.proved) > 1:
            return MIXED
        return next(iter(self.proved), None)


def read(text: str, order: str) -> Day | None:
    """The day that a cell means where day and month stand in this order; None where it is none."""
    text = text.strip()
    if found := _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text):
        month, day = int(found["one"]), int(found["two"])
    elif found := _YEAR_LAST.fullmatch(text):
        one, two = int(found["one"]), int(found["two"])
        month, day = (two, one) if order == DAY_FIRST else (one, two)
    elif found := _NAMED.fullmatch(text) or _NAME_FIRST.fullmatch(text):
        month, day = _month(found["name"]), int(found["day"])
    else:
        return None
    year = int(found["year"])
    return _day(year + 2000 if year < 100 else year, month, day, found)


def _month(name: str) -> int:
    low = name.lower()[:3]
    return next((number for number, names in enumerate(_MONTHS, 1) if low in names.split()), 0)


def _day(year: int, month: int, day: int, found: re.Match[str]) -> Day | None:
    try:
        date(year, month, day)
        at = _time(found)
    except ValueError:
        return None
    return Day(year, month, day, at, _offset(found["zone"])) if EARLIEST <= year < LATEST else None


def _time(found: re.Match[str]) -> time | None:
    if found["hour"] is None:
        return None
    hour, half = int(found["hour"]), (found["half"] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError("no hour of half a day")
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, int(found["minute"]), int(found["second"] or 0))


def _offset(zone: str | None) -> timedelta | None:
    if not zone:
        return None
    if zone in _ZONES:
        return timedelta(hours=_ZONES[zone])
    sign = -1 if zone[0] == "-" else 1
    return sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
