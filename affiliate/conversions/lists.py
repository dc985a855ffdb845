"""Conversions as each actor may see them: a community its own, a merchant its own, platform staff all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.models import Product
from affiliate.communities.models import Community, Curator
from affiliate.conversions.cohorts import Cohort, conditions
from affiliate.conversions.models import Conversion, ConversionStatus, Credit
from affiliate.core.errors import NotFound
from affiliate.identity.actors import Actor
from affiliate.links.models import TrackingLink
from affiliate.merchants import queries as merchants
from affiliate.merchants.models import Enrollment, Merchant, Programme
from affiliate.orders.models import Order


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to."""

    merchant_id: int | None = None
    community_id: int | None = None
    order_ref: str | None = None
    status: ConversionStatus | None = None
    is_lost: bool = False  # those of which the community has nothing because another candidate counted
    cohort: Cohort = field(default_factory=Cohort)

    @property
    def is_narrowed(self) -> bool:
        """True when a person has chosen fewer than all."""
        chosen = (self.order_ref, self.status)
        return self.is_lost or self.cohort.is_narrowed or any(one is not None for one in chosen)


@dataclass(frozen=True, slots=True)
class Part:
    """What a reader's communities have of an order: the one with most of it, basis points, and money if completed."""

    community: Community
    weight_bps: int
    estimate_minor: int


def wanted_by(session: Session, actor: Actor, args: dict[str, Any]) -> Wanted:
    """The filter that an actor names by slugs. Raises NotFound for a merchant or community not theirs to see."""
    merchant, community = args.get("merchant"), args.get("community")
    return Wanted(
        merchant_id=merchants.merchant_known_to(session, actor, merchant).id if merchant is not None else None,
        community_id=_community_known_to(session, actor, community) if community is not None else None,
        order_ref=args.get("order"),
        status=args.get("status"),
    )


def _community_known_to(session: Session, actor: Actor, slug: str) -> int:
    """A community as its people, and the merchants that it sells for, see it."""
    sells_for = (
        sa.select(Enrollment.community_id)
        .join(Programme, Programme.id == Enrollment.programme_id)
        .where(Programme.merchant_id.in_(actor.merchants))
    )
    theirs = Community.id.in_(actor.communities) | Community.id.in_(sells_for)
    seen = sa.true() if actor.sees_all() else theirs
    found = session.execute(sa.select(Community.id).where(Community.slug == slug, seen)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def conversions(
    session: Session, actor: Actor, wanted: Wanted, *, before: int | None = None, limit: int
) -> Sequence[Any]:
    """Rows (Conversion, Order, Merchant, Community?, Product?, Curator?, TrackingLink?), newest first."""
    query = (
        sa.select(Conversion, Order, Merchant, Community, Product, Curator, TrackingLink)
        .join(Order, Order.id == Conversion.order_id)
        .join(Merchant, Merchant.id == Conversion.merchant_id)
        .outerjoin(Community, Community.id == Conversion.community_id)
        .outerjoin(TrackingLink, TrackingLink.id == Conversion.link_id)
        .outerjoin(Product, Product.id == TrackingLink.product_id)
        .outerjoin(Curator, Curator.id == Conversion.curator_id)
        .where(_sees(actor), *_narrowed(wanted))
        .order_by(Conversion.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(Conversion.id < before)
    return session.execute(query).all()


def _sees(actor: Actor) -> sa.ColumnElement[bool]:
    if actor.sees_all():
        return sa.true()
    return of_communities(actor.communities) | Conversion.merchant_id.in_(actor.merchants)


def of_communities(ids: Collection[int]) -> sa.ColumnElement[bool]:
    """Conversions of which these communities have a part, and declined ones that their candidate came nearest to."""
    return Conversion.community_id.in_(ids) | Conversion.id.in_(_candidates_of(ids).where(Credit.weight_bps > 0))


def _candidates_of(ids: Collection[int]) -> sa.Select[Any]:
    return sa.select(Credit.conversion_id).where(Credit.community_id.in_(ids), Credit.withdrawn_at.is_(None))


def _narrowed(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    chosen = (
        (Conversion.merchant_id, wanted.merchant_id),
        (Order.ref, wanted.order_ref),
        (Conversion.status, wanted.status),
    )
    narrowed = [column == value for column, value in chosen if value is not None] + conditions(
        wanted.cohort, reader_id=wanted.community_id
    )
    if wanted.community_id is not None and not wanted.is_lost:
        narrowed.append(of_communities([wanted.community_id]))
    return narrowed


def lost(
    session: Session, actor: Actor, community_id: int, *, before: int | None = None, limit: int
) -> Sequence[sa.Row[Conversion, Order, Merchant, Credit]]:
    """Orders that a community's click or coupon came to, and that others were credited for: the newest first.

    The credit is the community's own row: weight 0, with the reason. Raises NotFound for a community not theirs.
    """
    if not actor.sees_community(community_id):
        raise NotFound
    query = (
        sa.select(Conversion, Order, Merchant, Credit)
        .join(Order, Order.id == Conversion.order_id)
        .join(Merchant, Merchant.id == Conversion.merchant_id)
        .join(Credit, Credit.conversion_id == Conversion.id)
        .where(Credit.community_id == community_id, Credit.withdrawn_at.is_(None), Credit.weight_bps == 0)
        .order_by(Conversion.id.desc())
        .limit(limit)
    )
    return session.execute(query if before is None else query.where(Conversion.id < before)).all()


def own_parts(session: Session, conversion_ids: Collection[int], community_ids: Collection[int]) -> dict[int, Part]:
    """What these communities have of each conversion that others share, by conversion: part, estimate, and whose."""
    wanted = (
        sa.select(Credit, Community)
        .join(Community, Community.id == Credit.community_id)
        .where(Credit.conversion_id.in_(conversion_ids), Credit.community_id.in_(community_ids))
        .where(Credit.withdrawn_at.is_(None), Credit.weight_bps > 0)
        .order_by(Credit.conversion_id, Credit.position)
    )
    found: dict[int, Part] = {}
    for credit, community in session.execute(wanted):
        before = found.get(credit.conversion_id, Part(community, 0, 0))
        found[credit.conversion_id] = Part(
            before.community, before.weight_bps + credit.weight_bps, before.estimate_minor + credit.estimate_minor
        )
    return found
