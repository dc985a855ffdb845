"""What attribution needs of a batch of orders, each in one query."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.conversions.models import Conversion
from affiliate.conversions.rules import NOT_LOADED, Offer, Version
from affiliate.links.models import TrackingLink
from affiliate.merchants.models import Enrollment, Programme, Split, Terms
from affiliate.orders.models import Order
from affiliate.storefronts.models import Pick
from affiliate.tracking.models import Click

Visit = tuple[datetime, int]


def orders(session: Session, order_ids: Collection[int]) -> list[Any]:
    """The orders of a batch, held until the transaction ends, so that no two workers settle one at once."""
    wanted = sa.select(
        Order.id, Order.merchant_id, Order.status, Order.currency, Order.placed_at, Order.click_token, Order.is_test
    )
    return list(session.execute(wanted.where(Order.id.in_(order_ids)).order_by(Order.id).with_for_update()))


def held(session: Session, order_ids: Collection[int]) -> dict[int, Any]:
    """The conversions there are already, as plain rows by order."""
    rows = session.execute(sa.select(Conversion.__table__).where(Conversion.order_id.in_(order_ids)))
    return {row.order_id: row for row in rows}


def links(session: Session, link_ids: Collection[int]) -> dict[int, Any]:
    """Each link's community and merchant, and the curator of the pick that owns it."""
    rows = session.execute(
        sa.select(TrackingLink.id, TrackingLink.community_id, TrackingLink.merchant_id, Pick.curator_id)
        .outerjoin(Pick, Pick.link_id == TrackingLink.id)
        .where(TrackingLink.id.in_(link_ids))
    )
    return {row.id: row for row in rows}


def visits(session: Session, keys: Collection[Visit]) -> dict[Visit, str]:
    """What is known of the clicks: qualified, the reason against it, or not_loaded while the spool still has it."""
    rows = session.execute(
        sa.select(Click.clicked_at, Click.nonce, Click.is_qualified, Click.reason).where(
            sa.tuple_(Click.clicked_at, Click.nonce).in_(keys)
        )
    )
    known = {(row.clicked_at, row.nonce): "qualified" if row.is_qualified else row.reason for row in rows}
    return {key: known.get(key) or NOT_LOADED for key in keys}


def offers(session: Session, community_ids: Collection[int], merchant_ids: Collection[int]) -> list[Offer]:
    """All enrollments of these communities with these merchants, ended ones too, with every version."""
    rows = session.execute(
        sa.select(
            Enrollment.id,
            Enrollment.programme_id,
            Enrollment.community_id,
            Enrollment.enrolled_at,
            Enrollment.ended_at,
            Programme.merchant_id,
            Programme.window_days,
        )
        .join(Programme, Programme.id == Enrollment.programme_id)
        .where(Enrollment.community_id.in_(community_ids), Programme.merchant_id.in_(merchant_ids))
    ).all()
    terms = _versions(session, Terms, Terms.programme_id, {row.programme_id for row in rows})
    splits = _versions(session, Split, Split.enrollment_id, {row.id for row in rows})
    return [
        Offer(
            programme_id=row.programme_id,
            enrollment_id=row.id,
            merchant_id=row.merchant_id,
            community_id=row.community_id,
            window_days=row.window_days,
            enrolled_at=row.enrolled_at,
            ended_at=row.ended_at,
            terms=tuple(terms[row.programme_id]),
            splits=tuple(splits[row.id]),
        )
        for row in rows
    ]


def _versions(session: Session, kind: Any, parent: Any, parent_ids: Iterable[int]) -> dict[int, list[Version]]:
    found: dict[int, list[Version]] = defaultdict(list)
    wanted = sa.select(parent.label("parent"), kind.id, kind.version, kind.valid_from).where(parent.in_(parent_ids))
    for row in session.execute(wanted):
        found[row.parent].append(Version(row.id, row.version, row.valid_from))
    return found
