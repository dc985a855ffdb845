"""Order files in words: stages, outcomes, our fields, states, and why a row or a whole file was refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from affiliate.core.i18n import _l
from affiliate.orders.files import fields
from affiliate.orders.files.models import FileStage, Outcome

# (words, tone of the badge)
STAGES: dict[FileStage, tuple[Any, str]] = {
    FileStage.RECEIVED: (_l("Waiting"), "wait"),
    FileStage.READING: (_l("Reading"), "wait"),
    FileStage.CHECKING: (_l("Reading"), "wait"),
    FileStage.WAITING: (_l("Needs you"), "wait"),
    FileStage.COMPARING: (_l("Comparing"), "wait"),
    FileStage.READY: (_l("Ready to apply"), "wait"),
    FileStage.APPLYING: (_l("Being applied"), "wait"),
    FileStage.APPLIED: (_l("Applied"), "good"),
    FileStage.FAILED: (_l("Not taken"), "bad"),
}
OUTCOMES: dict[Outcome, tuple[Any, str]] = {
    Outcome.NEW: (_l("New"), "good"),
    Outcome.CHANGED: (_l("Changed"), "wait"),
    Outcome.SAME: (_l("Unchanged"), "quiet"),
    Outcome.REFUSED: (_l("Refused"), "bad"),
}
FIELDS: dict[str, Any] = {
    "order_ref": _l("Order number"),
    "original_ref": _l("Order that a refund row is about"),
    "placed_at": _l("Order date"),
    "status": _l("Status"),
    "sku": _l("SKU"),
    "title": _l("Product name"),
    "category": _l("Category"),
    "quantity": _l("Quantity"),
    "unit_price": _l("Unit price"),
    "line_discount": _l("Discount of the row"),
    "line_total": _l("Total of the row"),
    "line_shipping": _l("Shipping of the row"),
    "order_total": _l("Total of the whole order"),
    "discount": _l("Discount of the whole order"),
    "shipping": _l("Shipping of the whole order"),
    "tax": _l("Tax of the whole order"),
    "refunded": _l("Refunded in all"),
    "refunded_at": _l("Refund date"),
    "currency": _l("Currency"),
    "customer": _l("Customer id or e-mail"),
    "click_token": _l("Click token"),
    "coupon": _l("Coupon"),
    "paid_at": _l("Paid on"),
    "completed_at": _l("Completed on"),
    "cancelled_at": _l("Cancelled on"),
    "updated_at": _l("Last changed on"),
}
STATES: dict[str, Any] = {
    fields.PLACED: _l("Placed"),
    fields.PAID: _l("Paid"),
    fields.COMPLETED: _l("Completed"),
    fields.CANCELLED: _l("Cancelled"),
    fields.REFUNDED: _l("Refunded"),
    fields.LEFT_OUT: _l("Leave this row out"),
}
CHANGES: dict[str, Any] = {
    "status": _l("Status"),
    "total_minor": _l("Total"),
    "net_minor": _l("Net"),
    "refunded_minor": _l("Refunded"),
    "shipping_minor": _l("Shipping"),
    "placed_at": _l("Placed"),
    "completed_at": _l("Completed"),
    "cancelled_at": _l("Cancelled"),
    "coupon": _l("Coupon"),
    "click_token": _l("Click token"),
    "lines": _l("Lines"),
    "pieces": _l("Pieces"),
}
PROBLEMS: dict[str, Any] = {
    "currency_mismatch": _l("Another currency than the one in which we know this order."),
    "damaged_id": _l(
        "A spreadsheet has shortened this number, so its last digits are gone. Export it again with "
        "this column as text."
    ),
    "differs": _l("The rows of this order say different things here."),
    "duplicate_line": _l("Two lines have the same id."),
    "less_than_shipping": _l("The order's total is less than its shipping."),
    "missing": _l("This is needed and empty."),
    "negative_amount": _l("This amount cannot be negative."),
    "negative_net": _l("Discount and tax are more than the goods cost."),
    "not_a_date": _l("This is not a date as the rest of the column has them."),
    "not_a_number": _l("This is not a number as the rest of the column has them."),
    "refund_without_order": _l(
        "This takes back goods and does not say of which order. Map the column that names the order, or send the order "
        "with its refund."
    ),
    "row_unreadable": _l("This row could not be taken apart: a quotation mark is missing or a cell is far too long."),
    "too_large": _l("This is larger than we can count."),
    "too_long": _l("An order number may have up to 120 characters."),
    "too_many_cells": _l("This row has more cells than there are headings, so its columns have slipped."),
    "too_many_rows": _l("An order may have up to 5,000 rows."),
    "unfit_text": _l("This holds characters that cannot be stored."),
    "unknown_currency": _l("We do not know this currency."),
    "unknown_order": _l("This refund is about an order that we do not know. Send the order first."),
}
OTHER_PROBLEM = _l("We cannot use this.")
FAILURES: dict[str, Any] = {
    "empty_file": _l("The file is empty."),
    "not_text": _l("This is neither a table of text nor a workbook. Send CSV or XLSX."),
    "not_a_table": _l("We find no row of headings with at least two columns."),
    "no_rows": _l("The file has headings and nothing below them."),
    "workbook_old": _l("This workbook has an old format or a password. Save it as XLSX without a password, or as CSV."),
    "workbook_broken": _l("This workbook is damaged. Save it again, or as CSV, and send that."),
    "workbook_too_large": _l("This workbook unpacks to more than we can hold. Save the sheet as CSV and send that."),
    "workbook_refused": _l("This workbook declares XML entities, which we refuse for safety. Save the sheet as CSV."),
    "too_many_rows": _l("The file has more than 500,000 rows. Send it in parts, each order whole in one of them."),
    "file_gone": _l("We no longer have this file. Please send it again."),
    "gave_up": _l("Working this file failed three times, so we stopped. Please send it again."),
}


def problem_text(code: str) -> str:
    return str(PROBLEMS.get(code, OTHER_PROBLEM))


def failure_text(code: str, _detail: Mapping[str, Any]) -> str:
    """Why a whole file was refused. Nothing of it was applied in any of these cases."""
    return str(FAILURES[code])
