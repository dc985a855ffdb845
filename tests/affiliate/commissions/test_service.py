"""Settling commissions: the difference to the target, for completed sales only, whatever came first."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from affiliate.commissions import service
from affiliate.commissions.models import CommissionEvent, EventKind
from affiliate.conversions import service as conversions
from affiliate.conversions.models import Conversion
from affiliate.merchants.models import PayableWhen, RateKind, RateScope
from affiliate.orders.models import OrderStatus
from tests.affiliate.conversions.sold import CLICKED, COMPLETED, NOW, PLACED, Sold, statements


@pytest.fixture
def sold(make) -> Sold:
    return Sold(make)


def refund(sold: Sold, order, minor: int, *, units: int = 0) -> None:
    line = sold.line(order)
    line.refunded_minor += minor
    line.refunded_quantity += units


def test_a_completed_sale_is_earned_and_split_to_the_minor_unit(sold):
    order = sold.order({"unit_price_minor": 9_999_999})
    assert sold.settle(order) == [order.id]
    assert sold.shares(order) == {"platform": 100_000, "community": 600_000, "curator": 300_000}
    (event,) = sold.events(order)
    assert (event.kind, event.number, event.amount_minor, event.occurred_at) == (EventKind.EARNED, 1, 1_000_000, NOW)


@pytest.mark.parametrize("status", [OrderStatus.PLACED, OrderStatus.PAID, OrderStatus.CANCELLED])
def test_nothing_is_booked_before_completion_or_for_a_cancelled_order(sold, status):
    order = sold.order(status=status)
    assert sold.settle(order) == []
    assert sold.events(order) == []


@pytest.mark.parametrize("over", [{"is_test": True}, {"token": None}])
def test_nothing_is_booked_for_test_orders_and_uncredited_ones(sold, over):
    order = sold.order(**over)
    assert sold.settle(order) == []
    assert sold.events(order) == []


def test_settling_twice_books_once(sold):
    order = sold.order()
    sold.settle(order)
    assert sold.settle(order, now=NOW + timedelta(days=1)) == []
    assert len(sold.events(order)) == 1


def test_a_partial_refund_takes_back_its_part_and_the_rest_leaves_exactly_nothing(sold):
    order = sold.order({"unit_price_minor": 333_333})
    sold.settle(order)
    refund(sold, order, 111_111)
    sold.settle(order, now=NOW + timedelta(hours=1))
    assert sum(sold.shares(order).values()) == 22_222
    refund(sold, order, 222_222)
    sold.settle(order, now=NOW + timedelta(hours=2))
    assert set(sold.shares(order).values()) == {0}
    assert [event.kind for event in sold.events(order)] == [EventKind.EARNED, EventKind.ADJUSTED, EventKind.REVERSED]


def test_a_refund_before_completion_is_never_earned(sold):
    order = sold.order({"refunded_minor": 10_000_000}, status=OrderStatus.PAID)
    sold.settle(order)
    order.status, order.completed_at, order.completed_seen_at = OrderStatus.COMPLETED, COMPLETED, COMPLETED
    assert sold.settle(order) == []
    assert sold.events(order) == []


def test_cancelled_takes_all_back_and_opened_again_earns_again(sold):
    order = sold.order()
    sold.settle(order)
    order.status = OrderStatus.CANCELLED
    sold.settle(order, now=NOW + timedelta(days=1))
    assert set(sold.shares(order).values()) == {0}
    order.status = OrderStatus.COMPLETED
    sold.settle(order, now=NOW + timedelta(days=2))
    assert sum(sold.shares(order).values()) == 1_000_000
    assert [event.amount_minor for event in sold.events(order)] == [1_000_000, -1_000_000, 1_000_000]


def test_later_terms_and_splits_do_not_reprice(sold, make):
    order = sold.order(status=OrderStatus.PAID)
    sold.settle(order)
    percent = {"scope": RateScope.ALL, "kind": RateKind.PERCENT, "rate_bps": 5000}
    make.terms(sold.programme, rates=[percent], valid_from=PLACED - timedelta(days=2))
    order.status, order.completed_at, order.completed_seen_at = OrderStatus.COMPLETED, COMPLETED, COMPLETED
    sold.settle(order)
    later = sold.order()
    sold.settle(later)
    assert sum(sold.shares(order).values()) == 1_000_000
    assert sum(sold.shares(later).values()) == 5_000_000


def test_the_hold_counts_days_of_the_programmes_zone_from_the_later_moment(make):
    sold = Sold(make, hold_days=14, timezone="Asia/Jakarta", payable_when=PayableWhen.FUNDED)
    seen = datetime(2026, 10, 25, 18, 0, tzinfo=UTC)  # 26 October, 01.00 in Jakarta
    order = sold.order(completed_seen_at=seen)
    sold.settle(order)
    commission = sold.commission(order)
    assert commission.available_on == datetime(2026, 11, 8, 17, 0, tzinfo=UTC)  # 9 November, 00.00 in Jakarta
    assert commission.needs_funding
    assert sold.events(order)[0].available_on == commission.available_on


def test_what_takes_back_counts_at_once_and_what_gives_later_never_lies_in_the_past(sold):
    order = sold.order()
    sold.settle(order)
    held_until = sold.commission(order).available_on
    moments = [NOW + timedelta(hours=1), NOW + timedelta(hours=2), held_until + timedelta(days=9)]
    refund(sold, order, 5_000_000)
    sold.settle(order, now=moments[0])
    refund(sold, order, -1_000_000)
    sold.settle(order, now=moments[1])
    refund(sold, order, -1_000_000)
    sold.settle(order, now=moments[2])
    assert [event.available_on for event in sold.events(order)] == [held_until, moments[0], held_until, moments[2]]


def test_a_sale_without_a_curator_gives_the_curators_part_to_the_community(make):
    sold = Sold(make, with_curator=False)
    order = sold.order()
    sold.settle(order)
    assert sold.shares(order) == {"platform": 100_000, "community": 900_000}


def test_an_order_whose_click_turns_out_to_be_anothers_moves_between_communities(sold, make):
    order = sold.order()
    sold.settle(order)
    other = make.community()
    make.enrollment(sold.programme, other, split=(1000, 9000, 0, 0))
    pick = make.pick(other, make.product(sold.merchant))
    order.click_token = sold.token(link_id=pick.link_id, clicked_at=CLICKED + timedelta(minutes=5))
    sold.settle(order, now=NOW + timedelta(days=1))
    amounts = [event.amount_minor for event in sold.events(order)]
    assert amounts == [1_000_000, -900_000, 900_000]
    assert [event.community_id for event in sold.events(order)] == [sold.community.id, sold.community.id, other.id]
    assert sold.commission(order).community_id == other.id


def test_an_order_that_turns_out_to_be_in_another_currency_moves_between_currencies(sold):
    order = sold.order()
    sold.settle(order)
    order.currency = "USD"
    sold.settle(order)
    assert [(event.currency, event.amount_minor) for event in sold.events(order)] == [
        ("IDR", 1_000_000),
        ("IDR", -1_000_000),
        ("USD", 1_000_000),
    ]
    assert sold.commission(order).currency == "USD"
    assert sold.settle(order) == []


def test_a_credit_that_is_lost_takes_everything_back(sold):
    order = sold.order()
    sold.settle(order)
    order.click_token = None
    sold.settle(order)
    assert set(sold.shares(order).values()) == {0}
    assert sold.events(order)[-1].kind is EventKind.REVERSED


def test_the_estimate_is_what_it_would_earn_and_nothing_when_declined(sold):
    order = sold.order(status=OrderStatus.PAID)
    sold.settle(order)
    assert sold.conversion(order).estimate_minor == 1_000_000
    refund(sold, order, 5_000_000)
    sold.settle(order)
    row = sold.conversion(order)
    assert (row.estimate_minor, row.community_estimate_minor) == (500_000, 450_000)
    order.status = OrderStatus.CANCELLED
    sold.settle(order)
    row = sold.conversion(order)
    assert (row.estimate_minor, row.community_estimate_minor) == (0, 0)


def test_the_trace_tells_lines_rates_rounding_and_split(sold):
    order = sold.order({"quantity": 2, "discount_minor": 55}, {"sku": "T-2", "refunded_minor": 10_000_000})
    sold.settle(order)
    trace = sold.events(order)[0].trace
    first, second = trace["lines"]
    assert (first["net_minor"], first["exact"], first["commission_minor"]) == (19_999_945, "1999994.5", 1_999_994)
    assert first["rate"] == {
        "position": 0, "scope": "all", "match": None, "kind": "percent", "bps": 1000, "amount_minor": None,
    }  # fmt: skip
    assert (second["excluded"], second["commission_minor"]) == ("nothing_left", 0)
    assert trace["total_minor"] == 1_999_994 == sum(part["amount_minor"] for part in trace["split"])
    assert trace["terms"]["version"] == 1
    assert trace["attribution"]["candidates"][0]["verdict"] == "won"


def test_every_path_to_the_same_state_comes_to_the_same_sums(make):
    """Three changes of one order in every order of arrival, settled after each: equal shares."""
    changes = {
        "complete": lambda sold, order: setattr(order, "status", OrderStatus.COMPLETED),
        "refund a third": lambda sold, order: refund(sold, order, 3_333_333),
        "refund a seventh": lambda sold, order: refund(sold, order, 1_428_571),
    }
    outcomes = set()
    for path in itertools.permutations(changes):
        sold = Sold(make, bps=1237)
        order = sold.order(status=OrderStatus.PLACED)
        for name in path:
            changes[name](sold, order)
            sold.settle(order)
        outcomes.add(tuple(sorted(sold.shares(order).items())))
    assert len(outcomes) == 1
    assert sum(amount for _role, amount in next(iter(outcomes))) == round(5_238_096 * 1237 / 10_000)


def test_a_batch_is_settled_in_a_fixed_number_of_statements(sold):
    counts = []
    for size in (2, 40):
        orders = [sold.order() for _ in range(size)]
        ids = [order.id for order in orders]
        conversions.settle(sold.session, ids, keys=sold.keys, now=NOW)
        with statements(sold.session) as seen:
            service.settle(sold.session, ids, now=NOW)
        counts.append(len(seen))
    assert counts[0] == counts[1] > 0


def test_events_and_shares_are_never_touched_again(sold):
    order = sold.order()
    sold.settle(order)
    before = sold.session.execute(sa.select(CommissionEvent.__table__)).all()
    refund(sold, order, 1_000_000)
    sold.settle(order)
    after = sold.session.execute(sa.select(CommissionEvent.__table__).order_by(CommissionEvent.id)).all()
    assert after[: len(before)] == before
    assert len(after) == len(before) + 1
    assert sold.session.execute(sa.select(sa.func.count()).select_from(Conversion)).scalar_one() == 1
