"""Deliveries, events and orders: set-wise for the pipeline, through the actor for pages and the API."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.db import among, plain
from affiliate.core.errors import NotFound
from affiliate.identity.actors import Actor
from affiliate.merchants.models import Merchant, WebhookKind
from affiliate.orders.adapters.reading import Shop
from affiliate.orders.facts import Event, from_content
from affiliate.orders.models import (
    Delivery,
    DeliveryStatus,
    Order,
    OrderEvent,
    OrderLine,
    OrderRefund,
    RefusedRequests,
    Verdict,
)

OrderKey = tuple[int, str]


def due(session: Session, delivery_ids: Collection[int]) -> Sequence[Any]:
    """What reading needs of those deliveries that are still to be worked, in the order of their receipt."""
    told_by_headers = sa.case((Delivery.kind != WebhookKind.STANDARD, Delivery.headers))  # the others' bytes suffice
    wanted = sa.select(
        Delivery.id,
        Delivery.merchant_id,
        Delivery.kind,
        Delivery.body,
        told_by_headers.label("headers"),
        Delivery.received_at,
        Delivery.verdict,
    )
    open_ones = Delivery.status.in_((DeliveryStatus.RECEIVED, DeliveryStatus.RETRY))
    found: Sequence[Any] = plain(
        session, wanted.where(among(session, Delivery.id, delivery_ids), open_ones).order_by(Delivery.id)
    ).all()
    return found


def shops(session: Session, merchant_ids: Collection[int], *, customer_key: bytes) -> dict[int, Shop]:
    """What reading needs to know of these merchants."""
    wanted = sa.select(Merchant.id, Merchant.click_param).where(Merchant.id.in_(merchant_ids))
    return {row.id: Shop(row.id, row.click_param, customer_key) for row in session.execute(wanted)}


def events(session: Session, keys: Collection[OrderKey]) -> dict[OrderKey, dict[str, Event]]:
    """Every stored event of these orders, by order and digest; every key has an entry."""
    found: dict[OrderKey, dict[str, Event]] = {key: {} for key in keys}
    columns = OrderEvent.__table__.c
    for row in session.execute(
        sa.select(*columns).where(_among(session, OrderEvent.merchant_id, OrderEvent.order_ref, keys))
    ):
        facts = from_content(row.kind, row.order_ref, row.version, row.occurred_at, row.content)
        found[row.merchant_id, row.order_ref][row.digest] = Event(row.digest, row.received_at, row.delivery_id, facts)
    return found


def held(session: Session, keys: Collection[OrderKey]) -> dict[OrderKey, Any]:
    """Those of these orders that we have: id and state_hash."""
    wanted = sa.select(Order.id, Order.merchant_id, Order.ref, Order.state_hash)
    found = plain(session, wanted.where(_among(session, Order.merchant_id, Order.ref, keys)))
    return {(row.merchant_id, row.ref): row for row in found}


def _among(session: Session, merchant: Any, ref: Any, keys: Iterable[OrderKey]) -> sa.ColumnElement[bool]:
    """(merchant, ref) is one of the keys: grouped by merchant, so that one index serves it on every engine."""
    refs: dict[int, list[str]] = defaultdict(list)
    for merchant_id, order_ref in keys:
        refs[merchant_id].append(order_ref)
    return sa.or_(sa.false(), *(sa.and_(merchant == key, among(session, ref, found)) for key, found in refs.items()))


def deliveries(
    session: Session,
    merchant: Merchant,
    *,
    verdict: Verdict | None = None,
    reason: str | None = None,
    parked: bool = False,
    before: int | None = None,
    limit: int = 51,
) -> Sequence[Any]:
    """A merchant's deliveries without their bodies, newest first. The caller got the merchant through its actor."""
    columns = [column for column in Delivery.__table__.c if column.name not in {"body", "headers"}]
    wanted = sa.select(*columns).where(chosen(merchant, verdict=verdict, reason=reason, parked=parked))
    wanted = wanted.order_by(Delivery.id.desc())
    if before is not None:
        wanted = wanted.where(Delivery.id < before)
    return session.execute(wanted.limit(limit)).all()


def chosen(
    merchant: Merchant, *, verdict: Verdict | None = None, reason: str | None = None, parked: bool = False
) -> sa.ColumnElement[bool]:
    """A merchant's deliveries of this verdict and reason, or those that wait for a person."""
    return sa.and_(
        Delivery.merchant_id == merchant.id,
        sa.true() if verdict is None else Delivery.verdict == verdict,
        sa.true() if not reason else Delivery.reason == reason,
        sa.true() if not parked else Delivery.status == DeliveryStatus.PARKED,
    )


