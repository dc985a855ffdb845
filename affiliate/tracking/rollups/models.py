"""Sums by the hour, and which hours are to be counted anew."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base


class ClickHour(Base):
    """What one link had in one hour: visits of any kind, and those of them that count."""

    __tablename__ = "click_hours"
    __table_args__ = (
        Index("ix_click_hours_community_hour", "community_id", "hour"),
        Index("ix_click_hours_merchant_hour", "merchant_id", "hour"),
        Index("ix_click_hours_link", "link_id"),
    )

    hour: Mapped[datetime] = mapped_column(primary_key=True)  # its beginning, UTC
    link_id: Mapped[int] = mapped_column(ForeignKey("tracking_links.id"), primary_key=True)
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"))
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"))
    visits: Mapped[int]
    qualified: Mapped[int]


class ClickHourDue(Base):
    """An hour of a link whose clicks have changed since it was counted.

    A late click can make those of the hour after it repeated ones: a mark that `spreads` has that hour counted, too.
    """

    __tablename__ = "rollups_due"

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("tracking_links.id"), primary_key=True)
    spreads: Mapped[bool] = mapped_column(default=True)


class ViewHour(Base):
    """What one page, as it was shown then, had in one hour: views, and how many visitors they came from."""

    __tablename__ = "view_hours"
    __table_args__ = (Index("ix_view_hours_community_hour", "community_id", "hour"),)

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("shown_pages.id"), primary_key=True)
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"))
    collection_id: Mapped[int | None]  # None: the front page; a number only, for tracking knows no collections
    views: Mapped[int]
    visitors: Mapped[int]


class ViewHourDue(Base):
    """An hour of a page whose views have changed since it was counted."""

    __tablename__ = "view_rollups_due"

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("shown_pages.id"), primary_key=True)
