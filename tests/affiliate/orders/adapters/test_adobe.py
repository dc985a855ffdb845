"""Adobe Commerce's orders: parents and children once, base money, discounts with tax inside, refunds that grow."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from affiliate.merchants.models import WebhookKind
from affiliate.orders import facts, rules
from affiliate.orders.facts import Event, EventFacts
from affiliate.orders.models import OrderStatus
from affiliate.orders.schemas import Unreadable
from tests.affiliate.orders.adapters import shops
from tests.affiliate.orders.adapters.shops import TOKEN, adobe_item, adobe_order

NOW = datetime(2026, 11, 5, tzinfo=UTC)


def read(content, topic: str | None = None):
    return shops.read(WebhookKind.ADOBE, content, topic)


def order_of(content) -> EventFacts:
    return read(content).events[0]


def fold(*contents) -> rules.OrderState:
    told = [event for content in contents for event in read(content).events]
    state = rules.fold(Event(one.digest(), NOW, 1, one) for one in told)
    assert state is not None
    return state


STATES = [
    ("new", facts.PLACED), ("pending_payment", facts.PLACED), ("payment_review", facts.PLACED),
    ("holded", facts.PLACED), ("processing", facts.PAID), ("complete", facts.COMPLETED),
    ("canceled", facts.CANCELLED), ("closed", facts.UPDATED), ("own_state", facts.UPDATED),
]  # fmt: skip


@pytest.mark.parametrize(("state", "kind"), STATES)
def test_a_state_is_one_of_our_kinds(state, kind):
    assert order_of(adobe_order(state)).kind == kind


def test_the_version_is_in_utc():
    told = order_of(adobe_order(minute=5))
    assert told.version == int(datetime(2026, 11, 1, 9, 5, tzinfo=UTC).timestamp()) * 1000


def test_a_configurable_is_one_line_with_the_parents_price_and_the_childs_sku():
    items = [
        adobe_item("543", product_type="configurable", sku="kebaya"),
        adobe_item("544", parent_item_id="543", sku="kebaya-m", base_row_total="300000.0000"),
    ]
    told = order_of(adobe_order(items=items))
    assert [(line.line_ref, line.sku, line.net_minor) for line in told.lines] == [("543", "kebaya-m", 30_000_000)]


def test_a_bundle_is_its_priced_children_or_itself():
    def items(child_price: str):
        price = {"row_total": child_price, "base_row_total": child_price}
        children = [adobe_item(str(n), parent_item_id=700, sku=f"part-{n}", **price) for n in (701, 702)]
        return [adobe_item("700", product_type="bundle", sku="set"), *children]

    priced, fixed = (order_of(adobe_order(items=items(price))).lines for price in ("150000.0000", "0.0000"))
    assert [(line.sku, line.net_minor) for line in priced] == [("part-701", 15_000_000), ("part-702", 15_000_000)]
    assert [(line.sku, line.net_minor) for line in fixed] == [("set", 30_000_000)]


def test_money_is_the_base_currencys():
    told = order_of(adobe_order(order_currency_code="USD", items=[adobe_item(row_total="19.20")]))
    assert (told.currency, told.lines[0].net_minor, told.shipping_minor) == ("IDR", 30_000_000, 2_000_000)


def test_without_a_base_currency_the_orders_own_counts():
    told = order_of(
        adobe_order(base_currency_code=None, order_currency_code="USD", items=[adobe_item(row_total="19.20")])
    )
    assert (told.currency, told.lines[0].net_minor) == ("USD", 1920)


def test_a_discount_on_prices_with_tax_gives_its_tax_back():
    """270.27 without tax, 300.00 with; 30.00 off with tax: 243.24 without tax stay, 26.76 are tax."""
    item = adobe_item(
        base_row_total="270.2700", base_discount_amount="30.0000", base_tax_amount="26.7600",
        base_discount_tax_compensation_amount="2.9700",
    )  # fmt: skip
    (line,) = order_of(adobe_order(items=[item])).lines
    assert (line.net_minor, line.tax_minor, line.gross_minor) == (24_324, 2_676, 27_000)
    older = {name: value for name, value in item.items() if "compensation" not in name} | {
        "base_hidden_tax_amount": "2.97"
    }
    assert order_of(adobe_order(items=[older])).lines[0].net_minor == 24_324


def test_refunds_grow_and_the_newest_telling_counts():
    part = adobe_item(qty_refunded="1.0000", base_amount_refunded="150000.0000")
    whole = adobe_item(qty_refunded="2.0000", base_amount_refunded="300000.0000")
    told = [
        adobe_order("complete", minute=5),
        adobe_order("complete", minute=10, items=[part]),
        adobe_order("closed", minute=20, items=[whole]),
    ]
    assert [fold(*told[:count]).net_minor for count in (1, 2, 3)] == [30_000_000, 15_000_000, 0]
    state = fold(*reversed(told))
    assert (state.status, state.net_minor, len(state.refunds)) == (OrderStatus.COMPLETED, 0, 1)


def test_a_refund_by_amount_is_spread_and_refunded_shipping_is_not_taken():
    told = adobe_order("complete", base_adjustment_positive="60000.0000", base_shipping_refunded="20000.0000")
    assert fold(told).net_minor == 24_000_000


def test_pieces_that_were_cancelled_are_not_sold():
    state = fold(adobe_order("complete", items=[adobe_item(qty_canceled="1.0000")]))
    assert (state.net_minor, state.lines[0].refunded_quantity) == (15_000_000, 1)


def test_a_cancelled_order_is_cancelled():
    assert fold(adobe_order("processing", minute=1), adobe_order("canceled", minute=2)).status is OrderStatus.CANCELLED


@pytest.mark.parametrize(
    "over", [{"extension_attributes": {"etl": TOKEN}}, {"extension_attributes": {}, "etl": TOKEN}, {"_etl": TOKEN}]
)
def test_the_click_token_comes_back(over):
    assert order_of(adobe_order(**over)).click_token == TOKEN


@pytest.mark.parametrize("topic", ["sales_order_creditmemo_save_after", "catalog_product_save_after"])
def test_other_topics_are_ignored(topic):
    assert read(b"nothing", topic).events == ()


BROKEN = [
    ({"state": None}, "missing", "state"),
    ({"base_currency_code": "xyz"}, "unknown_currency", "base_currency_code"),
    ({"updated_at": "2026-11-01"}, "not_a_moment", "updated_at"),
    ({"items": [adobe_item(base_row_total=None)]}, "missing", "items.0.base_row_total"),
    ({"items": [adobe_item(base_discount_amount="900000")]}, "negative_net", "items.0"),
    ({"items": [adobe_item(), adobe_item()]}, "duplicate_line", "items"),
    ({"items": [adobe_item(item_id=None)]}, "missing", "items.0.item_id"),
]


@pytest.mark.parametrize(("over", "reason", "field"), BROKEN)
def test_what_is_wrong_is_named(over, reason, field):
    with pytest.raises(Unreadable) as refused:
        read(adobe_order(**over))
    assert (refused.value.reason, refused.value.field, refused.value.order_ref) == (reason, field, "100000201")
