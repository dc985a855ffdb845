"""Reading a delivery: facts in minor units, or the field and the reason why not; never another exception."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from affiliate.orders import loading, schemas
from affiliate.orders.facts import EventFacts
from affiliate.orders.schemas import Unreadable, decoded, parse_standard
from tests.affiliate.orders.shop import body_of, line, message, refund


def read(content) -> EventFacts:
    told = parse_standard(body_of(content))
    assert isinstance(told, EventFacts)
    return told


def refusal(content) -> tuple[str, str | None]:
    with pytest.raises(Unreadable) as caught:
        parse_standard(body_of(content))
    return caught.value.reason, caught.value.field


def test_the_example_of_the_contract():
    told = read(
        message(
            "order.completed",
            timestamp="2026-11-01T17:00:00+07:00",
            version=3,
            click_token="tok",
            coupon="CLOZ10",
            test=False,
            customer={"ref": "opaque", "is_new": True},
            shipping="20000.00",
        )
    )
    assert (told.kind, told.order_ref, told.version, told.currency) == ("order.completed", "A-1001", 3, "IDR")
    assert told.occurred_at == datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert told.placed_at == datetime(2026, 11, 1, 9, tzinfo=UTC)
    assert (told.click_token, told.coupon, told.is_test, told.customer_is_new) == ("tok", "CLOZ10", False, True)
    assert told.lines is not None
    assert [one.net_minor for one in told.lines] == [27_000_000]
    assert told.shipping_minor == 2_000_000


def test_a_refund_needs_neither_lines_of_the_order_nor_its_moment():
    told = read(refund("R-1", "135000.00", refund_lines=[{"line_id": "1", "quantity": 1, "amount": "135000.00"}]))
    assert told.refund is not None
    assert (told.refund.amount_minor, told.refund.lines[0].amount_minor, told.lines) == (13_500_000, 13_500_000, None)
    bare = read(refund("R-2", None, refund_lines=[{"line_id": "1", "amount": "5"}])).refund
    assert bare is not None
    assert (bare.amount_minor, bare.lines[0].quantity) == (500, 0)


def test_a_cancellation_may_be_bare():
    assert read(message("order.cancelled", lines=None, placed_at=None)).lines is None


def test_numbers_are_taken_as_they_are_written():
    told = read(b'{"type":"order.placed","timestamp":"2026-11-01T09:00:00Z","data":{"order_id":17,"version":"2",'
                b'"currency":"IDR","lines":[{"line_id":1,"quantity":"2","unit_price":0.1,"tax":0.2}]}}')  # fmt: skip
    assert (told.order_ref, told.version) == ("17", 2)
    assert told.lines is not None
    assert (told.lines[0].line_ref, told.lines[0].unit_price_minor, told.lines[0].tax_minor) == ("1", 10, 20)


def test_fields_that_we_do_not_know_are_ignored():
    content = message(loyalty={"points": 5}, lines=[line(colour="red")])
    content["sent_by"] = "shop 4.2"
    assert read(content) == read(message())


def test_long_words_are_cut_and_blank_ones_are_nothing():
    told = read(message(click_token="t" * 300, coupon="  ", lines=[line(title="x\n" * 600, brand=None)]))
    assert told.click_token == "t" * 80
    assert told.coupon is None
    assert told.lines is not None
    assert len(told.lines[0].title or "") == 500
    assert told.lines[0].brand is None


def test_other_types_do_not_concern_us():
    assert parse_standard(b'{"type": "customer.created", "data": 5}') == "customer.created"


BAD = [
    ("negative amount", message(lines=[line(unit_price="-1.00")]), ("negative_amount", "data.lines.0.unit_price")),
    ("negative shipping", message(shipping="-5"), ("negative_amount", "data.shipping")),
    ("negative quantity", message(lines=[line(quantity=-1)]), ("negative_number", "data.lines.0.quantity")),
    ("half a piece", message(lines=[line(quantity="1.5")]), ("not_a_whole_number", "data.lines.0.quantity")),
    ("too many pieces", message(lines=[line(quantity=10**7)]), ("too_large", "data.lines.0.quantity")),
    ("yes as quantity", message(lines=[line(quantity=True)]), ("wrong_type", "data.lines.0.quantity")),
    ("yes as amount", message(lines=[line(tax=True)]), ("wrong_type", "data.lines.0.tax")),
    ("exponent as text", message(lines=[line(unit_price="1e9")]), ("not_a_number", "data.lines.0.unit_price")),
    ("separators", message(lines=[line(unit_price="1.500.000")]), ("not_a_number", "data.lines.0.unit_price")),
    ("NaN as text", message(lines=[line(unit_price="NaN")]), ("not_a_number", "data.lines.0.unit_price")),
    ("third of a cent", message(lines=[line(unit_price="0.001")]), ("too_precise", "data.lines.0.unit_price")),
    ("beyond all money", message(lines=[line(unit_price="9" * 18)]), ("too_large", "data.lines.0.unit_price")),
    (
        "beyond all money in sum",
        message(lines=[line(quantity=10**6, unit_price="9" * 13)]),
        ("too_large", "data.lines"),
    ),
    ("net below zero", message(lines=[line(discount="300000.01")]), ("negative_net", "data.lines.0")),
    ("unknown currency", message(currency="ZZZ"), ("unknown_currency", "data.currency")),
    ("no currency", message(currency=None), ("missing", "data.currency")),
    ("no number", message(order_id=None), ("missing", "data.order_id")),
    ("blank number", message(order_id="  "), ("missing", "data.order_id")),
    ("long number", message(order_id="x" * 121), ("too_long", "data.order_id")),
    ("NUL in number", message(order_id="a\0b"), ("unfit_text", "data.order_id")),
    ("half a character", message(order_id="a\ud800"), ("unfit_text", "data.order_id")),
    ("list as number", message(order_id=[1]), ("wrong_type", "data.order_id")),
    ("no lines", message(lines=None), ("missing", "data.lines")),
    ("empty lines", message(lines=[]), ("wrong_length", "data.lines")),
    ("lines as text", message(lines="x"), ("wrong_type", "data.lines")),
    ("line as text", message(lines=["x"]), ("wrong_type", "data.lines.0")),
    ("a line twice", message(lines=[line(), line()]), ("duplicate_line", "data.lines.1.line_id")),
    ("no zone", message(placed_at="2026-11-01T09:00:00"), ("not_a_moment", "data.placed_at")),
    ("a moment long ago", message(placed_at="0001-01-01T00:00:00+14:00"), ("not_a_moment", "data.placed_at")),
    ("a moment far off", message(timestamp="9999-12-31T23:59:59-14:00"), ("not_a_moment", "timestamp")),
    ("no moment", message(timestamp="yesterday"), ("not_a_moment", "timestamp")),
    ("version below zero", message(version=-1), ("negative_number", "data.version")),
    ("endless version", message(version=10**30), ("not_a_whole_number", "data.version")),
    ("test as text", message(test="no"), ("wrong_type", "data.test")),
    ("no refund", message("order.refunded"), ("missing", "data.refund")),
    ("refund of nothing", refund("R-1", None), ("missing", "data.refund.amount")),
    ("negative refund", refund("R-1", "-1"), ("negative_amount", "data.refund.amount")),
    ("no data", {"type": "order.placed", "timestamp": "2026-11-01T09:00:00Z"}, ("missing", "data")),
    ("no type", {"data": {}}, ("missing", "type")),
    ("type as number", {"type": 5}, ("wrong_type", "type")),
    ("a list", [message()], ("not_an_object", None)),
    ("nothing", b"", ("not_json", None)),
    ("NaN", b'{"type": NaN}', ("not_json", None)),
    ("two of one field", b'{"type": "a", "type": "b"}', ("duplicate_field", None)),
    ("too deep", b"[" * 200_000, ("too_deep", None)),
    ("endless number", b'{"type": ' + b"1" * 5000 + b"}", ("wrong_type", "type")),
    ("not UTF-8", b"\xff\xfe", ("not_utf8", None)),
]


@pytest.mark.parametrize(("content", "expected"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_bad_input_is_named(content, expected):
    assert refusal(content) == expected


def test_an_exponent_is_no_amount_even_as_number():
    body = json.dumps(message()).replace('"150000.00"', "1e5").encode()
    assert refusal(body) == ("not_a_number", "data.lines.0.unit_price")


def test_what_could_be_read_is_kept_for_people():
    with pytest.raises(Unreadable) as caught:
        parse_standard(body_of(message("order.paid", lines=[line(tax="x")])))
    assert (caught.value.order_ref, caught.value.topic) == ("A-1001", "order.paid")


def test_torture_bodies_are_read_or_refused(shared_data):
    for path in sorted((shared_data / "hostile/jsontestsuite").glob("*.json")):
        with pytest.raises(Unreadable):
            parse_standard(path.read_bytes())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "order_id",
    "version",
    "currency",
    "placed_at",
    "click_token",
    "test",
    "customer",
    "lines",
    "shipping",
    "refund",
]


@settings(max_examples=300, deadline=None, print_blob=True)
@given(st.sampled_from(["order.placed", "order.refunded"]), st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4))
def test_any_value_in_any_field_is_read_or_refused(kind, wrong):
    body = json.dumps({"type": kind, "timestamp": "2026-11-01T09:00:00Z", "data": message()["data"] | wrong}).encode()
    try:
        outcome = parse_standard(body)
    except Unreadable as refused:
        outcome = refused
    assert isinstance(outcome, EventFacts) or outcome.reason.replace("_", "").isalpha()


LINE_FIELDS = ["line_id", "sku", "title", "quantity", "unit_price", "discount", "tax", "unknown"]


@settings(max_examples=300, deadline=None, print_blob=True)
@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=1),
    st.dictionaries(st.sampled_from(LINE_FIELDS), JSON, max_size=1),
    st.dictionaries(st.sampled_from(["ref", "is_new", "more"]), JSON, max_size=1) | st.none(),
)
def test_the_quick_reading_gives_what_the_schema_gives_or_leaves_it_to_it(wrong, in_line, customer):
    data = message()["data"]
    data |= {"customer": customer, "lines": [data["lines"][0] | in_line, *data["lines"][1:]]} | wrong
    told = decoded(json.dumps({"type": "order.placed", "timestamp": "2026-11-01T09:00:00Z", "data": data}).encode())
    try:
        expected = schemas._SCHEMA.load(told)
    except ValidationError:
        expected = None
    try:
        found = loading.directly(schemas._SCHEMA, told)
    except (loading.Odd, ValidationError):
        found = None
    event("read" if found else "left")
    assert found == expected
