"""Shelves and picks, as curators work on them and as visitors see them. Each is one query, however many picks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.models import Availability, Product, ProductStatus
from affiliate.communities.models import Community, Curator
from affiliate.core.errors import Invalid, NotFound
from affiliate.core.i18n import _l
from affiliate.links.models import TrackingLink
from affiliate.merchants.models import Merchant
from affiliate.storefronts.models import Collection, CollectionStatus, Pick

SHELVES_MAX = 12  # on the front page; the others stand in its contents


class UnknownProduct(Invalid):
    """No store sells, or ever sold, a product with this id."""

    code = "unknown_product"

    def __init__(self) -> None:
        super().__init__(fields={"product": _l("There is no such product. Search the catalogue for its id.")})


@dataclass(frozen=True, slots=True)
class Card:
    """A pick with all that a page shows of it."""

    pick: Pick
    product: Product
    store: str
    curator: Curator | None
    code: str

    @property
    def is_gone(self) -> bool:
        """The store sells it no more."""
        return self.product.status is ProductStatus.WITHDRAWN

    @property
    def is_sold_out(self) -> bool:
        return self.product.availability is Availability.OUT_OF_STOCK

    @property
    def is_ordered_ahead(self) -> bool:
        return self.product.availability in {Availability.PREORDER, Availability.BACKORDER}

    @property
    def price_minor(self) -> int:
        """What a buyer pays now."""
        sale = self.product.sale_price_minor
        return self.product.price_minor if sale is None else min(sale, self.product.price_minor)

    @property
    def was_minor(self) -> int | None:
        """The struck price, where there is a lower one now."""
        return self.product.price_minor if self.price_minor < self.product.price_minor else None


@dataclass(frozen=True, slots=True)
class Shelf:
    """A collection with how many picks stand on it."""

    collection: Collection
    size: int


def shelves(session: Session, community: Community, *, drafts: bool) -> list[Shelf]:
    """All collections in their order; without `drafts` only those that visitors see."""
    size = sa.func.count(Pick.id)
    query = (
        sa.select(Collection, size)
        .outerjoin(Pick, sa.and_(Pick.collection_id == Collection.id, Pick.withdrawn_at.is_(None)))
        .where(Collection.community_id == community.id)
        .group_by(Collection.id)
        .order_by(Collection.position, Collection.id)
    )
    if not drafts:
        query = query.where(Collection.status == CollectionStatus.PUBLISHED)
    return [Shelf(collection, count) for collection, count in session.execute(query)]


def collection(session: Session, community: Community, collection_id: int) -> Collection:
    """A collection of this community. Raises NotFound."""
    found = session.execute(
        sa.select(Collection).where(Collection.id == collection_id, Collection.community_id == community.id)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def pick(session: Session, community: Community, pick_id: int) -> Pick:
    """A pick of this community, withdrawn or not. Raises NotFound."""
    found = session.execute(
        sa.select(Pick).where(Pick.id == pick_id, Pick.community_id == community.id)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def product(session: Session, product_id: int) -> Product:
    """A product of any store. Raises UnknownProduct."""
    found = session.get(Product, product_id)
    if found is None:
        raise UnknownProduct
    return found


def card(session: Session, pick: Pick) -> Card:
    """A shown pick with all that belongs to it."""
    return Card(*session.execute(_cards().where(Pick.id == pick.id)).one())


def cards(session: Session, collection: Collection, *, limit: int | None = None, offset: int = 0) -> list[Card]:
    """The picks of one shelf, in their order."""
    query = _cards().where(Pick.collection_id == collection.id).order_by(Pick.position, Pick.id)
    return [Card(*row) for row in session.execute(query.limit(limit).offset(offset))]


def front(session: Session, collections: Sequence[Collection], *, each: int) -> dict[int, list[Card]]:
    """The first picks of several shelves, by collection id."""
    ids = [row.id for row in collections[:SHELVES_MAX]]
    place = sa.func.row_number().over(partition_by=Pick.collection_id, order_by=(Pick.position, Pick.id))
    first = (
        sa.select(Pick.id, place.label("place"))
        .where(Pick.collection_id.in_(ids), Pick.withdrawn_at.is_(None))
        .subquery()
    )
    query = _cards().join(first, first.c.id == Pick.id).where(first.c.place <= each)
    found: dict[int, list[Card]] = {collection_id: [] for collection_id in ids}
    for row in session.execute(query.order_by(Pick.position, Pick.id)):
        found[row[0].collection_id].append(Card(*row))
    return found


def picks_after(
    session: Session, community: Community, *, collection_slug: str | None, after: int | None, limit: int
) -> list[tuple[Card, Collection]]:
    """Shown picks of a community by id, for programs: `limit` and one more, to know whether there are others."""
    query = _cards(Collection).join(Collection, Collection.id == Pick.collection_id)
    query = query.where(Pick.community_id == community.id)
    if collection_slug is not None:
        query = query.where(Collection.slug == collection_slug)
    if after is not None:
        query = query.where(Pick.id > after)
    rows = session.execute(query.order_by(Pick.id).limit(limit + 1))
    return [(Card(*row[:5]), row[5]) for row in rows]


def _cards(*more: type[Collection]) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(Pick, Product, Merchant.name, Curator, TrackingLink.code, *more)
        .join(Product, Product.id == Pick.product_id)
        .join(Merchant, Merchant.id == Product.merchant_id)
        .join(TrackingLink, TrackingLink.id == Pick.link_id)
        .outerjoin(Curator, Curator.id == Pick.curator_id)
        .where(Pick.withdrawn_at.is_(None))
    )
