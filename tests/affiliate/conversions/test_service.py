"""Settling conversions: one row an order, a credit that lasts, and the same whatever came first."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from affiliate.conversions import service
from affiliate.conversions.models import Conversion, ConversionStatus
from affiliate.merchants.models import RateKind, RateScope
from affiliate.orders.models import OrderStatus
from affiliate.tracking import tokens
from affiliate.tracking.models import Click
from tests.affiliate.conversions.sold import CLICKED, NOW, PLACED, Sold, statements


@pytest.fixture
def sold(make) -> Sold:
    return Sold(make)


def visited(sold: Sold, nonce: int, *, qualified: bool, reason: str | None) -> None:
    sold.session.add(
        Click(
            clicked_at=CLICKED, nonce=nonce, link_id=sold.pick.link_id, community_id=sold.community.id,
            merchant_id=sold.merchant.id, visitor="v", device="phone", is_qualified=qualified, reason=reason,
        )
    )  # fmt: skip
    sold.session.flush()


def test_an_order_with_our_token_is_credited_before_its_click_is_loaded(sold):
    order = sold.order(status=OrderStatus.PAID)
    sold.settle(order)
    row = sold.conversion(order)
    assert (row.status, row.reason, row.community_id, row.curator_id) == (
        ConversionStatus.PENDING, None, sold.community.id, sold.curator.id,
    )  # fmt: skip
    assert row.evidence["candidates"][0]["visit"] == "not_loaded"
    assert (row.estimate_minor, row.community_estimate_minor) == (1_000_000, 900_000)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (OrderStatus.PLACED, ("pending", None)),
        (OrderStatus.PAID, ("pending", None)),
        (OrderStatus.COMPLETED, ("confirmed", None)),
        (OrderStatus.CANCELLED, ("declined", "cancelled")),
    ],
)
def test_the_status_follows_the_order(sold, status, expected):
    order = sold.order(status=status)
    sold.settle(order)
    row = sold.conversion(order)
    assert (row.status.value, row.reason) == expected
    assert (row.estimate_minor > 0) == (expected[0] != "declined")


def test_a_test_order_is_declined_even_when_cancelled(sold):
    order = sold.order(status=OrderStatus.CANCELLED, is_test=True)
    sold.settle(order)
    assert sold.conversion(order).reason == "test_order"


@pytest.mark.parametrize(
    ("token", "reason"), [(None, "no_click"), ("", "no_click"), ("nonsense", "bad_token"), ("a" * 44, "bad_token")]
)
def test_an_order_without_a_usable_token_has_its_row_and_its_reason(sold, token, reason):
    order = sold.order(token=token)
    sold.settle(order)
    row = sold.conversion(order)
    assert (row.status.value, row.reason, row.community_id, row.estimate_minor) == ("declined", reason, None, 0)


def test_a_signed_token_for_a_link_that_is_gone_credits_nobody(sold):
    order = sold.order(token=sold.token(link_id=999_999))
    sold.settle(order)
    assert sold.conversion(order).reason == "bad_token"


def test_another_stores_token_credits_nobody(sold, make):
    other = Sold(make)
    order = sold.order(token=other.token())
    sold.settle(order)
    row = sold.conversion(order)
    assert (row.reason, row.community_id) == ("other_merchant", None)


@pytest.mark.parametrize(
    ("qualified", "why", "reason"),
    [(False, "bot", "click_not_qualified"), (False, "repeated", None), (True, None, None)],
)
def test_what_the_spool_knows_of_the_click_counts(sold, qualified, why, reason):
    visited(sold, 77, qualified=qualified, reason=why)
    order = sold.order(token=sold.token(nonce=77))
    sold.settle(order)
    row = sold.conversion(order)
    assert row.reason == reason
    assert row.evidence["candidates"][0]["visit"] == (why or "qualified")


def test_a_batch_is_settled_in_a_fixed_number_of_queries(sold):
    counts = []
    for size in (2, 40):
        orders = [sold.order() for _ in range(size)]
        with statements(sold.session) as seen:
            service.settle(sold.session, [order.id for order in orders], keys=sold.keys, now=NOW)
        counts.append(len(seen))
    assert counts[0] == counts[1] > 0


def test_settling_again_changes_nothing(sold):
    order = sold.order()
    first = service.settle(sold.session, [order.id], keys=sold.keys, now=NOW)
    again = service.settle(sold.session, [order.id], keys=sold.keys, now=NOW + timedelta(days=1))
    assert (first, again) == ([order.id], [])
    assert sold.conversion(order).updated_at == NOW


def test_terms_and_split_stay_with_the_order_for_life(sold, make):
    order = sold.order(status=OrderStatus.PAID)
    sold.settle(order)
    before = sold.conversion(order).terms_id
    percent = {"scope": RateScope.ALL, "kind": RateKind.PERCENT, "rate_bps": 9000}
    make.terms(sold.programme, rates=[percent], valid_from=PLACED - timedelta(days=1))
    sold.enrollment.ended_at = CLICKED - timedelta(days=1)
    sold.pick.curator_id = None
    order.status = OrderStatus.COMPLETED
    sold.settle(order)
    row = sold.conversion(order)
    assert (row.terms_id, row.curator_id, row.status.value) == (before, sold.curator.id, "confirmed")
    assert row.estimate_minor == 1_000_000


def test_a_credit_outlives_the_key_that_signed_its_token(sold):
    order = sold.order(status=OrderStatus.PAID)
    sold.settle(order)
    order.status = OrderStatus.COMPLETED
    sold.session.flush()
    service.settle(sold.session, [order.id], keys=tokens.keys("another secret of another house"), now=NOW)
    sold.session.expire_all()
    assert sold.conversion(order).status is ConversionStatus.CONFIRMED


def test_a_token_that_arrives_later_is_credited_then(sold):
    order = sold.order(token=None)
    sold.settle(order)
    assert sold.conversion(order).reason == "no_click"
    order.click_token = sold.token()
    sold.settle(order)
    assert sold.conversion(order).status is ConversionStatus.CONFIRMED


def test_a_cancelled_order_that_opens_again_finds_its_credit(sold):
    order = sold.order(status=OrderStatus.CANCELLED)
    sold.settle(order)
    order.status = OrderStatus.COMPLETED
    sold.settle(order)
    row = sold.conversion(order)
    assert (row.status.value, row.reason, row.community_id) == ("confirmed", None, sold.community.id)


def test_every_order_has_one_conversion(sold):
    orders = [sold.order(), sold.order(token=None), sold.order(status=OrderStatus.CANCELLED)]
    for _ in range(2):
        sold.settle(*orders)
    counted = sold.session.execute(sa.select(sa.func.count()).select_from(Conversion)).scalar_one()
    assert counted == len(orders)
