"""The fold: from the set of distinct events to the order. Pure; arrival order and repeats make no difference.

Life. The newest life event tells the order's fields: highest version; at the same version `cancelled` wins, then
completed over paid over the rest; then the later time, then the digest. Events without a version (0) are told apart
by time first. Fields that a newer event leaves out (lines of a bare cancellation, click token, coupon, reference,
customer, test)
are taken from the newest event that tells them.

Status. Cancelled when the newest event is. Otherwise the furthest of placed, paid, completed that any event since the
last cancellation says: an `updated` after `completed` does not undo it, a newer life event after a cancellation opens
the order again.

Snapshots. An event that tells the order as it now is overtakes what earlier snapshots said of its status and refunds: a
shop that takes a completion or a refund back is believed.

Refunds. One per refund id (of several, the highest version, then the later time). What names a line takes from that
line, at most its net; the rest is spread over the lines by what is left of their nets, at most all of it. A line that
the order does not have takes nothing: an edit has removed it already.

Currency. That of the oldest life event; events in another one do not count and are named in `foreign`.

Files. A file's reading has a moment instead of a version and stands among the others by it (`readings`, ADR 0018); it
is a snapshot of status, amounts and of the sum of refunds. What it says of click, coupon, customer and time of the
order only fills gaps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from itertools import takewhile
from typing import Any, TypeVar

from affiliate.core import money
from affiliate.core.signing import sha256_hex
from affiliate.orders import facts, readings
from affiliate.orders.facts import Event, EventFacts, LineFacts, RefundFacts, RefundLineFacts
from affiliate.orders.models import OrderStatus, Verdict

CURRENCY_MISMATCH = "currency_mismatch"  # why what names another currency than its order does not count
_RANK = {facts.PAID: 1, facts.COMPLETED: 2}
_STATUS = (OrderStatus.PLACED, OrderStatus.PAID, OrderStatus.COMPLETED)
Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class LineState:
    """One line and what refunds have taken from it; refunded_minor ≤ net_minor."""

    line: LineFacts
    refunded_quantity: int = 0
    refunded_minor: int = 0

    @property
    def left_minor(self) -> int:
        return self.line.net_minor - self.refunded_minor


@dataclass(frozen=True, slots=True)
class RefundState:
    """One refund as told by the event that counts for its id."""

    refund: RefundFacts
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class OrderState:
    """An order as it follows from its events. `foreign` holds the digests of events in another currency."""

    status: OrderStatus
    currency: str
    version: int
    placed_at: datetime
    completed_at: datetime | None
    completed_seen_at: datetime | None
    cancelled_at: datetime | None
    click_token: str | None
    coupon: str | None
    reference: str | None
    customer_ref: str | None
    customer_is_new: bool | None
    is_test: bool
    shipping_minor: int
    lines: tuple[LineState, ...]
    refunds: tuple[RefundState, ...]
    foreign: frozenset[str]

    @property
    def total_minor(self) -> int:
        """Lines and shipping as sold, tax included."""
        return self.shipping_minor + sum(one.line.gross_minor for one in self.lines)

    @property
    def net_minor(self) -> int:
        """Commissionable: what refunds have left of the lines' nets."""
        return sum(one.left_minor for one in self.lines)

    @property
    def refunded_minor(self) -> int:
        return sum(one.refunded_minor for one in self.lines)

    def state_hash(self) -> str:
        """SHA-256 of everything that follows from the events' meaning, so not of when they came in."""
        told = [
            [getattr(self, name) for name in _MEANING] + ([self.reference] if self.reference else []),
            [[facts.plain(one.line), one.refunded_quantity, one.refunded_minor] for one in self.lines],
            [[facts.told_refund(one.refund), one.occurred_at] for one in self.refunds],
        ]
        return sha256_hex(json.dumps(told, default=str, separators=(",", ":")).encode())


_APART = frozenset({"completed_seen_at", "foreign", "lines", "reference", "refunds"})
_MEANING = tuple(one.name for one in fields(OrderState) if one.name not in _APART)


def changed(before: OrderState | None, after: OrderState | None) -> bool:
    """True when the two differ in more than when something came in."""
    if before is None or after is None:
        return before is not after
    return replace(before, completed_seen_at=None, foreign=after.foreign) != replace(after, completed_seen_at=None)


def news(before: OrderState | None, after: OrderState | None) -> Verdict:
    """What an event did to an order that was `before` and is `after` now; None is an order that is not told yet."""
    if after is None:
        return Verdict.UNKNOWN_ORDER
    return Verdict.ACCEPTED if changed(before, after) else Verdict.STALE


