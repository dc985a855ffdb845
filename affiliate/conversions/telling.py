"""Tell of conversions: to the store of the order, and to each community that has, had or just missed a part of it.

Each is told in words that its own pages show: a community reads its own part by name, the others' in one without
names. Where nobody listens this is one query a batch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.communities.models import Community
from affiliate.conversions import queries
from affiliate.conversions.models import ConversionStatus
from affiliate.conversions.story import Sight
from affiliate.core.clock import rfc3339
from affiliate.core.db import among
from affiliate.merchants.models import Merchant
from affiliate.orders.models import Order
from affiliate.outbox import announcing
from affiliate.outbox.announcing import Fact
from affiliate.outbox.rules import EventType

KINDS = (EventType.CONVERSION_CREATED, EventType.CONVERSION_CONFIRMED, EventType.CONVERSION_DECLINED)
CREDITED_ELSEWHERE = "credited_elsewhere"
_KIND_OF = {
    ConversionStatus.PENDING: EventType.CONVERSION_CREATED,
    ConversionStatus.CONFIRMED: EventType.CONVERSION_CONFIRMED,
    ConversionStatus.DECLINED: EventType.CONVERSION_DECLINED,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What an order is to one owner: a status, the reason where it is declined, its part in basis points."""

    status: ConversionStatus
    reason: str | None
    weight_bps: int


@dataclass(frozen=True, slots=True)
class Change:
    """A conversion before and after it was written; `before` is None for a new one.

    Credits are rows with community_id, weight_bps and reason; those before are None where they are still the same.
    """

    before: Any
    after: Mapping[str, Any]
    credits_before: Sequence[Any] | None


def kinds_of(before: Standing | None, after: Standing | None) -> tuple[EventType, ...]:
    """What is told of this step: every stage that it passes, and nothing where nothing has changed for this owner."""
    if after is None:
        return ()
    if before is not None and (before.status, before.reason) == (after.status, after.reason):
        return ()
    was_credited = before is not None and before.status is not ConversionStatus.DECLINED
    if after.status is ConversionStatus.CONFIRMED and not was_credited:
        return (EventType.CONVERSION_CREATED, EventType.CONVERSION_CONFIRMED)
    return (_KIND_OF[after.status],)


def standing(status: ConversionStatus, reason: str | None, nearest: int | None, weights: Mapping[int, int],
             community_id: int) -> Standing | None:  # fmt: skip
    """What a conversion is to a community; None where it is nothing to it."""
    weight = weights.get(community_id, 0)
    if status is ConversionStatus.DECLINED:
        return Standing(status, reason, 0) if weight or community_id == nearest else None
    return Standing(status, None, weight) if weight else None


def tell(session: Session, changes: Sequence[Change], *, now: datetime) -> None:
    """Put what these changes mean to each who listens into the outbox."""
    if not changes:
        return
    merchants = {change.after["merchant_id"] for change in changes}
    nearest = {change.after["community_id"] for change in changes} - {None}
    listeners = announcing.listening(session, communities=nearest, merchants=merchants)
    if not listeners:
        return
    credits = queries.credits_in_force(session, [change.after["id"] for change in changes])
    names = Names.of(session, changes, credits)
    facts = [
        fact
        for change in changes
        for fact in _facts(change, credits.get(change.after["id"], []), names, listeners, now)
    ]
    announcing.announce(session, listeners, facts, now=now)


@dataclass(frozen=True, slots=True)
class Names:
    """What programs call things: slugs of communities and stores, the stores' own order numbers, all by id."""

    communities: Mapping[int, str]
    merchants: Mapping[int, str]
    orders: Mapping[int, str]

    @classmethod
    def of(cls, session: Session, changes: Sequence[Change], credits: Mapping[int, Sequence[Any]]) -> Names:
        named = {credit.community_id for rows in credits.values() for credit in rows}
        return cls(
            slugs(session, Community, named),
            slugs(session, Merchant, {change.after["merchant_id"] for change in changes}),
            order_refs(session, {change.after["order_id"] for change in changes}),
        )


