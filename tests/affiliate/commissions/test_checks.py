"""`flask verify` sees a damaged row of this room, and nothing where all is well."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from affiliate.commissions.checks import CHECKS
from affiliate.commissions.models import CommissionEvent, CommissionShare
from affiliate.conversions.models import Conversion
from affiliate.merchants.models import Rate
from affiliate.orders.models import Order, OrderStatus
from tests.affiliate.conversions.sold import CLICKED, Sold


def broken(session) -> set[str]:
    session.flush()
    return {code for code, _sentence, check in CHECKS if check(session)}


@pytest.fixture
def sold(make) -> Sold:
    """Orders in every state, settled."""
    sold = Sold(make)
    orders = [sold.order(status=status) for status in OrderStatus]
    orders += [
        sold.order(token=None),
        sold.order(is_test=True),
        sold.order({"refunded_minor": 10_000_000}, net_minor=0),
    ]
    sold.settle(*orders)
    orders[2].status = OrderStatus.CANCELLED
    sold.settle(orders[2])
    sold.kept = sold.order()
    sold.settle(sold.kept)
    return sold


def unlocked(session, table: str) -> None:
    """Take the database's own guard away, as somebody with its password could."""
    on = f" ON {table}" if session.get_bind().dialect.name == "postgresql" else ""
    for deed in ("update", "delete"):
        session.execute(sa.text(f"DROP TRIGGER {table}_no_{deed}{on}"))


def test_a_sound_house_has_no_violation(sold):
    assert broken(sold.session) == set()


def the_share(sold):
    event = sold.events(sold.kept)[0]
    return sa.update(CommissionShare).where(CommissionShare.event_id == event.id, CommissionShare.owner == "platform")


def the_order(sold):
    return sa.update(Order).where(Order.id == sold.kept.id)


def the_conversion(sold):
    return sa.update(Conversion).where(Conversion.order_id == sold.kept.id)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda sold: the_share(sold).values(amount_minor=100_001), {"I-03", "I-05"}),
        (lambda sold: the_share(sold).values(amount_minor=90_000_000), {"I-03", "I-05", "I-06"}),
        (lambda sold: the_share(sold).values(amount_minor=-90_000_000), {"I-03", "I-05", "I-06"}),
        (lambda sold: the_order(sold).values(status="cancelled"), {"I-04", "I-05", "I-12"}),
        (lambda sold: the_order(sold).values(status="paid"), {"I-05", "I-12"}),
        (lambda sold: the_order(sold).values(is_test=True), {"I-05", "I-12"}),
        (lambda sold: the_conversion(sold).values(estimate_minor=1), {"I-05"}),
        (lambda sold: the_conversion(sold).values(clicked_at=CLICKED + timedelta(days=9)), {"I-17"}),
        (lambda sold: the_conversion(sold).values(clicked_at=CLICKED - timedelta(days=90)), {"I-17"}),
        (lambda sold: the_conversion(sold).values(link_id=None), {"I-17"}),
        (lambda sold: sa.update(Rate).values(rate_bps=999), {"I-05"}),
    ],
)
def test_a_damaged_row_is_seen(sold, damage, expected):
    unlocked(sold.session, "commission_shares")
    sold.session.execute(damage(sold))
    assert broken(sold.session) == expected


def test_an_order_that_was_never_settled_is_seen(sold):
    sold.order()
    assert broken(sold.session) == {"I-16"}


def test_a_lost_event_is_seen(sold):
    event = sold.events(sold.kept)[0]
    unlocked(sold.session, "commission_shares")
    unlocked(sold.session, "commission_events")
    sold.session.execute(sa.delete(CommissionShare).where(CommissionShare.event_id == event.id))
    sold.session.execute(sa.delete(CommissionEvent).where(CommissionEvent.id == event.id))
    assert broken(sold.session) == {"I-05"}
