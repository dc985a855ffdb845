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
# When a sale counts as completed: for the store and for the communities alike.
COMPLETED_WHEN = {
    WebhookKind.STANDARD: _l("A sale is completed when the store sends order.completed."),
    WebhookKind.SHOPIFY: _l("A sale is completed when Shopify shows the order as both fulfilled and paid."),
    WebhookKind.WOOCOMMERCE: _l("A sale is completed when WooCommerce gives the order the status Completed."),
    WebhookKind.ADOBE: _l("A sale is completed when Adobe Commerce gives the order the state Complete."),
}
# How a shop of each kind is connected, step by step.
STEPS = {
    WebhookKind.STANDARD: (
        _l("Make a key here and put its secret into your own program."),
        _l("Sign every message by Standard Webhooks, as in the examples, and send it to this address."),
    ),
    WebhookKind.SHOPIFY: (
        _l(
            "In Shopify, open Settings → Notifications → Webhooks and add Order creation, Order payment, Order "
            "fulfillment, Order update, Order cancellation and Refund create, format JSON, with this address."
        ),
        _l("Copy the signing secret at the bottom of that page into a key here."),
        _l("Is there an app that sends webhooks, too? It signs with its own client secret: add that as a second key."),
        _l(
            "Keep our click token: put the parameter %(param)s of the landing page into a cart attribute of the same "
            "name. Without it we look at the landing page that Shopify reports."
        ),
    ),
    WebhookKind.WOOCOMMERCE: (
        _l(
            "In WooCommerce, open Settings → Advanced → Webhooks and add Order created and Order updated, API version "
            "3, with this address and a secret of your own."
        ),
        _l("Put the same secret into a key here. WooCommerce then pings this address; that is answered by itself."),
        _l(
            "Keep our click token: write the parameter %(param)s of the landing page into the order's meta data under "
            "the same name. Without it we look at the landing page that WooCommerce's order attribution reports."
        ),
    ),
    WebhookKind.ADOBE: (
        _l("Make a key here and give its secret to the small module that sends your orders."),
        _l(
            "The module posts the order as your REST API shows it after every save, with base64(HMAC-SHA256(body, "
            "secret)) in X-Adobe-Commerce-Webhook-Signature and sales_order_save_commit_after in "
            "X-Adobe-Commerce-Webhook-Event."
        ),
        _l("It writes the parameter %(param)s of the landing page into extension_attributes under the same name."),
        _l("Adobe's own RSA signatures (Commerce Webhooks, I/O Events) are not read."),
    ),
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
