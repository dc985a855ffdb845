"""Lines from what shops tell: one definition of the net, whatever a shop's prices include."""

from __future__ import annotations

from collections.abc import Sequence

from affiliate.core import money
from affiliate.orders.facts import EventFacts, LineFacts, RefundFacts
from affiliate.orders.schemas import Unreadable


def sold(
    line_ref: str,
    *,
    quantity: int,
    gross_minor: int,
    discount_minor: int,
    tax_minor: int,
    path: str,
    sku: str | None = None,
    title: str | None = None,
    category: str | None = None,
    brand: str | None = None,
) -> LineFacts:
    """A line of which the shop tells sums: `gross_minor` before the discount, with tax.

    The unit price is that sum by piece, rounded up; what the rounding adds stands in the discount, so that net and
    total are exact. Raises Unreadable where discount and tax are more than the line costs.
    """
    pieces = quantity or (1 if gross_minor else 0)
    unit = -(-gross_minor // pieces) if pieces else 0
    line = LineFacts(
        line_ref=line_ref,
        sku=sku,
        title=title,
        category=category,
        brand=brand,
        quantity=pieces,
        unit_price_minor=unit,
        discount_minor=discount_minor + unit * pieces - gross_minor,
        tax_minor=tax_minor,
    )
    if line.net_minor < 0:
        raise Unreadable("negative_net", path)
    return line


def check(event: EventFacts, path: str) -> None:
    """No two of its lines have one id, and it sums to what can be counted. Raises Unreadable."""
    lines = event.lines or ()
    seen: set[str] = set()
    for line in lines:
        if line.line_ref in seen:
            raise Unreadable("duplicate_line", path)
        seen.add(line.line_ref)
    if event.shipping_minor + sum(line.gross_minor for line in lines) > money.MINOR_MAX:
        raise Unreadable("too_large", path)


def countable(refund: RefundFacts, path: str) -> RefundFacts:
    """The refund, when it is no larger than an amount can be. Raises Unreadable."""
    if max(refund.amount_minor, sum(part.amount_minor or 0 for part in refund.lines)) > money.MINOR_MAX:
        raise Unreadable("too_large", path)
    return refund


def spread(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """An amount by weights, at most all of each; nothing where there is nothing to spread over."""
    if amount_minor <= 0 or sum(weights) <= 0:
        return [0] * len(weights)
    return money.split(min(amount_minor, sum(weights)), weights)
