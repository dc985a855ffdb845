"""WooCommerce's orders: net lines, statuses, refunds that are sums, and its ping."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from affiliate.merchants.models import WebhookKind
from affiliate.orders import facts, rules
from affiliate.orders.facts import Event, EventFacts
from affiliate.orders.models import OrderStatus
from affiliate.orders.schemas import Unreadable
from tests.affiliate.orders.adapters import shops
from tests.affiliate.orders.adapters.shops import TOKEN, woo_line, woo_order

NOW = datetime(2026, 11, 5, tzinfo=UTC)
REFUND = {"id": 724, "reason": "", "total": "-30000.00"}


def read(content, topic: str | None = None):
    return shops.read(WebhookKind.WOOCOMMERCE, content, topic)


def order_of(content) -> EventFacts:
    return read(content).events[0]


def fold(*contents) -> rules.OrderState:
    told = [event for content in contents for event in read(content).events]
    state = rules.fold(Event(one.digest(), NOW, 1, one) for one in told)
    assert state is not None
    return state


STATUSES = [
    ("pending", {}, facts.PLACED),
    ("on-hold", {"date_paid_gmt": "2026-11-01T09:00:00"}, facts.PLACED),
    ("processing", {}, facts.PAID),
    ("completed", {"date_completed_gmt": "2026-11-02T09:00:00"}, facts.COMPLETED),
    ("completed", {}, facts.COMPLETED),
    ("refunded", {}, facts.PLACED),
    ("refunded", {"date_paid_gmt": "2026-11-01T09:00:00"}, facts.PAID),
    ("refunded", {"date_completed_gmt": "2026-11-02T09:00:00"}, facts.COMPLETED),
    ("cancelled", {}, facts.CANCELLED),
    ("failed", {}, facts.CANCELLED),
    ("trash", {"date_completed_gmt": "2026-11-02T09:00:00"}, facts.CANCELLED),
    ("dikirim", {"date_paid_gmt": "2026-11-01T09:00:00"}, facts.PAID),  # a status of the shop's own
    ("dikirim", {}, facts.PLACED),
]


@pytest.mark.parametrize(("status", "over", "kind"), STATUSES)
def test_a_status_is_one_of_our_kinds(status, over, kind):
    assert order_of(woo_order(status, **over)).kind == kind


@pytest.mark.parametrize("status", ["checkout-draft", "auto-draft"])
def test_a_draft_is_no_order_yet(status):
    assert read(woo_order(status)).events == ()


def test_completion_is_the_shops_date():
    told = order_of(woo_order("completed", minute=40, date_completed_gmt="2026-11-01T09:30:00"))
    assert told.occurred_at == datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
    assert told.version == int(datetime(2026, 11, 1, 9, 40, tzinfo=UTC).timestamp()) * 1000


@pytest.mark.parametrize("included", [False, True])
def test_the_net_is_the_total_whatever_prices_include(included):
    row = woo_line(subtotal="300000", subtotal_tax="33000", total="270000", total_tax="29700")
    (line,) = order_of(woo_order(prices_include_tax=included, line_items=[row])).lines
    assert (line.net_minor, line.tax_minor, line.gross_minor) == (27_000_000, 2_970_000, 29_970_000)
    assert (line.unit_price_minor, line.discount_minor, line.title) == (16_650_000, 3_330_000, "Kebaya – M")


def test_four_decimals_are_rounded_once_and_half_even():
    def net(total: str) -> int:
        return (
            order_of(woo_order(currency="USD", line_items=[woo_line(subtotal=total, total=total)])).lines[0].net_minor
        )

    assert [net("0.125"), net("0.135"), net("17.647059"), net("10.799999999999999")] == [12, 14, 1765, 1080]


def test_a_price_raised_by_hand_is_no_negative_discount():
    (line,) = order_of(woo_order(line_items=[woo_line(subtotal="100", total="300")])).lines
    assert (line.net_minor, line.discount_minor, line.unit_price_minor) == (30_000, 0, 15_000)


def test_half_a_kilo_is_one_piece_and_a_gift_is_none_the_dearer():
    lines = order_of(
        woo_order(line_items=[woo_line(1, quantity="0.5"), woo_line(2, quantity=0, subtotal="0", total="0")])
    ).lines
    assert [(line.quantity, line.net_minor) for line in lines] == [(1, 30_000_000), (0, 0)]


def test_a_fee_below_zero_is_a_discount_on_all_lines_and_one_above_earns_nothing():
    rows = [woo_line(1, subtotal="200", total="200"), woo_line(2, subtotal="100", total="100")]
    fees = [{"total": "-30.00"}, {"total": "5.00"}]
    reading = read(woo_order(line_items=rows, fee_lines=fees))
    assert [line.net_minor for line in reading.events[0].lines] == [18_000, 9_000]
    assert reading.notes == ("fees_left_out",)


def test_a_partial_refund_keeps_completed():
    state = fold(woo_order("completed", minute=5), woo_order("completed", minute=9, refunds=[REFUND]))
    assert (state.status, state.net_minor) == (OrderStatus.COMPLETED, 27_000_000)


def test_a_refund_counts_once_however_many_snapshots_have_it():
    many = [woo_order("completed", minute=minute, refunds=[REFUND]) for minute in (9, 20, 30)]
    state = fold(*many)
    assert (state.net_minor, len(state.refunds)) == (27_000_000, 1)
    assert state.refunds[0].occurred_at == datetime(2026, 11, 1, 9, 9, tzinfo=UTC)
    assert fold(*reversed(many)).state_hash() == state.state_hash()


def test_a_refund_that_was_deleted_again_takes_nothing():
    told = [woo_order("completed", minute=9, refunds=[REFUND]), woo_order("completed", minute=20)]
    assert fold(*told).net_minor == fold(*reversed(told)).net_minor == 30_000_000


def test_a_refund_takes_the_nets_share_of_what_the_customer_got():
    row = woo_line(subtotal="300000", subtotal_tax="33000", total="300000", total_tax="33000")
    state = fold(woo_order("completed", line_items=[row], refunds=[REFUND | {"total": "-111000.00"}]))
    assert state.net_minor == 20_000_000


def test_a_refund_above_the_order_is_bounded_by_it():
    state = fold(woo_order("completed", refunds=[REFUND | {"total": "-99999999.00"}]))
    assert (state.net_minor, state.refunded_minor) == (0, 30_000_000)


def test_a_sale_that_is_put_on_hold_again_is_not_completed():
    told = [woo_order("completed", minute=5), woo_order("on-hold", minute=9)]
    assert fold(*told).status is fold(*reversed(told)).status is OrderStatus.PLACED


CLICKS = [
    ({"meta_data": [{"key": "_etl", "value": TOKEN}]}, TOKEN),
    ({"meta_data": [{"key": "etl", "value": TOKEN}]}, TOKEN),
    ({"meta_data": [{"key": "_wc_order_attribution_session_entry", "value": f"https://t.test/?etl={TOKEN}"}]}, TOKEN),
    ({"meta_data": [{"key": "_etl", "value": ["x"]}]}, None),
    ({"meta_data": []}, None),
]


@pytest.mark.parametrize(("over", "token"), CLICKS)
def test_the_click_token_comes_back(over, token):
    assert order_of(woo_order(**over)).click_token == token


def test_a_member_is_known_by_id_and_a_guest_by_a_pseudonym_of_the_address():
    member, guest = order_of(woo_order(customer_id=26)), order_of(woo_order())
    same = order_of(woo_order(billing={"email": " SITI@contoh.test"}))
    assert guest.customer_ref == same.customer_ref != member.customer_ref


def test_the_coupon_is_told():
    assert order_of(woo_order(coupon_lines=[{"code": "CLOZ10"}])).coupon == "CLOZ10"


@pytest.mark.parametrize("topic", ["order.deleted", "product.updated", "action.wc_thing", "coupon.created"])
def test_other_topics_are_ignored(topic):
    assert read({"id": 727}, topic).events == ()


def test_the_ping_is_a_ping():
    assert (read(b"webhook_id=5").topic, read(b"webhook_id=5").events) == ("ping", ())
    with pytest.raises(Unreadable):
        read(b"webhook_id=5&x=1")


BROKEN = [
    ({"status": None}, "missing", "status"),
    ({"status": 7}, "wrong_type", "status"),
    ({"currency": "Rp"}, "unknown_currency", "currency"),
    ({"date_modified_gmt": "2026-13-01T00:00:00"}, "not_a_moment", "date_modified_gmt"),
    ({"line_items": [woo_line(total="1.000,00")]}, "not_a_number", "line_items.0.total"),
    ({"line_items": [woo_line(total="-5", subtotal="-5")]}, "negative_amount", "line_items.0.total"),
    ({"line_items": [woo_line(), woo_line()]}, "duplicate_line", "line_items"),
    ({"refunds": [{"id": 1, "total": None}]}, "missing", "refunds.0.total"),
    ({"refunds": [{"total": "-1"}]}, "missing", "refunds.0.id"),
]


@pytest.mark.parametrize(("over", "reason", "field"), BROKEN)
def test_what_is_wrong_is_named(over, reason, field):
    with pytest.raises(Unreadable) as refused:
        read(woo_order(**over))
    assert (refused.value.reason, refused.value.field, refused.value.order_ref) == (reason, field, "727")
