"""Write folded orders: one row an order with its lines and refunds, in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.db import upsert
from affiliate.orders import queries
from affiliate.orders.facts import plain
from affiliate.orders.models import Order, OrderLine, OrderRefund
from affiliate.orders.rules import OrderState

_KEPT_ON_CHANGE = frozenset({"merchant_id", "ref", "first_seen_at"})
_SAME_NAME = (
    "status", "currency", "placed_at", "completed_at", "completed_seen_at", "cancelled_at", "version", "click_token",
    "coupon", "reference", "customer_ref", "customer_is_new", "is_test", "shipping_minor", "total_minor", "net_minor",
    "refunded_minor",
)  # fmt: skip


def write(session: Session, states: Mapping[tuple[int, str], OrderState], *, now: datetime) -> list[int]:
    """Bring the orders' rows up to their states; ids of those whose meaning changed."""
    hashes = {key: state.state_hash() for key, state in states.items()}
    held = queries.state_hashes(session, states)
    changed = [key for key in states if held.get(key) != hashes[key]]
    if not changed:
        return []
    ids = _write_orders(session, [_order_row(key, states[key], hashes[key], now) for key in changed])
    for kind in (OrderLine, OrderRefund):
        session.execute(
            sa.delete(kind).where(kind.order_id.in_(ids.values())).execution_options(synchronize_session=False)
        )
    _insert(session, OrderLine, [row for key in changed for row in _line_rows(ids[key], states[key])])
    _insert(session, OrderRefund, [row for key in changed for row in _refund_rows(ids[key], states[key])])
    return sorted(ids.values())


def _write_orders(session: Session, rows: list[dict[str, Any]]) -> dict[tuple[int, str], int]:
    insert = upsert(session, Order)
    replaced = {name: insert.excluded[name] for name in rows[0] if name not in _KEPT_ON_CHANGE}
    upserted = insert.on_conflict_do_update(index_elements=["merchant_id", "ref"], set_=replaced)
    found = session.execute(upserted.returning(Order.id, Order.merchant_id, Order.ref), rows)
    return {(row.merchant_id, row.ref): row.id for row in found}


def _insert(session: Session, kind: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        session.execute(sa.insert(kind), rows)


def _order_row(key: tuple[int, str], state: OrderState, state_hash: str, now: datetime) -> dict[str, Any]:
    told = {name: getattr(state, name) for name in _SAME_NAME}
    return told | {
        "merchant_id": key[0],
        "ref": key[1],
        "state_hash": state_hash,
        "first_seen_at": now,
        "updated_at": now,
    }


def _line_rows(order_id: int, state: OrderState) -> list[dict[str, Any]]:
    return [
        plain(one.line)
        | {
            "order_id": order_id,
            "position": position,
            "net_minor": one.line.net_minor,
            "refunded_quantity": one.refunded_quantity,
            "refunded_minor": one.refunded_minor,
        }
        for position, one in enumerate(state.lines)
    ]


def _refund_rows(order_id: int, state: OrderState) -> list[dict[str, Any]]:
    return [
        {
            "order_id": order_id,
            "refund_ref": one.refund.refund_ref,
            "amount_minor": one.refund.amount_minor,
            "lines": [
                {"line": part.line_ref, "quantity": part.quantity, "amount_minor": part.amount_minor}
                for part in one.refund.lines
            ],
            "occurred_at": one.occurred_at,
        }
        for one in state.refunds
    ]
