"""The pipeline's verbs, each for a batch of deliveries: claim, work, set aside; and replay for a person.

`work` loads what the batch needs in a fixed number of queries, decides with pure rules, and writes in a fixed number of
statements. Whoever works an order holds it until the transaction ends, so that two workers never fold half of its set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core import bulk
from affiliate.core.db import affected, among, is_postgres
from affiliate.core.errors import Conflict
from affiliate.core.i18n import _l
from affiliate.core.signing import sha256_hex
from affiliate.identity.actors import Actor
from affiliate.identity.service import record
from affiliate.merchants.models import Merchant, WebhookKind
from affiliate.orders import adapters, queries, rows, rules
from affiliate.orders.adapters.reading import Shop
from affiliate.orders.facts import Event, EventFacts
from affiliate.orders.models import Delivery, DeliveryStatus, OrderEvent, Verdict
from affiliate.orders.schemas import Unreadable

LEASE = timedelta(minutes=5)
TRIES_MAX = 10
DUE = (DeliveryStatus.RECEIVED, DeliveryStatus.RETRY)
_CURRENCY_FIELD = {WebhookKind.STANDARD: "data.currency"}
_MOST_FIRST = (Verdict.ACCEPTED, Verdict.UNKNOWN_ORDER, Verdict.STALE, Verdict.REPEAT)
OrderKey = tuple[int, str]  # merchant id, the merchant's order number


class NotReplayable(Conflict):
    """It is waiting for its turn already."""

    code = "not_replayable"
    message = _l("This delivery is waiting for its turn already.")


@dataclass(slots=True)
class Outcome:
    """What we make of one delivery, as its row says it afterwards."""

    delivery_id: int
    verdict: Verdict
    topic: str = ""
    order_ref: str | None = None
    reason: str | None = None
    reason_field: str | None = None

    def refuse(self, reason: str, reason_field: str | None) -> None:
        self.verdict, self.reason, self.reason_field = Verdict.UNREADABLE, reason, reason_field


@dataclass(slots=True)
class _Batch:
    """What the deliveries of a batch say: outcomes by delivery, new facts by order."""

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    told: dict[OrderKey, list[tuple[Any, EventFacts]]] = field(default_factory=dict)


def claim(session: Session, *, limit: int, now: datetime) -> list[int]:
    """Ids of due deliveries, oldest first, leased to the caller; a killed worker's are due again after LEASE."""
    free = Delivery.lease_until.is_(None) | (Delivery.lease_until < now)
    due = (
        sa.select(Delivery.id)
        .where(Delivery.status.in_(DUE), Delivery.next_try_at <= now, free)
        .order_by(Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(session.execute(due).scalars())
    if not ids:
        return []
    leased = session.execute(
        sa.update(Delivery)
        .where(among(session, Delivery.id, ids), Delivery.status.in_(DUE), free)
        .values(lease_until=now + LEASE, attempts=Delivery.attempts + 1)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return sorted(leased.scalars())


def work(session: Session, delivery_ids: Sequence[int], *, now: datetime, customer_key: bytes = b"") -> list[int]:
    """Read these deliveries, refold the orders that they touch; ids of the orders that changed.

    Without a `customer_key` shops' customers get no pseudonyms.
    """
    deliveries = queries.due(session, delivery_ids)
    batch = _read(deliveries, _shops(session, deliveries, customer_key))
    _hold(session, batch.told)
    known = queries.events(session, batch.told)
    added: list[dict[str, Any]] = []
    states: dict[OrderKey, rules.OrderState] = {}
    foreign_before: dict[OrderKey, frozenset[str]] = {}
    for key, told in batch.told.items():
        before = rules.fold(known.get(key, {}).values())
        state = _fold(before, known.get(key, {}), told, batch.outcomes, added)
        if state is not None:
            states[key] = state
            foreign_before[key] = before.foreign if before else frozenset()
    bulk.insert(session, OrderEvent, added)  # new ones alone: whoever works an order holds it
    changed = rows.write(session, states, now=now)
    _refuse_foreign(session, states, foreign_before, known, batch.outcomes)
    _accept_waiting(session, states, known, batch.outcomes)
    _conclude(session, batch.outcomes.values(), now)
    return changed


def _shops(session: Session, deliveries: Iterable[Any], customer_key: bytes) -> Mapping[int, Shop]:
    """The shops of another system than our own among these."""
    wanted = {delivery.merchant_id for delivery in deliveries if delivery.kind is not WebhookKind.STANDARD}
    return queries.shops(session, wanted, customer_key=customer_key) if wanted else {}


def _read(deliveries: Iterable[Any], shops: Mapping[int, Shop]) -> _Batch:
    batch = _Batch()
    for delivery in deliveries:
        outcome = Outcome(delivery.id, Verdict.ACCEPTED)
        batch.outcomes[delivery.id] = outcome
        shop = shops.get(delivery.merchant_id) or Shop(delivery.merchant_id)
        try:
            told = adapters.read(delivery.kind, delivery.body, delivery.headers or {}, shop)
        except Unreadable as refusal:
            outcome.topic, outcome.order_ref = refusal.topic, refusal.order_ref
            outcome.refuse(refusal.reason, refusal.field)
            continue
        outcome.topic = told.topic
        if not told.events:
            outcome.verdict = Verdict.IGNORED
        for facts in told.events:
            outcome.order_ref = facts.order_ref
            batch.told.setdefault((delivery.merchant_id, facts.order_ref), []).append((delivery, facts))
    return batch


def _hold(session: Session, keys: Iterable[OrderKey]) -> None:
    """Hold these orders, known or not, until the transaction ends. SQLite has one writer anyway."""
    wanted = sorted(int(sha256_hex(f"order:{merchant}:{ref}".encode())[:15], 16) for merchant, ref in keys)
    if wanted and is_postgres(session):
        numbers = (
            sa.func.unnest(sa.cast(wanted, sa.ARRAY(sa.BigInteger)))
            .table_valued("number", name="held")
            .render_derived()
        )
        ordered = sa.select(numbers.c.number).order_by(numbers.c.number).subquery()
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(ordered.c.number))).all()


def _fold(
    state: rules.OrderState | None,
    known: dict[str, Event],
    told: Sequence[tuple[Any, EventFacts]],
    outcomes: Mapping[int, Outcome],
    added: list[dict[str, Any]],
) -> rules.OrderState | None:
    """One order, in the state that follows from what is known, and what is new about it: the state at the end.

    Judges each delivery, and appends new event rows.
    A delivery of several events is judged by the one that did most.
    """
    verdicts: dict[int, set[Verdict]] = {}
    said: list[tuple[Any, str]] = []
    for delivery, facts in told:
        digest = facts.digest()
        verdict = Verdict.REPEAT
        before = known.get(digest)
        if before is None:
            known[digest] = Event(digest, delivery.received_at, delivery.id, facts)
            added.append(_event_row(known[digest], delivery.merchant_id))
            after = rules.fold(known.values())
            verdict = rules.news(state, after)
            if facts.reading and verdict is Verdict.STALE:
                verdict = Verdict.REPEAT  # a file has no versions: it said what we knew
            state = after
        elif before.delivery_id == delivery.id:  # worked again: it is still what it was
            verdict = delivery.verdict if delivery.verdict is Verdict.STALE else rules.news(None, state)
        verdicts.setdefault(delivery.id, set()).add(verdict)
        outcomes[delivery.id].verdict = next(one for one in _MOST_FIRST if one in verdicts[delivery.id])
        said.append((delivery, digest))
    for delivery, digest in said:
        if state is not None and digest in state.foreign:
            outcomes[delivery.id].refuse(rules.CURRENCY_MISMATCH, _CURRENCY_FIELD.get(delivery.kind, "currency"))
    return state


def _event_row(event: Event, merchant_id: int) -> dict[str, Any]:
    return {
        "merchant_id": merchant_id,
        "order_ref": event.facts.order_ref,
        "digest": event.digest,
        "kind": event.facts.kind,
        "version": event.facts.version,
        "occurred_at": event.facts.occurred_at,
        "received_at": event.received_at,
        "content": event.facts.content(),
        "delivery_id": event.delivery_id,
    }


def _refuse_foreign(
    session: Session,
    states: Mapping[OrderKey, rules.OrderState],
    before: Mapping[OrderKey, frozenset[str]],
    known: Mapping[OrderKey, Mapping[str, Event]],
    outcomes: Mapping[int, Outcome],
) -> None:
    """Say so at earlier deliveries, too, once the order's currency shows that theirs was another, or was not."""
    said = {key: (before[key] - state.foreign, state.foreign) for key, state in states.items()}
    freed = {known[key][digest].delivery_id for key, (digests, _foreign) in said.items() for digest in digests}
    earlier = {known[key][digest].delivery_id for key, (_freed, digests) in said.items() for digest in digests}
    earlier -= outcomes.keys()
    if freed := freed - earlier - outcomes.keys():
        session.execute(
            sa.update(Delivery)
            .where(among(session, Delivery.id, freed), Delivery.reason == rules.CURRENCY_MISMATCH)
            .values(verdict=Verdict.ACCEPTED, status=DeliveryStatus.WORKED, reason=None, reason_field=None)
            .execution_options(synchronize_session=False)
        )
    if earlier:
        session.execute(
            sa.update(Delivery)
            .where(Delivery.id.in_(earlier))
            .values(
                verdict=Verdict.UNREADABLE,
                status=DeliveryStatus.PARKED,
                reason=rules.CURRENCY_MISMATCH,
                reason_field=sa.case(_CURRENCY_FIELD, value=Delivery.kind, else_="currency"),
            )
            .execution_options(synchronize_session=False)
        )


def _accept_waiting(
    session: Session,
    states: Mapping[OrderKey, rules.OrderState],
    known: Mapping[OrderKey, Mapping[str, Event]],
    outcomes: Mapping[int, Outcome],
) -> None:
    """Earlier deliveries that waited for one of these orders wait no more."""
    waiting = set()
    for key, state in states.items():
        for digest, event in known[key].items():
            if event.facts.refund is not None and digest not in state.foreign:
                waiting.add(event.delivery_id)
    for delivery_id in waiting & set(outcomes):
        if outcomes[delivery_id].verdict is Verdict.UNKNOWN_ORDER:
            outcomes[delivery_id].verdict = Verdict.ACCEPTED
    if waiting - set(outcomes):
        session.execute(
            sa.update(Delivery)
            .where(Delivery.id.in_(waiting - set(outcomes)), Delivery.verdict == Verdict.UNKNOWN_ORDER)
            .values(verdict=Verdict.ACCEPTED)
            .execution_options(synchronize_session=False)
        )


def _conclude(session: Session, outcomes: Iterable[Outcome], now: datetime) -> None:
    worked = [
        {
            "id": outcome.delivery_id,
            "verdict": outcome.verdict,
            "topic": outcome.topic,
            "order_ref": outcome.order_ref,
            "reason": outcome.reason,
            "reason_field": outcome.reason_field,
            # Nothing is wrong with what it says, only with the order it says it of: a person looks at both.
            "status": DeliveryStatus.PARKED if outcome.reason == rules.CURRENCY_MISMATCH else DeliveryStatus.WORKED,
            "error": None,
            "lease_until": None,
            "worked_at": now,
        }
        for outcome in outcomes
    ]
    bulk.update(session, Delivery, worked)


def set_aside(session: Session, delivery_id: int, *, error: str, now: datetime) -> None:
    """Try again after 1, 2, 4 … minutes; after TRIES_MAX tries the delivery is parked for a person."""
    tries = session.execute(sa.select(Delivery.attempts).where(Delivery.id == delivery_id)).scalar_one()
    parked = tries >= TRIES_MAX
    session.execute(
        sa.update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.status.in_(DUE))
        .values(
            status=DeliveryStatus.PARKED if parked else DeliveryStatus.RETRY,
            error=error[:2000],
            lease_until=None,
            next_try_at=now + timedelta(minutes=2 ** max(0, min(tries, TRIES_MAX) - 1)),
        )
        .execution_options(synchronize_session=False)
    )


def replay(session: Session, delivery: Delivery, *, actor: Actor, now: datetime) -> None:
    """Work a delivery once more; nothing that it said is booked twice. Raises NotReplayable."""
    done = session.execute(_again(Delivery.id == delivery.id, now))
    if not affected(done):
        raise NotReplayable
    record(session, actor, "delivery.replayed", ("delivery", delivery.id), now=now)


def replay_chosen(
    session: Session,
    merchant: Merchant,
    *,
    verdict: Verdict | None,
    reason: str | None,
    parked: bool,
    actor: Actor,
    now: datetime,
) -> int:
    """Work all of a merchant's deliveries of this choice once more; how many there are that were not waiting."""
    choice = queries.chosen(merchant, verdict=verdict, reason=reason, parked=parked)
    count = affected(session.execute(_again(choice, now).execution_options(synchronize_session=False)))
    record(session, actor, "deliveries.replayed", ("merchant", merchant.id), now=now, count=count)
    return count


def _again(choice: sa.ColumnElement[bool], now: datetime) -> sa.Update:
    return (
        sa.update(Delivery)
        .where(choice, Delivery.status.not_in(DUE))
        .values(status=DeliveryStatus.RECEIVED, attempts=0, next_try_at=now, lease_until=None, error=None)
    )
