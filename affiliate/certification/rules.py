"""The checklist: what a store's integration has shown, step by step. Pure; a function of the recorded requests.

A step is passed as soon as one request shows it, whatever else has come; failed where requests meant it and did not
get there, with the reason; else missing. What a shop system cannot produce is not demanded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from affiliate.certification.history import History, Received, Told
from affiliate.certification.models import Reply
from affiliate.core import money
from affiliate.merchants.models import WebhookKind
from affiliate.orders import facts
from affiliate.orders.facts import RefundFacts
from affiliate.orders.models import OrderStatus
from affiliate.orders.rules import OrderState

VERSION = 1
RUPIAH = 100  # minor units of IDR in ISO 4217, although shops write whole rupiah
PIECE_MIN = 100 * RUPIAH  # no piece costs less than Rp100 …
PIECE_MAX = 1_000_000_000 * RUPIAH  # … or a thousand million
FACTOR = 50  # so far off the catalogue's price is another unit, not a discount


class Step(StrEnum):
    """In the order in which they stand on the page."""

    PLACED = "placed"
    PAID = "paid"
    COMPLETED = "completed"
    PART_BY_LINE = "part_by_line"
    PART_BY_AMOUNT = "part_by_amount"
    FULL_REFUND = "full_refund"
    CANCEL = "cancel"
    REPEAT = "repeat"
    LATE_ORDER = "late_order"
    EARLY_REFUND = "early_refund"
    WRONG_SIGNATURE = "wrong_signature"
    IDR = "idr"
    ZERO_DECIMAL = "zero_decimal"


class State(StrEnum):
    MISSING = "missing"
    PASSED = "passed"
    FAILED = "failed"


class Why(StrEnum):
    """What went wrong."""

    SIGNATURE = "signature"  # `code` is the cause
    UNREADABLE = "unreadable"  # `code` is the reason, `field` the place
    NOT_SO_FAR = "not_so_far"  # the topic says more than the order in it
    UNKNOWN_LINE = "unknown_line"
    TOOK_NOTHING = "took_nothing"
    NO_ORDER = "no_order"
    OPENED_AGAIN = "opened_again"
    ID_REUSED = "id_reused"
    NO_VERSION = "no_version"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"


class Excuse(StrEnum):
    """Why a step is not demanded."""

    SUMS_ONLY = "sums_only"  # refunds are told without lines
    INSIDE = "inside"  # refunds come inside their order
    ONE_CURRENCY = "one_currency"  # the shop has one, and it is another


@dataclass(frozen=True, slots=True)
class Result:
    """One step. `request` is the recorded request that shows it, or that went wrong."""

    step: Step
    state: State
    excuse: Excuse | None = None
    request: int | None = None
    why: Why | None = None
    code: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A request that meant a step and did not get there."""

    by: Received
    why: Why
    code: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """What steps look at: the history, and the catalogue's prices by SKU (IDR, minor units)."""

    kind: WebhookKind
    told: History
    prices: Mapping[str, int]

    def known(self) -> Iterator[tuple[Told, OrderState]]:
        """The orders that have been told, with their states."""
        for order in self.told.orders.values():
            if order.state is not None:
                yield order, order.state


def checklist(told: History, *, kind: WebhookKind, currency: str, prices: Mapping[str, int]) -> list[Result]:
    """Every step with its state, for a store of this shop system and currency."""
    case, excuses = Case(kind, told, prices), not_demanded(kind, currency)
    return [_judged(step, case, excuses.get(step)) for step in Step]


def not_demanded(kind: WebhookKind, currency: str) -> dict[Step, Excuse]:
    """Steps that this shop system cannot produce, with the reason."""
    if kind is WebhookKind.STANDARD:
        return {}
    excuses: dict[Step, Excuse] = {}
    if kind is WebhookKind.WOOCOMMERCE:
        excuses[Step.PART_BY_LINE] = Excuse.SUMS_ONLY
    if kind is not WebhookKind.SHOPIFY:
        excuses[Step.EARLY_REFUND] = Excuse.INSIDE
    if currency != "IDR":
        excuses[Step.IDR] = Excuse.ONE_CURRENCY
    if money.exponent(currency) != 0:
        excuses[Step.ZERO_DECIMAL] = Excuse.ONE_CURRENCY
    return excuses


def demanded(results: Sequence[Result]) -> list[Result]:
    return [one for one in results if one.excuse is None]


def is_passed(results: Sequence[Result]) -> bool:
    """True when all demanded steps are."""
    return all(one.state is State.PASSED for one in demanded(results))


def _judged(step: Step, case: Case, excuse: Excuse | None) -> Result:
    shown = PASSES[step](case)
    if shown is not None:
        return Result(step, State.PASSED, excuse, shown.id)
    fault = next((found for find in FAULTS[step] if (found := find(case, step)) is not None), None)
    if fault is not None:
        return Result(step, State.FAILED, excuse, fault.by.id, fault.why, fault.code, fault.field)
    return Result(step, State.MISSING, excuse)


