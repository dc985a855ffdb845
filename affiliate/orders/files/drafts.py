"""The rows of one order as the order that they tell, or as problems with line and heading. Pure.

A cell that cannot be read keeps its whole order back: nothing is applied by half.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from affiliate.core import dates, money, numbers
from affiliate.core.clock import rfc3339
from affiliate.core.mapping import words
from affiliate.core.wording import one_line
from affiliate.orders.files import fields, lines
from affiliate.orders.files.plans import Plan
from affiliate.orders.schemas import REF_MAX

ROWS_MAX = 5000  # of one order
_COUNTED = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "satu": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "delapan": 8, "sembilan": 9,
    "sepuluh": 10,
}  # fmt: skip
_RANK = {fields.PLACED: 0, fields.PAID: 1, fields.COMPLETED: 2, fields.REFUNDED: 3}


@dataclass(frozen=True, slots=True)
class Problem:
    """One cell, or one row, that cannot be used."""

    line: int
    column: str
    value: str
    code: str


@dataclass(slots=True)
class Row:
    """One row, read. `gross` is what the customer pays for it; a return has what went back in `returned`."""

    line: int
    cells: Sequence[str]
    state: str = fields.COMPLETED
    quantity: int = 1
    gross: Decimal | None = None
    returned: Decimal = Decimal(0)
    is_return: bool = False
    amounts: dict[str, Decimal] = field(default_factory=dict)
    moments: dict[str, datetime] = field(default_factory=dict)


class _Reader:
    """Reads the rows of one order and gathers what is wrong with them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.problems: list[Problem] = []

    def refuse(self, line: int, name: str, value: str, code: str) -> None:
        self.problems.append(Problem(line, self.plan.heading(name)[:120], one_line(value)[:500], code))

    def row(self, line: int, cells: Sequence[str], state: str) -> Row:
        row = Row(line, cells, self._state(cells) or state)
        for name in fields.NUMBERS:
            if text := self.plan.cell(cells, name).strip():
                self._number(row, name, text)
        for name in fields.DATES:
            if text := self.plan.cell(cells, name).strip():
                self._moment(row, name, text)
        self._price(row)
        return row

    def _state(self, cells: Sequence[str]) -> str | None:
        word = words(self.plan.cell(cells, "status"))
        return (self.plan.choices.statuses.get(word) or fields.state_of(word)) if word else None

    def _number(self, row: Row, name: str, text: str) -> None:
        number = numbers.read(text, self.plan.signs[name])
        if number is None and name == "quantity" and text.lower() in _COUNTED:
            number = Decimal(_COUNTED[text.lower()])
        if number is None:
            self.refuse(row.line, name, text, "not_a_number")
        elif abs(number) > Decimal(money.MINOR_MAX) / 1000:
            self.refuse(row.line, name, text, "too_large")
        else:
            row.amounts[name] = number

    def _moment(self, row: Row, name: str, text: str) -> None:
        day = dates.read(text, self.plan.orders[name])
        if day is None:
            self.refuse(row.line, name, text, "not_a_date")
        else:
            row.moments[name] = day.moment(self.plan.zone)

    def _price(self, row: Row) -> None:
        """What the row's goods cost, and whether they went back."""
        pieces = row.amounts.get("quantity", Decimal(1))
        gross = row.amounts.get("line_total")
        if gross is None and "unit_price" in row.amounts:
            gross = row.amounts["unit_price"] * pieces - row.amounts.get("line_discount", Decimal(0))
        row.is_return = pieces < 0 or (gross is not None and gross < 0)
        if row.is_return:
            row.returned = abs(gross or Decimal(0))
            return
        row.quantity = int(pieces) if pieces == pieces.to_integral_value() else 1
        row.gross = gross

    def same(self, rows: Sequence[Row], name: str) -> Decimal | None:
        """An amount of the order, which stands on each of its rows or on the first."""
        found = [row for row in rows if name in row.amounts]
        for row in found[1:]:
            if row.amounts[name] != found[0].amounts[name]:
                self.refuse(row.line, name, self.plan.cell(row.cells, name), "differs")
                return None
        if found and found[0].amounts[name] < 0 and name not in {"discount", "refunded"}:
            self.refuse(found[0].line, name, self.plan.cell(found[0].cells, name), "negative_amount")
            return None
        return abs(found[0].amounts[name]) if found else None

    def currency(self, rows: Sequence[Row]) -> str:
        codes = {text: row for row in rows if (text := self.plan.cell(row.cells, "currency").strip().upper())}
        for code, row in codes.items():
            if code not in money.EXPONENTS:
                self.refuse(row.line, "currency", code, "unknown_currency")
        if len(codes) > 1:
            self.refuse(rows[0].line, "currency", ", ".join(sorted(codes)), "differs")
        return next((code for code in codes if code in money.EXPONENTS), self.plan.currency)


