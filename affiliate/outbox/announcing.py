"""Write facts into the outbox, inside the transaction of the fact. For rooms above; set-wise.

`listening` is one query a batch; where nobody listens nothing else is done.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core import bulk
from affiliate.core.clock import rfc3339
from affiliate.core.db import among
from affiliate.merchants.models import Enrollment, Programme
from affiliate.outbox import rules
from affiliate.outbox.models import EndpointStatus, MessageStatus, WebhookEndpoint, WebhookMessage
from affiliate.outbox.rules import EventType


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened, for one owner ("community:3", "merchant:1"), in words that this owner may read.

    `source` is the fact's own key: the same fact is told once.
    """

    kind: EventType
    owner: str
    source: str
    occurred_at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who listens to what: (endpoint id, types) by owner."""

    by_owner: Mapping[str, Sequence[tuple[int, frozenset[str]]]]

    def __bool__(self) -> bool:
        return bool(self.by_owner)

    def hears(self, owner: str, kinds: Collection[EventType]) -> bool:
        """True when any endpoint of this owner wants any of these."""
        wanted = set(kinds)
        return any(types & wanted for _endpoint, types in self.by_owner.get(owner, ()))


NOBODY = Listeners({})


def listening(session: Session, *, communities: Collection[int] = (), merchants: Collection[int] = ()) -> Listeners:
    """The enabled endpoints of these owners, and of the communities that sell for these stores, in one query."""
    row = WebhookEndpoint
    if not communities and not merchants:
        return NOBODY
    theirs = among(session, row.community_id, communities) | among(session, row.merchant_id, merchants)
    if merchants:
        selling = sa.select(Enrollment.community_id).join(Programme, Programme.id == Enrollment.programme_id)
        theirs |= row.community_id.in_(selling.where(among(session, Programme.merchant_id, merchants)))
    wanted = sa.select(row.id, row.community_id, row.merchant_id, row.types)
    found: dict[str, list[tuple[int, frozenset[str]]]] = {}
    for one in session.execute(wanted.where(row.status == EndpointStatus.ENABLED, theirs).order_by(row.id)):
        owner = f"community:{one.community_id}" if one.community_id else f"merchant:{one.merchant_id}"
        found.setdefault(owner, []).append((one.id, frozenset(one.types)))
    return Listeners(found)


def announce(session: Session, listeners: Listeners, facts: Sequence[Fact], *, now: datetime) -> int:
    """One message for each fact and endpoint that wants it, in one statement; how many were new."""
    rows = [
        _row(endpoint_id, fact, now)
        for fact in facts
        for endpoint_id, types in listeners.by_owner.get(fact.owner, ())
        if fact.kind.value in types
    ]
    return len(_insert(session, rows))


def ping(session: Session, endpoint: WebhookEndpoint, *, source: str, now: datetime) -> int:
    """A message that only says that it came; its row's id."""
    data = {"endpoint": endpoint.id, "note": endpoint.note}
    fact = Fact(EventType.PING, endpoint.owner, source, now, data)
    return int(_insert(session, [_row(endpoint.id, fact, now)])[0].id)


def _insert(session: Session, rows: Sequence[dict[str, Any]]) -> Sequence[Any]:
    return bulk.insert_new(session, WebhookMessage, rows, key=("endpoint_id", "source"), returning=("id",))


def _row(endpoint_id: int, fact: Fact, now: datetime) -> dict[str, Any]:
    return {
        "endpoint_id": endpoint_id,
        "source": fact.source,
        "message_id": rules.message_id(fact.owner, fact.source),
        "type": fact.kind,
        "body": rules.envelope(fact.kind, rfc3339(fact.occurred_at), fact.data).decode(),
        "occurred_at": fact.occurred_at,
        "created_at": now,
        "status": MessageStatus.WAITING,
        "tries": 0,
        "failures": 0,
        "next_try_at": now,
        "give_up_at": now + rules.LASTS,
    }
