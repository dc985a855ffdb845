"""Statuses and reasons in words, for people."""

from __future__ import annotations

from typing import Any

from affiliate.conversions import rules
from affiliate.conversions.models import ConversionStatus
from affiliate.core.i18n import _l

STATUS: dict[ConversionStatus, tuple[Any, str]] = {
    ConversionStatus.PENDING: (_l("Waiting for completion"), "wait"),
    ConversionStatus.CONFIRMED: (_l("Sold"), "good"),
    ConversionStatus.DECLINED: (_l("Does not count"), "quiet"),
}
REASON: dict[str, Any] = {
    rules.NO_CLICK: _l("The order did not come through a community's link."),
    rules.BAD_TOKEN: _l("The order carried a click mark that is not ours or was damaged."),
    rules.OTHER_MERCHANT: _l("The click led to another store."),
    rules.AFTER_ORDER: _l("The click came after the order."),
    rules.OUTSIDE_WINDOW: _l("The click was too long before the order."),
    rules.NOT_ENROLLED: _l("The community was not in the store's programme when the click came."),
    rules.CLICK_NOT_QUALIFIED: _l("The click came from a program, not from a person."),
    rules.NO_TERMS: _l("The programme had no terms yet on the day of the order."),
    rules.TEST_ORDER: _l("This was a test order."),
    rules.CANCELLED: _l("The order was cancelled."),
    rules.EARLIER_CLICK: _l("A later click counted."),
    rules.WON: _l("This click counted."),
}
VISIT: dict[str, Any] = {
    "qualified": _l("a person's visit"),
    rules.NOT_LOADED: _l("known from its signed mark"),
    "repeated": _l("a repeated visit"),
    "embedded": _l("a visit from inside another page"),
    "bot": _l("a program's visit"),
    "head": _l("a program's visit"),
    "no_agent": _l("a program's visit"),
    "prefetch": _l("loaded ahead by a browser"),
}
