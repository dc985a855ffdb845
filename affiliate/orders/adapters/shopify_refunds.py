"""Shopify's refunds: inside an order, or delivered by themselves before or after it.

What goes back by pieces takes those pieces' share of the line's net: so it needs neither a currency nor to know
whether prices include tax, which a refund does not say. What goes back by amount is in `order_adjustments` of the kind
`refund_discrepancy` (negative: more than the pieces were worth), or, without pieces, in the transactions alone; it is
spread over the lines. A positive discrepancy is what the shop kept of a return: the piece is gone all the same.
Refunded shipping and duties are not taken from the lines.
"""

from __future__ import annotations

from affiliate.orders import facts
from affiliate.orders.adapters import lines
from affiliate.orders.adapters.reading import Told
from affiliate.orders.facts import EventFacts, RefundFacts, RefundLineFacts
from affiliate.orders.schemas import Unreadable

DISCREPANCY = "refund_discrepancy"
SHIPPING = "shipping_refund"


def alone(told: Told) -> EventFacts:
    """A delivery of `refunds/create`. It is not a snapshot: it says nothing of the order's other refunds."""
    order_ref = told.ref("order_id")
    try:
        currency = _currency(told)
        return EventFacts(
            kind=facts.REFUNDED,
            order_ref=order_ref,
            version=0,
            occurred_at=told.moment("created_at"),
            currency=currency,
            refund=_refund(told, currency),
        )
    except Unreadable as refusal:
        refusal.order_ref = order_ref
        raise


def inside(told: Told, order: EventFacts) -> list[EventFacts]:
    """The refunds that an order holds, each by its own id, as part of the same snapshot."""
    return [
        EventFacts(
            kind=facts.REFUNDED,
            order_ref=order.order_ref,
            version=order.version,
            occurred_at=row.moment("created_at"),
            currency=order.currency,
            refund=_refund(row, order.currency),
            is_snapshot=True,
        )
        for row in told.rows("refunds")
    ]


def _currency(told: Told) -> str:
    """The shop's currency: any shop_money of the refund names it, in old API versions a transaction."""
    rows = [*told.rows("refund_line_items"), *told.rows("order_adjustments"), told, *told.rows("transactions")]
    for row in rows:
        for name in ("subtotal_set", "amount_set", "total_duties_set", "total_unsettled_set"):
            both = row.part(name)
            amount = both.part("shop_money") if both else None
            for code in ("currency_code", "currency"):
                if amount is not None and amount.get(code) not in (None, "", "XXX"):
                    return amount.currency(code)
    for row in told.rows("transactions"):
        if row.get("currency") is not None:
            return row.currency("currency")
    raise Unreadable("missing", told.at("refund_line_items.0.subtotal_set.shop_money.currency_code"))


def _refund(told: Told, currency: str) -> RefundFacts:
    parts = tuple(
        RefundLineFacts(row.ref("line_item_id"), row.pieces("quantity"), None) for row in told.rows("refund_line_items")
    )
    more = sum(max(0, -_adjusted(row, currency)) for row in _adjustments(told, DISCREPANCY))
    if not parts and not more:
        more = max(0, _paid_back(told, currency) - _shipping(told, currency))
    refund = RefundFacts(
        refund_ref=told.ref("id"),
        amount_minor=max(0, _worth(told, currency)) + more if parts else more,
        lines=parts,
        beside_minor=more if parts else 0,
        with_tax=True,
    )
    return lines.countable(refund, told.path or "refund_line_items")


def _worth(told: Told, currency: str) -> int:
    """What the shop says the pieces were worth; for people only, the lines lose their own share."""
    return sum(_shop_amount(row, "subtotal", currency) for row in told.rows("refund_line_items"))


def _adjustments(told: Told, kind: str) -> list[Told]:
    return [row for row in told.rows("order_adjustments") if row.get("kind") == kind]


def _adjusted(row: Told, currency: str) -> int:
    """An adjustment with its tax; negative is what the customer got."""
    return _shop_amount(row, "amount", currency) + _shop_amount(row, "tax_amount", currency)


def _shop_amount(row: Told, name: str, currency: str) -> int:
    both = row.part(f"{name}_set")
    amount = both.part("shop_money") if both else None
    if amount is not None:
        return amount.minor("amount", currency, default=0, signed=True)
    return row.minor(name, currency, default=0, signed=True)


def _shipping(told: Told, currency: str) -> int:
    """What of a refund was shipping: an adjustment, and since API 2024-10 a list of its own."""
    adjusted = sum(max(0, -_adjusted(row, currency)) for row in _adjustments(told, SHIPPING))
    own = sum(_shop_amount(row, "subtotal_amount", currency) for row in told.rows("refund_shipping_lines"))
    return adjusted + own


def _paid_back(told: Told, currency: str) -> int:
    """The successful refund transactions. They are in the customer's currency: another than the shop's is refused."""
    total = 0
    for row in told.rows("transactions"):
        if row.get("kind") != "refund" or row.get("status") != "success":
            continue
        if row.get("currency") is not None and row.currency("currency") != currency:
            raise Unreadable("currency_mismatch", row.at("currency"))
        total += row.minor("amount", currency)
    return total
