"""Intake of every shop system over HTTP: what is kept, under which id, what is refused, and what is only counted."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from affiliate.core import clock
from affiliate.core.clock import local_date
from affiliate.merchants.models import WebhookKind
from affiliate.orders import service
from affiliate.orders.models import Delivery, Order, RefusedRequests, Verdict
from affiliate.orders.schemes import SCHEMES
from tests.affiliate.orders import shop as standard
from tests.affiliate.orders.adapters.shops import (
    ID_HEADERS,
    SIGNATURE_HEADERS,
    adobe_order,
    body_of,
    headers,
    send,
    shopify_order,
    woo_order,
)

KINDS = list(SIGNATURE_HEADERS)
ORDERS = {WebhookKind.SHOPIFY: shopify_order, WebhookKind.WOOCOMMERCE: woo_order, WebhookKind.ADOBE: adobe_order}


@pytest.fixture(params=KINDS, ids=lambda kind: kind.value)
def kind(request) -> WebhookKind:
    return request.param


@pytest.fixture
def merchant(make, session):
    row = make.merchant()
    session.commit()
    return row


@pytest.fixture
def key(make, session, merchant, kind):
    row = make.webhook_key(merchant, kind)
    session.commit()
    return row


def deliveries(session) -> list[Delivery]:
    session.expire_all()
    return list(session.execute(sa.select(Delivery).order_by(Delivery.id)).scalars())


def refused(session) -> list[tuple]:
    session.expire_all()
    wanted = sa.select(RefusedRequests.merchant_id, RefusedRequests.kind, RefusedRequests.count, RefusedRequests.cause)
    return [tuple(row) for row in session.execute(wanted.order_by(RefusedRequests.id))]


def work(session) -> None:
    service.work(session, service.claim(session, limit=500, now=clock.now()), now=clock.now())
    session.commit()


def test_a_signed_order_is_kept_raw_with_its_headers_and_read_later(client, session, merchant, key, kind):
    body = body_of(ORDERS[kind]()) + b"\n "
    given = headers(key, body) | {"Authorization": "Bearer secret", "Cookie": "a=b"}
    answer = client.post(f"/hooks/v1/{merchant.slug}/{kind.value}", data=body, headers=given)
    (row,) = deliveries(session)
    assert (answer.status_code, answer.json) == (202, {"delivery": row.id, "repeat": False})
    assert (row.body, row.kind, row.delivery_id) == (body, kind, given[ID_HEADERS[kind]])
    assert set(row.headers) <= set(SCHEMES[kind].kept)
    assert row.headers[SIGNATURE_HEADERS[kind]] == given[SIGNATURE_HEADERS[kind]]
    work(session)
    assert [row.verdict for row in deliveries(session)] == [Verdict.ACCEPTED]
    assert session.execute(sa.select(sa.func.count()).select_from(Order)).scalar_one() == 1


def test_a_repeat_is_answered_202_and_changes_nothing(client, session, merchant, key, kind):
    first = send(client, merchant.slug, key, ORDERS[kind](), delivery="d-1")
    again = send(client, merchant.slug, key, ORDERS[kind](), delivery="d-1")
    assert again.json == {"delivery": first.json["delivery"], "repeat": True}
    assert [row.repeats for row in deliveries(session)] == [1]


def test_the_same_id_with_another_body_is_a_conflict(client, session, merchant, key):
    assert send(client, merchant.slug, key, b"one", delivery="d-1").status_code == 202
    assert send(client, merchant.slug, key, b"two", delivery="d-1").status_code == 409
    assert [row.body for row in deliveries(session)] == [b"one"]


def test_without_an_id_the_same_bytes_are_a_repeat(client, session, merchant, key, kind):
    def post(body: bytes):
        given = headers(key, body)
        del given[ID_HEADERS[kind]]
        return client.post(f"/hooks/v1/{merchant.slug}/{kind.value}", data=body, headers=given).json["repeat"]

    assert [post(b"one"), post(b"one"), post(b"two")] == [False, True, False]
    assert len(deliveries(session)) == 2


def test_the_same_words_in_another_delivery_are_known_already(client, session, merchant, key, kind):
    for _time in range(2):
        send(client, merchant.slug, key, ORDERS[kind]())
    work(session)
    assert [row.verdict for row in deliveries(session)] == [Verdict.ACCEPTED, Verdict.REPEAT]


def test_either_of_two_secrets_may_sign(client, session, make, merchant, key, kind):
    newer = make.webhook_key(merchant, kind)
    session.commit()
    assert send(client, merchant.slug, key, b"one").status_code == 202
    assert send(client, merchant.slug, newer, b"two").status_code == 202


def test_a_forged_request_leaves_no_row_but_is_counted(client, session, make, merchant, key, kind):
    forger = make.webhook_key(make.merchant(), kind)
    session.commit()
    for number in range(3):
        answer = send(client, merchant.slug, forger, f"body {number}".encode())
        assert (answer.status_code, answer.json["code"]) == (401, "bad_signature")
    assert deliveries(session) == []
    assert refused(session) == [(merchant.id, kind, 3, "wrong_secret")]


def test_the_count_is_by_day_and_says_when_the_last_one_came(client, session, merchant, key, kind):
    client.post(f"/hooks/v1/{merchant.slug}/{kind.value}", data=b"x")
    row = session.execute(sa.select(RefusedRequests)).scalar_one()
    assert (row.day, row.cause) == (local_date(clock.now(), "Asia/Jakarta"), "no_signature")
    assert clock.now() - row.last_at < timedelta(minutes=1)
    row.day -= timedelta(days=1)
    session.commit()
    client.post(f"/hooks/v1/{merchant.slug}/{kind.value}", data=b"x")
    assert [counted for _id, _kind, counted, _cause in refused(session)] == [1, 1]


def test_a_revoked_key_signs_no_more_and_the_page_can_say_so(client, session, merchant, key, kind):
    key.revoked_at = clock.now()
    session.commit()
    assert send(client, merchant.slug, key, b"x").status_code == 401
    assert refused(session) == [(merchant.id, kind, 1, "no_key")]


def test_a_stranger_gets_the_same_answer_for_a_shop_that_is_not_there(client, session, merchant, key, kind):
    known, unknown = (send(client, slug, key, b"x", delivery="d") for slug in (merchant.slug, "nobody"))
    wrong = client.post(f"/hooks/v1/{merchant.slug}/{kind.value}", data=b"x")
    assert (known.status_code, unknown.status_code) == (202, 401)
    assert unknown.json["detail"] == wrong.json["detail"]
    assert [row[0] for row in refused(session)] == [merchant.id]


def test_a_key_of_one_kind_does_not_sign_for_another(client, session, make, merchant, key, kind):
    other = next(one for one in KINDS if one is not kind)
    make.webhook_key(merchant, other)
    session.commit()
    answer = client.post(f"/hooks/v1/{merchant.slug}/{other.value}", data=b"x", headers=headers(key, b"x"))
    assert (answer.status_code, deliveries(session)) == (401, [])


def test_two_mib_are_taken_and_one_byte_more_is_413(client, session, merchant, key):
    most = SCHEMES[key.kind].body_max
    assert most == 2 * 1024 * 1024
    assert send(client, merchant.slug, key, b"x" * most).status_code == 202
    assert send(client, merchant.slug, key, b"x" * (most + 1)).status_code == 413
    assert len(deliveries(session)) == 1


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_standard_stamp_that_is_off_is_said(client, session, make, merchant, minutes):
    signer = make.webhook_key(merchant)
    session.commit()
    given = standard.headers(signer, "m", b"x", at=clock.now() + timedelta(minutes=minutes))
    assert client.post(f"/hooks/v1/{merchant.slug}/standard", data=b"x", headers=given).status_code == 401
    assert refused(session) == [(merchant.id, WebhookKind.STANDARD, 1, "stale_stamp")]


def ping(client, slug: str, webhook_id: int = 5):
    return client.post(f"/hooks/v1/{slug}/woocommerce", data={"webhook_id": webhook_id})


def test_woocommerces_ping_is_answered_200_unsigned_and_leaves_one_row_however_often_it_comes(
    client, session, make, merchant
):
    make.webhook_key(merchant, WebhookKind.WOOCOMMERCE)
    session.commit()
    assert {ping(client, merchant.slug, number).status_code for number in (5, 5, 6)} == {200}
    (row,) = deliveries(session)
    assert (row.delivery_id, row.repeats, row.body) == ("ping", 2, b"webhook_id=5")
    work(session)
    (row,) = deliveries(session)
    assert (row.verdict, row.topic) == (Verdict.IGNORED, "ping")
    assert refused(session) == []


def test_a_ping_tells_a_stranger_nothing(client, session, make, merchant):
    known = make.merchant()
    make.webhook_key(known, WebhookKind.WOOCOMMERCE)
    session.commit()
    answers = [ping(client, slug) for slug in (known.slug, merchant.slug, "nobody")]
    assert {(answer.status_code, answer.get_data()) for answer in answers} == {(200, answers[0].get_data())}
    assert [row.merchant_id for row in deliveries(session)] == [known.id]


def test_only_a_ping_is_a_ping(client, session, make, merchant):
    make.webhook_key(merchant, WebhookKind.WOOCOMMERCE)
    session.commit()
    for body in (b"webhook_id=5&a=b", b"webhook_id=x", b'{"id": 1}', b""):
        assert client.post(f"/hooks/v1/{merchant.slug}/woocommerce", data=body).status_code == 401
    assert client.post(f"/hooks/v1/{merchant.slug}/shopify", data=b"webhook_id=5").status_code == 401
    assert deliveries(session) == []


def test_an_order_of_woocommerce_may_come_after_its_ping(client, session, make, merchant):
    signer = make.webhook_key(merchant, WebhookKind.WOOCOMMERCE)
    session.commit()
    ping(client, merchant.slug)
    send(client, merchant.slug, signer, woo_order("completed"))
    work(session)
    assert [row.verdict for row in deliveries(session)] == [Verdict.IGNORED, Verdict.ACCEPTED]