def draft(
    ref: str, rows: Sequence[tuple[int, Sequence[str]]], plan: Plan
) -> tuple[dict[str, Any] | None, list[Problem]]:
    """(the order as `adapters.file` reads it, what is wrong); no order where anything is, or where it is left out."""
    reader = _Reader(plan)
    first = rows[0][0]
    if not _fit_ref(reader, ref, first):
        return None, reader.problems
    if len(rows) > ROWS_MAX:
        reader.refuse(first, "order_ref", ref, "too_many_rows")
        return None, reader.problems
    state = reader.plan.choices.without_status
    read: list[Row] = []
    for line, cells in rows:
        read.append(reader.row(line, cells, state))
        state = read[-1].state  # a row without a status continues the one above
    kept = [row for row in read if row.state != fields.LEFT_OUT]
    if not kept:
        return None, []
    told = _order(reader, ref, kept)
    return (None if reader.problems else told), reader.problems


def _fit_ref(reader: _Reader, ref: str, line: int) -> bool:
    code = (
        "missing" if not ref
        else "damaged_id" if numbers.is_damaged_id(ref)
        else "too_long" if len(ref) > REF_MAX
        else "unfit_text" if one_line(ref) != ref
        else ""
    )  # fmt: skip
    if code:
        reader.refuse(line, "order_ref", ref, code)
    return not code


def _order(reader: _Reader, ref: str, rows: Sequence[Row]) -> dict[str, Any] | None:
    currency = reader.currency(rows)
    back = _refunds(reader.plan, rows, currency)
    rows = [row for row in rows if not (row.is_return and reader.plan.cell(row.cells, "original_ref").strip())]
    if back and not rows:
        return {"ref": ref, "currency": currency, "status": None, "refunds": back}
    sold = [row for row in rows if not row.is_return]
    if not sold:
        for row in rows:
            reader.refuse(row.line, "quantity", reader.plan.cell(row.cells, "quantity"), "refund_without_order")
        return None
    placed_at = min((row.moments["placed_at"] for row in sold if "placed_at" in row.moments), default=None)
    if placed_at is None and not reader.problems:
        reader.refuse(sold[0].line, "placed_at", "", "missing")
    amounts = {name: reader.same(rows, name) for name in fields.OF_ORDERS}
    if reader.problems or placed_at is None:
        return None
    status = _status(sold)
    counted = [row for row in sold if row.state != fields.CANCELLED] or sold
    told = {name: _minor(value, currency) for name, value in amounts.items()}
    shipping = told["shipping"]
    if any("line_shipping" in row.amounts for row in counted):
        by_row = [_minor(row.amounts.get("line_shipping"), currency) or 0 for row in counted]
        shipping = sum(by_row)
    goods = lines.goods(reader.plan, counted, told, shipping or 0, currency)
    if isinstance(goods, str):
        reader.refuse(sold[0].line, "order_total", reader.plan.cell(sold[0].cells, "order_total"), goods)
        return None
    return {
        "ref": ref,
        "status": status,
        "currency": currency,
        "placed_at": rfc3339(placed_at),
        "completed_at": _when(sold, "completed_at"),
        "cancelled_at": _when(sold, "cancelled_at"),
        "at": rfc3339(min(_latest(rows, "updated_at") or reader.plan.at, reader.plan.at)),
        "lines": goods,
        "is_total": lines.is_total(reader.plan),
        "shipping_minor": shipping,
        "refunded_minor": _refunded(reader.plan, rows, counted, goods, told["refunded"], shipping or 0, currency),
        "refunded_at": _when(rows, "refunded_at"),
        "click_token": _text(reader.plan, rows, "click_token", 80),
        "coupon": _text(reader.plan, rows, "coupon", 80),
        "customer": _text(reader.plan, rows, "customer", 200),
        "refunds": back,
    }


