"""Many rows in one statement: the same rows on both engines, whatever the columns hold."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DataError, IntegrityError, StatementError

from affiliate.core import bulk
from affiliate.core.db import is_postgres
from affiliate.core.signing import sha256_hex
from affiliate.merchants.models import WebhookKind
from affiliate.orders.models import Delivery, DeliveryStatus, Verdict

AT = datetime(2026, 11, 1, 9, 0, 0, 123456, tzinfo=UTC)
KEY = ("merchant_id", "kind", "delivery_id")
BYTES = b"\x00\xff\\x41\n\t{}"


@pytest.fixture
def row(make, session):
    merchant = make.merchant()
    session.flush()

    def make_row(name: str, **over):
        return {
            "merchant_id": merchant.id,
            "kind": WebhookKind.STANDARD,
            "delivery_id": name,
            "headers": {"user-agent": "Toko \u2028 \\ \" ' é", "n": [1, None, True]},
            "body": BYTES,
            "body_sha256": sha256_hex(BYTES),
            "received_at": AT,
            "next_try_at": AT,
            "reason": None,
        } | over

    return make_row


def all_rows(session):
    return session.execute(sa.select(Delivery).order_by(Delivery.delivery_id)).scalars().all()


@pytest.mark.parametrize("write", [bulk.insert, lambda *given: bulk.insert_new(*given, key=KEY)])
def test_every_kind_of_value_comes_back_as_it_went(session, row, write):
    given = [
        row(f"m-{number}") | {"topic": "", "repeats": 0, "attempts": 0, "status": DeliveryStatus.RECEIVED}
        for number in range(3)
    ]
    write(session, Delivery, given)
    for found, wanted in zip(all_rows(session), given, strict=True):
        assert {name: getattr(found, name) for name in wanted} == wanted


def test_insert_gives_columns_that_are_left_out_their_defaults(session, row):
    bulk.insert(session, Delivery, [row("m-1"), row("m-2")])
    assert {(one.topic, one.repeats, one.status, one.verdict) for one in all_rows(session)} == {
        ("", 0, DeliveryStatus.RECEIVED, None)
    }


def test_a_moment_of_another_zone_is_the_same_moment(session, row):
    there = AT.astimezone(timezone(timedelta(hours=7)))
    bulk.insert(session, Delivery, [row("m-1", received_at=there)])
    assert all_rows(session)[0].received_at == AT


def full(row, name, **over):
    return row(name, topic="", repeats=0, attempts=0, status=DeliveryStatus.RECEIVED, **over)


def test_insert_new_leaves_what_is_there_and_tells_only_of_the_new(session, row):
    bulk.insert_new(session, Delivery, [full(row, "m-1", body=b"first")], key=KEY)
    both = [full(row, "m-1", body=b"second"), full(row, "m-2", body=b"new")]
    new = bulk.insert_new(session, Delivery, both, key=KEY, returning=("id", "delivery_id"))
    rows = all_rows(session)
    assert [(one.delivery_id, one.body) for one in rows] == [("m-1", b"first"), ("m-2", b"new")]
    assert [(one.id, one.delivery_id) for one in new] == [(rows[1].id, "m-2")]


def test_update_changes_the_rows_of_these_ids_and_no_other(session, row):
    bulk.insert(session, Delivery, [row(f"m-{number}") for number in range(3)])
    first, second, third = all_rows(session)
    later = AT + timedelta(days=1)
    changes = [
        {"id": first.id, "verdict": Verdict.ACCEPTED, "order_ref": 'A "1"', "worked_at": later},
        {"id": third.id, "verdict": None, "order_ref": None, "worked_at": None},
    ]
    bulk.update(session, Delivery, changes)
    session.expire_all()
    assert (first.verdict, first.order_ref, first.worked_at) == (Verdict.ACCEPTED, 'A "1"', later)
    assert (second.verdict, second.order_ref, second.worked_at) == (None, None, None)
    assert (third.verdict, third.order_ref, third.worked_at) == (None, None, None)


def test_new_ids_are_nobody_elses(session, row):
    bulk.insert(session, Delivery, [row("m-0")])
    ids = bulk.new_ids(session, Delivery, 3)
    assert len({*ids, all_rows(session)[0].id}) == 4
    bulk.insert(session, Delivery, [row(f"m-{number}", id=number) for number in ids])
    bulk.insert(session, Delivery, [row("m-z")])
    assert len({one.id for one in all_rows(session)}) == 5


def test_of_nothing_nothing_comes(session):
    bulk.insert(session, Delivery, [])
    bulk.update(session, Delivery, [])
    assert bulk.insert_new(session, Delivery, [], key=KEY, returning=("id",)) == []
    assert bulk.new_ids(session, Delivery, 0) == []
    assert all_rows(session) == []


NAIVE = datetime(2026, 11, 1, 9, 0)  # noqa: DTZ001  that is the point


@pytest.mark.parametrize("write", [bulk.insert, lambda *given: bulk.insert_new(*given, key=KEY)])
def test_a_time_without_a_zone_is_refused(session, row, write):
    with pytest.raises((ValueError, StatementError)), session.begin_nested():
        write(session, Delivery, [full(row, "m-1", received_at=NAIVE)])
    assert all_rows(session) == []


def test_a_text_that_is_too_long_is_refused_not_cut(session, row):
    """On PostgreSQL; SQLite bounds no text, and cuts none either."""
    refusal = pytest.raises(DataError) if is_postgres(session) else nullcontext()
    with refusal, session.begin_nested():
        bulk.insert_new(session, Delivery, [full(row, "m" * 201)], key=KEY)
    assert [len(one.delivery_id) for one in all_rows(session)] == ([] if is_postgres(session) else [201])


def test_a_word_that_no_choice_has_is_refused(session, row):
    with pytest.raises((IntegrityError, StatementError)), session.begin_nested():
        bulk.insert_new(session, Delivery, [full(row, "m-1") | {"status": "lost"}], key=KEY)
    assert all_rows(session) == []
