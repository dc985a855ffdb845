"""A community's links, as its own people see them. The caller got the community through its actor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.models import Product
from affiliate.communities.models import Community
from affiliate.core.errors import NotFound
from affiliate.links.models import TrackingLink
from affiliate.merchants.models import Merchant


@dataclass(frozen=True, slots=True)
class Given:
    """A link with the store and, where a pick owns it, the product that it follows."""

    link: TrackingLink
    merchant: Merchant
    product: Product | None

    @property
    def target(self) -> str:
        """The store's page, as the catalogue or the person who made the link named it."""
        return self.link.target_url or (self.product.url if self.product else "")

    @property
    def place(self) -> str:
        """The target without its host, for a list in which the store stands beside it."""
        parts = urlsplit(self.target)
        return urlunsplit(("", "", parts.path or "/", parts.query, parts.fragment))

    @property
    def is_own(self) -> bool:
        """Made by hand, not by a pick."""
        return self.link.target_url is not None


def given_out(
    session: Session,
    community: Community,
    *,
    q: str = "",
    merchant_id: int | None = None,
    before: int | None = None,
    limit: int,
) -> Sequence[Given]:
    """The community's links, newest first; `q` is looked for in code, label and product."""
    wanted = _given(community)
    if q:
        words = (TrackingLink.label, TrackingLink.code, Product.title)
        wanted = wanted.where(sa.or_(*(column.icontains(q, autoescape=True) for column in words)))
    if merchant_id is not None:
        wanted = wanted.where(TrackingLink.merchant_id == merchant_id)
    if before is not None:
        wanted = wanted.where(TrackingLink.id < before)
    rows = session.execute(wanted.order_by(TrackingLink.id.desc()).limit(limit))
    return [Given(*row) for row in rows]


def one(session: Session, community: Community, link_id: int) -> Given:
    """One link of this community. Raises NotFound."""
    row = session.execute(_given(community).where(TrackingLink.id == link_id)).one_or_none()
    if row is None:
        raise NotFound
    return Given(*row)


def _given(community: Community) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(TrackingLink, Merchant, Product)
        .join(Merchant, Merchant.id == TrackingLink.merchant_id)
        .outerjoin(Product, Product.id == TrackingLink.product_id)
        .where(TrackingLink.community_id == community.id)
        .execution_options(populate_existing=True)
    )
