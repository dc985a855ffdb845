"""What terms say, in words for people."""

from __future__ import annotations

from collections.abc import Sequence

from affiliate.core import money
from affiliate.core.i18n import _, _l, format_bps, format_money
from affiliate.merchants.matching import PayingRate, one_piece_pays
from affiliate.merchants.models import (
    AttributionModel,
    CouponRule,
    PayableWhen,
    Rate,
    RateKind,
    RateScope,
    Rung,
    WebhookKind,
)

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
SCOPE_NAMES = {
    RateScope.ALL: _l("Everything"),
    RateScope.CATEGORY: _l("A category"),
    RateScope.BRAND: _l("A brand"),
    RateScope.SKU: _l("One SKU"),
}
RATE_NAMES = {
    RateKind.PERCENT: _l("% of what is sold"),
    RateKind.PER_ITEM: _l("an amount for each item"),
    RateKind.PER_ORDER: _l("an amount for each order"),
}
# What an order may come to, so that a rate can be told in money; a hundred of the currency where nothing is said.
EXAMPLES_MINOR = {"IDR": 30_000_000, "JPY": 5_000, "KRW": 50_000, "VND": 500_000, "RUB": 300_000}


def example_minor(currency: str) -> int:
    """The price of one piece in examples, in minor units."""
    return EXAMPLES_MINOR.get(currency, 100 * 10 ** money.exponent(currency))


def example_text(rate: PayingRate, currency: str) -> str:
    """What a rate pays for one piece: "an order of Rp300.000 pays Rp30.000"."""
    price = example_minor(currency)
    pays = format_money(one_piece_pays(rate, price), currency)
    return _("an order of %(price)s pays %(pays)s", price=format_money(price, currency), pays=pays)


MODEL_NAMES = {
    AttributionModel.LAST_CLICK: _l("Last click"),
    AttributionModel.FIRST_CLICK: _l("First click"),
    AttributionModel.POSITION: _l("First and last"),
    AttributionModel.LINEAR: _l("All the same"),
    AttributionModel.TIME_DECAY: _l("The later, the more"),
}
MODEL_TEXTS = {
    AttributionModel.LAST_CLICK: _l("The last click has the whole order: the one whose mark the order brings back."),
    AttributionModel.FIRST_CLICK: _l("The first of all clicks that count has the whole order."),
    AttributionModel.POSITION: _l(
        "The first and the last click have 40 % each; those between share 20 %. Two share evenly."
    ),
    AttributionModel.LINEAR: _l("All clicks that count share the order evenly."),
    AttributionModel.TIME_DECAY: _l("All clicks share the order; one that is seven days older counts half."),
}
RUNG_NAMES = {
    Rung.TOKEN: _l("the click whose mark the order brings back"),
    Rung.COUPON: _l("a coupon that stands for a community"),
    Rung.REMEMBERED: _l("an earlier click of the same visitor or customer"),
    Rung.REFERENCE: _l("what the store names"),
}
COUPON_RULE_NAMES = {
    CouponRule.CLICK_WINS: _l("The click wins"),
    CouponRule.COUPON_WINS: _l("The coupon wins"),
    CouponRule.FRESH_CLICK_WINS: _l("A fresh click wins"),
}
COUPON_RULE_TEXTS = {
    CouponRule.CLICK_WINS: _l("Where an order has both, its own click goes before a coupon."),
    CouponRule.COUPON_WINS: _l("Where an order has both, a coupon goes before its own click."),
    CouponRule.FRESH_CLICK_WINS: _l(
        "Where an order has both, its own click goes before a coupon if it is of the last 24 hours; an older one loses."
    ),
}


def policy_sentences(model: str, ladder: Sequence[str], coupon_rule: str, window_days: int) -> list[str]:
    """How a programme credits orders, as both sides read it."""
    rungs = "; ".join(f"{place}. {RUNG_NAMES[Rung(word)]}" for place, word in enumerate(ladder, 1))
    told = [_("Asked in this order, the first that is there decides: %(rungs)s.", rungs=rungs)]
    if Rung.COUPON in ladder:
        told.append(str(COUPON_RULE_TEXTS[CouponRule(coupon_rule)]))
    told.append(str(MODEL_TEXTS[AttributionModel(model)]))
    told.append(
        _(
            "A click counts for %(days)s days, if a person made it while the community was in the programme.",
            days=window_days,
        )
    )
    return told


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
