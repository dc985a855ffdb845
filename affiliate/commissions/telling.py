"""Tell of commission events: to the store, and to each community that it gives to or takes from.

A community reads its own part, its curators' and the platform's; what other communities have stands in one, without
names, as on its pages. Where nobody listens this is one query a batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from affiliate.commissions.lists import Part, as_seen, communities_of
from affiliate.commissions.models import EventKind
from affiliate.communities.models import Community
from affiliate.conversions.story import Sight
from affiliate.conversions.telling import slugs
from affiliate.core.clock import rfc3339
from affiliate.core.web import money_json
from affiliate.merchants.models import Merchant
from affiliate.outbox import announcing
from affiliate.outbox.announcing import Fact
from affiliate.outbox.rules import EventType

KINDS = {
    EventKind.EARNED: EventType.COMMISSION_EARNED,
    EventKind.ADJUSTED: EventType.COMMISSION_ADJUSTED,
    EventKind.REVERSED: EventType.COMMISSION_REVERSED,
}
STORE = Sight(True, frozenset())


@dataclass(frozen=True, slots=True)
class Appended:
    """An event as it was appended (columns of the table), its shares, and the store's number of the order."""

    event: Mapping[str, Any]
    shares: Sequence[Mapping[str, Any]]
    order_ref: str


def tell(session: Session, appended: Sequence[Appended], *, now: datetime) -> None:
    """Put these events into the outbox of each who listens."""
    merchants = {one.event["merchant_id"] for one in appended}
    owners = {share["owner"] for one in appended for share in one.shares}
    named = {int(owner.partition(":")[2]) for owner in owners if owner.startswith("community:")}
    listeners = announcing.listening(session, communities=named, merchants=merchants)
    if not listeners:
        return
    homes = communities_of(session, owners)
    communities = slugs(session, Community, {*homes.values(), *(one.event["community_id"] for one in appended)})
    stores = slugs(session, Merchant, merchants)
    facts = [
        Fact(KINDS[one.event["kind"]], owner, _source(one), now, _told(one, parts, community, stores))
        for one in appended
        for owner, parts, community in _readers(one, homes, communities)
        if listeners.hears(owner, [KINDS[one.event["kind"]]])
    ]
    announcing.announce(session, listeners, facts, now=now)


def _source(one: Appended) -> str:
    return f"commission:{one.event['commission_id']}:{one.event['number']}"


def _readers(
    one: Appended, homes: Mapping[str, int], communities: Mapping[int, str]
) -> Iterator[tuple[str, tuple[Part, ...], str]]:
    """(owner, the parts as it may see them, the slug of its own community or of the one with most of the order)."""
    parts = [
        Part(share["owner"], share["role"], share["amount_minor"], homes.get(share["owner"])) for share in one.shares
    ]
    main = communities[one.event["community_id"]]
    yield f"merchant:{one.event['merchant_id']}", as_seen(parts, STORE), main
    for community_id in sorted({part.community_id for part in parts if part.community_id is not None}):
        seen = as_seen(parts, Sight(False, frozenset({community_id})))
        yield f"community:{community_id}", seen, communities[community_id]


def _told(one: Appended, parts: Sequence[Part], community: str, stores: Mapping[int, str]) -> dict[str, Any]:
    event = one.event
    code = event["currency"]
    cause = {name: event["cause"][name] for name in ("event", "refund") if name in event["cause"]}
    return {
        "order": one.order_ref,
        "merchant": stores[event["merchant_id"]],
        "community": community,
        "commission": event["commission_id"],
        "number": event["number"],
        "kind": event["kind"].value,
        "amount": money_json(event["amount_minor"], code),
        "by": [
            {"owner": part.owner, "role": part.role.value, "amount": money_json(part.amount_minor, code)}
            for part in parts
        ],
        "available_on": rfc3339(event["available_on"]),
        "needs_funding": event["needs_funding"],
        "cause": cause,
        "occurred_at": rfc3339(event["occurred_at"]),
    }
