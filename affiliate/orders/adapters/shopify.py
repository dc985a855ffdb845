"""Shopify: an order as it now is, with its refunds inside; and refunds by themselves.

Completed: fulfilled and paid (also where part of it went back since). An order's number here is its 64-bit `id`, the
only one that refunds name. Its version is `updated_at` in milliseconds: deliveries come in any order.

Money is the shop's, not the customer's (`shop_money`, not `presentment_money`): terms and invoices are in it, and it
is the side that no exchange rate moves between an order and its refund. A gift card is money, not goods: sold ones are
left out, and an order paid by one earns as any other. Test orders earn nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from affiliate.core import money
from affiliate.orders import facts
from affiliate.orders.adapters import lines, shopify_refunds
from affiliate.orders.adapters.reading import (
    Reading,
    Shop,
    Told,
    milliseconds,
    named_value,
    query_value,
)
from affiliate.orders.facts import EventFacts, LineFacts
from affiliate.orders.schemas import Unreadable
from affiliate.orders.schemes.shopify import SCHEME, TEST

CREATED = "orders/create"
ORDER_TOPICS = frozenset(
    {
        CREATED, "orders/paid", "orders/fulfilled", "orders/partially_fulfilled", "orders/updated", "orders/cancelled",
    }
)  # fmt: skip
REFUND_TOPIC = "refunds/create"
PAID = frozenset({"paid", "partially_refunded", "refunded"})
FULFILLED = "fulfilled"
GIFT_CARD_LEFT_OUT = "gift_card_left_out"


def read(body: bytes, headers: Mapping[str, str], shop: Shop) -> Reading:
    """What a delivery under this topic says. Raises Unreadable."""
    topic = SCHEME.topic(headers)
    if topic and topic != REFUND_TOPIC and topic not in ORDER_TOPICS:
        return Reading(topic)
    try:
        told = Told.of(body)
        if topic == REFUND_TOPIC:
            return Reading(topic, (shopify_refunds.alone(told),))
        return _order(told, topic, headers, shop)
    except Unreadable as refusal:
        refusal.topic = topic
        raise


def _order(told: Told, topic: str, headers: Mapping[str, str], shop: Shop) -> Reading:
    order_ref = told.ref("id")
    try:
        currency, updated_at = told.currency("currency"), told.moment("updated_at")
        sold = [row for row in told.rows("line_items") if row.flag("gift_card") is not True]
        if "line_items" not in told.content:
            raise Unreadable("missing", told.at("line_items"))
        order = EventFacts(
            kind=_kind(told),
            order_ref=order_ref,
            version=milliseconds(updated_at),
            occurred_at=told.moment_if_told("cancelled_at") or updated_at,
            currency=currency,
            placed_at=told.moment("created_at"),
            click_token=_click_token(told, shop),
            coupon=next((code for row in told.rows("discount_codes") if (code := row.words("code", 80))), None),
            is_test=told.flag("test") is True or headers.get(TEST, "").lower() == "true",
            customer_ref=_customer(told, shop),
            customer_is_new=_is_new(told) if topic == CREATED else None,
            shipping_minor=_shipping(told, currency),
            lines=_lines(told, sold, currency),
            is_snapshot=True,
        )
        lines.check(order, "line_items")
        refunds = shopify_refunds.inside(told, order)
    except Unreadable as refusal:
        refusal.order_ref = order_ref
        raise
    notes = () if len(sold) == len(told.rows("line_items")) else (GIFT_CARD_LEFT_OUT,)
    return Reading(topic or "orders/updated", (order, *refunds), notes)


def _kind(told: Told) -> str:
    if told.moment_if_told("cancelled_at") is not None:
        return facts.CANCELLED
    if told.word("financial_status") not in PAID:
        return facts.PLACED
    return facts.COMPLETED if told.word("fulfillment_status") == FULFILLED else facts.PAID


def _click_token(told: Told, shop: Shop) -> str | None:
    """From the cart's attributes, else a line's, else the address on which the customer landed."""
    names = shop.click_names
    in_lines = (named_value(row.rows("properties"), "name", names) for row in told.rows("line_items"))
    return (
        named_value(told.rows("note_attributes"), "name", names)
        or next((value for value in in_lines if value), None)
        or query_value(told.get("landing_site"), names)
    )


def _customer(told: Told, shop: Shop) -> str | None:
    customer = told.part("customer")
    return shop.customer(customer.get("id") if customer else None, told.get("email"))


def _is_new(told: Told) -> bool | None:
    """Told only when the order is placed: later the count grows by the customer's next orders."""
    customer = told.part("customer")
    count = customer.count("orders_count") if customer else None
    return None if count is None else count <= 1


