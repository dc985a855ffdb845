"""The lane for deliveries: kept together, each answered for itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

import app as application
from affiliate.core import clock
from affiliate.core.db import db
from affiliate.core.lanes import MEMORY_BYTES, Lanes
from affiliate.merchants.models import SHOP_KINDS
from affiliate.orders import intake, lane
from affiliate.orders.models import Delivery, RefusedRequests
from affiliate.tracking import redirect
from tests.affiliate.orders.shop import headers
from tests.factories import Make

Sent = tuple[str, dict[str, str], bytes]  # path, headers, body


@pytest.fixture
def house(open_shop):
    """The server's application, and a shop with one key."""
    built, merchant, key = open_shop
    own = lane.IntakeLane(built)
    lanes = Lanes(built, redirect.lane(built), threads=4, body_max=application.body_max, body_lane=own)
    yield lanes, merchant, key
    own.stop()


def delivery(merchant: Any, key: Any, name: str, body: bytes = b"{}", **over: str) -> Sent:
    return f"/hooks/v1/{merchant.slug}/standard", headers(key, name, body) | over, body


async def post(lanes: Lanes, sent: Sent) -> tuple[int, Any]:
    """Status and content of the answer."""
    path, given, body = sent
    scope = {
        "type": "http", "http_version": "1.1", "scheme": "http", "method": "POST", "path": path,
        "raw_path": path.encode(), "query_string": b"", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"a"), (b"content-length", b"%d" % len(body))]
        + [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
    }  # fmt: skip
    answers: list[Any] = []
    pieces = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        return pieces.pop() if pieces else await asyncio.get_running_loop().create_future()  # it waits for its answer

    async def send(message: Any) -> None:
        answers.append(message)

    await lanes(scope, receive, send)
    return answers[0]["status"], json.loads(b"".join(answer.get("body", b"") for answer in answers[1:]))


def post_all(lanes: Lanes, *sent: Sent) -> list[tuple[int, Any]]:
    """Answers to deliveries that come in at the same moment, in their order."""

    async def all_at_once() -> list[tuple[int, Any]]:
        return list(await asyncio.gather(*(post(lanes, one) for one in sent)))

    return asyncio.run(all_at_once())


def kept() -> dict[str, tuple[bytes, int]]:
    db.session.rollback()
    rows = db.session.execute(sa.select(Delivery.delivery_id, Delivery.body, Delivery.repeats))
    return {row.delivery_id: (row.body, row.repeats) for row in rows}


