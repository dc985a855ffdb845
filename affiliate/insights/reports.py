"""A funnel with everything that its page, its file and its answer need: rows with names, sums, days, the time before.

A fixed number of queries. Scopes are made here from what an actor may see: a community its own, a store its own,
platform staff all.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.models import Product
from affiliate.communities.models import Community
from affiliate.core.errors import NotFound
from affiliate.insights import funnel, rules
from affiliate.insights.funnel import By, Key, Row, Scope
from affiliate.insights.rules import Counts, Period
from affiliate.links.models import TrackingLink
from affiliate.merchants.models import Merchant
from affiliate.storefronts.models import Collection as Shelf
from affiliate.storefronts.models import Pick
from affiliate.tracking.rollups.models import ClickHour, ViewHour

CHOICES_MAX = 200


@dataclass(frozen=True, slots=True)
class Name:
    """What a row is called, what stands small beneath, and what programs call it."""

    label: str
    note: str = ""
    slug: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """`rows` are the table's; `total` is of the whole scope by days, and so are the two series."""

    scope: Scope
    by: By
    period: Period
    rows: list[Row]
    names: dict[Any, Name]
    days: list[Row]
    before: list[Row]

    @property
    def total(self) -> Counts:
        """The whole scope in the period."""
        return rules.total(row.counts for row in self.days)

    @property
    def total_before(self) -> Counts:
        return rules.total(row.counts for row in self.before)

    @property
    def is_empty(self) -> bool:
        """True when there is nothing to see, neither now nor in the time before."""
        return self.total.is_empty and self.total_before.is_empty

    @property
    def total_of_rows(self) -> Counts:
        """The sum of the table's rows. Its views exceed the scope's where one page shows several of the rows."""
        return rules.total(row.counts for row in self.rows)


def report(session: Session, scope: Scope, by: By, period: Period) -> Report:
    """The funnel of a scope. The caller has made sure that its actor may see it."""
    days = funnel.table(session, scope, By.DAY, period)
    rows = days if by is By.DAY else funnel.table(session, scope, by, period)
    before = funnel.table(session, scope, By.DAY, period.before)
    return Report(scope, by, period, rows, names(session, by, {row.key for row in rows}), days, before)


def has_anything(session: Session, scope: Scope) -> bool:
    """True when there was ever a click or a view in a community's or store's scope, or in the platform's."""
    clicked, seen = sa.select(ClickHour.hour), sa.select(ViewHour.hour)
    if scope.community_id is not None:
        clicked = clicked.where(ClickHour.community_id == scope.community_id)
        seen = seen.where(ViewHour.community_id == scope.community_id)
    if scope.merchant_id is not None:
        clicked = clicked.where(ClickHour.merchant_id == scope.merchant_id)
        seen = seen.where(sa.false())
    return any(session.execute(query.limit(1)).first() is not None for query in (clicked, seen))


def names(session: Session, by: By, keys: Collection[Key]) -> dict[Any, Name]:
    """Names by key; days and what has no id go without. One query."""
    ids = [key for key in keys if isinstance(key, int)]
    if by is By.DAY:
        return {}
    if by is By.PICK:
        return _names_of_links(session, ids)
    if by is By.COLLECTION:
        rows = session.execute(sa.select(Shelf.id, Shelf.title, Shelf.slug).where(Shelf.id.in_(ids)))
        return {row.id: Name(row.title, "", row.slug) for row in rows}
    table: Any = Merchant if by is By.MERCHANT else Community
    rows = session.execute(sa.select(table.id, table.name, table.slug).where(table.id.in_(ids)))
    return {row.id: Name(row.name, "", row.slug) for row in rows}


def _names_of_links(session: Session, ids: Sequence[int]) -> dict[Any, Name]:
    rows = session.execute(
        sa.select(TrackingLink.id, TrackingLink.code, TrackingLink.target_url, Product.title, Merchant.name)
        .join(Merchant, Merchant.id == TrackingLink.merchant_id)
        .outerjoin(Product, Product.id == TrackingLink.product_id)
        .where(TrackingLink.id.in_(ids))
    )
    return {row.id: Name(row.title or row.target_url or row.code, row.name, row.code) for row in rows}


