"""Statuses and reasons in words, for people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from affiliate.conversions import reasons, touches
from affiliate.conversions.models import ConversionStatus
from affiliate.core.i18n import _, _l
from affiliate.merchants.models import Rung

STATUS: dict[ConversionStatus, tuple[Any, str]] = {
    ConversionStatus.PENDING: (_l("Waiting for completion"), "wait"),
    ConversionStatus.CONFIRMED: (_l("Sold"), "good"),
    ConversionStatus.DECLINED: (_l("Does not count"), "quiet"),
}
REASON: dict[str, Any] = {
    reasons.NO_CLICK: _l("The order did not come through a community's link."),
    reasons.BAD_TOKEN: _l("The order carried a click mark that is not ours or was damaged."),
    reasons.OTHER_MERCHANT: _l("The click led to another store."),
    reasons.AFTER_ORDER: _l("The click came after the order."),
    reasons.OUTSIDE_WINDOW: _l("The click was too long before the order."),
    reasons.NOT_ENROLLED: _l("The community was not in the store's programme when the click came."),
    reasons.CLICK_NOT_QUALIFIED: _l("The click came from a program, not from a person."),
    reasons.NO_TERMS: _l("The programme had no terms yet on the day of the order."),
    reasons.TEST_ORDER: _l("This was a test order."),
    reasons.CANCELLED: _l("The order was cancelled."),
    reasons.COUPON_UNKNOWN: _l("This coupon does not stand for a community."),
    reasons.COUPON_NOT_VALID: _l("The coupon did not stand for the community on the day of the order."),
    reasons.REFERENCE_UNKNOWN: _l("The store named something that we do not know."),
    reasons.RUNG_OFF: _l("The programme does not look at this."),
    reasons.EARLIER_CLICK: _l("A later click counted."),
    reasons.LATER_CLICK: _l("An earlier click counted."),
    reasons.NOT_ON_ORDER: _l("The order brought back the mark of an earlier click, and that one counted."),
    reasons.COUPON_WON: _l("The coupon on the order counted before the click."),
    reasons.CLICK_WON: _l("A click counted before the coupon."),
    reasons.LOWER_RUNG: _l("Something that goes before it counted."),
    reasons.OTHER_PROGRAMME: _l("Another programme of the store decided this order."),
    reasons.TOO_SMALL: _l("It was so long ago that nothing is left for it."),
    reasons.WON: _l("This click counted."),
}
SOURCE: dict[str, Any] = {
    touches.Source.TOKEN: _l("Click whose mark the order brought back"),
    touches.Source.VISITOR: _l("Another click of the same visitor"),
    touches.Source.MEMBER: _l("Click of a signed-in member"),
    touches.Source.CUSTOMER: _l("Remembered click of the same customer"),
    touches.Source.COUPON: _l("Coupon"),
    touches.Source.REFERENCE: _l("Named by the store"),
    touches.Source.CLAIM: _l("Accepted claim for a missing order"),
}
DECIDED: dict[str | None, Any] = {
    Rung.TOKEN: _l("The order brought back the mark of its click."),
    Rung.COUPON: _l("The coupon on the order decided."),
    Rung.REMEMBERED: _l("A remembered click decided."),
    Rung.REFERENCE: _l("The store named it."),
    touches.Agreed.CLAIM: _l("A claim for a missing order was accepted."),
}
VISIT: dict[str, Any] = {
    "qualified": _l("a person's visit"),
    reasons.NOT_LOADED: _l("known from its signed mark"),
    "repeated": _l("a repeated visit"),
    "embedded": _l("a visit from inside another page"),
    "bot": _l("a program's visit"),
    "head": _l("a program's visit"),
    "too_many": _l("a program's visit"),
    "too_fast": _l("a program's visit"),
    "no_agent": _l("a program's visit"),
    "prefetch": _l("loaded ahead by a browser"),
}


def span(age: timedelta) -> str:
    """Time before the order, as a tick of the line of time says it."""
    if not age:
        return _("Order")
    if age >= timedelta(days=1):
        days = round(age / timedelta(days=1))
        return _("%(count)s days", count=days) if days > 1 else _("1 day")
    return _("1 hour")


def verdict(candidate: dict[str, Any]) -> Any:
    """A candidate's verdict in words; a coupon or a reference that won is no click."""
    if candidate["verdict"] != reasons.WON or candidate["visit"]:
        return REASON[candidate["verdict"]]
    return _l("This coupon counted.") if candidate["source"] == touches.Source.COUPON else _l("This counted.")
