"""Adobe Commerce and Magento: an order as its REST API shows it, sent by a small module after every save.

Completed: the state `complete`. Version: `updated_at` in milliseconds, in UTC. Money is the website's base currency
(`base_…` fields), not the customer's: terms and invoices are in it, and a refund keeps the order's own rate.

A configurable product stands twice among the items: the parent has the price, the child the SKU that was picked; it is
one line. A bundle whose children have prices of their own is its children. Refunds are told as sums that grow, by item;
they are one refund, told anew with each snapshot. A credit memo by itself is ignored: the order that is saved with it
says the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from affiliate.orders import facts
from affiliate.orders.adapters import lines
from affiliate.orders.adapters.reading import Reading, Shop, Told, milliseconds
from affiliate.orders.facts import EventFacts, LineFacts, RefundFacts, RefundLineFacts
from affiliate.orders.schemas import Unreadable
from affiliate.orders.schemes.adobe import SCHEME

ORDER_TOPICS = frozenset(
    {
        "order", "sales_order_save_after", "sales_order_save_commit_after", "observer.sales_order_save_after",
        "observer.sales_order_save_commit_after", "plugin.sales.api.order_management.place",
    }
)  # fmt: skip
KINDS = {
    "new": facts.PLACED, "pending_payment": facts.PLACED, "payment_review": facts.PLACED, "holded": facts.PLACED,
    "processing": facts.PAID, "complete": facts.COMPLETED, "canceled": facts.CANCELLED, "closed": facts.UPDATED,
}  # fmt: skip
CREDIT_MEMOS = "credit-memos"
ADJUSTMENT = "adjustment"
CANCELLED_PIECES = "cancelled-pieces"


def read(body: bytes, headers: Mapping[str, str], shop: Shop) -> Reading:
    """What a delivery under this topic says. Raises Unreadable."""
    topic = SCHEME.topic(headers)
    if topic and topic not in ORDER_TOPICS:
        return Reading(topic)
    try:
        return _order(Told.of(body), topic or "order", shop)
    except Unreadable as refusal:
        refusal.topic = topic
        raise


def _order(told: Told, topic: str, shop: Shop) -> Reading:
    order_ref = told.ref("increment_id")
    try:
        in_base = told.get("base_currency_code") is not None
        money = _Money(
            told.currency("base_currency_code" if in_base else "order_currency_code"), "base_" if in_base else ""
        )
        kind, updated_at = _kind(told), told.moment("updated_at")
        if "items" not in told.content:
            raise Unreadable("missing", told.at("items"))
        items = _sold_items(told)
        order = EventFacts(
            kind=kind,
            order_ref=order_ref,
            version=milliseconds(updated_at),
            occurred_at=updated_at,
            currency=money.currency,
            placed_at=told.moment("created_at"),
            click_token=_click_token(told, shop),
            coupon=told.words("coupon_code", 80),
            customer_ref=shop.customer(told.get("customer_id"), told.get("customer_email")),
            shipping_minor=_shipping(told, money),
            lines=tuple(_line(item, sku, money) for item, sku in items),
            is_snapshot=kind != facts.UPDATED,
        )
        lines.check(order, "items")
        refunds = [
            _refunded(order, refund, updated_at) for refund in _refunds(told, [item for item, _sku in items], money)
        ]
    except Unreadable as refusal:
        refusal.order_ref = order_ref
        raise
    return Reading(topic, (order, *refunds))


def _kind(told: Told) -> str:
    """`closed` says that all went back, not how far the order had come: what was told before stands."""
    state = told.word("state")
    if not state:
        raise Unreadable("missing", told.at("state"))
    return KINDS.get(state, facts.UPDATED)


def _click_token(told: Told, shop: Shop) -> str | None:
    extension = told.part("extension_attributes")
    for name in sorted(shop.click_names):
        found = (extension.words(name, 80) if extension else None) or told.words(name, 80)
        if found:
            return found
    return None


class _Money:
    """Amounts of one side: the fields of the base currency, or those of the order's where there are no others."""

    def __init__(self, currency: str, prefix: str) -> None:
        self.currency = currency
        self.prefix = prefix

    def of(self, row: Told, name: str) -> int:
        return row.minor(self.prefix + name, self.currency, default=0)

    def needed(self, row: Told, name: str) -> int:
        return row.minor(self.prefix + name, self.currency)

    def compensation(self, row: Told, suffix: str) -> int:
        """The tax inside a discount on prices with tax; Magento 1 calls it hidden tax."""
        name = f"discount_tax_compensation_{suffix}"
        if row.get(self.prefix + name) is not None:
            return self.of(row, name)
        return self.of(row, f"hidden_tax_{suffix}")


