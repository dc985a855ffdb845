"""Which communities and stores somebody works for, found through the person."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.communities.models import Brand, Community, Curator
from affiliate.identity.actors import Actor
from affiliate.merchants.models import Merchant
from affiliate.storefronts.models import Collection, CollectionStatus

PLACES_MAX = 200


def communities(session: Session, actor: Actor, *, limit: int = PLACES_MAX) -> Sequence[Community]:
    """Their own communities by name; for platform staff all of them."""
    query = sa.select(Community).order_by(Community.name, Community.id).limit(limit)
    if not actor.sees_all():
        query = query.where(Community.id.in_(actor.communities))
    return session.scalars(query).all()


def merchants(session: Session, actor: Actor, *, limit: int = PLACES_MAX) -> Sequence[Merchant]:
    """Their own stores by name; for platform staff all of them."""
    query = sa.select(Merchant).order_by(Merchant.name, Merchant.id).limit(limit)
    if not actor.sees_all():
        query = query.where(Merchant.id.in_(actor.merchants))
    return session.scalars(query).all()


def is_paid(session: Session, actor: Actor, community: Community) -> bool:
    """True for somebody whose own picks earn in this community."""
    if actor.user_id is None or community.id not in actor.curated_communities:
        return False
    mine = sa.select(Curator.id).where(Curator.community_id == community.id, Curator.user_id == actor.user_id)
    return session.scalar(mine.limit(1)) is not None


def windows(session: Session, *, limit: int = 3) -> Sequence[sa.Row[Community, Brand]]:
    """Communities with something published, oldest first: shop windows that everybody may look into."""
    published = sa.select(Collection.community_id).where(Collection.status == CollectionStatus.PUBLISHED)
    return session.execute(
        sa.select(Community, Brand)
        .join(Brand, Brand.community_id == Community.id)
        .where(Community.id.in_(published))
        .order_by(Community.id)
        .limit(limit)
    ).all()
