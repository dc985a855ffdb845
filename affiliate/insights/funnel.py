"""Views → clicks → orders → completed → refunded, by day, collection, pick, store or community.

Views and clicks come from the sums by the hour, orders and money from the conversions of the orders placed on those
days. Four queries for a table, whatever its size; the rows of all four meet by their key. What a view is depends on
what is asked about: a page is viewed, and whatever stood on it was shown by that view. So the views of a day or a
community are page views, those of a collection, pick or store the page views on which it stood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.commissions.lists import owned_by
from affiliate.commissions.models import Commission, CommissionEvent, CommissionShare, ShareRole
from affiliate.conversions import cohorts
from affiliate.conversions.cohorts import Stage
from affiliate.conversions.lists import of_communities
from affiliate.conversions.models import Conversion
from affiliate.insights import rules
from affiliate.insights.days import local_day, within
from affiliate.insights.rules import Amounts, Counts, Period
from affiliate.links.models import TrackingLink
from affiliate.orders.models import Order
from affiliate.storefronts.models import Pick
from affiliate.tracking.pageviews.models import ShownLink, ShownPage
from affiliate.tracking.rollups.models import ClickHour, ViewHour

Key = date | int | None  # a day, or an id; None: what has none, as orders without a link


class By(StrEnum):
    DAY = "day"
    COLLECTION = "collection"
    PICK = "pick"
    MERCHANT = "merchant"
    COMMUNITY = "community"


@dataclass(frozen=True, slots=True)
class Scope:
    """What the funnel is about; None does not narrow. `whole` money is all shares, else without the platform's."""

    community_id: int | None = None
    merchant_id: int | None = None
    collection_id: int | None = None
    link_id: int | None = None
    whole: bool = False

    @property
    def is_of_links(self) -> bool:
        """True where only some of a page's links are meant."""
        return (self.merchant_id, self.collection_id, self.link_id) != (None, None, None)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    key: Key
    counts: Counts


def table(session: Session, scope: Scope, by: By, period: Period) -> list[Row]:
    """A row for every day, or for every thing that had anything; days in order, the rest by most orders."""
    seen = _views(session, scope, by, period)
    clicked = _clicks(session, scope, by, period)
    ordered = _orders(session, scope, by, period)
    earned = _earned(session, scope, by, period)
    keys: Sequence[Any] = period.days if by is By.DAY else sorted({*seen, *clicked, *ordered, *earned}, key=str)
    rows = []
    for key in keys:
        orders, completed, refunded, cancelled = ordered.get(key, (0, 0, 0, 0))
        counts = Counts(
            seen.get(key, 0), clicked.get(key, 0), orders, completed, refunded, cancelled, earned.get(key, ())
        )
        rows.append(Row(key, counts))
    if by is not By.DAY:
        rows.sort(key=lambda row: (row.counts.orders, row.counts.clicks, row.counts.views), reverse=True)
    return rows


def _views(session: Session, scope: Scope, by: By, period: Period) -> dict[Any, int]:
    conditions = [within(ViewHour.hour, period)]
    if scope.community_id is not None:
        conditions.append(ViewHour.community_id == scope.community_id)
    if by in {By.DAY, By.COMMUNITY}:
        if scope.is_of_links:
            conditions.append(ViewHour.page_id.in_(sa.select(_pages(scope, None).c.page_id)))
        key = local_day(session, ViewHour.hour) if by is By.DAY else ViewHour.community_id
        query = sa.select(key, sa.func.sum(ViewHour.visitors)).where(*conditions).group_by(key)
        return _numbers(session, query)
    pages = _pages(scope, _key_of_link(by))
    sums = (
        sa.select(ViewHour.page_id, sa.func.sum(ViewHour.visitors).label("number"))
        .where(*conditions)
        .group_by(ViewHour.page_id)
        .subquery()
    )
    query = (
        sa.select(pages.c.key, sa.func.sum(sums.c.number))
        .join(sums, sums.c.page_id == pages.c.page_id)
        .group_by(pages.c.key)
    )
    return _numbers(session, query)


def _pages(scope: Scope, key: Any) -> sa.Subquery:
    """The pages on which anything of the scope stood, once for each key."""
    columns = (ShownLink.page_id,) if key is None else (ShownLink.page_id, key.label("key"))
    query = (
        sa.select(*columns)
        .select_from(ShownLink)
        .distinct()
        .join(TrackingLink, TrackingLink.id == ShownLink.link_id)
        .outerjoin(Pick, Pick.link_id == ShownLink.link_id)
    )
    if scope.community_id is not None:
        query = query.join(ShownPage, ShownPage.id == ShownLink.page_id)
        query = query.where(ShownPage.community_id == scope.community_id)
    chosen = (
        (TrackingLink.merchant_id, scope.merchant_id),
        (Pick.collection_id, scope.collection_id),
        (ShownLink.link_id, scope.link_id),
    )
    return query.where(*(column == value for column, value in chosen if value is not None)).subquery()


