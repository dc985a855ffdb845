"""What a community's picks brought in a period: visits, orders, money, and which picks did it.

A fixed number of queries each. Every function takes the community as a row that its actor was allowed to load.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.models import Availability, Product, ProductStatus
from affiliate.commissions.lists import owned_by
from affiliate.commissions.models import Commission, CommissionEvent, CommissionShare
from affiliate.communities.models import Brand, Community
from affiliate.conversions import cohorts
from affiliate.conversions.lists import of_communities
from affiliate.conversions.models import Conversion, ConversionStatus, Credit
from affiliate.insights import rules
from affiliate.insights.days import local_day, within
from affiliate.insights.rules import Period
from affiliate.merchants.models import Merchant
from affiliate.storefronts.models import Collection, CollectionStatus, Pick
from affiliate.tracking.rollups.models import ClickHour

TOP_PICKS = 6
ILL_PICKS = 12
Amounts = list[tuple[str, int]]  # (currency, minor units), most money first
_CLICKS = sa.func.coalesce(sa.func.sum(ClickHour.qualified), 0)


@dataclass(frozen=True, slots=True)
class Figures:
    """One period in numbers. Money is the community's and its curators' part, by currency."""

    clicks: int
    orders: int
    estimated: Amounts
    earned: Amounts

    @property
    def rate_bps(self) -> int | None:
        """Orders of a hundred qualified visits, in basis points."""
        return rules.ratio_bps(self.orders, self.clicks)


@dataclass(frozen=True, slots=True)
class Steps:
    """How far a new community has come on the way to its first visitor."""

    brand: bool
    collection: bool
    pick: bool
    published: bool
    visited: bool

    @property
    def done(self) -> bool:
        return self.published and self.visited


@dataclass(frozen=True, slots=True)
class TopPick:
    """A pick with what it brought in the period."""

    pick: Pick
    product: Product
    merchant: str
    clicks: int
    orders: int
    earned: Amounts


def figures(session: Session, community: Community, period: Period) -> Figures:
    """Visits, orders and money of a period. Four queries."""
    return Figures(
        clicks=int(session.scalars(sa.select(_CLICKS).where(*_visits(community, period))).one()),
        orders=session.scalars(sa.select(sa.func.count()).where(*_orders(community, period))).one(),
        estimated=_amounts(
            session,
            sa.select(Conversion.currency, sa.func.sum(Credit.estimate_minor))
            .join(Credit, Credit.conversion_id == Conversion.id)
            .where(Credit.community_id == community.id, Credit.withdrawn_at.is_(None))
            .where(within(Conversion.placed_at, period), Conversion.status == ConversionStatus.PENDING)
            .group_by(Conversion.currency),
        ),
        earned=_amounts(
            session,
            sa.select(CommissionEvent.currency, sa.func.sum(CommissionShare.amount_minor))
            .join(CommissionShare, CommissionShare.event_id == CommissionEvent.id)
            .where(owned_by(community.id), within(CommissionEvent.occurred_at, period))
            .group_by(CommissionEvent.currency),
        ),
    )


def visits_by_day(session: Session, community: Community, period: Period) -> list[tuple[date, int]]:
    """Qualified visits of every day."""
    return _by_day(session, ClickHour.hour, _CLICKS, _visits(community, period), period)


def orders_by_day(session: Session, community: Community, period: Period) -> list[tuple[date, int]]:
    """Credited orders placed on every day."""
    return _by_day(session, Conversion.placed_at, sa.func.count(), _orders(community, period), period)


def top_picks(session: Session, community: Community, period: Period) -> list[TopPick]:
    """The shown picks that brought most orders, then most visits. Two queries."""
    clicks = _clicks_by_link(community, period).subquery()
    orders = _orders_by_link(community, period).subquery()
    visits, bought = sa.func.coalesce(clicks.c.number, 0), sa.func.coalesce(orders.c.number, 0)
    rows = session.execute(
        sa.select(Pick, Product, Merchant.name, visits.label("clicks"), bought.label("orders"))
        .join(Product, Product.id == Pick.product_id)
        .join(Merchant, Merchant.id == Product.merchant_id)
        .outerjoin(clicks, clicks.c.link_id == Pick.link_id)
        .outerjoin(orders, orders.c.link_id == Pick.link_id)
        .where(Pick.community_id == community.id, Pick.withdrawn_at.is_(None), visits + bought > 0)
        .order_by(bought.desc(), visits.desc(), Pick.id)
        .limit(TOP_PICKS)
    ).all()
    earned = _earned_by_link(session, community, [row.Pick.link_id for row in rows], period)
    return [
        TopPick(row.Pick, row.Product, row.name, row.clicks, row.orders, earned.get(row.Pick.link_id, []))
        for row in rows
    ]


def ill_picks(session: Session, community: Community) -> Sequence[sa.Row[Pick, Product, Collection]]:
    """Shown picks that nobody can buy: sold out, or taken out of the store's catalogue."""
    return session.execute(
        sa.select(Pick, Product, Collection)
        .join(Product, Product.id == Pick.product_id)
        .join(Collection, Collection.id == Pick.collection_id)
        .where(
            Pick.community_id == community.id,
            Pick.withdrawn_at.is_(None),
            (Product.status == ProductStatus.WITHDRAWN) | (Product.availability == Availability.OUT_OF_STOCK),
        )
        .order_by(Collection.position, Pick.position)
        .limit(ILL_PICKS)
    ).all()


