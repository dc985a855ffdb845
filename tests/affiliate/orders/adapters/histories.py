"""Random lives of one order as each shop system would tell them: real shapes, every fate, times that coincide."""

from __future__ import annotations

import random
from typing import Any

from affiliate.merchants.models import WebhookKind
from tests.affiliate.orders.adapters.shops import (
    ORDER_TOPICS,
    adobe_item,
    adobe_order,
    both,
    shopify_line,
    shopify_order,
    shopify_refund,
    woo_line,
    woo_order,
)

Telling = tuple[str, dict[str, Any]]  # topic, content


def history(kind: WebhookKind, dice: random.Random) -> list[Telling]:
    """Four to eight deliveries in the order in which they happened."""
    return {WebhookKind.SHOPIFY: _shopify, WebhookKind.WOOCOMMERCE: _woocommerce, WebhookKind.ADOBE: _adobe}[kind](dice)


def _minutes(dice: random.Random, count: int) -> list[int]:
    """Rising minutes, of which some are the same: shops tell whole seconds."""
    return sorted(dice.choices(range(1, 59), k=count))


def _shopify(dice: random.Random) -> list[Telling]:
    lines = [
        shopify_line(
            number,
            quantity=dice.randint(1, 4),
            price=f"{dice.randint(1, 90_000)}.{dice.randint(0, 99):02}",
            tax_lines=[{"price": f"{dice.randint(0, 9)}.{dice.randint(0, 99):02}"}],
            gift_card=dice.random() < 0.1,
        )
        for number in range(1, dice.randint(2, 5))
    ]
    common = {"line_items": lines, "taxes_included": dice.random() < 0.5 and _taxable(lines)}
    told: list[Telling] = []
    refunds: list[dict[str, Any]] = []
    state: dict[str, Any] = {}
    for minute in _minutes(dice, dice.randint(4, 8)):
        step = dice.choice(["paid", "fulfilled", "unfulfilled", "refund", "amount", "cancelled", "note"])
        topic = "orders/updated"
        if step == "paid":
            state["financial_status"], topic = "paid", "orders/paid"
        elif step == "fulfilled":
            state["fulfillment_status"], topic = "fulfilled", "orders/fulfilled"
        elif step == "unfulfilled":
            state["fulfillment_status"] = None
        elif step == "cancelled" and dice.random() < 0.3:
            state["cancelled_at"], topic = f"2026-11-01T09:{minute:02}:00Z", "orders/cancelled"
        elif step in {"refund", "amount"}:
            refunds = [*refunds, _shopify_refund(dice, lines, len(refunds), by_amount=step == "amount")]
            if dice.random() < 0.7:
                told.append(("refunds/create", refunds[-1]))
        told.append((topic, shopify_order(minute=minute, refunds=refunds, **common, **state)))
    return [("orders/create", shopify_order(**common)), *told]


def _taxable(lines: list[dict[str, Any]]) -> bool:
    """A price that holds its tax is at least as large."""
    return all(float(line["price"]) > 10 for line in lines)


def _shopify_refund(dice: random.Random, lines: list[dict[str, Any]], count: int, *, by_amount: bool) -> dict[str, Any]:
    if by_amount:
        adjusted = {"kind": "refund_discrepancy", "amount": f"-{dice.randint(1, 50_000)}.{dice.randint(0, 99):02}"}
        return shopify_refund(9000 + count, refund_line_items=[], order_adjustments=[adjusted])
    parts = [
        {"line_item_id": line["id"], "quantity": dice.randint(1, line["quantity"]), "subtotal_set": both("1.00")}
        for line in dice.sample(lines, dice.randint(1, len(lines)))
    ]
    return shopify_refund(9000 + count, refund_line_items=parts)


def _woocommerce(dice: random.Random) -> list[Telling]:
    lines = []
    for number in range(1, dice.randint(2, 5)):
        net, tax = dice.randint(1, 9_000_000), dice.randint(0, 90_000)
        money = {"total": f"{net / 100:.2f}", "total_tax": f"{tax / 100:.2f}"}
        lines.append(
            woo_line(
                number, quantity=dice.randint(1, 4), subtotal=money["total"], subtotal_tax=money["total_tax"], **money
            )
        )
    told: list[Telling] = []
    refunds: list[dict[str, Any]] = []
    for minute in _minutes(dice, dice.randint(4, 8)):
        status = dice.choice(
            ["pending", "processing", "processing", "completed", "completed", "on-hold", "cancelled", "refunded"]
        )
        if dice.random() < 0.4:
            refunds = [*refunds, {"id": 9000 + minute * 10 + len(refunds), "total": f"-{dice.randint(1, 50_000)}.00"}]
        elif refunds and dice.random() < 0.2:
            refunds = refunds[1:]  # deleted again
        told.append(("order.updated", woo_order(status, minute=minute, line_items=lines, refunds=refunds)))
    return [("order.created", woo_order("pending", line_items=lines)), *told]


def _adobe(dice: random.Random) -> list[Telling]:
    sold = [(str(number), dice.randint(1, 4), dice.randint(1, 90_000)) for number in range(1, dice.randint(2, 5))]
    back = dict.fromkeys((ref for ref, _pieces, _price in sold), 0)
    told: list[Telling] = []
    states = ["new", "processing", "processing", "complete", "complete", "holded", "closed", "canceled"]
    for minute in [0, *_minutes(dice, dice.randint(4, 8))]:
        ref, pieces, _price = dice.choice(sold)
        if minute and dice.random() < 0.4:
            back[ref] = min(pieces, back[ref] + 1)
        items = [
            adobe_item(
                ref, qty_ordered=f"{pieces}.0000", base_row_total=f"{price * pieces}.0000",
                base_tax_amount=f"{price // 10}.0000", qty_refunded=f"{back[ref]}.0000",
                base_amount_refunded=f"{price * back[ref]}.0000",
            )
            for ref, pieces, price in sold
        ]  # fmt: skip
        state = dice.choice(states) if minute else "new"
        told.append((ORDER_TOPICS[WebhookKind.ADOBE], adobe_order(state, minute=minute, items=items)))
    return told
