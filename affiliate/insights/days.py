"""Calendar days of stored moments, as the database counts them in the platform's zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core import clock
from affiliate.core.db import is_postgres
from affiliate.core.i18n import DEFAULT_ZONE
from affiliate.insights.rules import Period

_SQLITE_OFFSET = "'+7 hours'"  # Asia/Jakarta, which keeps no summer time


def local_day(session: Session, column: Any) -> sa.ColumnElement[date]:
    """The day of a moment, fit for GROUP BY: it holds no bound values, which PostgreSQL would tell apart."""
    if is_postgres(session):
        return sa.cast(sa.func.timezone(sa.literal_column(f"'{DEFAULT_ZONE}'"), column), sa.Date)
    return sa.func.date(column, sa.literal_column(_SQLITE_OFFSET), type_=sa.Date)


def within(column: Any, period: Period) -> sa.ColumnElement[bool]:
    """True for moments on one of the period's days."""
    return sa.and_(column >= start_of(period.first), column < start_of(period.last + timedelta(days=1)))


def start_of(day: date) -> datetime:
    return clock.start_of_day(day, DEFAULT_ZONE)


def today(now: datetime) -> date:
    return clock.local_date(now, DEFAULT_ZONE)
