"""A funnel's table: in which order its rows stand, and how it is written into a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from affiliate.core.money import to_decimal
from affiliate.insights import words
from affiliate.insights.funnel import By, Row
from affiliate.insights.reports import Report

COLUMNS = (
    "name", "views", "clicks", "click_bps", "orders", "order_bps", "completed", "refunded", "earned", "per_click",
)  # fmt: skip


def sort_asked(args: Mapping[str, str]) -> tuple[str | None, bool]:
    """(column, upwards) of an address: sort=clicks has most first, sort=clicks.up fewest."""
    column, _dot, direction = args.get("sort", "").partition(".")
    return (column, direction == "up") if column in COLUMNS else (None, False)


def ordered(found: Report, column: str | None, upwards: bool) -> list[Row]:
    """The rows by a column; without one days newest first, other things by what they brought."""
    if column is None:
        return found.rows[::-1] if found.by is By.DAY else found.rows
    return sorted(found.rows, key=lambda row: _sort_key(found, column, row), reverse=not upwards)


def _sort_key(found: Report, column: str, row: Row) -> Any:
    if column == "name":
        if isinstance(row.key, date):
            return row.key.isoformat()
        return words.name_of(found.by, row.key, found.names).label.casefold()
    value = getattr(row.counts, column)
    if column in {"earned", "per_click"}:
        return value[0][1] if value else -1
    return -1 if value is None else value


def heads(found: Report) -> list[str]:
    """The file's columns, named for programs."""
    currencies = _currencies(found)
    return [
        found.by.value, "name", "note", "views", "clicks", "orders", "completed", "refunded", "cancelled",
        "click_through_percent", "conversion_percent", "completion_percent", "refund_percent",
        *(f"earned_{currency}" for currency in currencies), *(f"per_click_{currency}" for currency in currencies),
    ]  # fmt: skip


def _currencies(found: Report) -> list[str]:
    return sorted({currency for row in found.rows for currency, _minor in row.counts.earned})


def cells(found: Report) -> Iterator[list[Any]]:
    """The file's rows; amounts are plain decimals, a column for each currency."""
    currencies = _currencies(found)
    for row in found.rows:
        name, one = words.name_of(found.by, row.key, found.names), row.counts
        key = row.key if isinstance(row.key, date) else name.slug or ""
        earned, each = dict(one.earned), dict(one.per_click)
        rates = (one.click_bps, one.order_bps, one.completed_bps, one.refunded_bps)
        yield [
            key, name.label, name.note, one.views, one.clicks, one.orders, one.completed, one.refunded, one.cancelled,
            *("" if bps is None else f"{bps / 100:.2f}" for bps in rates),
            *(to_decimal(earned.get(currency, 0), currency) for currency in currencies),
            *(to_decimal(each.get(currency, 0), currency) for currency in currencies),
        ]  # fmt: skip
