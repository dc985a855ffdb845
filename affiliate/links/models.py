"""Tracking links: a code that leads to a store's page on behalf of a community."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base, primary_key


class TrackingLink(Base):
    """A link given out. The target's host is checked against the merchant's allowed_hosts here and at the redirect."""

    __tablename__ = "tracking_links"
    __table_args__ = (CheckConstraint("(product_id IS NULL) <> (target_url IS NULL)", name="one_target"),)

    id: Mapped[int] = primary_key()
    code: Mapped[str] = mapped_column(String(20), unique=True)
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"), index=True)
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"), index=True)  # follows the product's URL
    target_url: Mapped[str | None] = mapped_column(String(2000))  # where there is no product
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None] = mapped_column(index=True)
