"""What the recorded requests say, by the real adapters and the real fold; nothing is stored. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from affiliate.certification.models import Reply
from affiliate.merchants.models import WebhookKind
from affiliate.orders import adapters
from affiliate.orders.adapters.reading import Shop
from affiliate.orders.facts import Event, EventFacts
from affiliate.orders.models import Verdict
from affiliate.orders.rules import OrderState, fold, news
from affiliate.orders.schemas import Unreadable

_MOST_FIRST = (Verdict.UNREADABLE, Verdict.ACCEPTED, Verdict.UNKNOWN_ORDER, Verdict.STALE, Verdict.REPEAT)
_CURRENCY_NAMES = ("currency", "base_currency_code", "order_currency_code")


class Row(Protocol):
    """A recorded request."""

    id: Any
    kind: Any
    reply: Any
    cause: Any
    headers: Any
    body: Any
    received_at: Any


@dataclass(frozen=True, slots=True)
class Received:
    """One request. Only what was kept has events; `reason` and `field` say why a kept one cannot be read."""

    id: int
    at: datetime
    reply: Reply
    cause: str | None = None
    topic: str = ""
    events: tuple[EventFacts, ...] = ()
    notes: tuple[str, ...] = ()
    order_ref: str | None = None
    reason: str | None = None
    field: str | None = None
    currency: str | None = None  # that an unreadable one names


@dataclass(slots=True)
class Told:
    """One order: what was said of it, each thing once and in the order of arrival, and what follows."""

    ref: str
    events: list[tuple[Received, Event]] = field(default_factory=list)
    state: OrderState | None = None


@dataclass(frozen=True, slots=True)
class History:
    """All requests in the order of arrival, the orders that they tell of, and what each one did."""

    received: tuple[Received, ...]
    orders: Mapping[str, Told]
    verdicts: Mapping[int, Verdict]


def read(row: Row, shop: Shop) -> Received:
    """A recorded request as our adapters read it. What was not kept is not read."""
    if row.reply not in {Reply.KEPT, Reply.REPEAT}:
        return Received(row.id, row.received_at, row.reply, row.cause)
    kind = WebhookKind(row.kind)
    try:
        told = adapters.read(kind, row.body, row.headers, shop)
    except Unreadable as refusal:
        return Received(
            row.id, row.received_at, row.reply, topic=refusal.topic, order_ref=refusal.order_ref,
            reason=refusal.reason, field=refusal.field, currency=_currency_named(row.body),
        )  # fmt: skip
    ref = told.events[0].order_ref if told.events else None
    return Received(
        row.id, row.received_at, row.reply, topic=told.topic, events=told.events, notes=told.notes, order_ref=ref
    )


def history(received: Iterable[Received]) -> History:
    """Replay the requests in the order in which they came."""
    told: dict[str, Told] = {}
    verdicts: dict[int, Verdict] = {}
    in_order = tuple(sorted(received, key=lambda one: (one.at, one.id)))
    for one in in_order:
        done = {_take(told.setdefault(event.order_ref, Told(event.order_ref)), one, event) for event in one.events}
        if one.reason is not None:
            done = {Verdict.UNREADABLE}
        elif one.reply in {Reply.KEPT, Reply.REPEAT}:
            done = done or {Verdict.IGNORED}
        if done:
            verdicts[one.id] = next((word for word in _MOST_FIRST if word in done), Verdict.IGNORED)
    for order in told.values():
        _accept_waiting(order, verdicts)
    return History(in_order, told, verdicts)


def _take(order: Told, one: Received, told: EventFacts) -> Verdict:
    digest = told.digest()
    if any(event.digest == digest for _by, event in order.events):
        return Verdict.REPEAT
    before = order.state
    order.events.append((one, Event(digest, one.at, one.id, told)))
    order.state = after = fold(event for _by, event in order.events)
    if after is not None and digest in after.foreign:
        return Verdict.UNREADABLE
    return news(before, after)


def _accept_waiting(order: Told, verdicts: dict[int, Verdict]) -> None:
    """A refund that waited for its order counts once the order is there; another currency does not."""
    for one, event in order.events:
        if order.state is None:
            continue
        if event.digest in order.state.foreign:
            verdicts[one.id] = Verdict.UNREADABLE
        elif verdicts.get(one.id) is Verdict.UNKNOWN_ORDER:
            verdicts[one.id] = Verdict.ACCEPTED


def _currency_named(body: bytes) -> str | None:
    """The currency that a body names, where it is JSON at all: amounts are refused by its decimals."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    whole = content if isinstance(content, dict) else {}
    inner = whole.get("data")
    places = (whole, inner if isinstance(inner, dict) else {})
    named = (place[name] for place in places for name in _CURRENCY_NAMES if isinstance(place.get(name), str))
    return next((str(code)[:3] for code in named), None)
