"""The lines of an order out of its rows: what each cost after the order's discount, with its share of the tax. Pure.

Prices include tax, as people write them, unless the order's total shows that it comes on top. A total that is lower
than its lines is a discount that has no column; one that is higher holds fees, which earn nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN
from typing import TYPE_CHECKING, Any

from affiliate.core import money
from affiliate.core.wording import one_line
from affiliate.orders.adapters.lines import sold, spread
from affiliate.orders.facts import plain
from affiliate.orders.files.plans import Plan
from affiliate.orders.schemas import REF_MAX

if TYPE_CHECKING:
    from affiliate.orders.files.drafts import Row


def is_total(plan: Plan) -> bool:
    """Whether a file tells an order's total and nothing of what was sold."""
    return not any(name in plan.places for name in ("line_total", "unit_price", "sku", "title"))


def goods(
    plan: Plan, rows: Sequence[Row], told: Mapping[str, int | None], shipping: int, currency: str
) -> list[dict[str, Any]] | str:
    """The lines as stored, or the code of what is wrong with the order's amounts."""
    gross, total = [_gross(row, currency) for row in rows], told["order_total"]
    if None in gross:
        if total is None:
            return "missing"
        if total < shipping:
            return "less_than_shipping"
        paid = _by_pieces(rows, total - shipping)
        off, rows = 0, rows[:1] if is_total(plan) else rows
        paid = [sum(paid)] if is_total(plan) else paid
    else:
        paid = [one for one in gross if one is not None]
        off = min(told["discount"] or 0, sum(paid))
    tax = told["tax"] or 0
    before = sum(paid) - off
    if tax and total is not None and _near(before + shipping + tax, total, len(paid)):
        paid = [one + share for one, share in zip(paid, spread_all(tax, paid), strict=True)]
    elif total is not None and total - shipping < before:
        off += before - max(0, total - shipping)
    offs = spread(off, paid)
    left = [one - less for one, less in zip(paid, offs, strict=True)]
    taxes = spread(tax, left)
    return _lines(plan, rows, paid, offs, taxes)


def _gross(row: Row, currency: str) -> int | None:
    if row.gross is None:
        return None
    return int(row.gross.scaleb(money.exponent(currency)).to_integral_value(rounding=ROUND_HALF_EVEN))


def _by_pieces(rows: Sequence[Row], amount: int) -> list[int]:
    weights = [max(row.quantity, 0) for row in rows]
    return money.split(amount, weights if sum(weights) else [1] * len(rows))


def spread_all(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount by weights, all of it."""
    return money.split(amount, weights if sum(weights) else [1] * len(weights))


def _near(one: int, other: int, roundings: int) -> bool:
    return abs(one - other) <= roundings


def _lines(
    plan: Plan, rows: Sequence[Row], paid: Sequence[int], offs: Sequence[int], taxes: Sequence[int]
) -> list[dict[str, Any]]:
    taken: set[str] = set()
    made = []
    for place, (row, gross, off, tax) in enumerate(zip(rows, paid, offs, taxes, strict=True), 1):
        sku, title = (one_line(plan.cell(row.cells, name)) for name in ("sku", "title"))
        category = one_line(plan.cell(row.cells, "category"))
        line = sold(
            _name(sku or str(place), taken),
            quantity=row.quantity,
            gross_minor=gross,
            discount_minor=off,
            tax_minor=tax,
            path="order.lines",
            sku=sku[:REF_MAX] or None,
            title=title[:500] or None,
            category=category[:500] or None,
        )
        made.append(plain(line))
    return made


def _name(wanted: str, taken: set[str]) -> str:
    name, number = wanted[:REF_MAX], 1
    while name in taken:
        number += 1
        name = f"{wanted[: REF_MAX - 6]}~{number}"
    taken.add(name)
    return name
