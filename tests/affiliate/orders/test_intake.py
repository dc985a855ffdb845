"""Intake: a signature over the raw bytes, one row, one answer."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from affiliate.core import clock
from affiliate.core.db import db
from affiliate.merchants.models import WebhookKind
from affiliate.orders import api, intake
from affiliate.orders.models import Delivery, DeliveryStatus
from affiliate.orders.schemes import SCHEMES
from tests.affiliate.orders.shop import body_of, headers, message, send


@pytest.fixture
def shop(make, session):
    merchant = make.merchant()
    key = make.webhook_key(merchant)
    session.commit()
    return merchant, key


def rows(session) -> int:
    return session.execute(sa.select(sa.func.count()).select_from(Delivery)).scalar_one()


def test_a_signed_delivery_is_kept_raw_and_answered_202(client, session, shop):
    merchant, key = shop
    body = b'{"anything": [1,  2]}\n'
    answer = send(client, merchant.slug, key, "msg_1", body)
    row = session.execute(sa.select(Delivery)).scalar_one()
    assert (answer.status_code, answer.json) == (202, {"delivery": row.id, "repeat": False})
    assert (row.body, row.status, row.verdict, row.merchant_id) == (body, DeliveryStatus.RECEIVED, None, merchant.id)
    assert row.headers["webhook-id"] == "msg_1"
    assert "authorization" not in {name.lower() for name in row.headers}


def test_a_repeat_is_answered_202_and_counted(client, session, shop):
    merchant, key = shop
    first = send(client, merchant.slug, key, "msg_1", message())
    again = send(client, merchant.slug, key, "msg_1", message())
    assert (again.status_code, again.json) == (202, {"delivery": first.json["delivery"], "repeat": True})
    assert session.execute(sa.select(Delivery.repeats)).scalars().all() == [1]


def test_the_same_id_with_another_body_is_a_conflict_and_changes_nothing(client, session, shop):
    merchant, key = shop
    send(client, merchant.slug, key, "msg_1", b"one")
    answer = send(client, merchant.slug, key, "msg_1", b"two")
    assert (answer.status_code, answer.json["code"]) == (409, "delivery_id_reused")
    assert session.execute(sa.select(Delivery.body, Delivery.repeats)).all() == [(b"one", 0)]


def test_two_merchants_may_use_the_same_id(client, session, make, shop):
    other = make.merchant()
    other_key = make.webhook_key(other)
    session.commit()
    assert send(client, shop[0].slug, shop[1], "msg_1", b"one").status_code == 202
    assert send(client, other.slug, other_key, "msg_1", b"two").status_code == 202
    assert rows(session) == 2


def _without(name):
    return lambda given: {key: value for key, value in given.items() if key != name}


def _with(**changed):
    return lambda given: given | {key.replace("_", "-"): value for key, value in changed.items()}


BROKEN = {
    "no signature": _without("webhook-signature"),
    "no id": _without("webhook-id"),
    "no stamp": _without("webhook-timestamp"),
    "empty signature": _with(webhook_signature="v1,"),
    "no version": lambda given: given | {"webhook-signature": given["webhook-signature"].removeprefix("v1,")},
    "another version": lambda given: given | {"webhook-signature": "v2" + given["webhook-signature"][2:]},
    "cut signature": lambda given: given | {"webhook-signature": given["webhook-signature"][:-2]},
    "another id": _with(webhook_id="msg_2"),
    "another stamp": lambda given: given | {"webhook-timestamp": str(int(given["webhook-timestamp"]) + 1)},
    "a stamp of letters": _with(webhook_timestamp="now"),
    "a negative stamp": _with(webhook_timestamp="-5"),
    "an endless stamp": _with(webhook_timestamp="9" * 400),
    "signature of nobody": _with(webhook_signature="v1,AAAA"),
    "letters beyond ASCII": _with(webhook_signature="v1,é"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_signature_is_401_and_leaves_no_row(client, session, shop, broken):
    merchant, key = shop
    given = BROKEN[broken](headers(key, "msg_1", b"body"))
    answer = client.post(f"/hooks/v1/{merchant.slug}/standard", data=b"body", headers=given)
    assert (answer.status_code, answer.json["code"]) == (401, "bad_signature")
    assert rows(session) == 0


@pytest.mark.parametrize("minutes", [-6, 6, -600])
def test_a_stamp_outside_five_minutes_is_401(client, session, shop, minutes):
    merchant, key = shop
    given = headers(key, "msg_1", b"body", at=clock.now() + timedelta(minutes=minutes))
    assert client.post(f"/hooks/v1/{merchant.slug}/standard", data=b"body", headers=given).status_code == 401
    assert rows(session) == 0


def test_a_changed_byte_is_401(client, session, shop):
    merchant, key = shop
    given = headers(key, "msg_1", b'{"a":1}')
    answer = client.post(f"/hooks/v1/{merchant.slug}/standard", data=b'{"a": 1}', headers=given)
    assert (answer.status_code, rows(session)) == (401, 0)


def test_foreign_revoked_and_unknown_are_all_the_same_401(client, session, make, shop):
    merchant, key = shop
    stranger = make.webhook_key(make.merchant())
    shopify = make.webhook_key(merchant, WebhookKind.SHOPIFY)
    key.revoked_at = clock.now()
    session.commit()
    answers = [
        send(client, merchant.slug, stranger, "msg_1", b"x"),
        send(client, merchant.slug, shopify, "msg_1", b"x"),
        send(client, merchant.slug, key, "msg_1", b"x"),
        send(client, "nobody", key, "msg_1", b"x"),
    ]
    assert {(answer.status_code, answer.json["detail"]) for answer in answers} == {(401, answers[0].json["detail"])}
    assert rows(session) == 0


def test_either_of_two_live_keys_may_sign(client, session, make, shop):
    merchant, key = shop
    newer = make.webhook_key(merchant)
    session.commit()
    assert send(client, merchant.slug, key, "msg_1", b"x").status_code == 202
    assert send(client, merchant.slug, newer, "msg_2", b"x").status_code == 202


def test_a_body_of_256_kib_is_taken_and_one_byte_more_is_413(client, session, shop):
    merchant, key = shop
    assert send(client, merchant.slug, key, "msg_1", b"x" * intake.BODY_MAX).status_code == 202
    answer = send(client, merchant.slug, key, "msg_2", b"x" * (intake.BODY_MAX + 1))
    assert (answer.status_code, answer.json["code"], rows(session)) == (413, "too_large", 1)


def test_an_id_longer_than_we_keep_is_refused(client, session, shop):
    merchant, key = shop
    assert send(client, merchant.slug, key, "m" * 200, b"x").status_code == 202
    assert send(client, merchant.slug, key, "m" * 201, b"x").status_code == 401


def test_a_kind_that_we_do_not_know_is_not_there(client, shop):
    merchant, key = shop
    answer = client.post(f"/hooks/v1/{merchant.slug}/unknown", data=b"x", headers=headers(key, "msg_1", b"x"))
    assert answer.status_code == 404


def test_without_a_database_the_shop_is_asked_to_try_again(app, client, shop):
    merchant, key = shop
    connection = db.engines[None]
    broken = sa.create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    db.engines[None] = broken
    try:
        answer = send(client, merchant.slug, key, "msg_1", b"x")
    finally:
        db.engines[None] = connection
        broken.dispose()
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")


def test_published_vectors_are_judged_as_published(shared_data):
    vectors = json.loads((shared_data / "webhooks/signature_vectors.json").read_text())["standard_webhooks"]
    for vector in vectors:
        now = datetime.fromtimestamp(vector["now"], UTC)
        try:
            intake.check_signature([vector["secret"]], vector["headers"], vector["body"].encode(), now=now)
            judged = True
        except intake.BadSignature:
            judged = False
        assert judged == vector["valid"], vector
    assert {vector["valid"] for vector in vectors} == {True, False}


def test_torture_bodies_are_kept_byte_by_byte(client, session, shop, shared_data):
    merchant, key = shop
    bodies = {path.name: path.read_bytes() for path in (shared_data / "hostile/jsontestsuite").glob("*.json")}
    for name, body in bodies.items():
        assert send(client, merchant.slug, key, name, body).status_code == 202, name
    kept = dict(session.execute(sa.select(Delivery.delivery_id, Delivery.body)).all())
    assert kept == bodies


def test_eight_at_once_leave_one_row_and_seven_repeats(open_shop):
    built, merchant, key = open_shop
    slug, body = merchant.slug, body_of(message())
    given = headers(key, "msg_1", body)

    def deliver(_number: int):
        return built.test_client().post(f"/hooks/v1/{slug}/standard", data=body, headers=given)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(deliver, range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert sorted(answer.json["repeat"] for answer in answers) == [False] + [True] * 7
    assert len({answer.json["delivery"] for answer in answers}) == 1
    assert db.session.execute(sa.select(Delivery.repeats)).scalars().all() == [7]


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/hooks/v1/toko/standard", SCHEMES[WebhookKind.STANDARD].body_max),
        ("/hooks/v1/toko/shopify", SCHEMES[WebhookKind.SHOPIFY].body_max),
        ("/hooks/v1/toko/adobe/more", SCHEMES[WebhookKind.ADOBE].body_max),
        ("/hooks/v1/toko/lain", 0),
        ("/hooks/v1/toko", 0),
        ("/hooks/v1/", 0),
        ("/portal/toko", None),
        ("/hooks/v2/toko/standard", None),
    ],
)
def test_what_no_shop_system_sends_is_not_even_read(path, most):
    assert api.body_max(path) == most
