"""Write folded orders: one row an order with its lines and refunds, in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core import bulk
from affiliate.core.db import among
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
    held = queries.held(session, states)
    changed = [key for key in states if key not in held or held[key].state_hash != hashes[key]]
    if not changed:
        return []
    new = [key for key in changed if key not in held]
    ids = dict(zip(new, bulk.new_ids(session, Order, len(new)), strict=True))
    ids |= {key: held[key].id for key in changed if key in held}
    rows = {key: _order_row(key, ids[key], states[key], hashes[key], now) for key in changed}
    bulk.insert(session, Order, [rows[key] for key in new])
    _rewrite(session, [rows[key] for key in changed if key in held])
    bulk.insert(session, OrderLine, [row for key in changed for row in _line_rows(ids[key], states[key])])
    bulk.insert(session, OrderRefund, [row for key in changed for row in _refund_rows(ids[key], states[key])])
    return sorted(ids.values())


def _rewrite(session: Session, rows: list[dict[str, Any]]) -> None:
    """Orders that were there take their new values, and lose their lines and refunds."""
    bulk.update(session, Order, [{name: row[name] for name in row if name not in _KEPT_ON_CHANGE} for row in rows])
    known = [row["id"] for row in rows]
    for kind in (OrderLine, OrderRefund):
        if known:
            session.execute(
                sa.delete(kind).where(among(session, kind.order_id, known)).execution_options(synchronize_session=False)
            )


def _order_row(
    key: tuple[int, str], order_id: int, state: OrderState, state_hash: str, now: datetime
) -> dict[str, Any]:
    told = {name: getattr(state, name) for name in _SAME_NAME}
    return told | {
        "id": order_id,
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
