"""Orders credited to a community, or declined with a reason."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base, choice, primary_key


class ConversionStatus(StrEnum):
    """pending until the order is completed, then confirmed; declined with a reason, at any time."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    DECLINED = "declined"


class Conversion(Base):
    """One per order, also where nobody is credited: the reason stands there. Terms are frozen with it.

    Community, link, curator, enrollment and split are those of the largest credit; all stand in `credits`.
    """

    __tablename__ = "conversions"
    __table_args__ = (
        CheckConstraint("status <> 'declined' OR reason IS NOT NULL", name="declined_has_reason"),
        CheckConstraint("status <> 'confirmed' OR enrollment_id IS NOT NULL", name="confirmed_has_enrollment"),
        Index("ix_conversions_community_placed_at", "community_id", "placed_at"),
        Index("ix_conversions_merchant_placed_at", "merchant_id", "placed_at"),
        Index(  # finds what a click that becomes known may explain
            "ix_conversions_customer",
            "customer_key",
            "merchant_id",
            sqlite_where=text("customer_key IS NOT NULL"),
            postgresql_where=text("customer_key IS NOT NULL"),
        ),
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
    customer_key: Mapped[str | None] = mapped_column(String(32))  # keyed hash of the store's word for its customer
    placed_at: Mapped[datetime]  # of the order, for lists
    updated_at: Mapped[datetime]
    changes: Mapped[int] = mapped_column(default=1)  # how often it has been written: the number of a fact told of it


class Credit(Base):
    """A community's, curator's and link's part of an order; those in force sum to 10,000 basis points.

    Another verdict withdraws them and adds new ones: none is ever changed in what it says or deleted. A community whose
    candidates all lost has a row with weight 0 and the reason, so that it, too, finds the order.
    """

    __tablename__ = "credits"
    __table_args__ = (
        CheckConstraint("weight_bps BETWEEN 0 AND 10000", name="weight_sane"),
        CheckConstraint("(weight_bps = 0) = (reason IS NOT NULL)", name="loser_has_reason"),
        CheckConstraint("weight_bps = 0 OR split_id IS NOT NULL", name="winner_has_split"),
        Index(
            "uq_credits_in_force",
            "conversion_id",
            "position",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
        Index("ix_credits_community_conversion", "community_id", "conversion_id"),
    )

    id: Mapped[int] = primary_key()
    conversion_id: Mapped[int] = mapped_column(ForeignKey("conversions.id"))
    position: Mapped[int]  # 0 is the largest
    source: Mapped[str] = mapped_column(String(12))  # one of touches.Source
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"))
    curator_id: Mapped[int | None] = mapped_column(ForeignKey("curators.id"))
    link_id: Mapped[int | None] = mapped_column(ForeignKey("tracking_links.id"), index=True)
    enrollment_id: Mapped[int | None] = mapped_column(ForeignKey("enrollments.id"))
    split_id: Mapped[int | None] = mapped_column(ForeignKey("splits.id"))
    weight_bps: Mapped[int]
    reason: Mapped[str | None] = mapped_column(String(40))
    clicked_at: Mapped[datetime | None]
    estimate_minor: Mapped[int] = mapped_column(default=0)  # the community's and its curators' part, if completed
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class CustomerClick(Base):
    """A click that an order of a customer has brought back: whose it was, by a keyed hash of the store's word alone."""

    __tablename__ = "customer_clicks"

    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"), primary_key=True)
    customer_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    clicked_at: Mapped[datetime] = mapped_column(primary_key=True)
    nonce: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    link_id: Mapped[int] = mapped_column(ForeignKey("tracking_links.id"))


class AcceptedClaim(Base):
    """A missing order that was acknowledged to be a community's: at most one an order, never taken back.

    By the store's order number, because the order itself may come later. The claim's own room is above this one.
    """

    __tablename__ = "accepted_claims"

    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"), primary_key=True)
    order_ref: Mapped[str] = mapped_column(String(120), primary_key=True)
    claim_id: Mapped[int] = mapped_column(unique=True)
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"))
    curator_id: Mapped[int | None] = mapped_column(ForeignKey("curators.id"))
    link_id: Mapped[int | None] = mapped_column(ForeignKey("tracking_links.id"), index=True)
    accepted_by: Mapped[str] = mapped_column(String(60))  # the actor, such as user:7
    accepted_at: Mapped[datetime]
