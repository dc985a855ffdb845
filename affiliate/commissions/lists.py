"""Commissions as each actor may see them: a community its own, a merchant its own, platform staff all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.commissions.models import Commission, CommissionEvent, CommissionShare, ShareRole
from affiliate.communities.models import Community, Curator
from affiliate.conversions.lists import Wanted
from affiliate.conversions.models import Credit
from affiliate.conversions.story import Sight, sight_of
from affiliate.core.errors import NotFound
from affiliate.identity.actors import Actor
from affiliate.merchants.models import Merchant
from affiliate.orders.models import Order

ID_MAX = 2**63 - 1


OTHERS = "others"  # owner of what other communities have of a shared order, where the reader may not know them


@dataclass(frozen=True, slots=True)
class Part:
    """What one owner has of a commission, over all its events; `community_id` is the owner's, or its curator's."""

    owner: str
    role: ShareRole
    amount_minor: int
    community_id: int | None = None


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
        """The communities' and their curators' part, as far as the reader knows them."""
        named = [part for part in self.parts if part.role is not ShareRole.PLATFORM and part.owner != OTHERS]
        return sum(part.amount_minor for part in named)

    def minor_of(self, community_id: int) -> int:
        """One community's and its curators' part."""
        return sum(part.amount_minor for part in self.parts if part.community_id == community_id)


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
    return _listed(session, actor, session.execute(query).all())


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
    return _listed(session, actor, rows)[0]


def owned_by(community_id: int) -> sa.ColumnElement[bool]:
    """Shares of a community and its curators, whichever community an order counts for in the first place."""
    curators = sa.select(sa.literal("curator:") + sa.cast(Curator.id, sa.String))
    theirs = curators.where(Curator.community_id == community_id)
    return (CommissionShare.owner == f"community:{community_id}") | CommissionShare.owner.in_(theirs)


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


def _listed(session: Session, actor: Actor, rows: Sequence[Any]) -> list[Listed]:
    """As the actor may know them: of a shared order a community reads its own part, and what the others have in one."""
    parts = _parts(session, [row[0].id for row in rows])
    sights = {row[0].id: sight_of(actor, row[0].merchant_id) for row in rows}
    foreign = [row[0] for row in rows if not sights[row[0].id].sees(row[0].community_id)]
    own = _own_communities(session, actor, foreign) if foreign else {}
    return [
        Listed(
            commission,
            order,
            merchant,
            own.get(commission.conversion_id, community),
            as_seen(parts[commission.id], sights[commission.id]),
        )
        for commission, order, merchant, community in rows
    ]


def as_seen(parts: Collection[Part], sight: Sight) -> tuple[Part, ...]:
    """The parts with those of other communities in one, without names, for a reader who may not know them."""
    known = [part for part in parts if part.role is ShareRole.PLATFORM or sight.sees(part.community_id)]
    others = [part.amount_minor for part in parts if part not in known]
    return (*known, *([Part(OTHERS, ShareRole.COMMUNITY, sum(others))] if others else []))


def _own_communities(session: Session, actor: Actor, commissions: Collection[Commission]) -> dict[int, Community]:
    """By conversion, the actor's own community that has most of an order that is another's in the first place."""
    rows = session.execute(
        sa.select(Credit.conversion_id, Community)
        .join(Community, Community.id == Credit.community_id)
        .where(
            Credit.conversion_id.in_({one.conversion_id for one in commissions}),
            Credit.community_id.in_(actor.communities),
        )
        .order_by(Credit.withdrawn_at.is_not(None).desc(), Credit.weight_bps, Credit.id)
    )
    return {row.conversion_id: row.Community for row in rows}


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
    homes = communities_of(session, {part.owner for owned in found.values() for part in owned})
    return defaultdict(
        list,
        {
            commission_id: [replace(part, community_id=homes.get(part.owner)) for part in owned]
            for commission_id, owned in found.items()
        },
    )


def communities_of(session: Session, owners: Collection[str]) -> dict[str, int]:
    """The community behind each owner that is one, or one's curator."""
    numbers = {owner: int(owner.partition(":")[2]) for owner in owners if owner.startswith(("community:", "curator:"))}
    curators = {number for owner, number in numbers.items() if owner.startswith("curator:")}
    rows = session.execute(sa.select(Curator.id, Curator.community_id).where(Curator.id.in_(curators)))
    homes = {row.id: row.community_id for row in rows} if curators else {}
    return {
        owner: homes[number] if owner.startswith("curator:") else number
        for owner, number in numbers.items()
        if not owner.startswith("curator:") or number in homes
    }


def _sees(actor: Actor) -> sa.ColumnElement[bool]:
    if actor.sees_all():
        return sa.true()
    return _of_communities(actor.communities) | Commission.merchant_id.in_(actor.merchants)


def _of_communities(ids: Collection[int]) -> sa.ColumnElement[bool]:
    """Commissions of which these communities have, or once had, a part."""
    parts = sa.select(Credit.conversion_id).where(Credit.community_id.in_(ids), Credit.weight_bps > 0)
    return Commission.community_id.in_(ids) | Commission.conversion_id.in_(parts)


def _narrowed(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    chosen = ((Commission.merchant_id, wanted.merchant_id), (Order.ref, wanted.order_ref))
    narrowed = [column == value for column, value in chosen if value is not None]
    return narrowed + ([_of_communities([wanted.community_id])] if wanted.community_id is not None else [])
