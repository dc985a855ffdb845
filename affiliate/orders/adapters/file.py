"""An order as a file told it: rows that were read once, kept with what stood in them, as one delivery an order.

The body says which file and which lines it comes from, what stood there, and what we read of it. Written by
`files.drafts`, so that it is read here without second thoughts; what is damaged all the same is unreadable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from affiliate.orders import facts
from affiliate.orders.adapters import lines
from affiliate.orders.adapters.reading import Reading, Shop
from affiliate.orders.facts import EventFacts, LineFacts, ReadingFacts, RefundFacts
from affiliate.orders.schemas import Unreadable, decoded

TOPIC = {
    "placed": facts.PLACED, "paid": facts.PAID, "completed": facts.COMPLETED, "cancelled": facts.CANCELLED,
}  # fmt: skip


def read(body: bytes, _headers: Mapping[str, str], shop: Shop) -> Reading:
    """What a file says of one order. Raises Unreadable."""
    told = decoded(body)
    try:
        order = told["order"]
        event = _event(order, shop) if order["status"] else None
        refunds = tuple(_refund(order, row) for row in order["refunds"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Unreadable("wrong_type", "order") from None
    if event is None:
        return Reading(facts.REFUNDED, refunds)
    lines.check(event, "order.lines")
    return Reading(event.kind, (event, *refunds))


def written(*, file_id: int, filename: str, rows: Mapping[int, Any], order: Mapping[str, Any]) -> bytes:
    """The body: canonical, so that the same rows of the same file are the same bytes. `rows`: line -> its cells."""
    told = {
        "file": file_id,
        "filename": filename,
        "rows": [{"line": line, "cells": cells} for line, cells in sorted(rows.items())],
        "order": order,
    }
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _refund(order: Mapping[str, Any], row: Mapping[str, Any]) -> EventFacts:
    """A credit note that names its order: the same words whatever file holds it."""
    return EventFacts(
        kind=facts.REFUNDED,
        order_ref=order["ref"],
        version=0,
        occurred_at=datetime.fromisoformat(row["at"]),
        currency=order["currency"],
        refund=RefundFacts(row["ref"], row["amount_minor"], with_tax=True),
    )


def _event(order: Mapping[str, Any], shop: Shop) -> EventFacts:
    kind, at = TOPIC[order["status"]], datetime.fromisoformat(order["at"])
    own = {"completed": order["completed_at"], "cancelled": order["cancelled_at"]}.get(order["status"])
    return EventFacts(
        kind=kind,
        order_ref=order["ref"],
        version=0,
        occurred_at=datetime.fromisoformat(own) if own else at,
        currency=order["currency"],
        placed_at=datetime.fromisoformat(order["placed_at"]),
        click_token=order["click_token"],
        coupon=order["coupon"],
        customer_ref=shop.customer(order["customer"]),
        shipping_minor=order["shipping_minor"] or 0,
        lines=None if order["lines"] is None else tuple(LineFacts(**line) for line in order["lines"]),
        reading=ReadingFacts(
            at=at,
            refunded_minor=order["refunded_minor"],
            refunded_at=datetime.fromisoformat(order["refunded_at"]) if order["refunded_at"] else None,
            has_shipping=order["shipping_minor"] is not None,
            is_total=order["is_total"],
        ),
    )
