"""Bad input, signed as it should be: never a 5xx, nothing booked that is not an order, a reason for each."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from affiliate.core import clock
from affiliate.merchants.models import WebhookKind
from affiliate.orders import service
from affiliate.orders.models import Delivery, DeliveryStatus, Order, OrderEvent, Verdict
from affiliate.orders.schemas import Unreadable
from tests.affiliate.orders import shop as standard
from tests.affiliate.orders.adapters import shops

ORDERS = {
    WebhookKind.STANDARD: lambda: standard.message("order.completed", click_token="x", coupon="y"),
    WebhookKind.SHOPIFY: lambda: shops.shopify_order(refunds=[shops.shopify_refund()], discount_codes=[{"code": "X"}]),
    WebhookKind.WOOCOMMERCE: lambda: shops.woo_order(
        "completed", refunds=[{"id": 1, "total": "-5"}], coupon_lines=[{"code": "X"}], fee_lines=[{"total": "-1"}]
    ),
    WebhookKind.ADOBE: lambda: shops.adobe_order("complete", items=[shops.adobe_item(qty_refunded="1.0000")]),
}
KINDS = list(ORDERS)
SHOP_KINDS = KINDS[1:]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.value)
def post(request, client, session, make):
    """Posts bytes as a shop of this kind would, with valid signatures; works them at the end."""
    kind, merchant = request.param, make.merchant()
    key = make.webhook_key(merchant, kind)
    session.commit()
    count = iter(range(10**6))

    def posted(body: bytes) -> int:
        if kind is WebhookKind.STANDARD:
            return standard.send(client, merchant.slug, key, f"msg-{next(count)}", body).status_code
        return shops.send(client, merchant.slug, key, body).status_code

    posted.kind = kind
    return posted


def work(session) -> None:
    while ids := service.claim(session, limit=200, now=clock.now()):
        service.work(session, ids, now=clock.now())
        session.commit()
    others = sa.select(Delivery.status).where(Delivery.reason.is_distinct_from("currency_mismatch"))
    assert set(session.execute(others).scalars()) <= {DeliveryStatus.WORKED}


def count(session, kind) -> int:
    return session.execute(sa.select(sa.func.count()).select_from(kind)).scalar_one()


def test_torture_json_books_nothing(session, post, shared_data):
    """142 files: half of them no JSON, none of them an order."""
    files = sorted((shared_data / "hostile/jsontestsuite").glob("*.json"))
    assert {post(path.read_bytes()) for path in files} == {202}
    work(session)
    assert (count(session, Order), count(session, OrderEvent)) == (0, 0)
    verdicts = session.execute(sa.select(Delivery.verdict, Delivery.reason)).all()
    assert {verdict for verdict, _reason in verdicts} == {Verdict.UNREADABLE}
    assert all(reason for _verdict, reason in verdicts)


def strings(shared_data) -> list[str]:
    return json.loads((shared_data / "hostile/blns.json").read_text(encoding="utf-8"))


def test_naughty_strings_as_bodies_book_nothing(session, post, shared_data):
    naughty = strings(shared_data)
    bodies = [(shared_data / "hostile/blns.json").read_bytes()]
    bodies += [text.encode("utf-8", errors="replace") for text in naughty[::10]]
    bodies += [json.dumps(text).encode() for text in naughty[5::10]]
    assert {post(body) for body in bodies} == {202}
    work(session)
    assert count(session, Order) == 0


def test_naughty_strings_as_numbers_titles_and_coupons_are_stored_or_refused(session, post, shared_data):
    """In the fields that people fill in. Each is an order or has a reason; both engines can store what is read."""
    for place, text in enumerate(strings(shared_data)[::3]):
        assert post(naughty(post.kind, text, place)) == 202
    work(session)
    rows = session.execute(sa.select(Delivery.verdict, Delivery.reason, Delivery.order_ref)).all()
    assert {row.verdict for row in rows} <= {Verdict.ACCEPTED, Verdict.UNREADABLE}
    assert sum(row.verdict is Verdict.ACCEPTED for row in rows) == count(session, Order) > 100
    assert all(row.reason for row in rows if row.verdict is Verdict.UNREADABLE)


def naughty(kind: WebhookKind, text: str, place: int) -> bytes:
    order = ORDERS[kind]()
    if kind is WebhookKind.STANDARD:
        line = standard.line(sku=text, title=text, category=text, brand=text)
        order["data"] |= {"order_id": f"{place} {text}"[:120], "coupon": text, "click_token": text, "lines": [line]}
    elif kind is WebhookKind.SHOPIFY:
        line = shops.shopify_line(sku=text, title=text, vendor=text, properties=[{"name": text, "value": text}])
        order |= {
            "id": f"{place} {text}"[:120], "discount_codes": [{"code": text}], "landing_site": text,
            "note_attributes": [{"name": "etl", "value": text}], "email": text, "customer": {"id": text},
            "line_items": [line],
        }  # fmt: skip
    elif kind is WebhookKind.WOOCOMMERCE:
        order |= {
            "id": f"{place} {text}"[:120], "coupon_lines": [{"code": text}], "billing": {"email": text},
            "meta_data": [{"key": "etl", "value": text}], "line_items": [shops.woo_line(sku=text, name=text)],
        }  # fmt: skip
    else:
        order |= {
            "increment_id": f"{place} {text}"[:120], "coupon_code": text, "customer_email": text,
            "extension_attributes": {"etl": text}, "items": [shops.adobe_item(sku=text, name=text)],
        }  # fmt: skip
    return json.dumps(order).encode()


WEIRD = [
    None, True, False, [], {}, [[]], [{}], {"a": {}}, "", " ", "\0", "\ud800", "-1", -1, 0, 1, 10**30, -(10**30), "1e9",
    "NaN", "Infinity", "0x1F", "1,5", "१२", "9" * 500, "0." + "9" * 40, "9999999999999999.99", "2026-11-01T09:00:00Z",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "IDR", "idr", "completed", "x" * 10_000,
]  # fmt: skip


def places(content: Any, path: tuple = ()) -> Iterator[tuple]:
    """The path of every value, objects and lists too."""
    if path:
        yield path
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for name, value in items:
        yield from places(value, (*path, name))


@pytest.mark.parametrize("kind", SHOP_KINDS)
def test_any_value_in_any_place_is_read_or_refused_by_name(kind):
    tried, unnamed = 0, []
    for path in places(ORDERS[kind]()):
        for value in WEIRD:
            content = copy.deepcopy(ORDERS[kind]())
            inner = content
            for name in path[:-1]:
                inner = inner[name]
            inner[path[-1]] = value
            tried += 1
            try:
                for event in shops.read(kind, json.dumps(content).encode()).events:
                    assert len(event.digest()) == 64
                    assert all(line.net_minor >= 0 for line in event.lines or ())
            except Unreadable as refused:
                unnamed += [] if refused.reason and len(refused.field or "") <= 200 else [path]
    assert (tried > 900, unnamed) == (True, [])


@pytest.mark.parametrize("kind", SHOP_KINDS)
@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"id":' * 50_000, b'{"a":1,"a":2}', b"\xef\xbb\xbf[]", b"null", b"{}"]
)
def test_deep_doubled_and_empty_bodies_are_refused(kind, body):
    with pytest.raises(Unreadable) as refused:
        shops.read(kind, body)
    assert refused.value.reason in {"too_deep", "not_json", "duplicate_field", "not_an_object", "missing"}


@pytest.mark.parametrize("kind", SHOP_KINDS)
def test_a_refund_in_another_currency_than_its_order_is_parked_with_the_reason(client, session, make, kind):
    merchant = make.merchant()
    key = make.webhook_key(merchant, kind)
    session.commit()
    field = {"base_currency_code": "USD"} if kind is WebhookKind.ADOBE else {"currency": "USD"}
    build = {
        WebhookKind.SHOPIFY: shops.shopify_order,
        WebhookKind.WOOCOMMERCE: shops.woo_order,
        WebhookKind.ADOBE: shops.adobe_order,
    }[kind]
    shops.send(client, merchant.slug, key, build(minute=1))
    shops.send(client, merchant.slug, key, build(minute=2) | field)
    if kind is WebhookKind.SHOPIFY:
        part = {
            "line_item_id": 9007199254740993,
            "quantity": 1,
            "subtotal_set": shops.both("1", currencies=("USD", "USD")),
        }
        shops.send(client, merchant.slug, key, shops.shopify_refund(refund_line_items=[part]), topic="refunds/create")
    work(session)
    rows = session.execute(
        sa.select(Delivery.status, Delivery.verdict, Delivery.reason, Delivery.reason_field).order_by(Delivery.id)
    ).all()
    parked = (DeliveryStatus.PARKED, Verdict.UNREADABLE, "currency_mismatch", "currency")
    assert {tuple(row) for row in rows[1:]} == {parked}
    order = session.execute(sa.select(Order)).scalar_one()
    assert (order.currency, order.net_minor) == ("IDR", 30_000_000)
