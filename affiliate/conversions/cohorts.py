"""Orders by the days they were placed on: how far they came, and what brought them. One definition for lists and sums.

A cohort is all credited orders placed on some days, looked at as they stand now: of the orders of March, how many are
completed today. The insights count with these conditions and the lists of orders show with them, so a figure and the
rows behind it cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from affiliate.conversions import reasons
from affiliate.conversions.models import Conversion, ConversionStatus, Credit
from affiliate.core import clock
from affiliate.core.i18n import DEFAULT_ZONE, _l
from affiliate.core.wording import day_of, number_of
from affiliate.orders.models import Order
from affiliate.storefronts.models import Pick


class Stage(StrEnum):
    """How far a credited order came. Refunded ones are completed ones, too."""

    ORDERS = "orders"
    OPEN = "open"
    COMPLETED = "completed"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


STAGES: dict[Stage, Any] = {
    Stage.ORDERS: _l("All credited orders"),
    Stage.OPEN: _l("Still open"),
    Stage.COMPLETED: _l("Completed"),
    Stage.REFUNDED: _l("Completed and refunded, wholly or in part"),
    Stage.CANCELLED: _l("Cancelled"),
}


@dataclass(frozen=True, slots=True)
class Cohort:
    """What a list of orders is narrowed to; None does not narrow. Days are those of Asia/Jakarta, both included."""

    stage: Stage | None = None
    first: date | None = None
    last: date | None = None
    link_id: int | None = None
    collection_id: int | None = None
    merchant_id: int | None = None
    community_id: int | None = None

    @property
    def is_narrowed(self) -> bool:
        return self != Cohort()


def cohort_of(args: Mapping[str, str]) -> Cohort:
    """The cohort that an address names; what it does not know counts as not chosen."""
    stage = args.get("stage", "")
    return Cohort(
        stage=Stage(stage) if stage in set(Stage) else None,
        first=day_of(args.get("from")),
        last=day_of(args.get("to")),
        link_id=number_of(args.get("link")),
        collection_id=number_of(args.get("collection")),
        merchant_id=number_of(args.get("store")),
        community_id=number_of(args.get("community")),
    )


def named(cohort: Cohort) -> dict[str, str]:
    """The arguments of an address that names this cohort."""
    found = {
        "stage": cohort.stage, "from": cohort.first, "to": cohort.last, "link": cohort.link_id,
        "collection": cohort.collection_id, "store": cohort.merchant_id, "community": cohort.community_id,
    }  # fmt: skip
    return {name: str(value) for name, value in found.items() if value is not None}


def link_of(community_id: int | None) -> Any:
    """The link by which a conversion counts: for a community its own, also where another's has the larger part."""
    if community_id is None:
        return Conversion.link_id
    best = (
        sa.select(Credit.link_id)
        .where(Credit.conversion_id == Conversion.id, Credit.community_id == community_id)
        .where(Credit.withdrawn_at.is_(None), Credit.weight_bps > 0)
        .order_by(Credit.position)
        .limit(1)
        .correlate(Conversion)
        .scalar_subquery()
    )
    return sa.case((Conversion.community_id == community_id, Conversion.link_id), else_=best)


def conditions(cohort: Cohort, *, reader_id: int | None = None) -> list[sa.ColumnElement[bool]]:
    """The cohort over Conversion joined with Order; `reader_id` is the community whose list it is."""
    link_id = link_of(reader_id)
    chosen: tuple[tuple[Any, int | None], ...] = (
        (link_id, cohort.link_id),
        (Conversion.merchant_id, cohort.merchant_id),
        (Conversion.community_id, cohort.community_id),
    )
    found = [column == value for column, value in chosen if value is not None]
    if cohort.stage is not None:
        found += [credited(), reached(cohort.stage)]
    if cohort.first is not None:
        found.append(Conversion.placed_at >= start_of(cohort.first))
    if cohort.last is not None:
        found.append(Conversion.placed_at < start_of(cohort.last + timedelta(days=1)))
    if cohort.collection_id is not None:
        shelf = sa.select(Pick.link_id).where(Pick.collection_id == cohort.collection_id)
        found.append(link_id.in_(shelf))
    return found


def credited() -> sa.ColumnElement[bool]:
    """Orders that a community brought, also those cancelled since; declined ones are nobody's."""
    stands = Conversion.reason.is_(None) | (Conversion.reason == reasons.CANCELLED)
    return sa.and_(Conversion.enrollment_id.is_not(None), stands)


def reached(stage: Stage) -> sa.ColumnElement[bool]:
    """Of credited orders, those at this stage."""
    completed = Conversion.status == ConversionStatus.CONFIRMED
    return {
        Stage.ORDERS: sa.true(),
        Stage.OPEN: Conversion.status == ConversionStatus.PENDING,
        Stage.COMPLETED: completed,
        Stage.REFUNDED: sa.and_(completed, Order.refunded_minor > 0),
        Stage.CANCELLED: Conversion.status == ConversionStatus.DECLINED,
    }[stage]


def start_of(day: date) -> datetime:
    return clock.start_of_day(day, DEFAULT_ZONE)
