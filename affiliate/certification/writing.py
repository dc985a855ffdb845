"""The samples' orders as each shop system writes them: one order of two lines, as far as a tale has come. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from affiliate.core import money
from affiliate.core.clock import rfc3339


class Stage(StrEnum):
    PLACED = "placed"
    PAID = "paid"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Taken(StrEnum):
    """What goes back."""

    PIECE = "piece"  # one of the two shirts
    AMOUNT = "amount"  # some money, of no line
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Tale:
    """How far an order has come, `minute` minutes after it was placed."""

    stage: Stage
    taken: Taken | None = None
    minute: int = 0
    currency: str = "IDR"
    is_whole: bool = False  # amounts without decimals, as shops write rupiah


@dataclass(frozen=True, slots=True)
class Good:
    line: int
    sku: str
    title: str
    brand: str
    category: str
    quantity: int
    price: dict[str, int]  # of a piece, whole units


Writer = Callable[[int, Tale, datetime], tuple[str, dict[str, Any]]]
GOODS = (
    Good(1, "KMJ-PARANG-M", "Kemeja Batik Parang", "Griya Wastra", "Pakaian", 2, {"IDR": 289_000, "JPY": 2_900}),
    Good(2, "KPI-GAYO-250", "Kopi Gayo 250 g", "Kebun Takengon", "Makanan & Minuman", 1, {"IDR": 85_000, "JPY": 900}),
)
SHIPPING = {"IDR": 18_000, "JPY": 500}
BACK = {"IDR": 50_000, "JPY": 400}


def _amount(whole: int, tale: Tale) -> str:
    minor = whole * 10 ** money.exponent(tale.currency)
    return str(whole) if tale.is_whole else money.to_decimal(minor, tale.currency)


def _price(good: Good, tale: Tale) -> int:
    return good.price[tale.currency]


def _pieces(good: Good, tale: Tale) -> int:
    """How many of a line go back."""
    if tale.taken is Taken.ALL:
        return good.quantity
    return 1 if tale.taken is Taken.PIECE and good.line == 1 else 0


def _sum(tale: Tale) -> int:
    return sum(good.quantity * _price(good, tale) for good in GOODS)


def _back(tale: Tale) -> int:
    """What goes back, in whole units."""
    if tale.taken is Taken.AMOUNT:
        return BACK[tale.currency]
    return sum(_pieces(good, tale) * _price(good, tale) for good in GOODS)


def standard(number: int, tale: Tale, begun: datetime) -> tuple[str, dict[str, Any]]:
    """Our own format: one event a message."""
    at = rfc3339(begun + timedelta(minutes=tale.minute))
    order = {"order_id": f"CONTOH-{number}", "version": 1 + tale.minute, "currency": tale.currency}
    if tale.taken is not None:
        parts = [
            {"line_id": str(good.line), "quantity": pieces, "amount": _amount(pieces * _price(good, tale), tale)}
            for good in GOODS
            if (pieces := _pieces(good, tale))
        ]
        refund: dict[str, Any] = {"refund_id": f"KEMBALI-{number}", "amount": _amount(_back(tale), tale)}
        refund |= {"lines": parts} if parts else {}
        return "order.refunded", {"type": "order.refunded", "timestamp": at, "data": order | {"refund": refund}}
    lines = [
        {
            "line_id": str(good.line), "sku": good.sku, "title": good.title, "brand": good.brand,
            "category": good.category, "quantity": good.quantity, "unit_price": _amount(_price(good, tale), tale),
        }
        for good in GOODS
    ]  # fmt: skip
    kind = f"order.{tale.stage}"
    data = order | {"placed_at": rfc3339(begun), "test": True, "lines": lines}
    return kind, {"type": kind, "timestamp": at, "data": data | {"shipping": _amount(SHIPPING[tale.currency], tale)}}


def _both(text: str, tale: Tale) -> dict[str, Any]:
    side = {"amount": text, "currency_code": tale.currency}
    return {"shop_money": side, "presentment_money": side}


def shopify(number: int, tale: Tale, begun: datetime) -> tuple[str, dict[str, Any]]:
    """Shopify: the order as it now is, or a refund by itself."""
    at = (begun + timedelta(minutes=tale.minute)).isoformat()
    if tale.taken is not None:
        return "refunds/create", _shopify_refund(number, tale, at)
    stages = {
        Stage.PLACED: ("orders/create", "pending", None), Stage.PAID: ("orders/paid", "paid", None),
        Stage.COMPLETED: ("orders/fulfilled", "paid", "fulfilled"),
        Stage.CANCELLED: ("orders/cancelled", "voided", None),
    }  # fmt: skip
    topic, paid, sent = stages[tale.stage]
    return topic, {
        "id": number, "name": f"#{number % 10_000}", "created_at": begun.isoformat(), "updated_at": at,
        "cancelled_at": at if tale.stage is Stage.CANCELLED else None, "currency": tale.currency, "test": True,
        "taxes_included": True, "financial_status": paid, "fulfillment_status": sent,
        "line_items": [
            {
                "id": number * 10 + good.line, "sku": good.sku, "title": good.title, "vendor": good.brand,
                "quantity": good.quantity, "price": _amount(_price(good, tale), tale), "gift_card": False,
                "tax_lines": [], "discount_allocations": [],
            }
            for good in GOODS
        ],
        "shipping_lines": [{"price": _amount(SHIPPING[tale.currency], tale)}],
        "refunds": [],
    }  # fmt: skip


def _shopify_refund(number: int, tale: Tale, at: str) -> dict[str, Any]:
    parts = [
        {
            "line_item_id": number * 10 + good.line, "quantity": pieces,
            "subtotal_set": _both(_amount(pieces * _price(good, tale), tale), tale),
        }
        for good in GOODS
        if (pieces := _pieces(good, tale))
    ]  # fmt: skip
    paid = {"kind": "refund", "status": "success", "amount": _amount(_back(tale), tale), "currency": tale.currency}
    return {
        "id": number * 10 + 9, "order_id": number, "created_at": at, "refund_line_items": parts,
        "order_adjustments": [], "transactions": [paid],
    }  # fmt: skip


def woo_order(number: int, tale: Tale, begun: datetime) -> tuple[str, dict[str, Any]]:
    """WooCommerce: the order as it now is, its refunds as sums."""
    at = (begun + timedelta(minutes=tale.minute)).strftime("%Y-%m-%dT%H:%M:%S")
    statuses = {
        Stage.PLACED: "on-hold", Stage.PAID: "processing", Stage.COMPLETED: "completed", Stage.CANCELLED: "cancelled",
    }  # fmt: skip
    is_done = tale.stage is Stage.COMPLETED
    done_at = (begun + timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%S")
    is_first = tale.stage is Stage.PLACED
    back = [{"id": number * 10 + 9, "reason": "", "total": f"-{_amount(_back(tale), tale)}"}] if tale.taken else []
    return "order.created" if is_first else "order.updated", {
        "id": number, "number": str(number), "currency": tale.currency, "prices_include_tax": True,
        "status": "refunded" if tale.taken is Taken.ALL else statuses[tale.stage],
        "date_created_gmt": begun.strftime("%Y-%m-%dT%H:%M:%S"), "date_modified_gmt": at,
        "date_paid_gmt": None if is_first else at, "date_completed_gmt": done_at if is_done else None,
        "shipping_total": _amount(SHIPPING[tale.currency], tale), "shipping_tax": "0", "meta_data": [],
        "line_items": [
            {
                "id": good.line, "sku": good.sku, "name": good.title, "quantity": good.quantity,
                "subtotal": _amount(good.quantity * _price(good, tale), tale), "subtotal_tax": "0",
                "total": _amount(good.quantity * _price(good, tale), tale), "total_tax": "0",
            }
            for good in GOODS
        ],
        "fee_lines": [], "coupon_lines": [], "refunds": back,
    }  # fmt: skip


def adobe_order(number: int, tale: Tale, begun: datetime) -> tuple[str, dict[str, Any]]:
    """Adobe Commerce: the order as it now is, what went back beside each item."""
    at = begun + timedelta(minutes=tale.minute)
    states = {
        Stage.PLACED: "new", Stage.PAID: "processing", Stage.COMPLETED: "complete", Stage.CANCELLED: "canceled",
    }  # fmt: skip
    state = "closed" if tale.taken is Taken.ALL else states[tale.stage]
    return "sales_order_save_commit_after", {
        "increment_id": str(number), "state": state, "status": state, "base_currency_code": tale.currency,
        "order_currency_code": tale.currency, "created_at": begun.strftime("%Y-%m-%d %H:%M:%S"),
        "updated_at": at.strftime("%Y-%m-%d %H:%M:%S"),
        "base_shipping_amount": _amount(SHIPPING[tale.currency], tale),
        "base_adjustment_positive": _amount(_back(tale) if tale.taken is Taken.AMOUNT else 0, tale),
        "items": [
            {
                "item_id": str(good.line), "product_type": "simple", "sku": good.sku, "name": good.title,
                "qty_ordered": good.quantity, "qty_refunded": _pieces(good, tale), "qty_canceled": 0,
                "base_row_total": _amount(good.quantity * _price(good, tale), tale),
                "base_tax_amount": "0", "base_discount_amount": "0",
                "base_amount_refunded": _amount(_pieces(good, tale) * _price(good, tale), tale),
            }
            for good in GOODS
        ],
    }  # fmt: skip