# -- what shows a step -------------------------------------------------------------------------------------------------


def _placed(case: Case) -> Received | None:
    """Shops that are paid at once never tell an unpaid order, so any of theirs will do."""
    if case.kind is WebhookKind.STANDARD:
        return _said(case, facts.PLACED)
    return _said(case, facts.PLACED, facts.PAID, facts.COMPLETED, facts.UPDATED)


def _said(case: Case, *kinds: str) -> Received | None:
    found = (one for one in case.told.received for event in one.events if event.kind in kinds)
    return next(found, None)


def _kind_said(kind: str) -> Callable[[Case], Received | None]:
    return lambda case: _said(case, kind)


def _is_part(state: OrderState) -> bool:
    return state.status is not OrderStatus.CANCELLED and state.net_minor > 0 and state.refunded_minor > 0


def _is_whole(state: OrderState) -> bool:
    return state.status is not OrderStatus.CANCELLED and state.net_minor == 0 and state.refunded_minor > 0


def _by_line(refund: RefundFacts, state: OrderState) -> bool:
    touched = {one.line.line_ref for one in state.lines if one.refunded_minor}
    return any(part.line_ref in touched for part in refund.lines)


def _part_by_line(case: Case) -> Received | None:
    return _refund(case, lambda refund, state: _is_part(state) and _by_line(refund, state))


def _part_by_amount(case: Case) -> Received | None:
    return _refund(case, lambda refund, state: _is_part(state) and refund.spread_minor > 0)


def _full_refund(case: Case) -> Received | None:
    return _refund(case, lambda _refund, state: _is_whole(state))


def _refund(case: Case, fits: Callable[[RefundFacts, OrderState], bool]) -> Received | None:
    for order, state in case.known():
        for one, event in order.events:
            refund = event.facts.refund
            if refund is not None and event.digest not in state.foreign and fits(refund, state):
                return one
    return None


def _cancelled(case: Case) -> Received | None:
    for order, state in case.known():
        if state.status is OrderStatus.CANCELLED:
            return next(one for one, event in order.events if event.facts.kind == facts.CANCELLED)
    return None


def _replied(reply: Reply) -> Callable[[Case], Received | None]:
    return lambda case: next((one for one in case.told.received if one.reply is reply), None)


def _late_order(case: Case) -> Received | None:
    """A life event came after one that is newer, and the newer one holds."""
    for order, _state in case.known():
        newest: tuple[int, object] | None = None
        for one, event in order.events:
            if event.facts.kind not in facts.LIFE:
                continue
            age = (event.facts.version, event.facts.occurred_at)
            if newest is not None and age < newest:
                return one
            newest = age if newest is None else max(newest, age)
    return None


def _early_refund(case: Case) -> Received | None:
    """A refund came before its order and counts now."""
    for order, state in case.known():
        first, event = order.events[0]
        if event.facts.kind == facts.REFUNDED and not event.facts.is_snapshot and state.refunded_minor:
            return first
    return None


def _idr(case: Case) -> Received | None:
    fits = (order for order, state in case.known() if state.currency == "IDR" and not _odd(state, case.prices))
    return next((order.events[0][0] for order in fits if order.state and order.state.lines), None)


def _zero_decimal(case: Case) -> Received | None:
    fits = (order for order, state in case.known() if money.exponent(state.currency) == 0 and state.lines)
    return next((order.events[0][0] for order in fits), None)


PASSES: dict[Step, Callable[[Case], Received | None]] = {
    Step.PLACED: _placed,
    Step.PAID: _kind_said(facts.PAID),
    Step.COMPLETED: _kind_said(facts.COMPLETED),
    Step.PART_BY_LINE: _part_by_line,
    Step.PART_BY_AMOUNT: _part_by_amount,
    Step.FULL_REFUND: _full_refund,
    Step.CANCEL: _cancelled,
    Step.REPEAT: _replied(Reply.REPEAT),
    Step.LATE_ORDER: _late_order,
    Step.EARLY_REFUND: _early_refund,
    Step.WRONG_SIGNATURE: _replied(Reply.REFUSED),
    Step.IDR: _idr,
    Step.ZERO_DECIMAL: _zero_decimal,
}

# -- what went wrong with it -------------------------------------------------------------------------------------------

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


def _odd(state: OrderState, prices: Mapping[str, int]) -> Why | None:
    """What is odd about an order's amounts: beside the catalogue's, else by themselves."""
    for one in state.lines:
        unit, listed = one.line.unit_price_minor, prices.get(one.line.sku or "", 0)
        if not unit:
            continue
        if unit * FACTOR <= listed or (not listed and unit < PIECE_MIN):
            return Why.TOO_SMALL
        if (listed and unit >= listed * FACTOR) or (not listed and unit > PIECE_MAX):
            return Why.TOO_LARGE
    return None


def _odd_amounts(case: Case, _step: Step) -> Fault | None:
    for order, state in case.known():
        why = _odd(state, case.prices) if state.currency == "IDR" else None
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
