"""A real history of orders: read from its file, told as a store's messages, and its commissions reckoned by hand.

Nothing here knows the project's rules: the expected amounts come from the file, decimals and fractions alone.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

CURRENCY = "INR"
WORDS = {"One": 1, "Two": 2}
PERCENT = {"kurta": 1033, "Top": 415}  # basis points by category; the rest earns PERCENT_ALL
PERCENT_ALL = 737
PERCENT_BEST_SELLER = 2511
AN_ITEM = {"Saree": 1517}  # paise for each piece that stays sold
AN_ORDER = {"Western Dress": 2003}  # paise once, while any of it stays sold
BACK = {"Returned", "Refunded", "Cancelled"}


@dataclass(frozen=True)
class Row:
    """One row of the file. `amount` is what the whole row cost, in paise."""

    sku: str
    category: str
    quantity: int
    amount: int
    status: str

    @property
    def unit(self) -> int:
        return ceil(self.amount / self.quantity)

    @property
    def left(self) -> int:
        return 0 if self.status in BACK else self.amount


@dataclass(frozen=True)
class Sale:
    """One order of the file. `days_after_click` is more than the window allows for some."""

    ref: str
    number: int
    channel: str
    placed_at: datetime
    rows: tuple[Row, ...]

    @property
    def is_cancelled(self) -> bool:
        return all(row.status == "Cancelled" for row in self.rows)

    @property
    def is_late(self) -> bool:
        return self.number % 50 == 0


def read(path: Path) -> list[Sale]:
    """The file's orders. Months and days are swapped in it, quantities partly words, one column ends in a space."""
    kept: dict[str, list[dict[str, str]]] = {}
    with path.open(newline="", encoding="ascii") as handle:
        for row in csv.DictReader(handle):
            assert row["currency"] == CURRENCY
            kept.setdefault(row["Order ID"], []).append(row)
    return [_sale(number, ref, rows) for number, (ref, rows) in enumerate(kept.items())]


def _sale(number: int, ref: str, rows: list[dict[str, str]]) -> Sale:
    day = datetime.strptime(rows[0]["Date"][:10], "%Y-%d-%m").replace(tzinfo=UTC)
    return Sale(
        ref=ref,
        number=number,
        channel=rows[0]["Channel "].strip(),
        placed_at=day + timedelta(hours=3, seconds=number % 3600),
        rows=tuple(
            Row(
                sku=row["SKU"],
                category=row["Category"],
                quantity=WORDS.get(row["Qty"]) or int(row["Qty"]),
                amount=int(Decimal(row["Amount"]) * 100),
                status=row["Status"],
            )
            for row in rows
        ),
    )


def best_seller(sales: list[Sale]) -> str:
    return Counter(row.sku for sale in sales for row in sale.rows).most_common(1)[0][0]


# -- what the store says ---------------------------------------------------------------------------------------------


def messages(sale: Sale, token: str | None) -> Iterator[dict[str, Any]]:
    """Placed, paid, completed; then cancelled, or a refund for what came back: as one sum, or line by line."""
    data = {
        "order_id": sale.ref,
        "currency": CURRENCY,
        "placed_at": _stamp(sale.placed_at),
        "click_token": token,
        "lines": [_line(number, row) for number, row in enumerate(sale.rows, 1)],
    }
    for version, kind in enumerate(("placed", "paid", "completed"), 1):
        yield _message(kind, sale, version, data)
    if sale.is_cancelled:
        yield _message("cancelled", sale, 4, {"order_id": sale.ref, "currency": CURRENCY})
        return
    back = [(number, row) for number, row in enumerate(sale.rows, 1) if row.status in BACK]
    whole = len(back) == len(sale.rows) and all(row.status == "Refunded" for _number, row in back)
    if whole:
        refund = {"refund_id": f"{sale.ref}-R", "amount": _amount(sum(row.amount for _number, row in back))}
        yield _message("refunded", sale, 4, {"order_id": sale.ref, "currency": CURRENCY, "refund": refund})
        return
    for number, row in back:
        line = {"line_id": str(number), "quantity": row.quantity, "amount": _amount(row.amount)}
        refund = {"refund_id": f"{sale.ref}-R{number}", "lines": [line], "amount": _amount(row.amount)}
        yield _message("refunded", sale, 3 + number, {"order_id": sale.ref, "currency": CURRENCY, "refund": refund})


def _message(kind: str, sale: Sale, version: int, data: dict[str, Any]) -> dict[str, Any]:
    moment = _stamp(sale.placed_at + timedelta(days=version))
    return {"type": f"order.{kind}", "timestamp": moment, "data": data | {"version": version}}


def _line(number: int, row: Row) -> dict[str, Any]:
    return {
        "line_id": str(number),
        "sku": row.sku,
        "category": row.category,
        "quantity": row.quantity,
        "unit_price": _amount(row.unit),
        "discount": _amount(row.unit * row.quantity - row.amount),
        "tax": "0.00",
    }


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _amount(paise: int) -> str:
    return str(Decimal(paise) / 100)


# -- what it must earn -----------------------------------------------------------------------------------------------


def commission(sale: Sale, best: str) -> int:
    """Paise that a credited sale earns: by row, rounded half-even, most specific rate first."""
    if sale.is_cancelled:
        return 0
    total, once = 0, set()
    for row in sale.rows:
        if not row.left:
            continue
        if row.sku == best:
            total += _percent(row.left, PERCENT_BEST_SELLER)
        elif row.category in AN_ITEM:
            total += AN_ITEM[row.category] * row.quantity
        elif row.category in AN_ORDER:
            once.add(row.category)
        else:
            total += _percent(row.left, PERCENT.get(row.category, PERCENT_ALL))
    return total + sum(AN_ORDER[category] for category in once)


def _percent(paise: int, bps: int) -> int:
    return int((Decimal(paise) * bps / 10_000).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def parts(total: int, weights: list[int]) -> list[int]:
    """Whole paise by weights of 10,000: everybody's floor, and what is left to the largest remainders."""
    exact = [Fraction(total * weight, 10_000) for weight in weights]
    given = [int(part) for part in exact]
    by_remainder = sorted(range(len(weights)), key=lambda one: exact[one] - given[one], reverse=True)
    for one in by_remainder[: total - sum(given)]:
        given[one] += 1
    return given
