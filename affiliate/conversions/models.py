"""Orders credited to a community, or declined with a reason."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base, choice, primary_key


class ConversionStatus(StrEnum):
    """pending until the order is completed, then confirmed; declined with a reason, at any time."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    DECLINED = "declined"


class Conversion(Base):
    """One per order, also where nobody is credited: the reason stands there. Terms and split are frozen with it."""

    __tablename__ = "conversions"
    __table_args__ = (
        CheckConstraint("status <> 'declined' OR reason IS NOT NULL", name="declined_has_reason"),
        CheckConstraint("status <> 'confirmed' OR enrollment_id IS NOT NULL", name="confirmed_has_enrollment"),
        Index("ix_conversions_community_placed_at", "community_id", "placed_at"),
        Index("ix_conversions_merchant_placed_at", "merchant_id", "placed_at"),
    )

    id: Mapped[int] = primary_key()
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), unique=True)
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"))
    community_id: Mapped[int | None] = mapped_column(ForeignKey("communities.id"))
    link_id: Mapped[int | None] = mapped_column(ForeignKey("tracking_links.id"), index=True)
    curator_id: Mapped[int | None] = mapped_column(ForeignKey("curators.id"), index=True)
    programme_id: Mapped[int | None] = mapped_column(ForeignKey("programmes.id"))
    enrollment_id: Mapped[int | None] = mapped_column(ForeignKey("enrollments.id"))
    terms_id: Mapped[int | None] = mapped_column(ForeignKey("terms.id"))
    split_id: Mapped[int | None] = mapped_column(ForeignKey("splits.id"))
    clicked_at: Mapped[datetime | None]
    click_nonce: Mapped[int | None] = mapped_column(BigInteger)
    status: Mapped[ConversionStatus] = mapped_column(choice(ConversionStatus))
    reason: Mapped[str | None] = mapped_column(
        String(40)
    )  # no_click, outside_window, not_enrolled, cancelled, test_order …
    currency: Mapped[str] = mapped_column(String(3))
    estimate_minor: Mapped[int] = mapped_column(default=0)  # what it would earn, all shares, if completed as it stands
    community_estimate_minor: Mapped[int] = mapped_column(default=0)  # of it, the community's and its curators' part
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the candidates and why each won or lost
    placed_at: Mapped[datetime]  # of the order, for lists
    updated_at: Mapped[datetime]
