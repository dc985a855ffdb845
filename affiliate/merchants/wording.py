"""What terms say, in words for people."""

from __future__ import annotations

from affiliate.core.i18n import _, _l, format_bps, format_money
from affiliate.merchants.models import PayableWhen, Rate, RateKind, RateScope, WebhookKind

KIND_NAMES = {
    WebhookKind.STANDARD: _l("Standard Webhooks"),
    WebhookKind.SHOPIFY: "Shopify",
    WebhookKind.WOOCOMMERCE: "WooCommerce",
    WebhookKind.ADOBE: "Adobe Commerce",
}
PAYABLE_NAMES = {
    PayableWhen.HELD: _l("after the hold"),
    PayableWhen.FUNDED: _l("after the hold and your payment"),
}


def rate_text(rate: Rate) -> str:
    """One rate as a sentence: "10 % of everything", "Rp5.000 for each item of the brand Acme"."""
    if rate.kind is RateKind.PERCENT:
        return _("%(rate)s of %(what)s", rate=format_bps(rate.rate_bps or 0), what=_what(rate))
    amount = format_money(rate.amount_minor or 0, rate.currency or "")
    if rate.kind is RateKind.PER_ITEM:
        return _("%(amount)s for each item of %(what)s", amount=amount, what=_what(rate))
    return _("%(amount)s for each order with %(what)s", amount=amount, what=_what(rate))


def _what(rate: Rate) -> str:
    if rate.scope is RateScope.CATEGORY:
        return _("the category %(name)s", name=rate.match)
    if rate.scope is RateScope.BRAND:
        return _("the brand %(name)s", name=rate.match)
    if rate.scope is RateScope.SKU:
        return _("the SKU %(name)s", name=rate.match)
    return _("everything")
