"""WooCommerce: an order as it now is, with a summary of its refunds.

Completed: the status `completed`, at `date_completed_gmt`; an order of which part went back keeps it. Version:
`date_modified_gmt` in milliseconds. A line's `total` is after coupons and without tax whatever the shop's prices
include, so it is the net. Refunds are told as sums without lines, tax and shipping in them: they are spread over the
lines. One that is deleted again is missing in the next snapshot, and is believed.

A draft is no order yet. Deleting an order in the shop says only its id: nothing is taken back by that, the shop
cancels or refunds first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from html import unescape

from affiliate.orders import facts
from affiliate.orders.adapters import lines
from affiliate.orders.adapters.reading import Reading, Shop, Told, milliseconds, named_value, query_value
from affiliate.orders.facts import EventFacts, LineFacts, RefundFacts
from affiliate.orders.schemas import Unreadable
from affiliate.orders.schemes.woocommerce import SCHEME, is_ping

PING = "ping"
ORDER_TOPICS = frozenset({"order.created", "order.updated", "order.restored"})
DRAFTS = frozenset({"checkout-draft", "auto-draft", "draft"})
CANCELLED = frozenset({"cancelled", "failed", "trash"})
UNPAID = frozenset({"pending", "on-hold"})
LANDING = frozenset({"_wc_order_attribution_session_entry"})
FEES_LEFT_OUT = "fees_left_out"


def read(body: bytes, headers: Mapping[str, str], shop: Shop) -> Reading:
    """What a delivery under this topic says. Raises Unreadable."""
    if is_ping(body):
        return Reading(PING)
    topic = SCHEME.topic(headers)
    if topic and topic not in ORDER_TOPICS:
        return Reading(topic)
    try:
        return _order(Told.of(body), topic or "order.updated", shop)
    except Unreadable as refusal:
        refusal.topic = topic
        raise


def _order(told: Told, topic: str, shop: Shop) -> Reading:
    order_ref = told.ref("id")
    try:
        if told.word("status") in DRAFTS:
            return Reading(topic)
        currency, modified_at = told.currency("currency"), told.moment("date_modified_gmt")
        kind, occurred_at = _state(told, modified_at)
        if "line_items" not in told.content:
            raise Unreadable("missing", told.at("line_items"))
        order = EventFacts(
            kind=kind,
            order_ref=order_ref,
            version=milliseconds(modified_at),
            occurred_at=occurred_at,
            currency=currency,
            placed_at=told.moment("date_created_gmt"),
            click_token=_click_token(told, shop),
            coupon=next((code for row in told.rows("coupon_lines") if (code := row.words("code", 80))), None),
            customer_ref=_customer(told, shop),
            shipping_minor=_with_tax(told, "shipping_total", "shipping_tax", currency),
            lines=_lines(told, currency),
            is_snapshot=True,
        )
        lines.check(order, "line_items")
        refunds = [_refund(row, order, modified_at) for row in told.rows("refunds")]
        notes = (FEES_LEFT_OUT,) if any(_fee(row, currency) > 0 for row in told.rows("fee_lines")) else ()
    except Unreadable as refusal:
        refusal.order_ref = order_ref
        raise
    return Reading(topic, (order, *refunds), notes)


def _state(told: Told, modified_at: datetime) -> tuple[str, datetime]:
    """(kind, its time). A status of the shop's own says as much as the dates beside it, but never completed."""
    status = told.word("status")
    completed_at = told.moment_if_told("date_completed_gmt")
    if not status:
        raise Unreadable("missing", told.at("status"))
    if status in CANCELLED:
        return facts.CANCELLED, modified_at
    if status == "completed" or (status == "refunded" and completed_at):
        return facts.COMPLETED, completed_at or modified_at
    if status == "processing" or (status not in UNPAID and told.moment_if_told("date_paid_gmt")):
        return facts.PAID, modified_at
    return facts.PLACED, modified_at


def _click_token(told: Told, shop: Shop) -> str | None:
    """From the order's meta data, else from the address on which the session began."""
    rows = [row for row in told.rows("meta_data") if isinstance(row.get("key"), str)]
    landing = next((row.get("value") for row in rows if row.get("key") in LANDING), None)
    return named_value(rows, "key", shop.click_names) or query_value(landing, shop.click_names)


def _customer(told: Told, shop: Shop) -> str | None:
    billing = told.part("billing")
    return shop.customer(told.get("customer_id"), billing.get("email") if billing else None)


def _with_tax(told: Told, name: str, tax: str, currency: str) -> int:
    return told.minor(name, currency, default=0) + told.minor(tax, currency, default=0)


def _lines(told: Told, currency: str) -> tuple[LineFacts, ...]:
    """The lines; a fee below zero is a discount on all of them."""
    read = [_line(row, currency) for row in told.rows("line_items")]
    off = -sum(min(0, _fee(row, currency)) for row in told.rows("fee_lines"))
    shares = lines.spread(off, [line.net_minor for line in read])
    return tuple(
        replace(line, discount_minor=line.discount_minor + share) for line, share in zip(read, shares, strict=True)
    )


def _fee(row: Told, currency: str) -> int:
    return row.minor("total", currency, default=0, signed=True)


def _line(row: Told, currency: str) -> LineFacts:
    net, tax = row.minor("total", currency), row.minor("total_tax", currency, default=0)
    before = row.minor("subtotal", currency, default=net) + row.minor("subtotal_tax", currency, default=tax)
    gross = max(before, net + tax)  # the shop may have raised a price by hand
    title = row.words("name", 500)
    return lines.sold(
        row.ref("id"),
        quantity=row.pieces("quantity"),
        gross_minor=gross,
        discount_minor=gross - net - tax,
        tax_minor=tax,
        path=row.path,
        sku=row.words("sku", 120),
        title=unescape(title)[:500] if title else None,
    )


def _refund(row: Told, order: EventFacts, modified_at: datetime) -> EventFacts:
    """A refund of the summary: an amount below zero, without a date; the first snapshot that has it says by when."""
    amount = abs(row.minor("total", order.currency, signed=True))
    return EventFacts(
        kind=facts.REFUNDED,
        order_ref=order.order_ref,
        version=order.version,
        occurred_at=modified_at,
        currency=order.currency,
        refund=RefundFacts(row.ref("id"), amount, with_tax=True),
        is_snapshot=True,
    )
