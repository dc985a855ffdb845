"""Why this amount: one structure for the page and for programs, reckoned from what is stored."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.commissions import facts as facts_of
from affiliate.commissions import trace
from affiliate.commissions.lists import Listed, owner_names
from affiliate.commissions.models import CommissionEvent, CommissionShare
from affiliate.communities.models import Community
from affiliate.core import clock
from affiliate.orders.models import OrderRefund


def explanation(session: Session, listed: Listed, *, now: datetime) -> dict[str, Any]:
    """Order and lines, who won the click, the terms of that day, the split, every event, and when it is paid.

    Lines and split are reckoned anew from the stored order and its frozen conditions; they come to what the events
    sum to, which `checks` proves for every order.
    """
    commission = listed.commission
    (facts,) = facts_of.load(session, [commission.order_id])
    told = trace.of(facts, facts_of.reckon(facts))
    names = owner_names(session, listed.parts)
    told["attribution"]["candidates"] = _named(session, told["attribution"]["candidates"])
    return {
        "id": commission.id,
        "merchant": {"slug": listed.merchant.slug, "name": listed.merchant.name},
        "community": {"slug": listed.community.slug, "name": listed.community.name},
        "currency": commission.currency,
        **told,
        "split": [part | {"name": names.get(part["owner"])} for part in told["split"]],
        "refunds": _refunds(session, commission.order_id),
        "events": _events(session, commission.id),
        "earned_minor": listed.earned_minor,
        "payment": {
            "available_on": clock.rfc3339(commission.available_on),
            "is_held": commission.available_on > now,
            "hold_days": facts.conditions.hold_days if facts.conditions else None,
            "timezone": facts.conditions.timezone if facts.conditions else None,
            "needs_funding": commission.needs_funding,
        },
    }


def _named(session: Session, candidates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The candidates with the communities' addresses and names in place of ids."""
    ids = {candidate["community"] for candidate in candidates}
    rows = session.execute(sa.select(Community.id, Community.slug, Community.name).where(Community.id.in_(ids)))
    known = {row.id: {"slug": row.slug, "name": row.name} for row in rows}
    return [candidate | {"community": known.get(candidate["community"])} for candidate in candidates]


def _refunds(session: Session, order_id: int) -> list[dict[str, Any]]:
    rows = session.execute(
        sa.select(OrderRefund)
        .where(OrderRefund.order_id == order_id)
        .order_by(OrderRefund.occurred_at, OrderRefund.refund_ref)
    ).scalars()
    return [
        {"refund": row.refund_ref, "amount_minor": row.amount_minor, "occurred_at": clock.rfc3339(row.occurred_at)}
        for row in rows
    ]


def _events(session: Session, commission_id: int) -> list[dict[str, Any]]:
    """Every step with its cause, its shares and the total after it."""
    shares: dict[int, list[dict[str, Any]]] = {}
    rows = session.execute(
        sa.select(CommissionShare)
        .join(CommissionEvent, CommissionEvent.id == CommissionShare.event_id)
        .where(CommissionEvent.commission_id == commission_id)
        .order_by(CommissionShare.id)
    ).scalars()
    for share in rows:
        one = {"owner": share.owner, "role": share.role.value, "amount_minor": share.amount_minor}
        shares.setdefault(share.event_id, []).append(one)
    told: list[dict[str, Any]] = []
    totals: dict[str, int] = defaultdict(int)
    wanted = sa.select(CommissionEvent).where(CommissionEvent.commission_id == commission_id)
    for event in session.execute(wanted.order_by(CommissionEvent.number)).scalars():
        totals[event.currency] += event.amount_minor
        told.append(
            {
                "number": event.number,
                "kind": event.kind.value,
                "currency": event.currency,
                "amount_minor": event.amount_minor,
                "total_minor": totals[event.currency],
                "occurred_at": clock.rfc3339(event.occurred_at),
                "available_on": clock.rfc3339(event.available_on),
                "cause": event.cause,
                "by": shares.get(event.id, []),
            }
        )
    return told