def fold(events: Iterable[Event]) -> OrderState | None:
    """The order that these events describe; None while no life event is among them."""
    distinct = {event.digest: event for event in sorted(events, key=lambda event: event.received_at, reverse=True)}
    told = [one for one in distinct.values() if one.facts.kind in facts.LIFE]
    if not told:
        return None
    ranks = readings.ranks(told)
    life = sorted(told, key=lambda event: _life_key(event, ranks[event.digest]))
    currency = next((event for event in life if not event.facts.reading), life[0]).facts.currency
    foreign = frozenset(digest for digest, event in distinct.items() if event.facts.currency != currency)
    life = [event for event in life if event.digest not in foreign]
    lines = _newest_lines(life)
    refunds = _priced(_refunds([event for event in distinct.values() if event.digest not in foreign]), lines)
    more = readings.more_refunded(life, ranks, [(one.refund, one.occurred_at) for one in refunds])
    refunds += (RefundState(*more),) if more else ()
    return replace(_life(life, ranks), lines=_lines(lines, refunds), refunds=refunds, foreign=foreign)


def _newest_lines(life: Sequence[Event]) -> tuple[LineFacts, ...]:
    newest = next((event.facts for event in reversed(life) if event.facts.lines is not None), None)
    if newest is None:
        return ()
    known = _told([event for event in life if not event.facts.reading], _own_lines)
    return readings.lines(newest, known) if newest.reading else newest.lines or ()


def _life_key(event: Event, place: int) -> tuple[Any, ...]:
    told = event.facts
    rank = _RANK.get(told.kind, 0)
    return (
        place,
        told.kind == facts.CANCELLED,
        rank if told.version or told.reading else 0,
        told.occurred_at,
        rank,
        event.digest,
    )


def _life(life: Sequence[Event], ranks: Mapping[str, int]) -> OrderState:
    """Everything but lines and refunds; `life` is in order, the newest last."""
    newest = life[-1].facts
    is_cancelled = newest.kind == facts.CANCELLED
    ended = max((ranks[event.digest] for event in life if event.facts.kind == facts.CANCELLED), default=-1)
    counting = life if is_cancelled else [event for event in life if ranks[event.digest] > ended]
    undone = _newest_snapshot((event for event in counting if event.facts.kind != facts.COMPLETED), ranks)
    completed = [one for one in counting if one.facts.kind == facts.COMPLETED and ranks[one.digest] >= undone]
    whole = _newest_snapshot(counting, ranks)
    furthest = _STATUS[max(_RANK.get(event.facts.kind, 0) for event in counting if ranks[event.digest] >= whole)]
    words = readings.known_first(life)
    return OrderState(
        status=OrderStatus.CANCELLED if is_cancelled else furthest,
        currency=newest.currency,
        version=next((event.facts.version for event in reversed(life) if not event.facts.reading), 0),
        placed_at=_told(words, lambda told: told.placed_at) or min(event.facts.occurred_at for event in life),
        completed_at=min((event.facts.occurred_at for event in completed), default=None),
        completed_seen_at=min((event.received_at for event in completed), default=None),
        cancelled_at=_cancelled_at(life) if is_cancelled else None,
        click_token=_told(words, lambda told: told.click_token),
        coupon=_told(words, lambda told: told.coupon),
        reference=_told(words, lambda told: told.reference),
        customer_ref=_told(words, lambda told: told.customer_ref),
        customer_is_new=_told(words, lambda told: told.customer_is_new),
        is_test=_told(words, lambda told: told.is_test) or False,
        shipping_minor=_shipping(life),
        lines=(),
        refunds=(),
        foreign=frozenset(),
    )


def _cancelled_at(life: Sequence[Event]) -> datetime:
    """The newest event's word; what a file repeats was so when the first of them said it."""
    if not life[-1].facts.reading:
        return life[-1].facts.occurred_at
    last = list(takewhile(lambda event: event.facts.kind == facts.CANCELLED, reversed(life)))
    return min(event.facts.occurred_at for event in last)


def _shipping(life: Sequence[Event]) -> int:
    """That of the newest event with lines; a file without such a column leaves it as it was."""
    full = [event.facts for event in life if event.facts.lines is not None] or [life[-1].facts]
    telling = [told for told in full if not told.reading or told.reading.has_shipping]
    return telling[-1].shipping_minor if telling else 0


def _newest_snapshot(events: Iterable[Event], ranks: Mapping[str, int]) -> int:
    """The place of the newest snapshot among these, -1 without one."""
    return max((ranks[one.digest] for one in events if one.facts.is_snapshot or one.facts.reading), default=-1)


