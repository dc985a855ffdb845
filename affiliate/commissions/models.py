"""Money owed for a conversion. `commission_events` is the seam to payouts: append-only, read by booking."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.append_only import append_only
from affiliate.core.db import Base, choice, primary_key


class EventKind(StrEnum):
    EARNED = "earned"  # first booking of a completed order
    ADJUSTED = "adjusted"  # the difference to a new target that is not zero
    REVERSED = "reversed"  # the rest goes: cancelled or wholly refunded


class ShareRole(StrEnum):
    PLATFORM = "platform"
    COMMUNITY = "community"
    CURATOR = "curator"
    EVANGELIST = "evangelist"


class Commission(Base):
    """The identity of what an order earns; its amount is the sum of its events and stands nowhere else."""

    __tablename__ = "commissions"

    id: Mapped[int] = primary_key()
    conversion_id: Mapped[int] = mapped_column(ForeignKey("conversions.id"), unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), unique=True)
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"), index=True)
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"), index=True)
    currency: Mapped[str] = mapped_column(String(3))
    available_on: Mapped[datetime]  # end of the hold, fixed when first earned
    needs_funding: Mapped[bool]  # programme payable_when = funded
    created_at: Mapped[datetime]


class CommissionEvent(Base):
    """One step: earned (+), adjusted (±), reversed (−). `amount_minor` is the sum of its shares. Append-only."""

    __tablename__ = "commission_events"
    __table_args__ = (
        UniqueConstraint("commission_id", "number"),
        CheckConstraint("amount_minor <> 0", name="moves_money"),
        Index("ix_commission_events_merchant", "merchant_id", "occurred_at"),
    )

    id: Mapped[int] = primary_key()
    commission_id: Mapped[int] = mapped_column(ForeignKey("commissions.id"))
    number: Mapped[int]  # 1, 2, 3 … within the commission
    kind: Mapped[EventKind] = mapped_column(choice(EventKind))
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"))
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"))
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int]
    available_on: Mapped[datetime]  # earned: end of the hold; what takes back is available at once
    needs_funding: Mapped[bool]
    occurred_at: Mapped[datetime]
    cause: Mapped[dict[str, Any]]  # {"event": "order.refunded", "refund": "R-1", "delivery": 17}
    trace: Mapped[dict[str, Any]]  # how the target of this step was reckoned: lines, rates, rounding, split


class CommissionShare(Base):
    """One owner's part of an event. Owners: "platform", "community:3", "curator:12", "member:7"."""

    __tablename__ = "commission_shares"
    __table_args__ = (UniqueConstraint("event_id", "owner"), Index("ix_commission_shares_owner", "owner"))

    id: Mapped[int] = primary_key()
    event_id: Mapped[int] = mapped_column(ForeignKey("commission_events.id"))
    owner: Mapped[str] = mapped_column(String(40))
    role: Mapped[ShareRole] = mapped_column(choice(ShareRole))
    amount_minor: Mapped[int]


append_only(CommissionEvent.__table__)
append_only(CommissionShare.__table__)
