"""What must always hold of the sums by the hour, for `flask verify`: read-only, each a count of violations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.tracking.models import Click
from affiliate.tracking.pageviews.models import PageView
from affiliate.tracking.rollups.models import ClickHour, ClickHourDue, ViewHour, ViewHourDue
from affiliate.tracking.rollups.service import hour_start

Check = tuple[str, str, Callable[[Session], int]]


def wrong_click_hours(session: Session) -> int:
    """Hours of links, with nothing due, whose sums are not those of their clicks."""
    hour = hour_start(session, Click.clicked_at)
    qualified = sa.func.sum(sa.case((Click.is_qualified, 1), else_=0))
    counted = sa.select(
        hour.label("hour"), Click.link_id.label("key"), sa.func.count().label("all"), qualified.label("some")
    ).group_by(hour, Click.link_id)
    stored = sa.select(
        ClickHour.hour.label("hour"), ClickHour.link_id.label("key"), ClickHour.visits.label("all"),
        ClickHour.qualified.label("some"),
    )  # fmt: skip
    return _differing(session, counted, stored, ClickHourDue, ClickHourDue.link_id)


def wrong_view_hours(session: Session) -> int:
    """Hours of pages, with nothing due, whose sums are not those of their views."""
    hour = hour_start(session, PageView.viewed_at)
    counted = sa.select(
        hour.label("hour"), PageView.page_id.label("key"), sa.func.count().label("all"),
        sa.func.count(PageView.visitor.distinct()).label("some"),
    ).group_by(hour, PageView.page_id)  # fmt: skip
    stored = sa.select(
        ViewHour.hour.label("hour"), ViewHour.page_id.label("key"), ViewHour.views.label("all"),
        ViewHour.visitors.label("some"),
    )  # fmt: skip
    return _differing(session, counted, stored, ViewHourDue, ViewHourDue.page_id)


def _differing(session: Session, counted: Any, stored: Any, due: Any, due_key: Any) -> int:
    """Rows that only one of the two has, each key once, marked ones left out."""
    left, right = counted.subquery(), stored.subquery()
    one = sa.select(left).except_(sa.select(right)).subquery()
    other = sa.select(right).except_(sa.select(left)).subquery()
    keys = sa.union(sa.select(one.c.hour, one.c.key), sa.select(other.c.hour, other.c.key)).subquery()
    marked = sa.select(1).where(due.hour == keys.c.hour, due_key == keys.c.key).exists()
    return session.execute(sa.select(sa.func.count()).select_from(keys).where(~marked)).scalar_one()


CHECKS: list[Check] = [
    ("T-01.clicks", "Where no hour is due, the sums by the hour are those of the clicks.", wrong_click_hours),
    ("T-01.views", "Where no hour is due, the sums by the hour are those of the page views.", wrong_view_hours),
]
