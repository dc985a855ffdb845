"""Settle commissions: append, per owner, the difference between what is due and what is booked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.commissions import facts as facts_of
from affiliate.commissions import queries, rules, trace
from affiliate.commissions.facts import Facts, Reckoned
from affiliate.commissions.models import Commission, CommissionEvent, CommissionShare, EventKind
from affiliate.conversions import service as conversions
from affiliate.conversions.models import ConversionStatus
from affiliate.conversions.service import Estimate
from affiliate.core import clock


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
        _append(session, moving, now)
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


def _append(session: Session, moving: Sequence[_Due], now: datetime) -> None:
    order_ids = [due.facts.order.id for due in moving]
    commissions = _commissions(session, moving, order_ids, now)
    booked = queries.booked(session, order_ids)
    causes = queries.newest_causes(session, order_ids)
    events, shares = [], {}
    for due in moving:
        order_id = due.facts.order.id
        commission, before = commissions[order_id], booked.get(order_id, queries.Booked())
        why = {"cause": causes.get(order_id, {}), "trace": trace.of(due.facts, due.reckoned)}
        roles = before.roles | {share.owner: share.role for share in due.reckoned.shares}
        for number, step in enumerate(due.steps, before.last_number + 1):
            events.append(_event(commission, due, step, number, now) | why)
            shares[commission.id, number] = [
                {"owner": owner, "role": roles[owner], "amount_minor": amount}
                for owner, amount in step.by_owner.items()
            ]
    wanted = sa.insert(CommissionEvent).returning(
        CommissionEvent.id, CommissionEvent.commission_id, CommissionEvent.number
    )
    kept = session.execute(wanted, events).all()
    rows = [share | {"event_id": row.id} for row in kept for share in shares[row.commission_id, row.number]]
    session.execute(sa.insert(CommissionShare), rows)


def _commissions(session: Session, moving: Sequence[_Due], order_ids: Collection[int], now: datetime) -> dict[int, Any]:
    """The commission rows by order; new ones are made, and one whose order is now credited elsewhere follows it."""
    there = queries.commissions_of(session, order_ids)
    new = [_commission(due.facts, now) for due in moving if due.facts.order.id not in there]
    moved = [
        {"id": row.id, "community_id": due.facts.conversion.community_id, "currency": due.facts.order.currency}
        for due in moving
        if due.reckoned.due and (row := there.get(due.facts.order.id)) and _credited_elsewhere(row, due.facts)
    ]
    if moved:
        session.execute(sa.update(Commission), moved)
    if not new:
        return there
    session.execute(sa.insert(Commission), new)
    return queries.commissions_of(session, order_ids) | there


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