def _own_lines(told: EventFacts) -> tuple[LineFacts, ...] | None:
    return told.lines


def _told(life: Sequence[Event], read: Callable[[EventFacts], Told | None]) -> Told | None:
    """What the newest event that says anything about it says."""
    return next((value for event in reversed(life) if (value := read(event.facts)) is not None), None)


def refund_key(event: Event) -> tuple[Any, ...]:
    """Of several events with one refund id, the greatest of these counts."""
    return event.facts.version, event.facts.occurred_at, event.digest


def _refunds(events: Sequence[Event]) -> tuple[RefundState, ...]:
    """The refunds by their ids, in the order of the ids; `events` are all of the order, in its currency."""
    newest = max((event.facts.version for event in events if event.facts.is_snapshot), default=-1)
    by_ref: dict[str, Event] = {}
    first_told: dict[str, datetime] = {}
    for event in sorted((one for one in events if one.facts.refund), key=refund_key):
        told = event.facts
        assert told.refund is not None, "only refunds are folded here"
        ref = told.refund.refund_ref
        if not told.is_snapshot:
            by_ref[ref] = event
            continue
        first_told.setdefault(ref, told.occurred_at)  # a snapshot does not say when, only that it was by then
        if told.version >= newest:
            by_ref[ref] = event
    return tuple(
        RefundState(event.facts.refund, first_told[ref] if event.facts.is_snapshot else event.facts.occurred_at)
        for ref, event in sorted(by_ref.items())
        if event.facts.refund
    )


def _priced(refunds: tuple[RefundState, ...], lines: Sequence[LineFacts]) -> tuple[RefundState, ...]:
    """The refunds with an amount for every part: pieces without one take their share, the last ones the rest."""
    if all(part.amount_minor is not None for one in refunds for part in one.refund.lines):
        return refunds
    sold = {line.line_ref: line for line in lines}
    gone = dict.fromkeys(sold, 0)

    def amount(part: RefundLineFacts) -> int:
        line = sold.get(part.line_ref)
        if line is None or not line.quantity:
            return 0
        before = gone[part.line_ref]
        gone[part.line_ref] = after = min(line.quantity, before + part.quantity)
        return line.net_minor * after // line.quantity - line.net_minor * before // line.quantity

    def priced(one: RefundState) -> RefundState:
        parts = tuple(
            part if part.amount_minor is not None else replace(part, amount_minor=amount(part))
            for part in one.refund.lines
        )
        return replace(one, refund=replace(one.refund, lines=parts))

    return tuple(priced(one) for one in refunds)


def _lines(lines: Sequence[LineFacts], refunds: Sequence[RefundState]) -> tuple[LineState, ...]:
    """Take the refunds from the lines: what names a line first, then the rest spread by what is left of the nets."""
    taken = {line.line_ref: 0 for line in lines}
    quantities = dict(taken)
    spread = sum(one.refund.spread_minor for one in refunds if not one.refund.with_tax)
    spread += _net_share(sum(one.refund.spread_minor for one in refunds if one.refund.with_tax), lines)
    for refund in (one.refund for one in refunds):
        for part in refund.lines:
            if part.line_ref in taken:
                taken[part.line_ref] += part.amount_minor or 0
                quantities[part.line_ref] += part.quantity
    taken = {line.line_ref: min(line.net_minor, taken[line.line_ref]) for line in lines}
    left = [line.net_minor - taken[line.line_ref] for line in lines]
    if sum(left) and spread:
        for line, share in zip(lines, money.split(min(spread, sum(left)), left), strict=True):
            taken[line.line_ref] += share
    all_gone = bool(refunds) and all(line.net_minor == taken[line.line_ref] for line in lines)
    return tuple(_line_state(line, taken[line.line_ref], quantities[line.line_ref], all_gone) for line in lines)


def _net_share(with_tax: int, lines: Sequence[LineFacts]) -> int:
    """What an amount that the customer got takes from the nets: all of them where it reaches all that was paid."""
    gross, net = sum(line.gross_minor for line in lines), sum(line.net_minor for line in lines)
    return net if with_tax >= gross else with_tax * net // gross


def _line_state(line: LineFacts, taken: int, quantity: int, all_gone: bool) -> LineState:
    """A line whose net is gone is sold no more, nor is a gift in an order that was refunded as a whole."""
    gone = all_gone or (taken > 0 and taken == line.net_minor)
    return LineState(line, line.quantity if gone else min(quantity, line.quantity), taken)
