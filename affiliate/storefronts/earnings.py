"""What one sale would bring a community, by the terms and the split in force now. Four queries for a whole page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.models import Product
from affiliate.communities.models import Community
from affiliate.merchants import queries as merchants
from affiliate.merchants.models import Enrollment, Programme, Rate
from affiliate.merchants.rules import in_force
from affiliate.storefronts.rules import Goods, Offer, OfferedRate, sale_brings


def offers(session: Session, community: Community, merchant_ids: Iterable[int], *, now: datetime) -> dict[int, Offer]:
    """The offer of each of these stores that the community is enrolled with, by merchant id.

    Where a store has several programmes for the community, the one joined last counts.
    """
    joined = _joined(session, community, sorted(set(merchant_ids)), now)
    rates = _rates(session, [row.programme_id for row in joined], now)
    versions = groupby(merchants.splits_of(session, [row.id for row in joined]), key=lambda split: split.enrollment_id)
    splits = {enrollment_id: in_force(list(group), now) for enrollment_id, group in versions}
    found: dict[int, Offer] = {}
    for row in joined:
        split = splits.get(row.id)
        if split is not None:
            found[row.merchant_id] = Offer(rates.get(row.programme_id, ()), split.platform_bps)
    return found


def brings(product: Product, offers: dict[int, Offer]) -> int | None:
    """Minor units of the product's currency for one sold piece; None without enrollment or a matching rate."""
    offer = offers.get(product.merchant_id)
    if offer is None:
        return None
    sale = product.sale_price_minor
    minor = product.price_minor if sale is None else min(sale, product.price_minor)
    return sale_brings(Goods(product.sku, product.brand, product.category, minor, product.currency), offer)


def is_enrolled(session: Session, community: Community, merchant_id: int, *, now: datetime) -> bool:
    """True when a sale of this store now would earn the community something."""
    return bool(_joined(session, community, [merchant_id], now))


def _joined(session: Session, community: Community, merchant_ids: Sequence[int], now: datetime) -> Sequence[Any]:
    """(enrollment, programme, merchant) ids, the enrollment of last standing last."""
    return session.execute(
        sa.select(Enrollment.id, Enrollment.programme_id, Programme.merchant_id)
        .join(Programme, Programme.id == Enrollment.programme_id)
        .where(
            Enrollment.community_id == community.id,
            Programme.merchant_id.in_(merchant_ids),
            Enrollment.enrolled_at <= now,
            sa.or_(Enrollment.ended_at.is_(None), Enrollment.ended_at > now),
        )
        .order_by(Enrollment.enrolled_at, Enrollment.id)
    ).all()


def _rates(session: Session, programme_ids: Sequence[int], now: datetime) -> dict[int, tuple[OfferedRate, ...]]:
    """The rates in force by programme."""
    versions = merchants.frozen_terms(session, programme_ids)
    found: dict[int, tuple[OfferedRate, ...]] = {}
    for programme_id, group in groupby(versions, key=lambda version: version[0].programme_id):
        by_id = {terms.id: (terms, rates) for terms, rates in group}
        newest = in_force([terms for terms, _rates in by_id.values()], now)
        if newest is not None:
            found[programme_id] = tuple(_offered(rate) for rate in by_id[newest.id][1])
    return found


def _offered(rate: Rate) -> OfferedRate:
    return OfferedRate(rate.scope, rate.match, rate.kind, rate.rate_bps, rate.amount_minor, rate.currency)
