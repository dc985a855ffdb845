"""What runs, payouts, reasons and changes are called on a page: a text and a tone (good, wait, bad, quiet)."""

from __future__ import annotations

from affiliate.core.i18n import _l
from payouts.runs.changes import Change
from payouts.runs.models import PayoutStatus, RunStatus
from payouts.runs.rules import Reason

RUN = {
    RunStatus.DRAFT: (_l("Waiting for approval"), "wait"),
    RunStatus.APPROVED: (_l("Approved"), "wait"),
    RunStatus.SUBMITTED: (_l("Being paid"), "wait"),
    RunStatus.CLOSED: (_l("Done"), "good"),
    RunStatus.CANCELLED: (_l("Cancelled"), "quiet"),
}
PAYOUT = {
    PayoutStatus.PLANNED: (_l("Planned"), "quiet"),
    PayoutStatus.APPROVED: (_l("Approved"), "wait"),
    PayoutStatus.SUBMITTING: (_l("Being sent"), "wait"),
    PayoutStatus.SENT: (_l("To be transferred"), "wait"),
    PayoutStatus.PAID: (_l("Paid"), "good"),
    PayoutStatus.FAILED: (_l("Failed"), "bad"),
    PayoutStatus.RETURNED: (_l("Returned"), "bad"),
    PayoutStatus.UNKNOWN: (_l("Not known yet"), "bad"),
    PayoutStatus.CANCELLED: (_l("Cancelled"), "quiet"),
}
ROLE = {"community": _l("Community"), "curator": _l("Curator"), "evangelist": _l("Member")}
REASON = {
    Reason.BELOW_MINIMUM: _l("Below the minimum of this run"),
    Reason.HELD: _l("Still held after the cut-off"),
    Reason.NOT_FUNDED: _l("The store has not paid us yet"),
    Reason.DEBT: _l("Refunds took back more than there is"),
    Reason.OPEN_PAYOUT: _l("Another payout is still under way"),
}
CHANGE = {
    Change.FIRST: (_l("First payout"), "quiet"),
    Change.NO_PAYEE: (_l("No account given"), "bad"),
    Change.NEW_PAYEE: (_l("New account"), "wait"),
    Change.JUMP: (_l("At least three times the last"), "wait"),
    Change.AFTER_DEBT: (_l("After a debt"), "quiet"),
}
