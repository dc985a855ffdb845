"""Settle commissions: append, per owner, the difference between what is due and what is booked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session

from affiliate.commissions import facts as facts_of
from affiliate.commissions import queries, rules, telling, trace
from affiliate.commissions.facts import Facts, Reckoned
from affiliate.commissions.models import Commission, CommissionEvent, CommissionShare, EventKind
from affiliate.conversions import service as conversions
from affiliate.conversions.models import ConversionStatus
from affiliate.conversions.service import Estimate
from affiliate.core import bulk, clock


@dataclass(frozen=True, slots=True)
class Step:
    """One event to append: differences by owner, all of one sign, in one currency."""

    currency: str
    by_owner: dict[str, int]

    @property
    def amount_minor(self) -> int:
        return sum(self.by_owner.values())


@dataclass(frozen=True, slots=True)
class _Due:
    """One order whose books must move: its facts, what was reckoned, and the steps to append."""

    facts: Facts
    reckoned: Reckoned
    steps: list[Step]


def settle(session: Session, order_ids: Collection[int], *, now: datetime) -> list[int]:
    """Bring the books of these orders to their target; ids of the orders for which something was appended.

    A pure function of the orders as they stand: a second call appends nothing, and any way to the same state comes to
    the same sums. Also tells each conversion what it would earn.
    """
    loaded = [(one, facts_of.reckon(one)) for one in facts_of.load(session, order_ids, lock=True)]
    conversions.write_estimates(session, _new_estimates(loaded))
    booked = queries.booked(session, order_ids)
    moving = [
        _Due(one, reckoned, steps)
        for one, reckoned in loaded
        if (steps := _steps(one.order.currency, reckoned.due, booked.get(one.order.id, queries.Booked())))
    ]
    if moving:
        _append(session, moving, booked, now)
    return [due.facts.order.id for due in moving]


def _steps(currency: str, due: dict[str, int], booked: queries.Booked) -> list[Step]:
    """What to append. An order that turns out to be in another currency gives back all that it has of the first."""
    return [
        Step(code, by_owner)
        for code in sorted({currency, *booked.by_currency}, key=lambda code: code == currency)
        for by_owner in rules.differences(due if code == currency else {}, booked.by_currency.get(code, {}))
    ]


def _new_estimates(loaded: Sequence[tuple[Facts, Reckoned]]) -> dict[int, Estimate]:
    """By conversion, only those that differ from what stands there."""
    found = {}
    for one, reckoned in loaded:
        conversion = one.conversion
        by_credit = facts_of.communities_part(one, reckoned)
        declined = conversion.status is ConversionStatus.DECLINED
        whole = 0 if declined else reckoned.priced.total_minor
        estimate = Estimate(whole, sum(by_credit.values()), by_credit)
        stands = {credit.id: credit.estimate_minor for credit in one.credits}
        if estimate != Estimate(conversion.estimate_minor, conversion.community_estimate_minor, stands):
            found[conversion.id] = estimate
    return found


def _append(session: Session, moving: Sequence[_Due], booked: Mapping[int, queries.Booked], now: datetime) -> None:
    order_ids = [due.facts.order.id for due in moving]
    commissions = _commissions(session, moving, order_ids, now)
    causes = queries.newest_causes(session, order_ids)
    ids = iter(bulk.new_ids(session, CommissionEvent, sum(len(due.steps) for due in moving)))
    events, shares = [], []
    for due in moving:
        order_id = due.facts.order.id
        commission, before = commissions[order_id], booked.get(order_id, queries.Booked())
        why = {"cause": causes.get(order_id, {}), "trace": trace.of(due.facts, due.reckoned)}
        roles = before.roles | {share.owner: share.role for share in due.reckoned.shares}
        for number, step in enumerate(due.steps, before.last_number + 1):
            event_id = next(ids)
            events.append(_event(commission, due, step, number, now) | why | {"id": event_id})
            shares += [
                {"event_id": event_id, "owner": owner, "role": roles[owner], "amount_minor": amount}
                for owner, amount in step.by_owner.items()
            ]
    bulk.insert(session, CommissionEvent, events)
    bulk.insert(session, CommissionShare, shares)
    telling.tell(session, _appended(moving, events, shares), now=now)


def _appended(
    moving: Sequence[_Due], events: Sequence[dict[str, Any]], shares: Sequence[dict[str, Any]]
) -> list[telling.Appended]:
    by_event: dict[int, list[dict[str, Any]]] = {}
    for share in shares:
        by_event.setdefault(share["event_id"], []).append(share)
    refs = (due.facts.order.ref for due in moving for _step in due.steps)
    return [telling.Appended(event, by_event[event["id"]], ref) for event, ref in zip(events, refs, strict=True)]


def _commissions(session: Session, moving: Sequence[_Due], order_ids: Collection[int], now: datetime) -> dict[int, Any]:
    """The commission rows by order; new ones are made, and one whose order is now credited elsewhere follows it."""
    there = queries.commissions_of(session, order_ids)
    new = [_commission(due.facts, now) for due in moving if due.facts.order.id not in there]
    for made, commission_id in zip(new, bulk.new_ids(session, Commission, len(new)), strict=True):
        made["id"] = commission_id
    bulk.insert(session, Commission, new)
    moved = [
        {"id": row.id, "community_id": due.facts.conversion.community_id, "currency": due.facts.order.currency}
        for due in moving
        if due.reckoned.due and (row := there.get(due.facts.order.id)) and _credited_elsewhere(row, due.facts)
    ]
    bulk.update(session, Commission, moved)
    return {made["order_id"]: SimpleNamespace(**made) for made in new} | there


def _credited_elsewhere(commission: Any, facts: Facts) -> bool:
    now_due_to = (facts.conversion.community_id, facts.order.currency)
    return (commission.community_id, commission.currency) != now_due_to


def _commission(facts: Facts, now: datetime) -> dict[str, Any]:
    """A first earning. The hold starts at the later of the store's word and its first receipt here."""
    conversion, order, conditions = facts.conversion, facts.order, facts.conditions
    assert conditions is not None  # nothing is due without a credit
    known = [moment for moment in (order.completed_at, order.completed_seen_at) if moment is not None]
    return {
        "conversion_id": conversion.id,
        "order_id": order.id,
        "merchant_id": order.merchant_id,
        "community_id": conversion.community_id,
        "currency": order.currency,
        "available_on": clock.after_days(max(known, default=now), conditions.hold_days, conditions.timezone),
        "needs_funding": conditions.needs_funding,
        "created_at": now,
    }


def _event(commission: Any, due: _Due, step: Step, number: int, now: datetime) -> dict[str, Any]:
    if number == 1:
        kind = EventKind.EARNED
    else:
        kind = EventKind.ADJUSTED if any(due.reckoned.due.values()) else EventKind.REVERSED
    gives = step.amount_minor > 0
    return {
        "commission_id": commission.id,
        "number": number,
        "kind": kind,
        "merchant_id": commission.merchant_id,
        "community_id": due.facts.conversion.community_id if gives else commission.community_id,
        "currency": step.currency,
        "amount_minor": step.amount_minor,
        # What takes back counts at once; what gives waits for the hold, and never lies in the past.
        "available_on": _available(commission, number, now) if gives else now,
        "needs_funding": commission.needs_funding,
        "occurred_at": now,
    }


def _available(commission: Any, number: int, now: datetime) -> datetime:
    available: datetime = commission.available_on
    return available if number == 1 else max(available, now)
