"""What is booked for a batch of orders, and why it may move: each in one query."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.commissions.models import Commission, CommissionEvent, CommissionShare, ShareRole
from affiliate.core.db import among, plain
from affiliate.orders.models import Order, OrderEvent


@dataclass(slots=True)
class Booked:
    """The sums of an order's shares by currency and owner, what each owner is, and the number of the last event."""

    by_currency: dict[str, dict[str, int]] = field(default_factory=dict)
    roles: dict[str, ShareRole] = field(default_factory=dict)
    last_number: int = 0


def booked(session: Session, order_ids: Collection[int]) -> dict[int, Booked]:
    """By order, for orders that have any event."""
    rows = session.execute(
        sa.select(
            Commission.order_id,
            CommissionEvent.currency,
            CommissionShare.owner,
            CommissionShare.role,
            sa.func.sum(CommissionShare.amount_minor).label("amount"),
            sa.func.max(CommissionEvent.number).label("number"),
        )
        .join(CommissionEvent, CommissionEvent.commission_id == Commission.id)
        .join(CommissionShare, CommissionShare.event_id == CommissionEvent.id)
        .where(among(session, Commission.order_id, order_ids))
        .group_by(Commission.order_id, CommissionEvent.currency, CommissionShare.owner, CommissionShare.role)
    )
    found: dict[int, Booked] = {}
    for row in rows:
        one = found.setdefault(row.order_id, Booked())
        one.by_currency.setdefault(row.currency, {})[row.owner] = int(row.amount)
        one.roles[row.owner] = row.role
        one.last_number = max(one.last_number, row.number)
    return found


def commissions_of(session: Session, order_ids: Collection[int]) -> dict[int, Any]:
    """Commission rows by order."""
    rows = session.execute(sa.select(Commission.__table__).where(among(session, Commission.order_id, order_ids)))
    return {row.order_id: row for row in rows}


def newest_causes(session: Session, order_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """By order: the last thing that the store said of it, as the cause of an event."""
    newest = (
        sa.select(sa.func.max(OrderEvent.id))
        .join(Order, (Order.merchant_id == OrderEvent.merchant_id) & (Order.ref == OrderEvent.order_ref))
        .where(among(session, Order.id, order_ids))
        .group_by(Order.id)
    )
    refund_ref = OrderEvent.content["refund"]["refund_ref"].as_string().label("refund_ref")
    rows = plain(
        session,
        sa.select(Order.id, OrderEvent.kind, OrderEvent.delivery_id, refund_ref)
        .join(OrderEvent, (Order.merchant_id == OrderEvent.merchant_id) & (Order.ref == OrderEvent.order_ref))
        .where(OrderEvent.id.in_(newest)),
    )
    return {row.id: _cause(row) for row in rows}


def _cause(row: Any) -> dict[str, Any]:
    cause = {"event": row.kind, "delivery": row.delivery_id}
    return cause | {"refund": row.refund_ref} if row.refund_ref else cause