def shop_minor(told: Told, name: str, currency: str, *, default: int | None = None) -> int:
    """The amount of a field in the shop's money: `name_set.shop_money`, else the plain field, which means the same."""
    both = told.part(f"{name}_set")
    amount = both.part("shop_money") if both else None
    if amount is None:
        return told.minor(name, currency, default=default)
    if amount.get("currency_code") is not None and amount.currency("currency_code") != currency:
        raise Unreadable("currency_mismatch", amount.at("currency_code"))
    return amount.minor("amount", currency)


def _taxes(row: Told, currency: str) -> int:
    return sum(shop_minor(tax, "price", currency) for tax in row.rows("tax_lines"))


def _shipping(told: Told, currency: str) -> int:
    """Shipping after its discounts, with its tax."""
    total = 0
    for row in told.rows("shipping_lines"):
        price = shop_minor(row, "price", currency, default=0)
        off = sum(shop_minor(part, "amount", currency) for part in row.rows("discount_allocations"))
        total += max(0, price - off) + (0 if told.flag("taxes_included") else _taxes(row, currency))
    return total


def _lines(told: Told, rows: list[Told], currency: str) -> tuple[LineFacts, ...]:
    included = told.flag("taxes_included") is True
    read = [_line(row, currency, taxed=included) for row in rows]
    if any("tax_lines" in row.content for row in rows):
        return tuple(read)
    return tuple(_order_taxes(told, read, currency, included=included))


def _line(row: Told, currency: str, *, taxed: bool) -> LineFacts:
    """price × quantity − what discounts are allocated to it; the tax is in the price, or on top of it."""
    quantity, tax = row.pieces("quantity"), _taxes(row, currency)
    if "discount_allocations" in row.content:
        discount = sum(shop_minor(part, "amount", currency) for part in row.rows("discount_allocations"))
    else:
        discount = shop_minor(row, "total_discount", currency, default=0)
    return lines.sold(
        row.ref("id"),
        quantity=quantity,
        gross_minor=shop_minor(row, "price", currency) * quantity + (0 if taxed else tax),
        discount_minor=discount,
        tax_minor=tax,
        path=row.path,
        sku=row.words("sku", 120),
        title=row.words("title", 500) or row.words("name", 500),
        brand=row.words("vendor", 200),
    )


def _order_taxes(told: Told, read: list[LineFacts], currency: str, *, included: bool) -> list[LineFacts]:
    """Old API versions tell the tax of the order only: spread over the lines by what they cost."""
    tax = sum(shop_minor(row, "price", currency) for row in told.rows("tax_lines"))
    weights = [line.gross_minor for line in read]
    if tax <= 0 or sum(weights) <= 0:
        return read
    shares = money.split(min(tax, sum(weights)) if included else tax, weights)
    return [
        replace(line, tax_minor=share)
        if included
        else lines.sold(
            line.line_ref,
            quantity=line.quantity,
            gross_minor=line.unit_price_minor * line.quantity + share,
            discount_minor=line.discount_minor,
            tax_minor=share,
            path="tax_lines",
            sku=line.sku,
            title=line.title,
            brand=line.brand,
        )
        for line, share in zip(read, shares, strict=True)
    ]
