"""What a curator finds in the catalogues of all stores: each product with its store and what a sale would bring."""

from __future__ import annotations

from collections.abc import Collection as Ids
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue import queries as catalogue
from affiliate.catalogue.models import Product
from affiliate.communities.models import Community
from affiliate.merchants.models import Merchant
from affiliate.storefronts import earnings

FINDS_MAX = 24
QUERY_MAX = 200


@dataclass(frozen=True, slots=True)
class Find:
    """A product as it stands in the picker. `brings_minor` is None where no rate speaks of it."""

    product: Product
    store: str
    is_enrolled: bool
    brings_minor: int | None
    is_on_shelf: bool


@dataclass(frozen=True, slots=True)
class Finds:
    """The picker: what was asked for, the stores to choose from, what was found, and whether there is more."""

    q: str
    store: str
    stores: list[tuple[str, str]]
    items: list[Find]
    has_more: bool


def find(session: Session, community: Community, on_shelf: Ids[int], *, q: str, store: str, now: datetime) -> Finds:
    """The first products of all stores, or of one, that fit the words. `on_shelf` are ids of products."""
    stores = {row.id: row for row in session.execute(sa.select(Merchant.id, Merchant.slug, Merchant.name))}
    words = q[:QUERY_MAX]
    merchant_id = next((row.id for row in stores.values() if row.slug == store), None)
    products = list(catalogue.search(session, merchant_id=merchant_id, q=words, limit=FINDS_MAX + 1))
    shown = products[:FINDS_MAX]
    offers = earnings.offers(session, community, {product.merchant_id for product in shown}, now=now)
    items = [
        Find(
            product,
            stores[product.merchant_id].name,
            product.merchant_id in offers,
            earnings.brings(product, offers),
            product.id in on_shelf,
        )
        for product in shown
    ]
    choices = sorted(((row.slug, row.name) for row in stores.values()), key=lambda choice: choice[1].casefold())
    return Finds(words, store if merchant_id else "", choices, items, len(products) > FINDS_MAX)
