"""Tries of "test my link"."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base, primary_key


class LinkTest(Base):
    """One test click, and where to look for the order that brings its token back."""

    __tablename__ = "link_tests"

    id: Mapped[int] = primary_key()
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    link_id: Mapped[int] = mapped_column(ForeignKey("tracking_links.id"))  # of the sandbox, withdrawn after the click
    community_id: Mapped[int | None] = mapped_column(
        ForeignKey("communities.id")
    )  # for whom the commission is reckoned
    landing_url: Mapped[str | None] = mapped_column(Text)  # None: the redirect led nowhere
    token: Mapped[str | None] = mapped_column(String(80))
    deliveries_before: Mapped[int]  # highest delivery id when it began
    sent_status: Mapped[int | None]  # what our own webhook answered to the order that we sent for the store
    started_at: Mapped[datetime]
    started_by: Mapped[str] = mapped_column(String(80))
