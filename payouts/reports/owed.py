"""What a store owes, order by order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.commissions.models import Commission, CommissionEvent
from affiliate.communities.models import Community
from affiliate.merchants.models import Merchant
from affiliate.orders.models import Order

CSV_PAGE = 1000


@dataclass(frozen=True, slots=True)
class OwedOrder:
    """One order in one currency: what it earned, what refunds took back, and since when. `key` is its place in line."""

    key: int
    commission_id: int
    order_ref: str
    placed_at: datetime
    community: str
    currency: str
    earned_minor: int
    taken_back_minor: int

    @property
    def owed_minor(self) -> int:
        return self.earned_minor + self.taken_back_minor


def orders(
    session: Session, merchant: Merchant, *, currency: str | None = None, before: int | None = None, limit: int
) -> Sequence[OwedOrder]:
    """A merchant's orders that earned something, the newest in line first."""
    amount, key = CommissionEvent.amount_minor, sa.func.min(CommissionEvent.id)
    gives, takes = (sa.func.sum(sa.case((which, amount), else_=0)) for which in (amount > 0, amount < 0))
    query = (
        sa.select(
            key, Commission.id, Order.ref, Order.placed_at, Community.name, CommissionEvent.currency, gives, takes
        )
        .join(Commission, Commission.id == CommissionEvent.commission_id)
        .join(Order, Order.id == Commission.order_id)
        .join(Community, Community.id == Commission.community_id)
        .where(CommissionEvent.merchant_id == merchant.id)
        .group_by(Commission.id, Order.ref, Order.placed_at, Community.name, CommissionEvent.currency)
        .order_by(key.desc())
        .limit(limit)
    )
    if currency is not None:
        query = query.where(CommissionEvent.currency == currency)
    if before is not None:
        query = query.having(key < before)
    return [
        OwedOrder(place, commission_id, ref, placed_at, community, code, int(earned), int(taken_back))
        for place, commission_id, ref, placed_at, community, code, earned, taken_back in session.execute(query)
    ]


def all_orders(session: Session, merchant: Merchant) -> Iterator[OwedOrder]:
    """The same without an end, read page by page."""
    before: int | None = None
    while page := orders(session, merchant, before=before, limit=CSV_PAGE):
        yield from page
        before = page[-1].key
