"""What merchants told us: deliveries kept raw, the set of distinct events, and the order that follows from it."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base, choice, primary_key
from affiliate.merchants.models import WebhookKind


class DeliveryStatus(StrEnum):
    """received → worked, or set aside with its error (retry) until it is parked for a person."""

    RECEIVED = "received"
    RETRY = "retry"
    WORKED = "worked"
    PARKED = "parked"


class Verdict(StrEnum):
    """What we made of a delivery."""

    ACCEPTED = "accepted"  # it changed what we know
    REPEAT = "repeat"  # these events were known
    STALE = "stale"  # a newer version was known
    UNREADABLE = "unreadable"  # signed, but not an order: the field and reason are beside it
    IGNORED = "ignored"  # a topic that does not concern orders
    UNKNOWN_ORDER = "unknown_order"  # a refund that waits for its order


class OrderStatus(StrEnum):
    """placed → paid → completed; cancelled from any. Refunds stand beside it."""

    PLACED = "placed"
    PAID = "paid"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Delivery(Base):
    """One signed request, raw bytes and headers, kept once by the sender's own id."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("merchant_id", "kind", "delivery_id"),
        Index("ix_deliveries_status_next_try", "status", "next_try_at"),
        Index("ix_deliveries_merchant_order", "merchant_id", "order_ref"),
    )

    id: Mapped[int] = primary_key()
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"))
    kind: Mapped[WebhookKind] = mapped_column(choice(WebhookKind))
    delivery_id: Mapped[str] = mapped_column(String(200))
    topic: Mapped[str] = mapped_column(String(80), default="")
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    body_sha256: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime]
    repeats: Mapped[int] = mapped_column(default=0)  # how often the same delivery came again
    status: Mapped[DeliveryStatus] = mapped_column(choice(DeliveryStatus), default=DeliveryStatus.RECEIVED)
    verdict: Mapped[Verdict | None] = mapped_column(choice(Verdict))
    reason: Mapped[str | None] = mapped_column(String(60))  # stable code
    reason_field: Mapped[str | None] = mapped_column(String(200))  # data.lines.0.unit_price
    error: Mapped[str | None] = mapped_column(Text)  # of the last failed try
    order_ref: Mapped[str | None] = mapped_column(String(120))
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    worked_at: Mapped[datetime | None]


class RefusedRequests(Base):
    """How many requests of a kind and day had a wrong signature; the requests themselves are not kept."""

    __tablename__ = "refused_requests"
    __table_args__ = (UniqueConstraint("merchant_id", "kind", "day"),)

    id: Mapped[int] = primary_key()
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"))
    kind: Mapped[WebhookKind] = mapped_column(choice(WebhookKind))
    day: Mapped[date]  # in Western Indonesian Time, as people there say "today"
    count: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime]
    cause: Mapped[str] = mapped_column(String(40))  # of the last one: what was probably wrong, a stable code


class OrderEvent(Base):
    """One distinct thing a merchant said about an order. The order is a pure function of the set of these."""

    __tablename__ = "order_events"
    __table_args__ = (
        UniqueConstraint("merchant_id", "order_ref", "digest"),
        Index("ix_order_events_delivery", "delivery_id"),
    )

    id: Mapped[int] = primary_key()
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"))
    order_ref: Mapped[str] = mapped_column(String(120))
    digest: Mapped[str] = mapped_column(String(64))  # of the meaning, so that the same words twice are one event
    kind: Mapped[str] = mapped_column(String(30))  # order.placed … order.refunded
    version: Mapped[int]
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    content: Mapped[dict[str, Any]]  # normalised; amounts in minor units
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id"))


class Order(Base):
    """The fold over an order's events: rewritten from them whenever one is added."""

    __tablename__ = "orders"
    __table_args__ = (UniqueConstraint("merchant_id", "ref"), Index("ix_orders_placed_at", "placed_at"))

    id: Mapped[int] = primary_key()
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"))
    ref: Mapped[str] = mapped_column(String(120))  # the merchant's own order number
    status: Mapped[OrderStatus] = mapped_column(choice(OrderStatus))
    currency: Mapped[str] = mapped_column(String(3))
    placed_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]  # the merchant's word
    completed_seen_at: Mapped[datetime | None]  # first receipt here; the hold starts at the later of the two
    cancelled_at: Mapped[datetime | None]
    version: Mapped[int]
    click_token: Mapped[str | None] = mapped_column(String(80))
    coupon: Mapped[str | None] = mapped_column(String(80))
    reference: Mapped[str | None] = mapped_column(String(80))  # a community or link that the store names
    customer_ref: Mapped[str | None] = mapped_column(String(120))
    customer_is_new: Mapped[bool | None]
    is_test: Mapped[bool] = mapped_column(default=False)
    shipping_minor: Mapped[int] = mapped_column(default=0)
    total_minor: Mapped[int]  # lines and shipping as sold, tax included
    net_minor: Mapped[int]  # commissionable: Σ max(0, line net − refunds of that line)
    refunded_minor: Mapped[int] = mapped_column(default=0)
    state_hash: Mapped[str] = mapped_column(String(64))
    first_seen_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class OrderLine(Base):
    """One line as last told. net = quantity × unit_price − discount − tax; `refunded_minor` ≤ net."""

    __tablename__ = "order_lines"
    __table_args__ = (UniqueConstraint("order_id", "line_ref"),)

    id: Mapped[int] = primary_key()
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    line_ref: Mapped[str] = mapped_column(String(120))
    position: Mapped[int]
    sku: Mapped[str | None] = mapped_column(String(120))
    title: Mapped[str | None] = mapped_column(String(500))
    category: Mapped[str | None] = mapped_column(String(500))
    brand: Mapped[str | None] = mapped_column(String(200))
    quantity: Mapped[int]
    refunded_quantity: Mapped[int] = mapped_column(default=0)
    unit_price_minor: Mapped[int]
    discount_minor: Mapped[int]
    tax_minor: Mapped[int]
    net_minor: Mapped[int]
    refunded_minor: Mapped[int] = mapped_column(default=0)


class OrderRefund(Base):
    """One refund of an order, by the merchant's refund id, once."""

    __tablename__ = "order_refunds"
    __table_args__ = (UniqueConstraint("order_id", "refund_ref"),)

    id: Mapped[int] = primary_key()
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    refund_ref: Mapped[str] = mapped_column(String(120))
    amount_minor: Mapped[int]
    lines: Mapped[list[Any]] = mapped_column(default=list)  # [{"line": ref, "quantity": n, "amount_minor": n}]
    occurred_at: Mapped[datetime]
