"""The checklist as a table of cases: what turns a step green, red with a reason, or leaves it open."""

from __future__ import annotations

import pytest

from affiliate.certification.models import Reply
from affiliate.certification.rules import demanded, is_passed, not_demanded
from affiliate.certification.steps import Excuse, State, Step, Why
from affiliate.merchants.models import WebhookKind
from affiliate.orders.models import Verdict
from tests.affiliate.certification.practice import judged, passed, rows, told
from tests.affiliate.orders import shop
from tests.affiliate.orders.adapters import shops

LATER = "2026-11-01T10:00:00Z"
PLACED, PAID = shop.message(), shop.message("order.paid", version=2)
COMPLETED = shop.message("order.completed", version=3, timestamp=LATER)
BY_LINE = shop.refund(refund_lines=[{"line_id": "1", "quantity": 1, "amount": "135000.00"}])
BY_AMOUNT = shop.refund(amount="50000.00")
ALL = shop.refund(amount="270000.00")
CANCELLED = shop.message("order.cancelled", version=4, lines=None)
YEN = shop.message(currency="JPY", lines=[shop.line(unit_price="2900", discount="0", tax="0")])
HALF_YEN = shop.message(currency="JPY", lines=[shop.line(unit_price="2900.50", discount="0", tax="0")])
SMALL = shop.message(lines=[shop.line(unit_price="15.00", discount="0")])
LARGE = shop.message(lines=[shop.line(unit_price="15000000000.00")])
SAME_AGE = [shop.message("order.paid", version=0), shop.message("order.completed", version=0)]
REPEATED = Reply.REPEAT


@pytest.mark.parametrize(
    ("contents", "step"),
    [
        ([PLACED], Step.PLACED),
        ([PAID], Step.PAID),
        ([COMPLETED], Step.COMPLETED),
        ([COMPLETED, BY_LINE], Step.PART_BY_LINE),
        ([COMPLETED, BY_AMOUNT], Step.PART_BY_AMOUNT),
        ([COMPLETED, ALL], Step.FULL_REFUND),
        ([PLACED, CANCELLED], Step.CANCEL),
        ([CANCELLED, PLACED], Step.CANCEL),
        ([PLACED, Reply.REFUSED], Step.WRONG_SIGNATURE),
        ([COMPLETED, PLACED], Step.LATE_ORDER),
        ([BY_AMOUNT, PLACED], Step.EARLY_REFUND),
        ([PLACED], Step.IDR),
        ([YEN], Step.ZERO_DECIMAL),
        ([SMALL, shop.message(order_id="A-2")], Step.IDR),  # one that is right shows it
    ],
)
def test_a_step_is_passed_by_what_shows_it(contents, step):
    assert judged(rows(*contents))[step].state is State.PASSED


def test_the_same_delivery_twice_passes_by_its_reply():
    twice = rows(PLACED, PLACED)
    twice[1].reply = Reply.REPEAT
    assert judged(twice)[Step.REPEAT].state is State.PASSED
    assert told(twice).verdicts == {1: Verdict.ACCEPTED, 2: Verdict.REPEAT}


@pytest.mark.parametrize(
    ("contents", "step", "why", "code", "field"),
    [
        ([Reply.REFUSED], Step.PLACED, Why.SIGNATURE, "wrong_secret", None),
        ([b"[]"], Step.PLACED, Why.UNREADABLE, "not_an_object", None),
        ([shop.message(currency="XXX")], Step.PLACED, Why.UNREADABLE, "unknown_currency", "data.currency"),
        ([shop.message("order.paid", lines=None)], Step.PAID, Why.UNREADABLE, "missing", "data.lines"),
        ([HALF_YEN], Step.ZERO_DECIMAL, Why.UNREADABLE, "too_precise", "data.lines.0.unit_price"),
        ([shop.message(lines=[shop.line(unit_price="1.005")])], Step.IDR, Why.UNREADABLE, "too_precise",
         "data.lines.0.unit_price"),
        ([SMALL], Step.IDR, Why.TOO_SMALL, None, "A-1001"),
        ([LARGE], Step.IDR, Why.TOO_LARGE, None, "A-1001"),
        ([COMPLETED, shop.refund(refund_lines=[{"line_id": "9", "amount": "1.00"}])], Step.PART_BY_LINE,
         Why.UNKNOWN_LINE, None, "9"),
        ([COMPLETED, shop.refund(refund_lines=[{"line_id": "1", "amount": "0.00"}])], Step.PART_BY_LINE,
         Why.TOOK_NOTHING, None, "A-1001"),
        ([COMPLETED, shop.refund(amount="0.00")], Step.PART_BY_AMOUNT, Why.TOOK_NOTHING, None, "A-1001"),
        ([BY_AMOUNT], Step.EARLY_REFUND, Why.NO_ORDER, None, "A-1001"),
        ([CANCELLED, shop.message("order.updated", version=5)], Step.CANCEL, Why.OPENED_AGAIN, None, "A-1001"),
        ([PLACED, Reply.REUSED], Step.REPEAT, Why.ID_REUSED, None, None),
        (SAME_AGE, Step.LATE_ORDER, Why.NO_VERSION, None, "A-1001"),
    ],
)  # fmt: skip
def test_a_step_fails_with_the_reason(contents, step, why, code, field):
    found = judged(rows(*contents))[step]
    assert (found.state, found.why, found.code, found.field) == (State.FAILED, why, code, field)
    assert found.request in range(1, len(contents) + 1)


