"""Shopify's orders and refunds: tax, discounts, two moneys, gift cards, and every way back."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from affiliate.merchants.models import WebhookKind
from affiliate.orders import facts, rules
from affiliate.orders.adapters.reading import Shop
from affiliate.orders.facts import Event, EventFacts
from affiliate.orders.models import OrderStatus
from affiliate.orders.schemas import Unreadable
from tests.affiliate.orders.adapters import shops
from tests.affiliate.orders.adapters.shops import TOKEN, both, shopify_line, shopify_order, shopify_refund

NOW = datetime(2026, 11, 5, tzinfo=UTC)


def read(content, topic: str | None = None, **more: str):
    return shops.read(WebhookKind.SHOPIFY, content, topic, **more)


def order_of(content, topic: str | None = None, **more: str) -> EventFacts:
    return read(content, topic, **more).events[0]


def fold(*contents) -> rules.OrderState:
    """The order after these: an order by its fields, a refund by its order_id."""
    topics = ["refunds/create" if "order_id" in content else None for content in contents]
    told = [event for content, topic in zip(contents, topics, strict=True) for event in read(content, topic).events]
    state = rules.fold(Event(one.digest(), NOW, 1, one) for one in told)
    assert state is not None
    return state


def test_ids_of_64_bits_survive():
    told = order_of(shopify_order())
    assert (told.order_ref, told.lines[0].line_ref) == ("9007199254740995", "9007199254740993")
    assert read(shopify_refund(), "refunds/create").events[0].refund.refund_ref == "890088186047892319"


def test_the_version_is_the_moment_of_the_last_change():
    told = order_of(shopify_order(minute=7))
    assert told.version == int(datetime(2026, 11, 1, 9, 7, tzinfo=UTC).timestamp()) * 1000
    assert told.placed_at == datetime(2026, 11, 1, 9, tzinfo=UTC)


KINDS = [
    ("pending", None, facts.PLACED),
    ("authorized", "fulfilled", facts.PLACED),  # paid on delivery
    ("partially_paid", "fulfilled", facts.PLACED),
    ("voided", None, facts.PLACED),
    ("paid", None, facts.PAID),
    ("paid", "partial", facts.PAID),
    ("paid", "fulfilled", facts.COMPLETED),
    ("partially_refunded", "fulfilled", facts.COMPLETED),
    ("refunded", "fulfilled", facts.COMPLETED),
    ("refunded", "restocked", facts.PAID),
]


@pytest.mark.parametrize(("financial", "fulfillment", "kind"), KINDS)
def test_completed_is_fulfilled_and_paid(financial, fulfillment, kind):
    told = shopify_order(financial_status=financial, fulfillment_status=fulfillment)
    assert order_of(told).kind == kind
    cancelled = order_of(told | {"cancelled_at": "2026-11-02T00:00:00Z"})
    assert (cancelled.kind, cancelled.occurred_at) == (facts.CANCELLED, datetime(2026, 11, 2, tzinfo=UTC))


def test_the_topic_does_not_decide_what_the_order_says():
    assert order_of(shopify_order(), "orders/paid").kind == facts.PLACED


def test_tax_inside_the_price_is_taken_out():
    row = shopify_line(tax_lines=[{"price": "29729.73", "price_set": both("29729.73")}])
    (line,) = order_of(shopify_order(taxes_included=True, line_items=[row])).lines
    assert (line.unit_price_minor, line.tax_minor, line.net_minor) == (15_000_000, 2_972_973, 27_027_027)
    assert line.gross_minor == 30_000_000


def test_tax_on_top_is_in_the_total_and_not_in_the_net():
    row = shopify_line(tax_lines=[{"price": "33000.00"}])
    (line,) = order_of(shopify_order(line_items=[row])).lines
    assert (line.unit_price_minor, line.tax_minor, line.net_minor) == (16_650_000, 3_300_000, 30_000_000)


def test_discounts_are_what_is_allocated_to_the_line():
    row = shopify_line(
        total_discount="99999.00",  # says nothing of discounts on the whole cart
        discount_allocations=[{"amount": "10000.00"}, {"amount": "x", "amount_set": both("5000.00")}],
    )
    assert order_of(shopify_order(line_items=[row])).lines[0].net_minor == 28_500_000


def test_money_is_the_shops_not_the_customers():
    row = shopify_line(
        price="150000.00",
        price_set=both("150000.00", "9.60", currencies=("IDR", "USD")),
        tax_lines=[{"price": "0.00", "price_set": both("0.00", "0.00", currencies=("IDR", "USD"))}],
    )
    told = order_of(shopify_order(presentment_currency="USD", line_items=[row]))
    assert (told.currency, told.lines[0].net_minor) == ("IDR", 30_000_000)


def test_a_shop_money_in_another_currency_than_the_order_is_refused():
    row = shopify_line(price_set=both("9.60", "150000.00", currencies=("USD", "IDR")))
    with pytest.raises(Unreadable) as refused:
        read(shopify_order(line_items=[row]))
    assert (refused.value.reason, refused.value.field) == (
        "currency_mismatch",
        "line_items.0.price_set.shop_money.currency_code",
    )


def test_a_gift_card_that_is_sold_earns_nothing_and_is_said():
    reading = read(shopify_order(line_items=[shopify_line(1, gift_card=True), shopify_line(2)]))
    assert [line.line_ref for line in reading.events[0].lines] == ["2"]
    assert reading.notes == ("gift_card_left_out",)
    refund = shopify_refund(refund_line_items=[{"line_item_id": 1, "quantity": 2, "subtotal": "300000"}])
    assert (
        fold(shopify_order(line_items=[shopify_line(1, gift_card=True), shopify_line(2)]), refund).net_minor
        == 30_000_000
    )


@pytest.mark.parametrize(("over", "more"), [({"test": True}, {}), ({}, {"x-shopify-test": "true"})])
def test_tests_are_tests(over, more):
    assert order_of(shopify_order(**over), **more).is_test is True
    assert order_of(shopify_order()).is_test is False


def test_shipping_is_after_its_discounts_and_with_its_tax():
    row = {"price": "20000.00", "discount_allocations": [{"amount": "5000"}], "tax_lines": [{"price": "1650"}]}
    assert order_of(shopify_order(shipping_lines=[row])).shipping_minor == 1_665_000
    assert order_of(shopify_order(shipping_lines=[row], taxes_included=True)).shipping_minor == 1_500_000


CLICKS = [
    ({"note_attributes": [{"name": "etl", "value": TOKEN}]}, TOKEN),
    ({"note_attributes": [{"name": "_etl", "value": TOKEN}]}, TOKEN),
    ({"note_attributes": [{"name": "click_token", "value": TOKEN}]}, TOKEN),
    ({"note_attributes": [{"name": "colour", "value": "green"}], "landing_site": f"/p?x=1&etl={TOKEN}"}, TOKEN),
    ({"note_attributes": [], "landing_site": f"https://toko.test/p?etl={TOKEN}#a"}, TOKEN),
    ({"note_attributes": [], "line_items": [shopify_line(properties=[{"name": "etl", "value": TOKEN}])]}, TOKEN),
    ({"note_attributes": [{"name": "etl", "value": "x" * 81}]}, None),
    ({"note_attributes": [{"name": "etl", "value": {"deep": 1}}], "landing_site": None}, None),
    ({"note_attributes": [{"name": ["etl"], "value": TOKEN}] * 0, "landing_site": "https://[broken?etl=x"}, None),
]


@pytest.mark.parametrize(("over", "token"), CLICKS)
def test_the_click_token_comes_back(over, token):
    assert order_of(shopify_order(**over)).click_token == token


def test_the_customer_is_a_pseudonym_of_ours_and_no_address():
    told = order_of(shopify_order())
    again = order_of(shopify_order(minute=5, email="other@contoh.test"))
    assert told.customer_ref == again.customer_ref
    assert len(told.customer_ref) == 32
    assert "siti" not in json.dumps(told.content())
    guest = order_of(shopify_order(customer=None))
    assert guest.customer_ref not in {None, told.customer_ref}
    another, given = Shop(2, "etl", b"k" * 32), {"x-shopify-topic": "orders/updated"}
    elsewhere = shops.adapters.read(WebhookKind.SHOPIFY, shops.body_of(shopify_order()), given, another)
    assert elsewhere.events[0].customer_ref != told.customer_ref


@pytest.mark.parametrize(("count", "is_new"), [(0, True), (1, True), (2, False), (None, None), ("x", None)])
def test_a_new_customer_is_told_only_as_the_order_is_placed(count, is_new):
    told = shopify_order(customer={"id": 1, "orders_count": count})
    assert order_of(told, "orders/create").customer_is_new is is_new
    assert order_of(told, "orders/updated").customer_is_new is None


def test_a_refund_by_pieces_takes_their_share_of_the_net():
    row = shopify_line(quantity=3, price="100.00", discount_allocations=[{"amount": "0.01"}])
    state = fold(shopify_order(line_items=[row], financial_status="paid"), _pieces(1))
    assert (state.net_minor, state.lines[0].refunded_quantity) == (29_999 - 9_999, 1)
    assert fold(shopify_order(line_items=[row]), _pieces(1), _pieces(2, refund_id=2)).net_minor == 0


def _pieces(count: int, *, refund_id: int = 1):
    part = {"line_item_id": 9007199254740993, "quantity": count, "subtotal_set": both("1.00"), "subtotal": 1.0}
    return shopify_refund(refund_id, refund_line_items=[part])


def test_a_refund_by_pieces_is_without_tax_in_either_kind_of_shop():
    row = shopify_line(tax_lines=[{"price": "29729.73"}])
    assert (
        fold(shopify_order(taxes_included=True, line_items=[row]), shopify_refund()).net_minor
        == 27_027_027 - 13_513_513
    )
    assert fold(shopify_order(line_items=[row]), shopify_refund()).net_minor == 15_000_000


def test_a_refund_by_amount_is_spread_and_takes_the_nets_share_of_it():
    """111,000 of 333,000 paid with tax went back: a third of the net of 300,000."""
    row = shopify_line(tax_lines=[{"price": "33000.00"}])
    told = shopify_refund(
        refund_line_items=[],
        order_adjustments=[{"kind": "refund_discrepancy", "amount": "-111000.00", "amount_set": both("-111000.00")}],
    )
    assert fold(shopify_order(line_items=[row]), told).net_minor == 20_000_000


def test_a_refund_by_transaction_only_is_spread_too():
    paid = {"kind": "refund", "status": "success", "amount": "60000.00", "currency": "IDR"}
    failed = paid | {"status": "failure"}
    told = shopify_refund(refund_line_items=[], transactions=[paid, failed])
    assert fold(shopify_order(), told).net_minor == 24_000_000


SHIPPING = [
    {"order_adjustments": [{"kind": "shipping_refund", "amount": "-20000.00", "tax_amount": "0.00"}]},
    {"refund_shipping_lines": [{"subtotal_amount_set": both("20000.00")}]},
]


@pytest.mark.parametrize("told", SHIPPING)
def test_refunded_shipping_is_not_taken_from_the_lines(told):
    paid = {"kind": "refund", "status": "success", "amount": "20000.00", "currency": "IDR"}
    state = fold(shopify_order(), shopify_refund(refund_line_items=[], transactions=[paid], **told))
    assert (state.net_minor, state.refunds[0].refund.amount_minor) == (30_000_000, 0)


def test_what_the_shop_keeps_of_a_return_earns_nothing():
    kept = [{"kind": "refund_discrepancy", "amount": "50000.00"}]
    assert fold(shopify_order(), shopify_refund(order_adjustments=kept)).net_minor == 15_000_000


def test_more_than_the_pieces_were_worth_is_spread_beside_them():
    more = [{"kind": "refund_discrepancy", "amount": "-50000.00"}]
    assert fold(shopify_order(), shopify_refund(order_adjustments=more)).net_minor == 10_000_000


def test_a_refund_inside_the_order_and_by_itself_counts_once():
    told = shopify_refund()
    inside = shopify_order(
        minute=9, refunds=[told], financial_status="partially_refunded", fulfillment_status="fulfilled"
    )
    state = fold(shopify_order(), inside, told)
    assert (state.net_minor, len(state.refunds), state.status) == (15_000_000, 1, OrderStatus.COMPLETED)
    assert fold(told, inside).state_hash() == fold(inside, told, told).state_hash()


def test_refunds_inside_a_cancelled_order_count_by_their_id():
    told = shopify_refund(refund_line_items=[{"line_item_id": 9007199254740993, "quantity": 2, "subtotal": "300000"}])
    cancelled = shopify_order(minute=9, cancelled_at="2026-11-01T09:09:00Z", refunds=[told])
    state = fold(shopify_order(), cancelled, told)
    assert (state.status, state.net_minor, len(state.refunds)) == (OrderStatus.CANCELLED, 0, 1)


def test_a_refund_newer_than_the_newest_order_counts():
    assert fold(shopify_order(minute=30), shopify_refund()).net_minor == 15_000_000


def test_a_refund_paid_in_the_customers_currency_is_refused_where_only_the_payment_tells_its_size():
    paid = {"kind": "refund", "status": "success", "amount": "9.60", "currency": "USD"}
    with pytest.raises(Unreadable) as refused:
        read(shopify_refund(refund_line_items=[], transactions=[paid]), "refunds/create")
    assert (refused.value.reason, refused.value.field) == ("currency_mismatch", "transactions.0.currency")
    assert fold(shopify_order(), shopify_refund(transactions=[paid])).net_minor == 15_000_000  # pieces need no money


def test_a_fulfilment_that_is_taken_back_takes_the_completion_back():
    done = shopify_order(minute=10, financial_status="paid", fulfillment_status="fulfilled")
    undone = shopify_order(minute=20, financial_status="paid", fulfillment_status=None)
    again = shopify_order(minute=30, financial_status="paid", fulfillment_status="fulfilled")
    assert fold(done, undone).status is OrderStatus.PAID
    assert fold(done, undone).completed_at is None
    assert fold(undone, again, done).completed_at == datetime(2026, 11, 1, 9, 30, tzinfo=UTC)


def test_completion_is_the_first_time_it_was_told_since():
    done = [shopify_order(minute=n, financial_status="paid", fulfillment_status="fulfilled") for n in (10, 20, 30)]
    assert fold(*reversed(done)).completed_at == datetime(2026, 11, 1, 9, 10, tzinfo=UTC)


BROKEN = [
    ({"id": None}, "missing", "id"),
    ({"id": 1.5}, "wrong_type", "id"),
    ({"currency": "XXX"}, "unknown_currency", "currency"),
    ({"currency": None}, "missing", "currency"),
    ({"updated_at": "yesterday"}, "not_a_moment", "updated_at"),
    ({"created_at": None}, "missing", "created_at"),
    ({"line_items": {}}, "wrong_type", "line_items"),
    ({"line_items": [1]}, "wrong_type", "line_items.0"),
    ({"line_items": [shopify_line(price="1e5")]}, "not_a_number", "line_items.0.price"),
    ({"line_items": [shopify_line(price="-1")]}, "negative_amount", "line_items.0.price"),
    ({"line_items": [shopify_line(price=None)]}, "missing", "line_items.0.price"),
    ({"line_items": [shopify_line(quantity=-1)]}, "negative_number", "line_items.0.quantity"),
    ({"line_items": [shopify_line(quantity=10**9)]}, "too_large", "line_items.0.quantity"),
    ({"line_items": [shopify_line(), shopify_line()]}, "duplicate_line", "line_items"),
    ({"line_items": [shopify_line(price="9" * 18)]}, "too_large", "line_items.0.price"),
    ({"line_items": [shopify_line(price="90071992547409", quantity=9)]}, "too_large", "line_items"),
    ({"line_items": [shopify_line(discount_allocations=[{"amount": "900000"}])]}, "negative_net", "line_items.0"),
    ({"financial_status": 5}, "wrong_type", "financial_status"),
    ({"refunds": [shopify_refund(created_at=None)]}, "missing", "refunds.0.created_at"),
]


@pytest.mark.parametrize(("over", "reason", "field"), BROKEN)
def test_what_is_wrong_is_named(over, reason, field):
    with pytest.raises(Unreadable) as refused:
        read(shopify_order(**over))
    assert (refused.value.reason, refused.value.field, refused.value.topic) == (reason, field, "orders/updated")
    if field != "id":
        assert refused.value.order_ref == "9007199254740995"


def test_a_topic_that_is_not_about_orders_is_not_even_parsed():
    assert read(b"\xff not json", "products/update").events == ()
    assert read(b"[]", "x" * 500 + "\n").topic == "x" * 80


def test_without_a_topic_an_order_is_an_order():
    assert read(shopify_order(), "").topic == "orders/updated"
