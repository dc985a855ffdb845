"""Endpoints and their log, as the actor may see them: a community's owners, a store's staff, platform admins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.communities.models import Community
from affiliate.core.errors import NotFound
from affiliate.core.web import ID_MAX
from affiliate.identity.actors import Actor
from affiliate.merchants.models import Merchant
from affiliate.outbox.models import EndpointStatus, MessageStatus, WebhookEndpoint, WebhookMessage, WebhookTry
from affiliate.outbox.rules import EventType

Owner = Community | Merchant


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a log is narrowed to."""

    status: MessageStatus | None = None
    kind: EventType | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint does: messages that wait, and that failed since it last changed."""

    waiting: int
    failed: int
    newest_at: datetime


def _theirs(actor: Actor) -> sa.ColumnElement[bool]:
    row = WebhookEndpoint
    if actor.is_admin:
        return sa.true()
    return row.community_id.in_(actor.owned_communities) | row.merchant_id.in_(actor.merchants)


def _there() -> sa.ColumnElement[bool]:
    return WebhookEndpoint.status != EndpointStatus.REMOVED


def of_owner(owner: Owner) -> sa.ColumnElement[bool]:
    """Endpoints of a community or a store."""
    row = WebhookEndpoint
    return row.community_id == owner.id if isinstance(owner, Community) else row.merchant_id == owner.id


def endpoint_for(
    session: Session, actor: Actor, endpoint_id: int, *, owner: Owner | None = None, lock: bool = False
) -> WebhookEndpoint:
    """An endpoint that this actor runs, of this owner where one is named. Raises NotFound."""
    wanted = sa.select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id, _theirs(actor), _there())
    if owner is not None:
        wanted = wanted.where(of_owner(owner))
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found = session.execute(wanted).scalar_one_or_none() if endpoint_id <= ID_MAX else None
    if found is None:
        raise NotFound
    return found


def endpoints(
    session: Session, actor: Actor, *, owner: Owner | None = None, after: int = 0, limit: int = 500
) -> Sequence[WebhookEndpoint]:
    """Oldest first."""
    wanted = sa.select(WebhookEndpoint).where(WebhookEndpoint.id > after, _theirs(actor), _there())
    if owner is not None:
        wanted = wanted.where(of_owner(owner))
    return session.execute(wanted.order_by(WebhookEndpoint.id).limit(limit)).scalars().all()


def stopped(session: Session, owner: Owner) -> Sequence[WebhookEndpoint]:
    """Endpoints that stopped by themselves and wait for a person."""
    wanted = sa.select(WebhookEndpoint).where(of_owner(owner), WebhookEndpoint.status == EndpointStatus.STOPPED)
    return session.execute(wanted.order_by(WebhookEndpoint.id)).scalars().all()


def health(session: Session, endpoint_ids: Sequence[int]) -> dict[int, Health]:
    """By endpoint, for those that were told anything. Counts only what is not delivered: the rest may be many."""
    row = WebhookMessage
    kinds = (MessageStatus.WAITING, MessageStatus.FAILED)
    counts = sa.select(row.endpoint_id, row.status, sa.func.count().label("count")).where(
        row.endpoint_id.in_(endpoint_ids),
        row.status.in_(kinds),
        row.status != MessageStatus.DELIVERED,  # as the index
    )
    counted = {
        (one.endpoint_id, one.status): int(one[2])
        for one in session.execute(counts.group_by(row.endpoint_id, row.status))
    }
    newest = sa.select(row.created_at).where(row.endpoint_id == WebhookEndpoint.id).order_by(row.id.desc()).limit(1)
    asked = sa.select(WebhookEndpoint.id, newest.scalar_subquery().label("newest_at"))
    return {
        one.id: Health(counted.get((one.id, kinds[0]), 0), counted.get((one.id, kinds[1]), 0), one.newest_at)
        for one in session.execute(asked.where(WebhookEndpoint.id.in_(endpoint_ids)))
        if one.newest_at is not None
    }


def messages(
    session: Session, endpoint: WebhookEndpoint, wanted: Wanted, *, before: int | None = None, limit: int
) -> Sequence[WebhookMessage]:
    """The log of an endpoint, newest first."""
    query = sa.select(WebhookMessage).where(WebhookMessage.endpoint_id == endpoint.id, *_narrowed(wanted))
    if before is not None:
        query = query.where(WebhookMessage.id < before)
    return session.execute(query.order_by(WebhookMessage.id.desc()).limit(limit)).scalars().all()


def _narrowed(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    found = []
    if wanted.status is not None:
        found.append(WebhookMessage.status == wanted.status)
    if wanted.kind is not None:
        found.append(WebhookMessage.type == wanted.kind)
    return found


def message(session: Session, endpoint: WebhookEndpoint, message_id: int) -> WebhookMessage:
    """One message of an endpoint. Raises NotFound."""
    row = WebhookMessage
    wanted = sa.select(row).where(row.id == message_id, row.endpoint_id == endpoint.id)
    found = session.execute(wanted).scalar_one_or_none() if message_id <= ID_MAX else None
    if found is None:
        raise NotFound
    return found


def tries(session: Session, message_ids: Sequence[int]) -> dict[int, list[WebhookTry]]:
    """Every try of these messages, the oldest first."""
    wanted = sa.select(WebhookTry).where(WebhookTry.message_id.in_(message_ids))
    found: dict[int, list[WebhookTry]] = {}
    for one in session.execute(wanted.order_by(WebhookTry.message_id, WebhookTry.number)).scalars():
        found.setdefault(one.message_id, []).append(one)
    return found


def pings_since(session: Session, endpoint: WebhookEndpoint, moment: datetime) -> int:
    row = WebhookMessage
    wanted = sa.select(sa.func.count()).where(row.endpoint_id == endpoint.id, row.type == EventType.PING)
    return session.execute(wanted.where(row.created_at >= moment)).scalar_one()


def owner_of(session: Session, endpoint: WebhookEndpoint) -> Owner:
    """Whose endpoint it is."""
    if endpoint.community_id is not None:
        return session.get_one(Community, endpoint.community_id)
    return session.get_one(Merchant, endpoint.merchant_id)


def owner_slugs(session: Session, rows: Sequence[WebhookEndpoint]) -> dict[int, tuple[str, str]]:
    """("community", slug) or ("merchant", slug) by endpoint."""
    communities = {row.community_id for row in rows if row.community_id}
    merchants = {row.merchant_id for row in rows if row.merchant_id}
    community_slugs = sa.select(Community.id, Community.slug).where(Community.id.in_(communities))
    merchant_slugs = sa.select(Merchant.id, Merchant.slug).where(Merchant.id.in_(merchants))
    names = {("community", row.id): row.slug for row in session.execute(community_slugs)}
    names |= {("merchant", row.id): row.slug for row in session.execute(merchant_slugs)}
    found = {}
    for row in rows:
        kind, number = ("community", row.community_id) if row.community_id else ("merchant", row.merchant_id)
        found[row.id] = (kind, names[kind, number or 0])
    return found
