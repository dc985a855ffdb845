"""Why this amount: one structure for the page and for programs, reckoned from what is stored."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.commissions import facts as facts_of
from affiliate.commissions import trace
from affiliate.commissions.lists import OTHERS, Listed, Part, as_seen, communities_of, owner_names
from affiliate.commissions.models import CommissionEvent, CommissionShare, ShareRole
from affiliate.communities.models import Community
from affiliate.conversions import story
from affiliate.conversions.story import Sight
from affiliate.core import clock
from affiliate.core.money import BPS
from affiliate.identity.actors import Actor
from affiliate.orders.models import OrderRefund


def explanation(session: Session, listed: Listed, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """Order and lines, who won the click, the terms of that day, the split, every event, and when it is paid.

    As the actor may know it: a community reads what other communities have of a shared order as one sum.

    Lines and split are reckoned anew from the stored order and its frozen conditions; they come to what the events
    sum to, which `checks` proves for every order.
    """
    commission = listed.commission
    (facts,) = facts_of.load(session, [commission.order_id])
    told = trace.of(facts, facts_of.reckon(facts))
    names = owner_names(session, listed.parts)
    sight = story.sight_of(actor, listed.merchant.id)
    attribution = told["attribution"]
    attribution["candidates"] = story.candidates(session, attribution["candidates"], sight)
    attribution["rule"] = story.rule_of(session, attribution)
    told["credits"] = _credits(session, told["credits"], sight)
    return {
        "id": commission.id,
        "merchant": {"slug": listed.merchant.slug, "name": listed.merchant.name},
        "community": {"slug": listed.community.slug, "name": listed.community.name},
        "currency": commission.currency,
        **told,
        "split": _split(told["split"], names, sight),
        "refunds": _refunds(session, commission.order_id),
        "events": _events(session, commission.id, sight),
        "earned_minor": listed.earned_minor,
        "payment": {
            "available_on": clock.rfc3339(commission.available_on),
            "is_held": commission.available_on > now,
            "hold_days": facts.conditions.hold_days if facts.conditions else None,
            "timezone": facts.conditions.timezone if facts.conditions else None,
            "needs_funding": commission.needs_funding,
        },
    }


def _credits(session: Session, credits: list[dict[str, Any]], sight: Sight) -> list[dict[str, Any]]:
    """Who has which part of the order; all others in one, without names, for those who may not know them."""
    seen = [credit for credit in credits if sight.sees(credit["community"])]
    ids = {credit["community"] for credit in seen}
    rows = session.execute(sa.select(Community.id, Community.slug, Community.name).where(Community.id.in_(ids)))
    known = {row.id: {"slug": row.slug, "name": row.name} for row in rows}
    told = [
        {"community": known.get(credit["community"]), "weight_bps": credit["weight_bps"], "is_other": False}
        for credit in seen
    ]
    others = sum(credit["weight_bps"] for credit in credits if credit not in seen)
    return told + ([{"community": None, "weight_bps": others, "is_other": True}] if others else [])


def _split(parts: list[dict[str, Any]], names: dict[str, str], sight: Sight) -> list[dict[str, Any]]:
    """The shares by credit; those of other communities' credits in one, the last, where they may not be known."""
    seen = [part | {"name": names.get(part["owner"])} for part in parts if sight.sees(part["community"])]
    hidden = [part for part in parts if not sight.sees(part["community"])]
    if not hidden:
        return seen
    credited = {(part["community"], part["curator"], part["link"]): part["credit_bps"] for part in hidden}
    others = {
        "owner": OTHERS,
        "role": ShareRole.COMMUNITY.value,
        "weight_bps": BPS,
        "amount_minor": sum(part["amount_minor"] for part in hidden),
        "community": None,
        "curator": None,
        "link": None,
        "credit_bps": sum(credited.values()),
        "name": None,
    }
    return [*seen, others]


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


def _events(session: Session, commission_id: int, sight: Sight) -> list[dict[str, Any]]:
    """Every step with its cause, its shares and the total after it."""
    shares: dict[int, list[Part]] = defaultdict(list)
    rows = (
        session.execute(
            sa.select(CommissionShare)
            .join(CommissionEvent, CommissionEvent.id == CommissionShare.event_id)
            .where(CommissionEvent.commission_id == commission_id)
            .order_by(CommissionShare.id)
        )
        .scalars()
        .all()
    )
    homes = communities_of(session, {share.owner for share in rows})
    for share in rows:
        shares[share.event_id].append(Part(share.owner, share.role, share.amount_minor, homes.get(share.owner)))
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
                "by": [
                    {"owner": part.owner, "role": part.role.value, "amount_minor": part.amount_minor}
                    for part in as_seen(shares[event.id], sight)
                ],
            }
        )
    return told
