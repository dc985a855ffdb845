"""Tracking links: a code that leads to a store's page on behalf of a community."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base, primary_key


class TrackingLink(Base):
    """A link given out. The target's host is checked against the merchant's allowed_hosts here and at the redirect.

    A link to a product belongs to the pick that made it; one with a target of its own was made by hand.
    """

    __tablename__ = "tracking_links"
    __table_args__ = (
        CheckConstraint("(product_id IS NULL) <> (target_url IS NULL)", name="one_target"),
        Index("uq_tracking_links_look", "look", unique=True),
    )

    id: Mapped[int] = primary_key()
    code: Mapped[str] = mapped_column(String(20), unique=True)
    look: Mapped[str | None] = mapped_column(String(20))  # of a code chosen by a person: rules.look(code)
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"), index=True)
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"), index=True)  # follows the product's URL
    target_url: Mapped[str | None] = mapped_column(String(2000))  # where there is no product
    label: Mapped[str] = mapped_column(String(120), default="", server_default="")  # for the community's own eyes
    sub_ids: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # rules.SUB_IDS by name
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None] = mapped_column(index=True)
