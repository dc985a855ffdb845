"""Commissions as each actor may see them: a community its own, a merchant its own, platform staff all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.commissions.models import Commission, CommissionEvent, CommissionShare, ShareRole
from affiliate.communities.models import Community, Curator
from affiliate.conversions.lists import Wanted
from affiliate.core.errors import NotFound
from affiliate.identity.actors import Actor
from affiliate.merchants.models import Merchant
from affiliate.orders.models import Order

ID_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Part:
    """What one owner has of a commission, over all its events."""

    owner: str
    role: ShareRole
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Listed:
    """One commission with its order, store and community, and the parts that sum to what it has earned."""

    commission: Commission
    order: Order
    merchant: Merchant
    community: Community
    parts: tuple[Part, ...]

    @property
    def earned_minor(self) -> int:
        return sum(part.amount_minor for part in self.parts)

    @property
    def community_minor(self) -> int:
        """The community's and its curators' part."""
        return sum(part.amount_minor for part in self.parts if part.role is not ShareRole.PLATFORM)


@dataclass(frozen=True, slots=True)
class Hold:
    """Only commissions whose hold is over at a moment, or only those whose hold is not."""

    is_over: bool
    now: datetime


def commissions(
    session: Session, actor: Actor, wanted: Wanted, *, hold: Hold | None = None, before: int | None = None, limit: int
) -> list[Listed]:
    """What the actor sees, newest first."""
    query = _rows().where(_sees(actor), *_narrowed(wanted)).order_by(Commission.id.desc()).limit(limit)
    if hold is not None:
        is_over = Commission.available_on <= hold.now
        query = query.where(is_over if hold.is_over else ~is_over)
    if before is not None:
        query = query.where(Commission.id < before)
    return _listed(session, session.execute(query).all())


def commission(session: Session, actor: Actor, commission_id: int) -> Listed:
    """One commission. Raises NotFound."""
    return _one(session, actor, Commission.id == commission_id, commission_id)


def commission_of_order(session: Session, actor: Actor, order_id: int) -> Listed:
    """The commission of an order. Raises NotFound, also where the order has earned nothing."""
    return _one(session, actor, Commission.order_id == order_id, order_id)


def _one(session: Session, actor: Actor, which: sa.ColumnElement[bool], number: int) -> Listed:
    rows = session.execute(_rows().where(which, _sees(actor))).all() if number <= ID_MAX else []
    if not rows:
        raise NotFound
    return _listed(session, rows)[0]


def owner_names(session: Session, parts: Collection[Part]) -> dict[str, str]:
    """Names of the communities and curators among owners, by owner."""
    found = {}
    for kind, table in (("community", Community), ("curator", Curator)):
        ids = [int(part.owner.partition(":")[2]) for part in parts if part.owner.startswith(f"{kind}:")]
        for row in session.execute(sa.select(table.id, table.name).where(table.id.in_(ids))):
            found[f"{kind}:{row.id}"] = row.name
    return found


def _rows() -> Any:
    return (
        sa.select(Commission, Order, Merchant, Community)
        .join(Order, Order.id == Commission.order_id)
        .join(Merchant, Merchant.id == Commission.merchant_id)
        .join(Community, Community.id == Commission.community_id)
    )


def _listed(session: Session, rows: Sequence[Any]) -> list[Listed]:
    parts = _parts(session, [row[0].id for row in rows])
    return [
        Listed(commission, order, merchant, community, tuple(parts[commission.id]))
        for commission, order, merchant, community in rows
    ]


def _parts(session: Session, commission_ids: Collection[int]) -> dict[int, list[Part]]:
    """The sums by owner, in the order in which the owners first had something."""
    rows = session.execute(
        sa.select(
            CommissionEvent.commission_id,
            CommissionShare.owner,
            CommissionShare.role,
            sa.func.sum(CommissionShare.amount_minor).label("amount"),
        )
        .join(CommissionEvent, CommissionEvent.id == CommissionShare.event_id)
        .join(Commission, Commission.id == CommissionEvent.commission_id)
        .where(Commission.id.in_(commission_ids), CommissionEvent.currency == Commission.currency)
        .group_by(CommissionEvent.commission_id, CommissionShare.owner, CommissionShare.role)
        .order_by(sa.func.min(CommissionShare.id))
    )
    found: dict[int, list[Part]] = defaultdict(list)
    for row in rows:
        found[row.commission_id].append(Part(row.owner, row.role, int(row.amount)))
    return found


def _sees(actor: Actor) -> sa.ColumnElement[bool]:
    if actor.sees_all():
        return sa.true()
    return Commission.community_id.in_(actor.communities) | Commission.merchant_id.in_(actor.merchants)


def _narrowed(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    chosen = (
        (Commission.merchant_id, wanted.merchant_id),
        (Commission.community_id, wanted.community_id),
        (Order.ref, wanted.order_ref),
    )
    return [column == value for column, value in chosen if value is not None]
