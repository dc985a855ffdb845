"""Two batches of orders at a time: the same books as one after the other, also where customers are in both."""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError

import app as application
from affiliate import pipeline
from affiliate.commissions.models import Commission, CommissionEvent
from affiliate.conversions.models import Conversion
from affiliate.core import clock, migrate, work
from affiliate.core.db import db, forget_session, transaction
from affiliate.core.settings import from_env
from affiliate.merchants.models import WebhookKind
from affiliate.orders import intake
from affiliate.orders.models import Delivery, DeliveryStatus, Order
from tests.affiliate.conversions.sold import PLACED, Sold
from tests.affiliate.orders.shop import body_of, message
from tests.conftest import scratch_database
from tests.factories import Make
from tests.flows.books import violations

ORDERS, CUSTOMERS, BATCH = 240, 12, 20


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Flask, Sold]]:
    """An application over a database of its own, and a store whose buyers come by a pick."""
    for url in scratch_database(request.param, tmp_path):
        migrate.upgrade(url)
        built = application.create_app(from_env({"DATABASE_URL": url, "DATA_DIR": str(tmp_path)}))
        with built.app_context():
            sold = Sold(Make(db.session))
            db.session.commit()
            yield built, sold
            forget_session()
            db.engine.dispose()


def deliver(sold: Sold, dice: random.Random) -> None:
    """Orders of a few customers, of which every third names its click; the others are found by their customer."""
    told = []
    for number in range(ORDERS):
        placed = clock.rfc3339(PLACED + timedelta(minutes=number))
        told.append(
            message(
                "order.completed",
                timestamp=placed,
                order_id=f"T-{number}",
                placed_at=placed,
                click_token=sold.token(nonce=number + 1) if number % 3 == 0 else None,
                customer={"ref": f"c-{dice.randrange(CUSTOMERS)}", "is_new": False},
            )
        )
    dice.shuffle(told)
    with transaction(db.session) as session:
        for number, content in enumerate(told):
            kind, headers = WebhookKind.STANDARD, {"webhook-id": f"t-{number}"}
            intake.keep(session, sold.merchant.id, kind, headers=headers, body=body_of(content), now=clock.now())


def outcome() -> dict[str, tuple[str, int | None, int]]:
    """By order: the conversion's status, whose it is, and what was booked."""
    db.session.rollback()
    amount = sa.func.coalesce(sa.func.sum(CommissionEvent.amount_minor), 0)
    rows = db.session.execute(
        sa.select(Order.ref, Conversion.status, Conversion.community_id, amount)
        .join(Conversion, Conversion.order_id == Order.id)
        .outerjoin(Commission, Commission.order_id == Order.id)
        .outerjoin(CommissionEvent, CommissionEvent.commission_id == Commission.id)
        .group_by(Order.ref, Conversion.status, Conversion.community_id)
    )
    return {row[0]: (row[1].value, row[2], int(row[3])) for row in rows}


def wanted(sold: Sold) -> dict[str, tuple[str, int | None, int]]:
    """Every customer is known by a click before the first order, so each order is credited, and earns the same."""
    return {f"T-{number}": ("confirmed", sold.community.id, 2_700_000) for number in range(ORDERS)}


@contextmanager
def seeded() -> Iterator[random.Random]:
    seed = random.SystemRandom().randrange(2**32)
    sys.stdout.write(f"seed {seed}\n")
    yield random.Random(seed)


def test_two_batches_at_a_time_come_to_the_books_of_one_after_the_other(house, monkeypatch):
    _built, sold = house
    monkeypatch.setattr(pipeline, "BATCH", BATCH)
    with seeded() as dice:
        deliver(sold, dice)
        while application.CONVEYOR(clock.now()):
            pass
    assert set(db.session.scalars(sa.select(Delivery.status))) == {DeliveryStatus.WORKED}
    assert outcome() == wanted(sold)
    assert violations(db.session) == {}


def test_a_batch_that_the_database_gave_up_is_worked_once_more_as_a_whole(house, monkeypatch):
    _built, sold = house
    settle, calls = pipeline.conversions.settle, []

    def settle_at_second_try(*given, **named):
        calls.append(len(given[1]))
        if len(calls) == 1:
            raise OperationalError("UPDATE", {}, Exception("deadlock detected"))
        return settle(*given, **named)

    monkeypatch.setattr(pipeline.conversions, "settle", settle_at_second_try)
    with seeded() as dice:
        deliver(sold, dice)
    assert pipeline.run(clock.now()) == ORDERS
    assert calls == [ORDERS, ORDERS]
    assert outcome() == wanted(sold)


def test_steps_run_at_once_each_in_a_thread_and_their_counts_are_added(house):
    built, _sold = house
    meeting = threading.Barrier(2, timeout=10)

    def step(_now) -> int:
        if built.config["SQLALCHEMY_DATABASE_URI"].startswith("postgresql"):
            meeting.wait()  # only two at once get past
        db.session.execute(sa.select(1))
        return 3

    assert work.together(step, step)(clock.now()) == 6


def test_one_that_fails_is_logged_and_does_not_stop_the_other(house, caplog):
    def fails(_now) -> int:
        raise ValueError("a fault")

    assert work.together(fails, lambda _now: 1)(clock.now()) == 1
    assert "a fault" in caplog.text
