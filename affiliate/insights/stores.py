"""What a store sent, what we made of it, and what it owes. Fixed numbers of queries.

Every function takes the merchant as a row that its actor was allowed to load.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.models import Availability, CatalogueUpload, Product, ProductStatus
from affiliate.commissions.models import CommissionEvent
from affiliate.insights import rules
from affiliate.insights.days import local_day, within
from affiliate.insights.rules import Period
from affiliate.merchants.models import Enrollment, Merchant, Programme, WebhookKey
from affiliate.orders.models import Delivery, DeliveryStatus, Order, Verdict

WAITING = "waiting"
Amounts = list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The catalogue as communities see it, and the newest file."""

    listed: int
    sold_out: int
    withdrawn: int
    newest: CatalogueUpload | None


@dataclass(frozen=True, slots=True)
class Steps:
    """How far a new store has come on the way to its first credited order."""

    products: bool
    programme: bool
    key: bool
    enrolled: bool
    delivery: bool

    @property
    def done(self) -> bool:
        return self.products and self.programme and self.key and self.enrolled and self.delivery


def deliveries(session: Session, merchant: Merchant, period: Period) -> dict[str, int]:
    """Deliveries received in a period by verdict; `waiting` are those not worked yet, `parked` those for a person."""
    rows = session.execute(
        sa.select(Delivery.verdict, Delivery.status, sa.func.count())
        .where(Delivery.merchant_id == merchant.id, within(Delivery.received_at, period))
        .group_by(Delivery.verdict, Delivery.status)
    )
    found: dict[str, int] = {}
    for verdict, status, number in rows:
        name = status.value if status is DeliveryStatus.PARKED else verdict.value if verdict else WAITING
        found[name] = found.get(name, 0) + number
    return found


def troubled(session: Session, merchant: Merchant, period: Period) -> int:
    """Deliveries that we could not read, or that wait for a person."""
    return session.scalars(
        sa.select(sa.func.count()).where(
            Delivery.merchant_id == merchant.id,
            within(Delivery.received_at, period),
            (Delivery.verdict == Verdict.UNREADABLE) | (Delivery.status == DeliveryStatus.PARKED),
        )
    ).one()


def orders_by_day(session: Session, merchant: Merchant, period: Period) -> list[tuple[date, int]]:
    """Orders placed on every day, test orders left out."""
    day = local_day(session, Order.placed_at)
    rows = session.execute(
        sa.select(day, sa.func.count())
        .where(Order.merchant_id == merchant.id, Order.is_test.is_(False), within(Order.placed_at, period))
        .group_by(day)
    )
    return rules.filled(dict(rows.all()), period.days)


def owed(session: Session, merchant: Merchant, period: Period) -> Amounts:
    """Commission booked in a period, the platform's part included, by currency."""
    rows = session.execute(
        sa.select(CommissionEvent.currency, sa.func.sum(CommissionEvent.amount_minor))
        .where(CommissionEvent.merchant_id == merchant.id, within(CommissionEvent.occurred_at, period))
        .group_by(CommissionEvent.currency)
    )
    return sorted(((currency, int(amount)) for currency, amount in rows), key=lambda pair: -pair[1])


def shelf(session: Session, merchant: Merchant) -> Shelf:
    """The state of the catalogue. Two queries."""
    rows = session.execute(
        sa.select(Product.status, Product.availability, sa.func.count())
        .where(Product.merchant_id == merchant.id)
        .group_by(Product.status, Product.availability)
    ).all()
    listed = [(availability, number) for status, availability, number in rows if status is ProductStatus.LISTED]
    newest = session.scalars(
        sa.select(CatalogueUpload)
        .where(CatalogueUpload.merchant_id == merchant.id)
        .order_by(CatalogueUpload.id.desc())
        .limit(1)
    ).one_or_none()
    return Shelf(
        listed=sum(number for _availability, number in listed),
        sold_out=sum(number for availability, number in listed if availability is Availability.OUT_OF_STOCK),
        withdrawn=sum(number for status, _availability, number in rows if status is ProductStatus.WITHDRAWN),
        newest=newest,
    )


def steps(session: Session, merchant: Merchant) -> Steps:
    """What of the first steps is done. One query."""
    programmes = sa.select(Programme.id).where(Programme.merchant_id == merchant.id)
    row = session.execute(
        sa.select(
            sa.select(Product.id).where(Product.merchant_id == merchant.id).exists(),
            programmes.exists(),
            sa.select(WebhookKey.id)
            .where(WebhookKey.merchant_id == merchant.id, WebhookKey.revoked_at.is_(None))
            .exists(),
            sa.select(Enrollment.id).where(Enrollment.programme_id.in_(programmes)).exists(),
            sa.select(Delivery.id).where(Delivery.merchant_id == merchant.id).exists(),
        )
    ).one()
    return Steps(*(bool(part) for part in row))
