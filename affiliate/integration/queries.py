"""What guides and a test look at: the store's products and communities, its deliveries, its last real order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.models import Product, ProductStatus
from affiliate.commissions.rules import Line, RateLine, Weights, price, share_out
from affiliate.communities.models import Community
from affiliate.core.errors import NotFound
from affiliate.integration.models import LinkTest
from affiliate.integration.rules import Seen
from affiliate.merchants.models import Enrollment, Merchant, Programme, Rate, Split, Terms
from affiliate.merchants.rules import in_force
from affiliate.orders.models import Delivery, DeliveryStatus, Order, OrderLine, Verdict

PRODUCTS_MAX = 50
DELIVERIES_MAX = 200
ORDERS_LOOKED_AT = 1000
_LINE_COLUMNS = tuple(name for name in Line.__slots__ if name != "ref")


@dataclass(frozen=True, slots=True)
class Worth:
    """What an order would pay by the terms in force: all shares, and the community's with its curators'."""

    programme: str
    whole_minor: int
    community_minor: int
    currency: str


def products(session: Session, merchant: Merchant) -> Sequence[Product]:
    """Some of what the store sells, newest first."""
    wanted = sa.select(Product).where(Product.merchant_id == merchant.id, Product.status == ProductStatus.LISTED)
    return session.execute(wanted.order_by(Product.id.desc()).limit(PRODUCTS_MAX)).scalars().all()


def product(session: Session, merchant: Merchant, product_id: int) -> Product:
    """A product that the store sells now. Raises NotFound."""
    wanted = sa.select(Product).where(
        Product.id == product_id, Product.merchant_id == merchant.id, Product.status == ProductStatus.LISTED
    )
    found = session.execute(wanted).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def communities(session: Session, merchant: Merchant, *, now: datetime) -> Sequence[Community]:
    """Who is in the store's programmes now, by name."""
    joined = sa.select(Enrollment.community_id).where(*_enrolled(merchant.id, now)).join(Programme)
    return (
        session.execute(sa.select(Community).where(Community.id.in_(joined)).order_by(Community.name)).scalars().all()
    )