def _refunds(plan: Plan, rows: Sequence[Row], currency: str) -> list[dict[str, Any]]:
    """What rows take back that name this order as the one they are about: one refund a number of their own."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row.is_return and plan.cell(row.cells, "original_ref").strip():
            own = one_line(plan.cell(row.cells, "order_ref")) or str(row.line)
            found.setdefault(own[:REF_MAX], []).append(row)
    return [
        {
            "ref": own,
            "amount_minor": sum(_minor(row.returned, currency) or 0 for row in same),
            "at": _when(same, "refunded_at") or _when(same, "placed_at") or rfc3339(plan.at),
        }
        for own, same in found.items()
    ]


def _status(rows: Sequence[Row]) -> str:
    """The order's state: cancelled when all of it is, else as far as its slowest part. A filled date says it, too."""
    alive = [row for row in rows if row.state != fields.CANCELLED]
    if not alive or any("cancelled_at" in row.moments for row in rows):
        return fields.CANCELLED
    state = min((row.state for row in alive), key=_RANK.__getitem__)
    if state == fields.REFUNDED or any("completed_at" in row.moments for row in rows):
        return fields.COMPLETED
    return fields.PAID if state == fields.PLACED and any("paid_at" in row.moments for row in rows) else state


def _refunded(
    plan: Plan,
    rows: Sequence[Row],
    counted: Sequence[Row],
    goods: Sequence[Mapping[str, Any]],
    told: int | None,
    shipping: int,
    currency: str,
) -> int | None:
    """All that went back: the column's word, else what rows say; None where the file says nothing of it."""
    if "refunded" in plan.places:
        return told or 0
    back = sum(_minor(row.returned, currency) or 0 for row in rows if row.is_return)
    gross = [line["quantity"] * line["unit_price_minor"] - line["discount_minor"] for line in goods]
    if len(gross) == len(counted):
        back += sum(worth for row, worth in zip(counted, gross, strict=True) if row.state == fields.REFUNDED)
    elif all(row.state == fields.REFUNDED for row in counted):
        back += sum(gross)
    if counted and all(row.state == fields.REFUNDED for row in counted):
        back += shipping
    return back or (0 if any(row.state == fields.REFUNDED for row in counted) else None)


def _latest(rows: Sequence[Row], name: str) -> datetime | None:
    return max((row.moments[name] for row in rows if name in row.moments), default=None)


def _when(rows: Sequence[Row], name: str) -> str | None:
    moment = _latest(rows, name)
    return rfc3339(moment) if moment else None


def _text(plan: Plan, rows: Sequence[Row], name: str, longest: int) -> str | None:
    return next((text[:longest] for row in rows if (text := one_line(plan.cell(row.cells, name)))), None)


def _minor(value: Decimal | None, currency: str) -> int | None:
    """Minor units, rounded half-even once."""
    if value is None:
        return None
    return int(value.scaleb(money.exponent(currency)).to_integral_value(rounding=ROUND_HALF_EVEN))
