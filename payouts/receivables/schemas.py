"""A receipt as it is typed or posted: the amount and the day as people write them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from marshmallow import fields, validate

from affiliate.catalogue import prices
from affiliate.core import clock, money, web
from affiliate.core.errors import Invalid
from affiliate.core.i18n import DEFAULT_ZONE, _l
from affiliate.core.wording import Line
from affiliate.merchants.models import Merchant
from payouts.receivables.models import Receipt

EARLIEST = date(2000, 1, 1)
SLUG_MAX = 60
REFERENCE_LONGEST = 1000  # of what is read at all; the verb says how long it may be


class ReceiptForm(web.Strict):
    """The finance page's form."""

    merchant = fields.Str(required=True, validate=validate.Length(1, SLUG_MAX))
    amount = fields.Str(required=True, validate=validate.Length(1, prices.TEXT_MAX))
    reference = Line(required=True, validate=validate.Length(max=REFERENCE_LONGEST))
    received_on = fields.Date(required=True, format="iso")


class ReceiptBody(web.Strict):
    """What a program posts."""

    merchant = fields.Str(required=True, validate=validate.Length(1, SLUG_MAX))
    amount = fields.Nested(web.MoneySchema, required=True)
    reference = Line(required=True, validate=validate.Length(max=REFERENCE_LONGEST))
    received_on = fields.Date(required=True, format="iso")


class ReceiptArgs(web.Strict):
    """Which receipts are listed."""

    merchant = fields.Str(validate=validate.Length(1, SLUG_MAX))
    cursor = fields.Str()
    limit = fields.Int(load_default=web.PAGE_SIZE, validate=validate.Range(1, web.PAGE_SIZE_MAX))


def typed_amount(text: str, merchant: Merchant) -> tuple[int, str]:
    """Minor units and currency of "1.500.000", "Rp1.500.000" or "120 USD". Raises Invalid."""
    try:
        price = prices.parse(text, merchant.currency)
    except prices.PriceProblem as problem:
        wrong = _l("Write an amount such as 1.500.000, with the currency where it is another: 120 USD.")
        raise Invalid.field("amount", wrong, code=problem.code) from None
    return price.minor, price.currency


def posted_amount(amount: dict[str, Any]) -> tuple[int, str]:
    """Minor units and currency of {"amount": "149000.00", "currency": "IDR"}. Raises Invalid."""
    try:
        return money.from_decimal(amount["amount"], amount["currency"]), amount["currency"]
    except money.MoneyError as error:
        text = _l("Use a plain amount such as 1500.00 in a known currency.")
        raise Invalid.field("amount.amount", text, code=error.code) from None


def arrival(day: date, now: datetime) -> datetime:
    """The moment that stands for a day on which money came: its first where our bank is. Raises Invalid."""
    if not EARLIEST <= day <= clock.local_date(now, DEFAULT_ZONE):
        raise Invalid.field("received_on", _l("Write the day on which the money came, today at the latest."))
    return clock.start_of_day(day, DEFAULT_ZONE)


def receipt_json(receipt: Receipt, merchant_slug: str) -> dict[str, Any]:
    return {
        "id": receipt.id,
        "merchant": merchant_slug,
        "amount": web.money_json(receipt.amount_minor, receipt.currency),
        "reference": receipt.reference,
        "received_on": clock.local_date(receipt.received_at, DEFAULT_ZONE).isoformat(),
    }
