"""The sandbox's address: what it records, what it answers, where it stops, and that nothing gets out of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

import app as application
from affiliate.certification import samples, service
from affiliate.certification.models import Certification, Reply, SandboxDelivery
from affiliate.certification.steps import Step
from affiliate.commissions.models import CommissionEvent
from affiliate.conversions.models import Conversion
from affiliate.core import clock, work
from affiliate.core.signing import standard_signature
from affiliate.identity.audit import DEEDS
from affiliate.identity.models import AuditEntry
from affiliate.merchants.models import SHOP_KINDS, WebhookKind
from affiliate.orders.models import Delivery, Order, RefusedRequests
from affiliate.orders.schemes import SCHEMES
from payouts.ledger.models import LedgerEntry
from tests.affiliate.certification.practice import send, send_all
from tests.affiliate.orders import shop
from tests.conftest import all_tables
from tests.flows.books import violations

KINDS = list(SHOP_KINDS)
OWN = {"sandbox_deliveries", "certifications", "audit_entries"}


def count(session, model) -> int:
    return session.execute(sa.select(sa.func.count()).select_from(model)).scalar_one()


def counts(session) -> dict[str, int]:
    session.expire_all()
    return {table.name: count(session, table) for table in all_tables() if table.name not in OWN}


def settled(session) -> dict[str, int]:
    """The counts after the background work has made the rows that it keeps for itself."""
    work.run_once(application.STEPS)
    return counts(session)


def recorded(session) -> list[SandboxDelivery]:
    session.expire_all()
    return list(session.execute(sa.select(SandboxDelivery).order_by(SandboxDelivery.id)).scalars())


def first(kind: WebhookKind, key: Any, step: Step = Step.PLACED) -> samples.Sample:
    return samples.samples(kind, key.created_at)[step][0]


@pytest.mark.parametrize("kind", KINDS)
def test_all_samples_give_the_badge_once_and_reach_nothing_else(client, session, store, keys, kind):
    before = settled(session)
    answers = send_all(client, store.slug, keys[kind])
    assert set(answers) == {202, 401}
    assert answers.count(401) == 1
    work.run_once(application.STEPS)
    assert counts(session) == before
    badge = session.execute(sa.select(Certification)).scalar_one()
    assert (badge.merchant_id, badge.kind, badge.own_orders) == (store.id, kind, 0)
    assert "merchant.certified" in set(session.execute(sa.select(AuditEntry.action)).scalars())
    assert {"merchant.certified", "sandbox.opened", "sandbox.cleared", "sandbox.secret_given"} <= DEEDS.keys()
    send_all(client, store.slug, keys[kind])
    assert count(session, Certification) == 1
    assert violations(session) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_the_control_the_same_delivery_with_the_real_key_at_the_real_address_is_an_order(
    client, session, make, store, keys, kind
):
    real = make.webhook_key(store, kind)
    session.commit()
    sample = first(kind, keys[kind], Step.COMPLETED)
    before = settled(session)
    assert send(client, store.slug, keys[kind], sample).status_code == 202
    work.run_once(application.STEPS)
    assert counts(session) == before
    assert send(client, store.slug, keys[kind], sample, real=real.secret).status_code == 202
    work.run_once(application.STEPS)
    after = counts(session)
    grown = {name for name, number in after.items() if number != before[name]}
    assert {"deliveries", "orders", "order_events", "order_lines", "conversions"} <= grown


@pytest.mark.parametrize("kind", KINDS)
def test_neither_secret_opens_the_other_address(client, session, make, store, keys, kind):
    real = make.webhook_key(store, kind)
    session.commit()
    sample = first(kind, keys[kind])
    assert send(client, store.slug, keys[kind], sample, real=keys[kind].secret).status_code == 401
    real_headers = samples.headers(kind, sample, real.secret, clock.now())
    answer = client.post(f"/hooks/v1/{store.slug}/{kind.value}/sandbox", data=sample.body, headers=real_headers)
    assert answer.status_code == 401
    assert [(row.reply, row.cause) for row in recorded(session)] == [(Reply.REFUSED, "real_key")]
    assert (count(session, Delivery), count(session, Order), count(session, Conversion)) == (0, 0, 0)
    assert (count(session, CommissionEvent), count(session, LedgerEntry)) == (0, 0)


def test_a_sandbox_order_with_a_real_click_earns_nothing_either(client, session, make, store, keys):
    """As hostile as it gets: completed, no test, with a coupon of a community that is in the programme."""
    community = make.community()
    make.enrollment(make.programme(store, name="Lebaran"), community)
    make.coupon(store, community, "SAYANG10")
    session.commit()
    before = settled(session)
    body = json.dumps(shop.message("order.completed", coupon="SAYANG10", test=False)).encode()
    now = clock.now()
    signature = standard_signature(keys[WebhookKind.STANDARD].secret, "m-1", now, body)
    given = {"webhook-id": "m-1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    assert client.post(f"/hooks/v1/{store.slug}/standard/sandbox", data=body, headers=given).status_code == 202
    work.run_once(application.STEPS)
    assert counts(session) == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_repeat_is_said_and_a_reused_id_is_refused(client, session, store, keys, kind):
    key, sample = keys[kind], first(kind, keys[kind])
    assert send(client, store.slug, key, sample).json["repeat"] is False
    assert send(client, store.slug, key, sample).json["repeat"] is True
    changed = samples.Sample(sample.step, sample.topic, sample.delivery_id, sample.body + b" ", True)
    answer = send(client, store.slug, key, changed)
    assert (answer.status_code, answer.json["code"]) == (409, "delivery_id_reused")
    assert [row.reply for row in recorded(session)] == [Reply.KEPT, Reply.REPEAT, Reply.REUSED]


def test_a_stranger_learns_nothing_and_leaves_nothing(client, session, make, store, keys):
    other = make.merchant()
    session.commit()
    answers = set()
    for slug in (store.slug, other.slug, "tidak-ada"):
        answer = client.post(f"/hooks/v1/{slug}/standard/sandbox", data=b"{}")
        answers.add((answer.status_code, answer.json["code"], answer.json.get("detail", "")))
    assert len(answers) == 1
    assert [row.merchant_id for row in recorded(session)] == [store.id]
    assert client.post(f"/hooks/v1/{store.slug}/lainnya/sandbox", data=b"{}").status_code == 404
    assert client.get(f"/hooks/v1/{store.slug}/standard/sandbox").status_code == 405
    assert count(session, RefusedRequests) == 0, "the real address counts its own"


def test_the_ping_of_woocommerce_is_answered_and_not_kept(client, session, store, keys):
    answer = client.post(f"/hooks/v1/{store.slug}/woocommerce/sandbox", data=b"webhook_id=7")
    assert (answer.status_code, answer.json) == (200, {"ping": True})
    assert recorded(session) == []


def test_what_says_who_somebody_is_is_not_kept(client, session, store, keys):
    given = {"Authorization": "Bearer geheim", "Cookie": "a=b", "X-Forwarded-For": "203.0.113.9", "X-Toko": "ada"}
    client.post(f"/hooks/v1/{store.slug}/standard/sandbox", data=b"{}", headers=given)
    (row,) = recorded(session)
    assert row.headers["x-toko"] == "ada"
    assert "geheim" not in str(row.headers)
    assert not {"authorization", "cookie", "x-forwarded-for"} & row.headers.keys()


def test_headers_are_bounded(client, session, store, keys):
    given = {f"x-{number}": "p" * 2000 for number in range(60)} | {"webhook-id": "m-1"}
    client.post(f"/hooks/v1/{store.slug}/standard/sandbox", data=b"{}", headers=given)
    (row,) = recorded(session)
    assert len(row.headers) == service.HEADERS_MAX
    assert row.headers["webhook-id"] == "m-1"
    assert max(len(value) for value in row.headers.values()) == service.HEADER_CHARS


def test_refused_requests_are_bounded_and_keep_nobody_out(client, session, store, keys, monkeypatch):
    monkeypatch.setattr(service, "REFUSED_DAY_MAX", 3)
    for _try in range(5):
        answer = client.post(f"/hooks/v1/{store.slug}/shopify/sandbox", data=b"x" * 100_000)
        assert answer.status_code == 401
    rows = recorded(session)
    assert len(rows) == 3
    assert {(len(row.body), row.body_bytes) for row in rows} == {(service.REFUSED_BYTES, 100_000)}
    assert (
        send(
            client, store.slug, keys[WebhookKind.SHOPIFY], first(WebhookKind.SHOPIFY, keys[WebhookKind.SHOPIFY])
        ).status_code
        == 202
    )


def test_of_many_refused_requests_the_oldest_make_room(client, session, store, keys, monkeypatch):
    monkeypatch.setattr(service, "REFUSED_MAX", 3)
    for number in range(5):
        client.post(f"/hooks/v1/{store.slug}/shopify/sandbox", data=b"%d" % number)
    client.post(f"/hooks/v1/{store.slug}/adobe/sandbox", data=b"a")
    assert [row.body for row in recorded(session)] == [b"2", b"3", b"4", b"a"]


@pytest.mark.parametrize("name", ["KEPT_MAX", "KEPT_DAY_MAX", "KEPT_BYTES_MAX"])
def test_kept_requests_are_bounded_and_the_sender_is_told(client, session, store, keys, monkeypatch, name):
    kind = WebhookKind.STANDARD
    parts = [
        one for step in samples.samples(kind, keys[kind].created_at).values() for one in step if one.is_signed_well
    ]
    monkeypatch.setattr(service, name, 2 if name != "KEPT_BYTES_MAX" else sum(len(one.body) for one in parts[:2]))
    assert [send(client, store.slug, keys[kind], one).status_code for one in parts[:2]] == [202, 202]
    answer = send(client, store.slug, keys[kind], parts[2])
    assert (answer.status_code, answer.json["code"]) == (429, "sandbox_full")
    assert len(recorded(session)) == 2


def test_yesterday_counts_for_the_whole_but_not_for_the_day(client, session, store, keys, monkeypatch):
    monkeypatch.setattr(service, "KEPT_DAY_MAX", 1)
    kind = WebhookKind.ADOBE
    assert send(client, store.slug, keys[kind], first(kind, keys[kind])).status_code == 202
    session.execute(sa.update(SandboxDelivery).values(received_at=clock.now() - timedelta(days=2)))
    session.commit()
    assert send(client, store.slug, keys[kind], first(kind, keys[kind], Step.PAID)).status_code == 202
    assert send(client, store.slug, keys[kind], first(kind, keys[kind], Step.IDR)).status_code == 429


def signed(kind: WebhookKind, secret: str, body: bytes, name: str) -> dict[str, str]:
    sample = samples.Sample(Step.PLACED, "orders/paid" if kind is WebhookKind.SHOPIFY else "", name, body, True)
    return samples.headers(kind, sample, secret, clock.now())


HOSTILE = [
    b"", b"\0", b"{}", b"[]", b"null", b"NaN", b"[" * 200_000, b'{"a":' * 50_000, b"\xff\xfe{}", b'{"id": 1, "id": 2}',
    b'{"data": "x", "type": "order.placed"}', b'{"data": [], "currency": 5}',
    b'{"currency": "\\ud800", "id": "\\u0000"}',
    b'{"id": "\\u0000", "line_items": [{"id": "\\ud800"}]}',
    b'{"type": "order.placed", "data": {"currency": "IDR\\u0000"}}',
    b"9" * 5000, b'{"id": ' + b"9" * 5000 + b"}", "{\"id\": \"\u202e\"}".encode(),
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_bodies_are_shown_and_break_nothing(client, session, store, keys, staff, kind):
    """Signed well and not at all: never a 5xx, neither at the address nor on the pages."""
    place = f"/hooks/v1/{store.slug}/{kind.value}/sandbox"
    for number, body in enumerate(HOSTILE):
        headers = signed(kind, keys[kind].secret, body, f"h-{number}")
        assert client.post(place, data=body, headers=headers).status_code in {202, 401}, body[:50]
        assert client.post(place, data=body, headers={"webhook-signature": "v1,\xe9"}).status_code == 401
    home = f"/merchant/{store.slug}/certification"
    assert client.get(f"{home}?kind={kind.value}").status_code == 200
    for row in recorded(session):
        assert client.get(f"{home}/requests/{row.id}").status_code == 200, row.body[:50]


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_of_five_megabytes_is_refused_before_it_is_read(client, session, store, keys, kind):
    body = b" " * (5 * 1024 * 1024)
    headers = signed(kind, keys[kind].secret, body, "gross")
    assert client.post(f"/hooks/v1/{store.slug}/{kind.value}/sandbox", data=body, headers=headers).status_code == 413
    assert recorded(session) == []
    largest = b" " * SCHEMES[kind].body_max
    headers = signed(kind, keys[kind].secret, largest, "gerade noch")
    assert client.post(f"/hooks/v1/{store.slug}/{kind.value}/sandbox", data=largest, headers=headers).status_code == 202


def test_a_shops_own_secret_is_taken_beside_ours_and_signs_no_sample(client, session, store, keys):
    kind, own = WebhookKind.SHOPIFY, "0b" * 32
    key = service.open_sandbox(session, store, kind, shop_secret=own, actor=service.system("test"), now=clock.now())
    session.commit()
    assert (key.secret, key.shop_secret) == (keys[kind].secret, own)
    sample = first(kind, key)
    mac = base64.b64encode(hmac.new(own.encode(), sample.body, hashlib.sha256).digest()).decode()
    given = samples.headers(kind, sample, key.secret, clock.now())
    assert given["x-shopify-hmac-sha256"] != mac
    given |= {"x-shopify-hmac-sha256": mac, "x-shopify-webhook-id": "dari-toko"}
    assert client.post(f"/hooks/v1/{store.slug}/shopify/sandbox", data=sample.body, headers=given).status_code == 202


def test_the_badge_says_whether_the_shops_own_orders_were_among_them(client, session, store, keys):
    kind = WebhookKind.STANDARD
    body = json.dumps(shop.message(order_id="TOKO-9", timestamp=clock.rfc3339(clock.now()))).encode()
    assert (
        client.post(
            f"/hooks/v1/{store.slug}/standard/sandbox",
            data=body,
            headers=signed(kind, keys[kind].secret, body, "toko-9"),
        ).status_code
        == 202
    )
    send_all(client, store.slug, keys[kind])
    assert session.execute(sa.select(Certification.own_orders)).scalar_one() == 1


def test_a_badge_only_grows(session, client, store, keys, engine_name):
    send_all(client, store.slug, keys[WebhookKind.STANDARD])
    for statement in (sa.delete(Certification), sa.update(Certification).values(own_orders=9)):
        with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
            session.execute(statement)