def _shipping(told: Told, money: _Money) -> int:
    if told.get(f"{money.prefix}shipping_incl_tax") is not None:
        return money.of(told, "shipping_incl_tax")
    return money.of(told, "shipping_amount") + money.of(told, "shipping_tax_amount")


def _sold_items(told: Told) -> list[tuple[Told, str | None]]:
    """(item, SKU) of what was sold, each once: parents for configurables, children for bundles with priced children."""
    children: dict[str, list[Told]] = {}
    parents: list[Told] = []
    for row in told.rows("items"):
        if row.get("parent_item_id") in (None, "", 0, "0"):
            parents.append(row)
        else:
            children.setdefault(row.ref("parent_item_id"), []).append(row)
    sold: list[tuple[Told, str | None]] = []
    for parent in parents:
        own = children.get(parent.ref("item_id"), [])
        if parent.get("product_type") == "bundle" and any(_is_priced(child) for child in own):
            sold += [(child, child.words("sku", 120)) for child in own]
        else:
            picked = own[0].words("sku", 120) if len(own) == 1 else None
            sold.append((parent, picked or parent.words("sku", 120)))
    return sold


def _is_priced(item: Told) -> bool:
    return item.get("row_total") not in (None, "", 0) and item.minor("row_total", "CLF", default=0) > 0


def _line(item: Told, sku: str | None, money: _Money) -> LineFacts:
    """row_total is before the discount, without tax; net = row_total − discount + the tax inside the discount."""
    tax, discount = money.of(item, "tax_amount"), money.of(item, "discount_amount")
    return lines.sold(
        item.ref("item_id"),
        quantity=item.pieces("qty_ordered"),
        gross_minor=money.needed(item, "row_total") + tax + money.compensation(item, "amount"),
        discount_minor=discount,
        tax_minor=tax,
        path=item.path,
        sku=sku,
        title=item.words("name", 500),
    )


def _refunds(told: Told, items: list[Told], money: _Money) -> list[RefundFacts]:
    """What went back: by item, by amount, and the pieces that were cancelled before they were invoiced."""
    returned = tuple(part for item in items if (part := _returned(item, money)) is not None)
    dropped = tuple(
        RefundLineFacts(item.ref("item_id"), pieces, None)
        for item in items
        if told.get("state") != "canceled" and (pieces := item.pieces("qty_canceled"))
    )
    found = [
        RefundFacts(CREDIT_MEMOS, sum(part.amount_minor or 0 for part in returned), returned) if returned else None,
        RefundFacts(CANCELLED_PIECES, 0, dropped) if dropped else None,
    ]
    adjustment = money.of(told, "adjustment_positive")
    if adjustment:
        found.append(RefundFacts(ADJUSTMENT, adjustment, with_tax=True))
    return [refund for refund in found if refund is not None]


def _returned(item: Told, money: _Money) -> RefundLineFacts | None:
    net = money.of(item, "amount_refunded") - money.of(item, "discount_refunded")
    net += money.compensation(item, "refunded")
    pieces = item.pieces("qty_refunded")
    return RefundLineFacts(item.ref("item_id"), pieces, max(0, net)) if pieces or net > 0 else None


def _refunded(order: EventFacts, refund: RefundFacts, at: datetime) -> EventFacts:
    return EventFacts(
        kind=facts.REFUNDED,
        order_ref=order.order_ref,
        version=order.version,
        occurred_at=at,
        currency=order.currency,
        refund=lines.countable(refund, "items"),
        is_snapshot=True,
    )
