"""Communities as their people, and as visitors, may see them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.communities.models import Brand, BrandImage, Community, Curator
from affiliate.core.errors import NotFound
from affiliate.identity.actors import Actor


def by_slug(session: Session, slug: str) -> Community:
    """The community of an address, for everybody. Raises NotFound."""
    found = session.execute(sa.select(Community).where(Community.slug == slug)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def seen_by(session: Session, actor: Actor, slug: str) -> Community:
    """A community that this actor may look into. Raises NotFound."""
    found = by_slug(session, slug)
    if not actor.sees_community(found.id):
        raise NotFound
    return found


def curated_by(session: Session, actor: Actor, slug: str) -> Community:
    """A community whose storefront this actor may change. Raises NotFound."""
    found = by_slug(session, slug)
    if not actor.curates(found.id):
        raise NotFound
    return found


def owned_by(session: Session, actor: Actor, slug: str) -> Community:
    """A community that this actor owns. Raises NotFound."""
    found = by_slug(session, slug)
    if not actor.owns_community(found.id):
        raise NotFound
    return found


def communities(session: Session, actor: Actor, *, after: int = 0, limit: int = 500) -> Sequence[Community]:
    """The communities that this actor may look into, oldest first."""
    own = sa.true() if actor.sees_all() else Community.id.in_(actor.communities)
    wanted = sa.select(Community).where(Community.id > after, own).order_by(Community.id)
    return session.execute(wanted.limit(limit)).scalars().all()


def with_brand(session: Session, slug: str) -> tuple[Community, Brand]:
    """A community and its face in one query, for the public pages. Raises NotFound."""
    row = session.execute(
        sa.select(Community, Brand).join(Brand, Brand.community_id == Community.id).where(Community.slug == slug)
    ).one_or_none()
    if row is None:
        raise NotFound
    return row.Community, row.Brand


def brand_of(session: Session, community: Community) -> Brand:
    return session.execute(sa.select(Brand).where(Brand.community_id == community.id)).scalar_one()


def image(session: Session, sha256: str) -> BrandImage:
    """A logo by its hash. Raises NotFound."""
    found = session.get(BrandImage, sha256)
    if found is None:
        raise NotFound
    return found


def curators(session: Session, community: Community) -> Sequence[Curator]:
    """Everybody whose picks earn here, by handle."""
    return (
        session.execute(sa.select(Curator).where(Curator.community_id == community.id).order_by(Curator.handle))
        .scalars()
        .all()
    )
