"""States, findings, reasons and flags of claims in words, for people."""

from __future__ import annotations

from typing import Any

from affiliate.claims import rules
from affiliate.claims.models import ClaimStatus, Decline
from affiliate.claims.rules import Flag
from affiliate.conversions.words import REASON
from affiliate.core.i18n import _l

STATUS: dict[ClaimStatus, tuple[Any, str]] = {
    ClaimStatus.OPEN: (_l("Waiting for the store"), "wait"),
    ClaimStatus.APPEALED: (_l("Etalase is looking at it"), "wait"),
    ClaimStatus.ACCEPTED: (_l("Accepted"), "good"),
    ClaimStatus.DECLINED: (_l("Declined"), "quiet"),
}
DECLINE: dict[Decline, Any] = {
    Decline.NOT_FOUND: _l("The store has no such order."),
    Decline.CANCELLED: _l("The order was cancelled or brought back."),
    Decline.OTHER_WAY: _l("The customer came by another way."),
    Decline.DUPLICATE: _l("The order was claimed before."),
    Decline.OTHER: _l("Another reason, in words"),
}
FLAG: dict[Flag, Any] = {
    Flag.NO_CLICK: _l("No visit from this community to your store was counted in the time before the order."),
    Flag.SAME_PICTURE: _l("The very same picture came with another claim at your store."),
    Flag.UNUSUAL_AMOUNT: _l("The amount is more than five times your usual order."),
    Flag.CLAIMED_BY_ANOTHER: _l("Another community claims this order, too. You can accept one of them."),
}
_UNKNOWN = _l("The store has not reported an order with this number.")


def finding(code: str) -> Any:
    """What we knew of the order when the claim was filed."""
    return _UNKNOWN if code == rules.UNKNOWN else REASON.get(code, _UNKNOWN)
