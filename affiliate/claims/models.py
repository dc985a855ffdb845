"""A claim for a missing order, and the picture that came with it."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base, choice, primary_key


class ClaimStatus(StrEnum):
    """open → accepted or declined; a declined one may be appealed once, and is then accepted or declined for good."""

    OPEN = "open"
    APPEALED = "appealed"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class Decline(StrEnum):
    """Why the store, or the admin, says no."""

    NOT_FOUND = "not_found"
    CANCELLED = "cancelled"  # or brought back
    OTHER_WAY = "other_way"  # the customer came by another way
    DUPLICATE = "duplicate"
    OTHER = "other"  # said in words


class Claim(Base):
    """What a community says of an order, what we knew of it then, and what the store answered."""

    __tablename__ = "claims"
    __table_args__ = (
        UniqueConstraint("community_id", "merchant_id", "order_key"),
        CheckConstraint("status <> 'declined' OR decline_reason IS NOT NULL", name="declined_has_reason"),
        CheckConstraint("status <> 'accepted' OR confirmed_ref IS NOT NULL", name="accepted_has_order"),
        Index("ix_claims_merchant_status", "merchant_id", "status"),
        Index("ix_claims_status_due", "status", "due_at"),
        Index(
            "ix_claims_unsettled",
            "merchant_id",
            "confirmed_ref",
            sqlite_where=text("status = 'accepted' AND settled_at IS NULL"),
            postgresql_where=text("status = 'accepted' AND settled_at IS NULL"),
        ),
    )

    id: Mapped[int] = primary_key()
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"))
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"))
    link_id: Mapped[int | None] = mapped_column(ForeignKey("tracking_links.id"))  # that they say they followed
    order_ref: Mapped[str] = mapped_column(String(120))  # as it was typed
    order_key: Mapped[str] = mapped_column(String(120))  # rules.key_of: one claim an order and community
    ordered_on: Mapped[date]  # in Western Indonesian Time
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    note: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[ClaimStatus] = mapped_column(choice(ClaimStatus), default=ClaimStatus.OPEN)
    finding: Mapped[str] = mapped_column(String(40))  # what we knew of the order: rules.UNKNOWN, else a reason
    clicks: Mapped[int]  # qualified ones of the community to the store inside the window before the order's end of day
    last_click_hour: Mapped[datetime | None]
    filed_by: Mapped[str] = mapped_column(String(60), index=True)  # the actor, such as user:7
    filed_at: Mapped[datetime]
    due_at: Mapped[datetime]
    decline_reason: Mapped[Decline | None] = mapped_column(choice(Decline))
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_by: Mapped[str | None] = mapped_column(String(60))
    answered_at: Mapped[datetime | None]
    appeal: Mapped[str] = mapped_column(Text, default="")
    appealed_at: Mapped[datetime | None]
    confirmed_ref: Mapped[str | None] = mapped_column(String(120))  # the store's own number
    settled_at: Mapped[datetime | None]  # when the accepted claim's order was credited anew


class ClaimPicture(Base):
    """A receipt or an e-mail as a picture, written anew: shown to the community, the store and the platform alone."""

    __tablename__ = "claim_pictures"

    claim_id: Mapped[int] = mapped_column(ForeignKey("claims.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)  # of the pixels as kept: the same picture twice
    width: Mapped[int]
    height: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)
