"""Addresses that hear, what they are told, and each try to tell them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base, choice, primary_key
from affiliate.outbox.rules import EventType, Outcome


class EndpointStatus(StrEnum):
    ENABLED = "enabled"
    PAUSED = "paused"  # by a person: nothing is told meanwhile
    STOPPED = "stopped"  # by itself: gone (410), or three days of failures
    REMOVED = "removed"


class StopReason(StrEnum):
    GONE = "gone"
    FAILING = "failing"


class MessageStatus(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class WebhookEndpoint(Base):
    """An address of a community's or a store's program. A removed one stays, so that its log can be answered for."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        CheckConstraint("(community_id IS NULL) <> (merchant_id IS NULL)", name="one_owner"),
        CheckConstraint("(status = 'stopped') = (stop_reason IS NOT NULL)", name="stopped_has_reason"),
        CheckConstraint("(old_secret IS NULL) = (old_secret_until IS NULL)", name="old_secret_ends"),
    )

    id: Mapped[int] = primary_key()
    community_id: Mapped[int | None] = mapped_column(ForeignKey("communities.id"), index=True)
    merchant_id: Mapped[int | None] = mapped_column(ForeignKey("merchants.id"), index=True)
    url: Mapped[str] = mapped_column(String(1000))
    note: Mapped[str] = mapped_column(String(120), default="")
    types: Mapped[list[str]]  # words of EventType
    status: Mapped[EndpointStatus] = mapped_column(choice(EndpointStatus), default=EndpointStatus.ENABLED)
    stop_reason: Mapped[StopReason | None] = mapped_column(choice(StopReason))
    secret: Mapped[str] = mapped_column(String(100))
    old_secret: Mapped[str | None] = mapped_column(String(100))  # signs beside the new one until it ends
    old_secret_until: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]  # the first failure since anything was delivered
    failures: Mapped[int] = mapped_column(default=0)  # in a row
    quiet_until: Mapped[datetime | None]  # a failing one is asked now and then, whatever waits for it
    claimed_at: Mapped[datetime | None]  # by whoever sends to it now; older than the lease: whoever it was has died
    changed_at: Mapped[datetime]  # the status
    created_at: Mapped[datetime]

    @property
    def owner(self) -> str:
        return f"community:{self.community_id}" if self.community_id else f"merchant:{self.merchant_id}"


class WebhookMessage(Base):
    """One fact for one endpoint. `body` in UTF-8 is what is signed and sent; `source` is the fact's own key."""

    __tablename__ = "webhook_messages"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "source"),
        CheckConstraint("(status = 'waiting') = (next_try_at IS NOT NULL)", name="waits_for_a_moment"),
        Index("ix_webhook_messages_endpoint_newest", "endpoint_id", "id"),
        Index(  # the few among many that were delivered
            "ix_webhook_messages_open",
            "endpoint_id",
            "status",
            "id",
            sqlite_where=text("status <> 'delivered'"),
            postgresql_where=text("status <> 'delivered'"),
        ),
        Index(
            "ix_webhook_messages_due",
            "endpoint_id",
            "next_try_at",
            sqlite_where=text("status = 'waiting'"),
            postgresql_where=text("status = 'waiting'"),
        ),
    )

    id: Mapped[int] = primary_key()
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id"))
    source: Mapped[str] = mapped_column(String(120))
    message_id: Mapped[str] = mapped_column(String(60))  # the webhook-id
    type: Mapped[EventType] = mapped_column(choice(EventType))
    body: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[datetime]
    created_at: Mapped[datetime]
    status: Mapped[MessageStatus] = mapped_column(choice(MessageStatus), default=MessageStatus.WAITING)
    tries: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)  # since it was written, or last sent again by hand
    next_try_at: Mapped[datetime | None]
    give_up_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class WebhookTry(Base):
    """One sending, written before it is made; without an outcome it is under way, or its sender died."""

    __tablename__ = "webhook_tries"
    __table_args__ = (UniqueConstraint("message_id", "number"),)

    id: Mapped[int] = primary_key()
    message_id: Mapped[int] = mapped_column(ForeignKey("webhook_messages.id"))
    number: Mapped[int]
    started_at: Mapped[datetime]
    headers: Mapped[dict[str, Any]]  # as sent
    outcome: Mapped[Outcome | None] = mapped_column(choice(Outcome))
    status_code: Mapped[int | None]
    address: Mapped[str] = mapped_column(String(60), default="")  # that was called
    answer: Mapped[str] = mapped_column(Text, default="")  # the first kilobyte of what came back
    took_ms: Mapped[int | None]