@dataclass(frozen=True, slots=True)
class Choices:
    """What a page's filters offer: (id, name) each, by name."""

    collections: list[tuple[int, str]]
    merchants: list[tuple[int, str]]
    communities: list[tuple[int, str]]


def choices(session: Session, scope: Scope) -> Choices:
    """Collections of the community, and stores and communities with links of each other. Three queries at most."""
    shelves: list[tuple[int, str]] = []
    if scope.community_id is not None:
        shelf = sa.select(Shelf.id, Shelf.title).where(Shelf.community_id == scope.community_id)
        shelves = _pairs(session, shelf.order_by(Shelf.position, Shelf.id))
    linked = sa.select(TrackingLink.merchant_id, TrackingLink.community_id)
    if scope.community_id is not None:
        linked = linked.where(TrackingLink.community_id == scope.community_id)
    if scope.merchant_id is not None:
        linked = linked.where(TrackingLink.merchant_id == scope.merchant_id)
    pairs = linked.subquery()
    stores = sa.select(Merchant.id, Merchant.name).where(Merchant.id.in_(sa.select(pairs.c.merchant_id)))
    clubs = sa.select(Community.id, Community.name).where(Community.id.in_(sa.select(pairs.c.community_id)))
    return Choices(
        shelves,
        _pairs(session, stores.order_by(Merchant.name, Merchant.id)),
        _pairs(session, clubs.order_by(Community.name, Community.id)),
    )


def _pairs(session: Session, query: Any) -> list[tuple[int, str]]:
    return [(id_, name) for id_, name in session.execute(query.limit(CHOICES_MAX))]


def narrowed(
    session: Session,
    scope: Scope,
    *,
    community_id: int | None = None,
    merchant_id: int | None = None,
    collection_id: int | None = None,
    link_id: int | None = None,
) -> Scope:
    """A scope made smaller. Raises NotFound for a collection, link, store or community outside of it."""
    if community_id is not None and scope.community_id is None:
        _must_be(session, _linked(scope, TrackingLink.community_id == community_id))
        scope = replace(scope, community_id=community_id)
    if merchant_id is not None and scope.merchant_id is None:
        _must_be(session, _linked(scope, TrackingLink.merchant_id == merchant_id))
        scope = replace(scope, merchant_id=merchant_id)
    if collection_id is not None:
        shelf = sa.select(Shelf.id).where(Shelf.id == collection_id)
        if scope.community_id is not None:
            shelf = shelf.where(Shelf.community_id == scope.community_id)
        if scope.merchant_id is not None:
            shelf = shelf.join(Pick, Pick.collection_id == Shelf.id).join(Product, Product.id == Pick.product_id)
            shelf = shelf.where(Product.merchant_id == scope.merchant_id)
        _must_be(session, shelf)
        scope = replace(scope, collection_id=collection_id)
    if link_id is not None:
        _must_be(session, _linked(scope, TrackingLink.id == link_id))
        scope = replace(scope, link_id=link_id)
    return scope


def link_by_code(session: Session, code: str) -> int:
    """The id of a link, whoever's it is. Raises NotFound."""
    found = session.execute(sa.select(TrackingLink.id).where(TrackingLink.code == code)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def _linked(scope: Scope, *which: sa.ColumnElement[bool]) -> Any:
    query = sa.select(TrackingLink.id).where(*which)
    if scope.community_id is not None:
        query = query.where(TrackingLink.community_id == scope.community_id)
    if scope.merchant_id is not None:
        query = query.where(TrackingLink.merchant_id == scope.merchant_id)
    return query


def _must_be(session: Session, query: Any) -> None:
    if session.execute(query.limit(1)).first() is None:
        raise NotFound