@pytest.mark.parametrize(
    ("contents", "step"),
    [
        ([PLACED], Step.PAID),
        ([PLACED, PAID, COMPLETED], Step.LATE_ORDER),
        ([COMPLETED, ALL], Step.PART_BY_AMOUNT),  # all of it is no part
        ([PLACED, Reply.REFUSED], Step.REPEAT),
        ([YEN], Step.IDR),
        ([PLACED], Step.ZERO_DECIMAL),
        ([COMPLETED, BY_LINE], Step.EARLY_REFUND),
    ],
)
def test_what_does_not_show_a_step_leaves_it_open(contents, step):
    assert judged(rows(*contents))[step].state is State.MISSING


def test_nothing_received_leaves_every_step_open():
    assert {one.state for one in judged([]).values()} == {State.MISSING}


def test_the_catalogue_knows_better_than_a_rule_of_thumb():
    """A sticker for Rp90 is no mistake when the catalogue says so; a hundredth or hundredfold of its price is."""
    sticker = rows(shop.message(lines=[shop.line(unit_price="90.00", discount="0")]))
    assert judged(sticker)[Step.IDR].why is Why.TOO_SMALL
    assert judged(sticker, prices={"Z-77": 9_500})[Step.IDR].state is State.PASSED
    assert judged(rows(PLACED), prices={"Z-77": 15_000_000 * 100})[Step.IDR].why is Why.TOO_SMALL
    assert judged(rows(PLACED), prices={"Z-77": 150_000})[Step.IDR].why is Why.TOO_LARGE


def test_a_topic_that_promises_more_than_its_order_is_said():
    order = shops.shopify_order(financial_status="pending", fulfillment_status="fulfilled")
    found = judged(rows(order, kind=WebhookKind.SHOPIFY, topics=["orders/fulfilled"]))[Step.COMPLETED]
    assert (found.state, found.why) == (State.FAILED, Why.NOT_SO_FAR)


def test_what_a_shop_system_cannot_produce_is_not_demanded():
    shopify, woo = WebhookKind.SHOPIFY, WebhookKind.WOOCOMMERCE
    assert not_demanded(WebhookKind.STANDARD, "IDR") == {}
    assert not_demanded(shopify, "IDR") == {Step.ZERO_DECIMAL: Excuse.ONE_CURRENCY}
    assert not_demanded(shopify, "JPY") == {Step.IDR: Excuse.ONE_CURRENCY}
    assert set(not_demanded(shopify, "USD")) == {Step.IDR, Step.ZERO_DECIMAL}
    assert not_demanded(woo, "IDR")[Step.PART_BY_LINE] is Excuse.SUMS_ONLY
    assert not_demanded(WebhookKind.ADOBE, "IDR")[Step.EARLY_REFUND] is Excuse.INSIDE
    results = list(judged(rows(shops.woo_order(), kind=woo, topics=["order.updated"])).values())
    assert len(demanded(results)) == len(Step) - 3
    assert not is_passed(results)


def test_what_was_not_kept_is_not_read():
    """A refused request may say anything: its content counts for nothing."""
    recorded = rows(PLACED, COMPLETED)
    for row in recorded:
        row.reply = Reply.REFUSED
    assert passed(judged(recorded).values()) == {Step.WRONG_SIGNATURE}
    assert told(recorded).orders == {}


def test_another_currency_is_said_at_the_earlier_request_too():
    refund = shop.refund(currency="USD", amount="5.00")
    verdicts = told(rows(refund, PLACED)).verdicts
    assert verdicts == {1: Verdict.UNREADABLE, 2: Verdict.ACCEPTED}
