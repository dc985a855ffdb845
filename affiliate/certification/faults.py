"""What went wrong with a step: requests that meant it and did not get there, with the reason. Pure."""

from __future__ import annotations

from collections.abc import Callable

from affiliate.certification.evidence import odd_amounts
from affiliate.certification.models import Reply
from affiliate.certification.steps import Case, Fault, Step, Why
from affiliate.core import money
from affiliate.orders import facts
from affiliate.orders.models import OrderStatus

_REFUNDS = (Step.PART_BY_LINE, Step.PART_BY_AMOUNT, Step.FULL_REFUND)
# Which step a topic speaks of; a snapshot's own topic says nothing.
TOPICS: dict[str, tuple[Step, ...]] = {
    facts.PLACED: (Step.PLACED,), facts.PAID: (Step.PAID,), facts.COMPLETED: (Step.COMPLETED,),
    facts.CANCELLED: (Step.CANCEL,), facts.REFUNDED: _REFUNDS, "orders/create": (Step.PLACED,),
    "orders/paid": (Step.PAID,), "orders/fulfilled": (Step.COMPLETED,), "orders/cancelled": (Step.CANCEL,),
    "refunds/create": _REFUNDS, "order.created": (Step.PLACED,),
}  # fmt: skip


def _only_refused(case: Case, _step: Step) -> Fault | None:
    """Nothing has fitted so far: the last cause is the one to work on."""
    if any(one.reply is not Reply.REFUSED for one in case.told.received):
        return None
    return next((Fault(one, Why.SIGNATURE, one.cause) for one in reversed(case.told.received)), None)


def _unreadable(case: Case, step: Step) -> Fault | None:
    """The newest one that speaks of this step, or that says of itself nothing at all."""
    for one in reversed(case.told.received):
        if one.reason is not None and step in TOPICS.get(one.topic, (Step.PLACED,)):
            return Fault(one, Why.UNREADABLE, one.reason, one.field)
    return None


def _not_so_far(case: Case, step: Step) -> Fault | None:
    for one in reversed(case.told.received):
        if one.events and step in TOPICS.get(one.topic, ()):
            return Fault(one, Why.NOT_SO_FAR, field=one.order_ref)
    return None


def _lost_refund(case: Case, step: Step) -> Fault | None:
    """A refund that names a line its order does not have, or takes nothing."""
    for order, state in case.known():
        known = {one.line.line_ref for one in state.lines}
        for one, event in order.events:
            refund = event.facts.refund
            if refund is None or state.refunded_minor or state.status is OrderStatus.CANCELLED:
                continue
            odd = next((part.line_ref for part in refund.lines if part.line_ref not in known), None)
            if odd is not None and step is Step.PART_BY_LINE:
                return Fault(one, Why.UNKNOWN_LINE, field=odd)
            if bool(refund.lines) == (step is Step.PART_BY_LINE):
                return Fault(one, Why.TOOK_NOTHING, field=order.ref)
    return None


def _without_order(case: Case, _step: Step) -> Fault | None:
    lone = (order for order in case.told.orders.values() if order.state is None)
    return next((Fault(order.events[0][0], Why.NO_ORDER, field=order.ref) for order in lone), None)


def _opened_again(case: Case, _step: Step) -> Fault | None:
    for order, _state in case.known():
        for one, event in order.events:
            if event.facts.kind == facts.CANCELLED:
                return Fault(one, Why.OPENED_AGAIN, field=order.ref)
    return None


def _reused(case: Case, _step: Step) -> Fault | None:
    found = (one for one in case.told.received if one.reply is Reply.REUSED)
    return next((Fault(one, Why.ID_REUSED) for one in found), None)


def _without_version(case: Case, _step: Step) -> Fault | None:
    """Two different life events of the same version and moment: nobody can say which one is newer."""
    for order, _state in case.known():
        seen: set[tuple[int, object]] = set()
        for one, event in order.events:
            if event.facts.kind not in facts.LIFE:
                continue
            age = (event.facts.version, event.facts.occurred_at)
            if age in seen:
                return Fault(one, Why.NO_VERSION, field=order.ref)
            seen.add(age)
    return None


def _odd_amounts(case: Case, _step: Step) -> Fault | None:
    for order, state in case.known():
        why = odd_amounts(state, case.prices) if state.currency == "IDR" else None
        if why is not None:
            return Fault(order.events[0][0], why, field=order.ref)
    return None


def _odd_decimals(case: Case, step: Step) -> Fault | None:
    """An amount with more decimals than its currency has."""
    for one in reversed(case.told.received):
        digits = money.EXPONENTS.get(one.currency or "")
        fits = one.currency == "IDR" if step is Step.IDR else digits == 0
        if one.reason == "too_precise" and fits:
            return Fault(one, Why.UNREADABLE, one.reason, one.field)
    return None


FAULTS: dict[Step, tuple[Callable[[Case, Step], Fault | None], ...]] = {
    Step.PLACED: (_only_refused, _unreadable),
    Step.PAID: (_unreadable, _not_so_far),
    Step.COMPLETED: (_unreadable, _not_so_far),
    Step.PART_BY_LINE: (_lost_refund, _unreadable),
    Step.PART_BY_AMOUNT: (_lost_refund,),
    Step.FULL_REFUND: (),
    Step.CANCEL: (_opened_again, _unreadable, _not_so_far),
    Step.REPEAT: (_reused,),
    Step.LATE_ORDER: (_without_version,),
    Step.EARLY_REFUND: (_without_order,),
    Step.WRONG_SIGNATURE: (),
    Step.IDR: (_odd_decimals, _odd_amounts),
    Step.ZERO_DECIMAL: (_odd_decimals,),
}
