"""What shows a step: for each of them the first request that does, or None. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from affiliate.certification.history import Received
from affiliate.certification.models import Reply
from affiliate.certification.steps import Case, Step, Why
from affiliate.core import money
from affiliate.merchants.models import WebhookKind
from affiliate.orders import facts
from affiliate.orders.facts import RefundFacts
from affiliate.orders.models import OrderStatus
from affiliate.orders.rules import OrderState

RUPIAH = 100  # minor units of IDR in ISO 4217, although shops write whole rupiah
PIECE_MIN = 100 * RUPIAH  # no piece costs less than Rp100 …
PIECE_MAX = 1_000_000_000 * RUPIAH  # … or a thousand million
FACTOR = 50  # so far off the catalogue's price is another unit, not a discount


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


def odd_amounts(state: OrderState, prices: Mapping[str, int]) -> Why | None:
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


def _idr(case: Case) -> Received | None:
    fits = (order for order, state in case.known() if state.currency == "IDR" and not odd_amounts(state, case.prices))
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