def _enrolled(merchant_id: int, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    lasting = sa.or_(Enrollment.ended_at.is_(None), Enrollment.ended_at > now)
    return Programme.merchant_id == merchant_id, Enrollment.enrolled_at <= now, lasting


def product_of(session: Session, test: LinkTest) -> Product:
    """The product of a test, sold or not."""
    return session.get_one(Product, test.product_id)


def test_of(session: Session, merchant: Merchant, test_id: int) -> LinkTest:
    """A test of this store. Raises NotFound."""
    found = session.execute(
        sa.select(LinkTest).where(LinkTest.id == test_id, LinkTest.merchant_id == merchant.id)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def newest_delivery(session: Session, merchant: Merchant) -> int:
    """The id of the store's newest delivery, 0 where there is none."""
    wanted = sa.select(sa.func.max(Delivery.id)).where(Delivery.merchant_id == merchant.id)
    return session.execute(wanted).scalar_one() or 0


def seen_since(session: Session, test: LinkTest) -> list[Seen]:
    """The newest deliveries since a test began, with what their orders say."""
    wanted = sa.select(Delivery.id, Delivery.order_ref, Delivery.status, Delivery.verdict).where(
        Delivery.merchant_id == test.merchant_id, Delivery.id > test.deliveries_before
    )
    rows = session.execute(wanted.order_by(Delivery.id.desc()).limit(DELIVERIES_MAX)).all()
    told = sa.select(Order.ref, Order.click_token, Order.is_test).where(
        Order.merchant_id == test.merchant_id, Order.ref.in_({row.order_ref for row in rows if row.order_ref})
    )
    orders = {row.ref: row for row in session.execute(told)}
    return [_seen(row, orders.get(row.order_ref)) for row in rows if row.verdict is not Verdict.IGNORED]


def _seen(row: Any, order: Any) -> Seen:
    return Seen(
        delivery_id=row.id,
        ref=order.ref if order else None,
        token=order.click_token if order else None,
        is_test=bool(order and order.is_test),
        is_readable=row.verdict is not Verdict.UNREADABLE,
        is_worked=row.status is DeliveryStatus.WORKED,
    )


def last_real(session: Session, merchant: Merchant) -> Order | None:
    """The newest order with a click token that is no test, among the store's last ORDERS_LOOKED_AT deliveries."""
    newest = (
        sa.select(Delivery.order_ref)
        .where(Delivery.merchant_id == merchant.id)
        .order_by(Delivery.id.desc())
        .limit(ORDERS_LOOKED_AT)
        .subquery()
    )
    wanted = sa.select(Order).where(
        Order.merchant_id == merchant.id,
        Order.ref.in_(sa.select(newest.c.order_ref)),
        Order.click_token.is_not(None),
        Order.is_test.is_(False),
    )
    return session.execute(wanted.order_by(Order.first_seen_at.desc()).limit(1)).scalar_one_or_none()


def worth(session: Session, merchant: Merchant, community_id: int | None, ref: str, *, now: datetime) -> Worth | None:
    """What this order of the store would pay if it were real and completed; None without a programme with terms.

    Reckoned by the same rules as a commission, but nothing is written. Without a community the newest programme counts.
    """
    order = session.execute(sa.select(Order).where(Order.merchant_id == merchant.id, Order.ref == ref)).scalar_one()
    for programme, enrollment_id in _offers(session, merchant, community_id, now):
        versions = session.execute(sa.select(Terms).where(Terms.programme_id == programme.id)).scalars().all()
        terms = in_force(versions, now)
        if terms is None:
            continue
        splits = session.execute(sa.select(Split).where(Split.enrollment_id == enrollment_id)).scalars().all()
        priced = price(_lines(session, order.id), _rates(session, terms.id), order.currency)
        theirs = _community_part(priced.total_minor, in_force(splits, now), community_id)
        return Worth(programme.name, priced.total_minor, theirs, order.currency)
    return None


def _offers(
    session: Session, merchant: Merchant, community_id: int | None, now: datetime
) -> list[tuple[Programme, int | None]]:
    """Programmes that might count, the one joined last first."""
    if community_id is None:
        rows = session.execute(
            sa.select(Programme).where(Programme.merchant_id == merchant.id).order_by(Programme.id.desc())
        )
        return [(programme, None) for programme in rows.scalars()]
    joined = sa.select(Programme, Enrollment.id).join(Enrollment, Enrollment.programme_id == Programme.id)
    wanted = joined.where(Enrollment.community_id == community_id, *_enrolled(merchant.id, now))
    rows_joined = session.execute(wanted.order_by(Enrollment.enrolled_at.desc(), Enrollment.id.desc()))
    return [(programme, enrollment_id) for programme, enrollment_id in rows_joined]


def _lines(session: Session, order_id: int) -> list[Line]:
    columns = [getattr(OrderLine, name) for name in _LINE_COLUMNS]
    wanted = sa.select(OrderLine.line_ref, *columns).where(OrderLine.order_id == order_id)
    return [Line(*row) for row in session.execute(wanted.order_by(OrderLine.position))]


def _rates(session: Session, terms_id: int) -> list[RateLine]:
    columns = [getattr(Rate, name) for name in RateLine.__slots__]
    return [RateLine(*row) for row in session.execute(sa.select(*columns).where(Rate.terms_id == terms_id))]


def _community_part(whole_minor: int, split: Split | None, community_id: int | None) -> int:
    if split is None or community_id is None:
        return 0
    weights = Weights(split.platform_bps, split.community_bps, split.curator_bps, split.evangelist_bps)
    shares = share_out(whole_minor, weights, community_id=community_id, curator_id=None)
    return sum(share.amount_minor for share in shares if share.owner != "platform")