def steps(session: Session, community: Community) -> Steps:
    """What of the first steps is done. One query."""
    row = session.execute(
        sa.select(
            _exists(Brand, Brand.community_id == community.id, (Brand.tagline != "") | (Brand.symbol != "")),
            _exists(Collection, Collection.community_id == community.id),
            _exists(Pick, Pick.community_id == community.id, Pick.withdrawn_at.is_(None)),
            _exists(
                Collection, Collection.community_id == community.id, Collection.status == CollectionStatus.PUBLISHED
            ),
            _exists(ClickHour, ClickHour.community_id == community.id),
        )
    ).one()
    return Steps(*(bool(part) for part in row))


def _exists(model: Any, *conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.select(sa.literal(1)).select_from(model).where(*conditions).exists()


def _visits(community: Community, period: Period) -> tuple[sa.ColumnElement[bool], ...]:
    return (ClickHour.community_id == community.id, within(ClickHour.hour, period))


def _orders(community: Community, period: Period) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        of_communities([community.id]),
        cohorts.credited(),
        within(Conversion.placed_at, period),
    )


def _by_day(
    session: Session, column: Any, number: Any, conditions: tuple[sa.ColumnElement[bool], ...], period: Period
) -> list[tuple[date, int]]:
    day = local_day(session, column)
    rows = session.execute(sa.select(day, number).where(*conditions).group_by(day))
    return rules.filled({key: int(value) for key, value in rows}, period.days)


def _clicks_by_link(community: Community, period: Period) -> sa.Select[int, int]:
    return (
        sa.select(ClickHour.link_id, _CLICKS.label("number"))
        .where(*_visits(community, period))
        .group_by(ClickHour.link_id)
    )


def _orders_by_link(community: Community, period: Period) -> sa.Select[int, int]:
    """By the community's own link, also of orders that it shares with others."""
    own = sa.select(cohorts.link_of(community.id).label("link_id")).where(*_orders(community, period)).subquery()
    return sa.select(own.c.link_id, sa.func.count().label("number")).group_by(own.c.link_id)


def _earned_by_link(
    session: Session, community: Community, link_ids: Sequence[int], period: Period
) -> dict[int, Amounts]:
    own = (
        sa.select(
            cohorts.link_of(community.id).label("link_id"), CommissionEvent.currency, CommissionShare.amount_minor
        )
        .select_from(Conversion)
        .join(Commission, Commission.conversion_id == Conversion.id)
        .join(CommissionEvent, CommissionEvent.commission_id == Commission.id)
        .join(CommissionShare, CommissionShare.event_id == CommissionEvent.id)
        .where(owned_by(community.id), within(CommissionEvent.occurred_at, period))
        .subquery()
    )
    rows = session.execute(
        sa.select(own.c.link_id, own.c.currency, sa.func.sum(own.c.amount_minor))
        .where(own.c.link_id.in_(link_ids))
        .group_by(own.c.link_id, own.c.currency)
    )
    found: dict[int, Amounts] = {}
    for link_id, currency, amount in rows:
        found.setdefault(link_id or 0, []).append((currency, int(amount)))
    return found


def _amounts(session: Session, query: sa.Select[str, int]) -> Amounts:
    rows = session.execute(query).all()
    return sorted(((currency, int(amount)) for currency, amount in rows), key=lambda pair: -pair[1])