@contextmanager
def counted_inserts() -> Iterator[list[str]]:
    """Statements that write deliveries meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("INSERT INTO deliveries"):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_what_waits_while_another_is_kept_is_kept_in_one_go_and_each_gets_its_own_answer(house):
    lanes, merchant, key = house
    with counted_inserts() as inserts:
        answers = post_all(lanes, *(delivery(merchant, key, f"m-{number}", b"%d" % number) for number in range(20)))
    assert {status for status, _content in answers} == {202}
    assert len(inserts) <= 2
    ids = dict(db.session.execute(sa.select(Delivery.id, Delivery.body)).all())
    assert [ids[content["delivery"]] for _status, content in answers] == [b"%d" % number for number in range(20)]
    assert {content["repeat"] for _status, content in answers} == {False}


def test_one_delivery_three_times_at_once_is_one_row_and_two_repeats(house):
    lanes, merchant, key = house
    answers = post_all(lanes, *[delivery(merchant, key, "m-1")] * 3)
    assert sorted(content["repeat"] for _status, content in answers) == [False, True, True]
    assert len({content["delivery"] for _status, content in answers}) == 1
    later = post_all(lanes, *[delivery(merchant, key, "m-1")] * 2, delivery(merchant, key, "m-2"))
    assert [(status, content["repeat"]) for status, content in later] == [(202, True), (202, True), (202, False)]
    assert kept() == {"m-1": (b"{}", 4), "m-2": (b"{}", 0)}


def test_an_id_with_another_body_is_a_conflict_and_its_neighbours_are_kept(house):
    lanes, merchant, key = house
    first = [
        delivery(merchant, key, "m-0"),
        delivery(merchant, key, "m-1", b"one"),
        delivery(merchant, key, "m-1", b"two"),
    ]
    answers = post_all(lanes, *first)
    assert [status for status, _content in answers] == [202, 202, 409]
    again = post_all(lanes, delivery(merchant, key, "m-1", b"three"), delivery(merchant, key, "m-2"))
    assert [status for status, _content in again] == [409, 202]
    assert again[0][1]["code"] == "delivery_id_reused"
    assert kept() == {"m-0": (b"{}", 0), "m-1": (b"one", 0), "m-2": (b"{}", 0)}


def test_what_nobody_signed_is_401_as_ever_and_counted_once(house):
    lanes, merchant, key = house
    forged = delivery(merchant, key, "m-1", **{"webhook-signature": "v1,AAAA"})
    nobody = ("/hooks/v1/nobody/standard", *delivery(merchant, key, "m-2")[1:])
    answers = post_all(lanes, forged, delivery(merchant, key, "m-3"), nobody)
    assert [status for status, _content in answers] == [401, 202, 401]
    assert answers[0][1]["code"] == answers[2][1]["code"] == "bad_signature"
    assert set(kept()) == {"m-3"}
    assert db.session.scalars(sa.select(RefusedRequests.count)).all() == [1]


def test_two_systems_and_two_shops_are_kept_together(house):
    lanes, merchant, key = house
    make = Make(db.session)
    other = make.merchant(slug="toko-lain")
    other_key = make.webhook_key(other)
    db.session.commit()
    answers = post_all(lanes, delivery(merchant, key, "m-1", b"one"), delivery(other, other_key, "m-1", b"two"))
    assert [status for status, _content in answers] == [202, 202]
    rows = db.session.execute(sa.select(Delivery.merchant_id, Delivery.body)).all()
    assert set(rows) == {(merchant.id, b"one"), (other.id, b"two")}


def test_a_body_of_the_most_that_is_taken_is_kept_and_a_larger_one_is_413(house):
    lanes, merchant, key = house
    whole, more = b"x" * intake.BODY_MAX, b"x" * (intake.BODY_MAX + 1)
    answers = post_all(lanes, delivery(merchant, key, "m-1", whole), delivery(merchant, key, "m-2", more))
    assert [status for status, _content in answers] == [202, 413]
    assert set(kept()) == {"m-1"}


@pytest.mark.parametrize(("size", "asked"), [(MEMORY_BYTES, 1), (MEMORY_BYTES + 1, 0)])
def test_bodies_that_lie_in_a_file_are_left_to_the_pages(house, monkeypatch, size, asked):
    lanes, merchant, _key = house
    answer, seen = lane.IntakeLane.answer, []

    async def noted(self, given, body):
        seen.append(len(body))
        return await answer(self, given, body)

    monkeypatch.setattr(lane.IntakeLane, "answer", noted)
    sent = (f"/hooks/v1/{merchant.slug}/shopify", {"x-shopify-hmac-sha256": "AAAA"}, b"x" * size)
    assert [status for status, _content in post_all(lanes, sent)] == [401]
    assert seen == [size] * asked


def test_a_ping_and_an_address_that_is_none_are_answered_by_the_pages(house):
    lanes, merchant, _key = house
    ping = (f"/hooks/v1/{merchant.slug}/woocommerce", {}, b"webhook_id=7")
    strange = (f"/hooks/v1/{merchant.slug}/lain", {}, b"")
    assert [status for status, _content in post_all(lanes, ping, strange)] == [200, 404]


def test_a_database_that_fails_once_costs_nobody_an_answer(house, monkeypatch):
    lanes, merchant, key = house
    keep_all, failures = intake.keep_all, []

    def fail_together(session: Any, deliveries: Any, **named: Any) -> Any:
        if len(deliveries) > 1:
            failures.append(len(deliveries))
            raise OperationalError("INSERT", {}, Exception("the connection was lost"))
        return keep_all(session, deliveries, **named)

    monkeypatch.setattr(intake, "keep_all", fail_together)
    answers = post_all(lanes, *(delivery(merchant, key, f"m-{number}") for number in range(5)))
    assert {status for status, _content in answers} == {202}
    assert failures
    assert len(kept()) == 5


def test_a_revoked_key_signs_no_longer_than_it_is_remembered(house, monkeypatch):
    lanes, merchant, key = house
    assert post_all(lanes, delivery(merchant, key, "m-1"))[0][0] == 202
    key.revoked_at = clock.now()
    db.session.commit()
    passed = lane.time.monotonic() + lane.REMEMBERED_SECONDS
    monkeypatch.setattr(lane.time, "monotonic", lambda: passed)
    assert post_all(lanes, delivery(merchant, key, "m-2"))[0][0] == 401


def test_a_new_key_signs_at_once(house):
    lanes, merchant, key = house
    assert post_all(lanes, delivery(merchant, key, "m-1"))[0][0] == 202
    newer = Make(db.session).webhook_key(merchant)
    db.session.commit()
    assert post_all(lanes, delivery(merchant, newer, "m-2"))[0][0] == 202


@pytest.mark.parametrize("kind", SHOP_KINDS)
def test_each_system_has_the_lane(house, kind):
    lanes, merchant, _key = house
    own = lanes._body_lane
    assert own is not None
    assert own.takes("POST", f"/hooks/v1/{merchant.slug}/{kind}")
    assert not own.takes("GET", f"/hooks/v1/{merchant.slug}/{kind}")
    assert not own.takes("POST", f"/hooks/v1/{merchant.slug}/{kind}/sandbox")
