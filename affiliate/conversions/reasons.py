"""Why a candidate counts or not, and why an order is declined: stable codes, put into words in `words`."""

from __future__ import annotations

# Of the order as a whole.
NO_CLICK = "no_click"
TEST_ORDER = "test_order"
CANCELLED = "cancelled"

# A candidate that cannot count.
BAD_TOKEN = "bad_token"  # noqa: S105  a reason, not a secret
OTHER_MERCHANT = "other_merchant"
AFTER_ORDER = "after_order"
OUTSIDE_WINDOW = "outside_window"
NOT_ENROLLED = "not_enrolled"
CLICK_NOT_QUALIFIED = "click_not_qualified"
NO_TERMS = "no_terms"
COUPON_UNKNOWN = "coupon_unknown"
COUPON_NOT_VALID = "coupon_not_valid"
REFERENCE_UNKNOWN = "reference_unknown"
RUNG_OFF = "rung_off"

# A candidate that could count, and what became of it.
WON = "won"
EARLIER_CLICK = "earlier_click"
LATER_CLICK = "later_click"
NOT_ON_ORDER = "not_on_order"
COUPON_WON = "coupon_won"
CLICK_WON = "click_won"
LOWER_RUNG = "lower_rung"
OTHER_PROGRAMME = "other_programme"
TOO_SMALL = "too_small"

# A click that was no person's cannot earn; one that was merely repeated can, if it is the order's own.
NOBODYS_CLICK = frozenset({"bot", "head", "prefetch", "embedded", "no_agent", "too_many", "too_fast"})
NOT_LOADED = "not_loaded"
