"""Time. The only place that asks the machine what time it is; everything else takes `now` as an argument."""

from __future__ import annotations

import time as machine
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def milliseconds() -> int:
    """The present moment in whole milliseconds since 1970: for the redirect, which needs no datetime."""
    return machine.time_ns() // 1_000_000


def local_date(moment: datetime, zone: str) -> date:
    """The calendar day of a moment in a zone such as Asia/Jakarta."""
    return moment.astimezone(ZoneInfo(zone)).date()


def start_of_day(day: date, zone: str) -> datetime:
    """The first moment of a calendar day in a zone, as UTC."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)


def after_days(moment: datetime, days: int, zone: str) -> datetime:
    """The start of the day `days` calendar days after the day of `moment` in `zone`, as UTC (hold and cut-off)."""
    return start_of_day(local_date(moment, zone) + timedelta(days=days), zone)


def rfc3339(moment: datetime) -> str:
    """2026-11-01T10:00:00Z; fractions of a second only where there are some."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