def slugs(session: Session, kind: type[Community | Merchant], ids: Collection[int]) -> dict[int, str]:
    """Slugs by id."""
    rows = session.execute(sa.select(kind.id, kind.slug).where(among(session, kind.id, ids)))
    return {row.id: row.slug for row in rows}


def order_refs(session: Session, ids: Collection[int]) -> dict[int, str]:
    """The stores' own order numbers by id."""
    rows = session.execute(sa.select(Order.id, Order.ref).where(among(session, Order.id, ids)))
    return {row.id: row.ref for row in rows}


def _facts(
    change: Change, credits: Sequence[Any], names: Names, listeners: announcing.Listeners, now: datetime
) -> Iterator[Fact]:
    after = change.after
    for owner, sight, was, now_is in _owners(change, credits):
        if not listeners.hears(owner, KINDS):
            continue
        for kind in kinds_of(was, now_is):
            assert now_is is not None
            source = f"conversion:{after['id']}:{after['changes']}:{kind.value.partition('.')[2]}"
            yield Fact(kind, owner, source, now, _told(after, credits, names, sight, now_is, now))


def _owners(change: Change, credits: Sequence[Any]) -> Iterator[tuple[str, Sight, Standing | None, Standing | None]]:
    """(owner, what it may know, what the order was to it, what it is) for everybody whom the order concerns."""
    before, after = change.before, change.after
    earlier = credits if change.credits_before is None else change.credits_before
    weights_before, weights = _weights(earlier), _weights(credits)
    was = Standing(before.status, before.reason, 10_000) if before is not None else None
    now_is = Standing(after["status"], after["reason"], sum(weights.values()))
    yield f"merchant:{after['merchant_id']}", Sight(True, frozenset()), was, now_is
    for community_id in sorted({*weights_before, *weights, after["community_id"] or 0} - {0}):
        theirs = None
        if before is not None:
            theirs = standing(before.status, before.reason, before.community_id, weights_before, community_id)
        is_now = standing(after["status"], after["reason"], after["community_id"], weights, community_id)
        if is_now is None and theirs is not None and theirs.status is not ConversionStatus.DECLINED:
            is_now = Standing(ConversionStatus.DECLINED, _why_lost(credits, community_id), 0)
        yield f"community:{community_id}", Sight(False, frozenset({community_id})), theirs, is_now


def _weights(credits: Sequence[Any]) -> dict[int, int]:
    found: dict[int, int] = {}
    for credit in credits:
        if credit.weight_bps:
            found[credit.community_id] = found.get(credit.community_id, 0) + credit.weight_bps
    return found


def _why_lost(credits: Sequence[Any], community_id: int) -> str:
    reasons = (credit.reason for credit in credits if credit.community_id == community_id and credit.reason)
    return next(reasons, CREDITED_ELSEWHERE)


def _told(
    after: Mapping[str, Any], credits: Sequence[Any], names: Names, sight: Sight, now_is: Standing, now: datetime
) -> dict[str, Any]:
    won = _weights(credits)
    known = {community_id: weight for community_id, weight in won.items() if sight.sees(community_id)}
    others = sum(won.values()) - sum(known.values())
    parts = [
        {"community": names.communities[one], "weight_bps": weight, "is_other": False} for one, weight in known.items()
    ]
    return {
        "order": names.orders[after["order_id"]],
        "merchant": names.merchants[after["merchant_id"]],
        "status": now_is.status.value,
        "reason": now_is.reason,
        "weight_bps": now_is.weight_bps if now_is.status is not ConversionStatus.DECLINED else 0,
        "credits": parts + ([{"community": None, "weight_bps": others, "is_other": True}] if others else []),
        "decided_by": after["evidence"].get("decided_by"),
        "currency": after["currency"],
        "placed_at": rfc3339(after["placed_at"]),
        "updated_at": rfc3339(now),
    }
