"""Verdicts, reasons, states and events in words for people."""

from __future__ import annotations

import json
from typing import Any

from affiliate.core.i18n import _l
from affiliate.orders import facts
from affiliate.orders.adapters import shopify, woocommerce
from affiliate.orders.models import DeliveryStatus, OrderStatus, Verdict
from affiliate.orders.schemes import adobe as adobe_scheme
from affiliate.orders.schemes import base
from affiliate.orders.schemes import shopify as shopify_scheme
from affiliate.orders.schemes import standard as standard_scheme

# (words, tone of the badge)
VERDICTS: dict[Verdict, tuple[Any, str]] = {
    Verdict.ACCEPTED: (_l("Accepted"), "good"),
    Verdict.REPEAT: (_l("Known already"), "quiet"),
    Verdict.STALE: (_l("Overtaken"), "quiet"),
    Verdict.UNREADABLE: (_l("Cannot be read"), "bad"),
    Verdict.IGNORED: (_l("Does not concern us"), "quiet"),
    Verdict.UNKNOWN_ORDER: (_l("Waits for its order"), "wait"),
}
VERDICT_SENTENCES: dict[Verdict, Any] = {
    Verdict.ACCEPTED: _l("It told us something new about this order."),
    Verdict.REPEAT: _l("Another delivery had said the same. It counts once."),
    Verdict.STALE: _l("We knew a newer version of this order, so it changed nothing."),
    Verdict.UNREADABLE: _l("The signature fits, but we cannot use what it says. It is kept; nothing was booked."),
    Verdict.IGNORED: _l("This type of message is not about orders. It is kept; nothing was booked."),
    Verdict.UNKNOWN_ORDER: _l("It is about an order that we have not heard of. It counts as soon as the order comes."),
}
WAITING: dict[DeliveryStatus, tuple[Any, str]] = {
    DeliveryStatus.RECEIVED: (_l("Waiting"), "wait"),
    DeliveryStatus.RETRY: (_l("We try again"), "wait"),
    DeliveryStatus.PARKED: (_l("Set aside"), "bad"),
}
ORDER_STATUSES: dict[OrderStatus, tuple[Any, str]] = {
    OrderStatus.PLACED: (_l("Placed"), "wait"),
    OrderStatus.PAID: (_l("Paid"), "wait"),
    OrderStatus.COMPLETED: (_l("Completed"), "good"),
    OrderStatus.CANCELLED: (_l("Cancelled"), "bad"),
}
EVENTS: dict[str, Any] = {
    facts.PLACED: _l("Placed"),
    facts.PAID: _l("Paid"),
    facts.COMPLETED: _l("Completed"),
    facts.UPDATED: _l("Changed"),
    facts.CANCELLED: _l("Cancelled"),
    facts.REFUNDED: _l("Refunded"),
}
REASONS: dict[str, Any] = {
    "currency_mismatch": _l("Another currency than the order's."),
    "duplicate_field": _l("A field stands twice in one object."),
    "duplicate_line": _l("Two lines have the same id."),
    "missing": _l("This field is missing or empty."),
    "negative_amount": _l("An amount cannot be negative."),
    "negative_net": _l("Discount and tax are more than the line costs."),
    "negative_number": _l("This number cannot be negative."),
    "not_a_moment": _l("Not a moment such as 2026-11-01T09:00:00Z, with its zone."),
    "not_a_number": _l("Not a plain decimal such as 150000.00."),
    "not_a_whole_number": _l("Not a whole number."),
    "not_an_object": _l("The message is not a JSON object."),
    "not_json": _l("The message is not JSON."),
    "not_utf8": _l("The message is not UTF-8."),
    "too_deep": _l("The message is nested too deeply."),
    "too_large": _l("This is larger than we can count."),
    "too_long": _l("This is longer than we keep."),
    "too_precise": _l("More decimals than the currency has."),
    "unfit_text": _l("This text holds characters that cannot be stored."),
    "unknown_currency": _l("We do not know this currency."),
    "wrong_length": _l("There must be at least one line, and at most 1,000."),
    "wrong_type": _l("This is of the wrong type."),
}
NOTES: dict[str, Any] = {
    shopify.GIFT_CARD_LEFT_OUT: _l("A gift card that was sold is left out: it is money, not goods, and earns nothing."),
    woocommerce.FEES_LEFT_OUT: _l("Fees are left out: they earn nothing, as shipping does."),
}
# What was probably wrong with a signature, and what to do.
CAUSES: dict[str, Any] = {
    base.NO_KEY: _l("There is no live key for this shop system yet. Make one in the settings."),
    base.NO_SIGNATURE: _l("The request had no signature. Was it sent by your shop, and did a proxy remove a header?"),
    base.NOT_BASE64: _l("The signature is not 32 bytes in base64. Is it written in hexadecimal, or cut?"),
    base.OTHER_SYSTEM: _l("Another shop system's signature came to this address. Use the address of that system."),
    base.WRONG_SECRET: _l("The secret in your shop is another one than ours, or the message was changed on its way."),
    standard_scheme.STALE_STAMP: _l(
        "The time in the request is more than five minutes off. Check the clock of your server."
    ),
    shopify_scheme.NEEDS_STORE_SECRET: _l(
        "We have the secret of an app, but this webhook was probably made in Shopify under Settings → Notifications. "
        "Enter the signing secret that stands on that page, too."
    ),
    shopify_scheme.NEEDS_APP_SECRET: _l(
        "We have the secret of the store's notifications, but this webhook was probably made by an app. "
        "Enter the client secret of that app, too."
    ),
    adobe_scheme.ADOBES_OWN: _l(
        "This is Adobe's own RSA signature, which we do not read. Use the module that signs with our secret."
    ),
}
OTHER_REASON = _l("We cannot use this.")


def state_of(delivery: Any) -> tuple[Any, str]:
    """Words and tone for a delivery: its verdict once it is worked, else what it waits for."""
    if delivery.status is DeliveryStatus.WORKED and delivery.verdict is not None:
        return VERDICTS[delivery.verdict]
    return WAITING.get(delivery.status, WAITING[DeliveryStatus.RECEIVED])


def reason_text(reason: str) -> Any:
    return REASONS.get(reason, OTHER_REASON)


def topic_text(topic: str) -> Any:
    """Our own types in words; a shop system's as it names them, so that they are found in its manual."""
    return EVENTS.get(topic, topic or "–")


def cause_text(cause: str) -> Any:
    return CAUSES.get(cause, CAUSES[base.WRONG_SECRET])


def pretty(body: bytes) -> str:
    """A delivery's body for reading: indented where it is JSON of a reasonable depth, else as it came."""
    text = body.decode("utf-8", errors="replace").replace("\0", "\ufffd")
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False).encode(errors="replace").decode()
    except (ValueError, RecursionError):
        return text