def known_refs(session: Session, merchant: Merchant, refs: Collection[str]) -> set[str]:
    """Those of these order numbers under which we have an order."""
    wanted = sa.select(Order.ref).where(Order.merchant_id == merchant.id, Order.ref.in_(refs))
    return set(session.execute(wanted).scalars())


def reasons(session: Session, merchant: Merchant) -> Sequence[tuple[str, int]]:
    """(reason, how many deliveries) of what could not be read, commonest first."""
    count = sa.func.count()
    wanted = (
        sa.select(Delivery.reason, count)
        .where(Delivery.merchant_id == merchant.id, Delivery.reason.is_not(None))
        .group_by(Delivery.reason)
        .order_by(count.desc(), Delivery.reason)
    )
    return [(reason, number) for reason, number in session.execute(wanted) if reason]


def refused_on(session: Session, merchant: Merchant, day: date) -> Sequence[sa.Row[RefusedRequests, bool]]:
    """(what was refused for its signature on a day, whether one of that kind has fitted since), by kind."""
    since = sa.exists().where(
        Delivery.merchant_id == RefusedRequests.merchant_id,
        Delivery.kind == RefusedRequests.kind,
        Delivery.received_at > RefusedRequests.last_at,
    )
    wanted = sa.select(RefusedRequests, since.label("fits_since"))
    wanted = wanted.where(RefusedRequests.merchant_id == merchant.id, RefusedRequests.day == day)
    return session.execute(wanted.order_by(RefusedRequests.kind)).all()


def delivery(session: Session, merchant: Merchant, delivery_id: int) -> Delivery:
    """One delivery of this merchant. Raises NotFound."""
    found = session.execute(
        sa.select(Delivery).where(Delivery.id == delivery_id, Delivery.merchant_id == merchant.id)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def order(session: Session, merchant: Merchant, ref: str) -> Order:
    """One order of this merchant by its own number. Raises NotFound."""
    found = order_if_known(session, merchant, ref)
    if found is None:
        raise NotFound
    return found


def order_if_known(session: Session, merchant: Merchant, ref: str | None) -> Order | None:
    return session.execute(
        sa.select(Order).where(Order.merchant_id == merchant.id, Order.ref == ref)
    ).scalar_one_or_none()


def orders(
    session: Session,
    actor: Actor,
    *,
    merchant_id: int | None = None,
    ref: str | None = None,
    after: int = 0,
    limit: int = 51,
) -> Sequence[sa.Row[Order, str]]:
    """(order, merchant's slug) rows of the merchants that the actor sees, oldest first."""
    wanted = sa.select(Order, Merchant.slug).join(Merchant, Merchant.id == Order.merchant_id).where(Order.id > after)
    if not actor.sees_all():
        wanted = wanted.where(Order.merchant_id.in_(actor.merchants))
    if merchant_id is not None:
        wanted = wanted.where(Order.merchant_id == merchant_id)
    if ref is not None:
        wanted = wanted.where(Order.ref == ref)
    return session.execute(wanted.order_by(Order.id).limit(limit)).all()


def parts(
    session: Session, found: Sequence[Order]
) -> tuple[Mapping[int, list[OrderLine]], Mapping[int, list[OrderRefund]], Mapping[int, list[OrderEvent]]]:
    """(lines, refunds, events) of these orders, each by order id, in three queries."""
    ids = {row.id for row in found}
    by_key = {(row.merchant_id, row.ref): row.id for row in found}
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    refunds: dict[int, list[OrderRefund]] = defaultdict(list)
    told: dict[int, list[OrderEvent]] = defaultdict(list)
    by_position = sa.select(OrderLine).where(OrderLine.order_id.in_(ids)).order_by(OrderLine.position)
    for line in session.execute(by_position).scalars():
        lines[line.order_id].append(line)
    by_time = sa.select(OrderRefund).where(OrderRefund.order_id.in_(ids)).order_by(OrderRefund.occurred_at)
    for refund in session.execute(by_time.order_by(OrderRefund.refund_ref)).scalars():
        refunds[refund.order_id].append(refund)
    theirs = _among(session, OrderEvent.merchant_id, OrderEvent.order_ref, by_key)
    by_age = sa.select(OrderEvent).where(theirs).order_by(OrderEvent.occurred_at, OrderEvent.version, OrderEvent.id)
    for event in session.execute(by_age).scalars():
        told[by_key[event.merchant_id, event.order_ref]].append(event)
    return lines, refunds, told