def _key_of_link(by: By) -> Any:
    return {By.COLLECTION: Pick.collection_id, By.PICK: ShownLink.link_id, By.MERCHANT: TrackingLink.merchant_id}[by]


def _clicks(session: Session, scope: Scope, by: By, period: Period) -> dict[Any, int]:
    key = _key_of_hour(session, by)
    query = (
        sa.select(key, sa.func.sum(ClickHour.qualified))
        .select_from(ClickHour)
        .where(*_hours_of(scope), within(ClickHour.hour, period))
    )
    return _numbers(session, _with_picks(query, ClickHour.link_id, scope, by).group_by(key))


def _orders(session: Session, scope: Scope, by: By, period: Period) -> dict[Any, tuple[int, int, int, int]]:
    """(placed, completed, refunded, cancelled) by key."""
    stages = (Stage.ORDERS, Stage.COMPLETED, Stage.REFUNDED, Stage.CANCELLED)
    marks = [sa.case((cohorts.reached(stage), 1), else_=0).label(stage) for stage in stages]
    query = (
        sa.select(_key_of_order(session, by, scope), *marks)
        .select_from(Conversion)
        .join(Order, Order.id == Conversion.order_id)
        .where(*_orders_of(scope), cohorts.credited(), within(Conversion.placed_at, period))
    )
    each = _with_picks(query, cohorts.link_of(scope.community_id), scope, by).subquery()
    rows = session.execute(
        sa.select(each.c.key, *(sa.func.sum(each.c[stage]) for stage in stages)).group_by(each.c.key)
    )
    return {row[0]: (int(row[1]), int(row[2]), int(row[3]), int(row[4])) for row in rows}


def _earned(session: Session, scope: Scope, by: By, period: Period) -> dict[Any, Amounts]:
    """What the orders placed in the period have earned by now, by key and currency."""
    query = (
        sa.select(_key_of_order(session, by, scope), CommissionEvent.currency, CommissionShare.amount_minor)
        .select_from(Conversion)
        .join(Commission, Commission.conversion_id == Conversion.id)
        .join(CommissionEvent, CommissionEvent.commission_id == Commission.id)
        .join(CommissionShare, CommissionShare.event_id == CommissionEvent.id)
        .where(*_orders_of(scope), cohorts.credited(), within(Conversion.placed_at, period))
    )
    if not scope.whole:
        is_theirs = CommissionShare.role != ShareRole.PLATFORM
        query = query.where(is_theirs if scope.community_id is None else owned_by(scope.community_id))
    each = _with_picks(query, cohorts.link_of(scope.community_id), scope, by).subquery()
    rows = session.execute(
        sa.select(each.c.key, each.c.currency, sa.func.sum(each.c.amount_minor)).group_by(each.c.key, each.c.currency)
    )
    found: dict[Any, dict[str, int]] = {}
    for name, currency, minor in rows:
        found.setdefault(name, {})[currency] = int(minor)
    return {name: rules.amounts(money) for name, money in found.items()}


def _key_of_hour(session: Session, by: By) -> Any:
    if by is By.DAY:
        return local_day(session, ClickHour.hour)
    return {
        By.COLLECTION: Pick.collection_id,
        By.PICK: ClickHour.link_id,
        By.MERCHANT: ClickHour.merchant_id,
        By.COMMUNITY: ClickHour.community_id,
    }[by]


def _hours_of(scope: Scope) -> list[sa.ColumnElement[bool]]:
    chosen = (
        (ClickHour.community_id, scope.community_id),
        (ClickHour.merchant_id, scope.merchant_id),
        (ClickHour.link_id, scope.link_id),
        (Pick.collection_id, scope.collection_id),
    )
    return [column == value for column, value in chosen if value is not None]


def _key_of_order(session: Session, by: By, scope: Scope) -> Any:
    """An order that several communities share is found by a community under its own link, else under the first's."""
    if by is By.DAY:
        return local_day(session, Conversion.placed_at).label("key")
    return {
        By.COLLECTION: Pick.collection_id,
        By.PICK: cohorts.link_of(scope.community_id),
        By.MERCHANT: Conversion.merchant_id,
        By.COMMUNITY: Conversion.community_id,
    }[by].label("key")


def _orders_of(scope: Scope) -> list[sa.ColumnElement[bool]]:
    chosen = (
        (Conversion.merchant_id, scope.merchant_id),
        (cohorts.link_of(scope.community_id), scope.link_id),
        (Pick.collection_id, scope.collection_id),
    )
    found = [column == value for column, value in chosen if value is not None]
    return found if scope.community_id is None else [*found, of_communities([scope.community_id])]


def _with_picks(query: sa.Select[Any], link_id: Any, scope: Scope, by: By) -> sa.Select[Any]:
    """Only where the collection matters: a link's pick says on which shelf it stands."""
    if by is By.COLLECTION or scope.collection_id is not None:
        return query.outerjoin(Pick, Pick.link_id == link_id)
    return query


def _numbers(session: Session, query: Any) -> dict[Any, int]:
    return {key: int(number) for key, number in session.execute(query)}
