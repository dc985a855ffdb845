"""Conversions as each actor may see them: a community its own, a merchant its own, platform staff all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.models import Product
from affiliate.communities.models import Community, Curator
from affiliate.conversions.models import Conversion, ConversionStatus
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

    @property
    def is_narrowed(self) -> bool:
        """True when a person has chosen fewer than all."""
        return self.order_ref is not None or self.status is not None


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
    return Conversion.community_id.in_(actor.communities) | Conversion.merchant_id.in_(actor.merchants)


def _narrowed(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    chosen = (
        (Conversion.merchant_id, wanted.merchant_id),
        (Conversion.community_id, wanted.community_id),
        (Order.ref, wanted.order_ref),
        (Conversion.status, wanted.status),
    )
    return [column == value for column, value in chosen if value is not None]
