"""Rates, owners and causes in words, for the pages that explain an amount."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from babel import numbers as cldr
from flask_babel import get_locale

from affiliate.commissions.models import EventKind, ShareRole
from affiliate.commissions.rules import NO_RATE, NOTHING_LEFT
from affiliate.core import money
from affiliate.core.i18n import LANGUAGES, _, _l, format_bps, format_money
from affiliate.merchants.models import RateKind, RateScope

ROLE: dict[str, Any] = {
    ShareRole.PLATFORM: "Etalase",
    ShareRole.COMMUNITY: _l("Community"),
    ShareRole.CURATOR: _l("Curator"),
    ShareRole.EVANGELIST: _l("Evangelist"),
}
KIND: dict[str, Any] = {
    EventKind.EARNED: _l("Earned"),
    EventKind.ADJUSTED: _l("Adjusted"),
    EventKind.REVERSED: _l("Taken back"),
}
CAUSE: dict[str, Any] = {
    "order.placed": _l("The store reported the order."),
    "order.paid": _l("The store reported the payment."),
    "order.completed": _l("The store completed the order."),
    "order.updated": _l("The store changed the order."),
    "order.cancelled": _l("The store cancelled the order."),
    "order.refunded": _l("The store refunded money to the buyer."),
}
EXCLUDED: dict[str, Any] = {
    NO_RATE: _l("No rate of these terms fits this product."),
    NOTHING_LEFT: _l("Refunded: nothing of it stays sold."),
}
ZERO: dict[str, Any] = {
    "placed": _l("The order is not completed."),
    "paid": _l("The order is not completed."),
}


def rate_value(rate: dict[str, Any], currency: str) -> str:
    """10 %, Rp5.000 an item, Rp20.000 an order."""
    if rate["kind"] == RateKind.PERCENT:
        return format_bps(rate["bps"])
    amount = format_money(rate["amount_minor"], currency)
    if rate["kind"] == RateKind.PER_ITEM:
        return _("%(amount)s an item", amount=amount)
    return _("%(amount)s an order", amount=amount)


def rate_scope(rate: dict[str, Any]) -> str:
    """What a rate is for: all products, a category, a brand, one product."""
    match = rate["match"]
    if rate["scope"] == RateScope.CATEGORY:
        return _("category %(name)s", name=match)
    if rate["scope"] == RateScope.BRAND:
        return _("brand %(name)s", name=match)
    if rate["scope"] == RateScope.SKU:
        return _("product %(name)s", name=match)
    return _("all products")


def exact_amount(exact: str, currency: str) -> str:
    """A product before rounding, such as Rp19.999,9945; `exact` is in minor units."""
    value = Decimal(exact).scaleb(-money.exponent(currency))
    code = "id" if currency == "IDR" else str(get_locale() or LANGUAGES[0])
    symbol = "Rp" if currency == "IDR" else cldr.get_currency_symbol(currency, locale=code)
    return symbol + cldr.format_decimal(value, format="#,##0.00####", locale=code)
