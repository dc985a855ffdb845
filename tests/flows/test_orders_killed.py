"""Intake and worker are killed at random moments in a flood of orders: what was acknowledged is kept, and booked once.

The store behaves as stores do: what it got no whole 202 for, it sends again under the same id.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

import app as application
from affiliate import pipeline
from affiliate.commissions.models import CommissionEvent
from affiliate.core import clock, migrate
from affiliate.core.db import db
from affiliate.core.settings import KNOWN, from_env
from affiliate.core.signing import standard_signature
from affiliate.orders.models import Delivery, Order, OrderEvent
from affiliate.tracking import tokens
from payouts.booking import jobs as booking
from payouts.ledger.models import LedgerEntry
from tests.affiliate.orders.shop import line, message
from tests.browser.server import free_port
from tests.conftest import scratch_database
from tests.factories import Make
from tests.flows.books import violations
from tests.hosted import host, start

SENDERS = 8
START_SECONDS = 60.0
LIVES = (0.02, 0.6)  # seconds from the first answer to a kill
LATER = timedelta(hours=1)  # by then every lease of a killed worker has run out


@dataclass
class Store:
    """A store that sends orders: what it has sent, and what it was told has arrived."""

    folder: Path
    url: str
    port: int = field(default_factory=free_port)
    slug: str = "toko"
    secret: str = ""
    link_id: int = 0
    opened: datetime = field(default_factory=clock.now)
    sent: int = 0
    acknowledged: set[int] = field(default_factory=set)
    again: list[int] = field(default_factory=list)  # sent, but who knows

    @property
    def env(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if name not in KNOWN}
        own = {"DATABASE_URL": self.url, "DATA_DIR": str(self.folder), "PORT": str(self.port), "WEB_THREADS": "8"}
        return clean | own

    def next(self) -> int:
        if self.again:
            return self.again.pop()
        self.sent += 1
        return self.sent

    def request(self, number: int) -> bytes:
        """One completed order of one line, by a click of two hours ago: the same bytes each time, signed anew."""
        now = clock.now()
        keys = tokens.keys(from_env(self.env).secret_key)
        token = tokens.mint(self.link_id, self.opened - timedelta(hours=2), number, keys)
        placed = clock.rfc3339(self.opened - timedelta(minutes=5))
        told = message("order.completed", timestamp=placed, order_id=f"K-{number}", placed_at=placed, click_token=token)
        body = json.dumps(told | {"data": told["data"] | {"lines": [line()]}}).encode()
        delivery = f"k-{number}"
        head = (
            f"POST /hooks/v1/{self.slug}/standard HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            f"webhook-id: {delivery}\r\nwebhook-timestamp: {int(now.timestamp())}\r\n"
            f"webhook-signature: {standard_signature(self.secret, delivery, now, body)}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    for url in scratch_database(request.param, tmp_path):
        migrate.upgrade(url)
        made = Store(tmp_path, url)
        engine = sa.create_engine(url)
        with Session(engine) as session, session.begin():
            make = Make(session)
            merchant = make.merchant(slug=made.slug)
            community = make.community()
            make.enrollment(make.programme(merchant, bps=1000), community)
            made.link_id = make.link(community, make.product(merchant)).id
            made.secret = make.webhook_key(merchant).secret
        engine.dispose()
        yield made


async def send_until_killed(store: Store, children: list[int], moments: list[float]) -> None:
    """Send while both live; each is killed so many seconds after the first answer."""
    begun, killed = asyncio.Event(), asyncio.Event()
    sending = [asyncio.create_task(send(store, begun, killed)) for _ in range(SENDERS)]
    try:
        await asyncio.wait_for(begun.wait(), START_SECONDS)
        passed = 0.0
        for moment, child in sorted(zip(moments, children, strict=True)):
            await asyncio.sleep(moment - passed)
            passed = moment
            os.kill(child, signal.SIGKILL)
    finally:
        killed.set()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
    await asyncio.gather(*sending)


async def send(store: Store, begun: asyncio.Event, killed: asyncio.Event) -> None:
    """Send one order after the other; what is not acknowledged stands in line again."""
    while not killed.is_set():
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", store.port)
        except OSError:
            await asyncio.sleep(0.02)  # it does not listen yet
            continue
        number = 0
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while not killed.is_set():
                number = store.next()
                writer.write(store.request(number))
                assert await is_accepted(reader)
                store.acknowledged.add(number)
                number = 0
                begun.set()
        if number:
            store.again.append(number)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def is_accepted(reader: asyncio.StreamReader) -> bool:
    """True for a whole 202; raises where the connection breaks before it is whole."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)
    return head.startswith(b"http/1.1 202")


def campaign(store: Store, lives: int, *damage: str) -> None:
    """So many lives of a server and a worker, each ended by a kill of both at moments of their own."""
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    sys.stdout.write(f"seed {seed}\n")
    with host("tests.flows.killed_orders", store.env, *damage) as process:
        for number in range(lives):
            if number % 50 == 49:
                sys.stdout.write(f"{number + 1} of {lives}, {len(store.acknowledged)} acknowledged\n")
            moments = [rng.uniform(*LIVES), rng.uniform(*LIVES)]
            asyncio.run(send_until_killed(store, start(process), moments))


@dataclass(frozen=True)
class Outcome:
    """What stands in the database when all is worked."""

    lost: list[int]
    doubled: list[str]
    orders: int
    repeats: int
    booked_once: bool
    broken: dict[str, int]


def outcome(store: Store) -> Outcome:
    built = application.create_app(from_env(store.env))
    with built.app_context():
        later = clock.now() + LATER
        while pipeline.run(later):
            pass
        booking.run(later)
        ids = Counter(row["webhook-id"] for row in db.session.scalars(sa.select(Delivery.headers)))
        orders = db.session.scalar(sa.select(sa.func.count()).select_from(Order)) or 0
        counts = [
            db.session.scalar(sa.select(sa.func.count()).select_from(kind))
            for kind in (OrderEvent, CommissionEvent, LedgerEntry)
        ]
        repeats = db.session.scalar(sa.select(sa.func.sum(Delivery.repeats))) or 0
        broken = violations(db.session)
        db.session.remove()
        db.engine.dispose()
    return Outcome(
        lost=[number for number in sorted(store.acknowledged) if f"k-{number}" not in ids],
        doubled=[name for name, count in ids.items() if count > 1],
        orders=orders,
        repeats=repeats,
        booked_once=len(ids) == orders == counts[0] == counts[1] == counts[2],
        broken=broken,
    )


@pytest.mark.parametrize("lives", [4, pytest.param(500, marks=pytest.mark.campaign)])
def test_every_acknowledged_order_is_kept_and_booked_once_however_often_all_is_killed(store, lives):
    campaign(store, lives)
    found = outcome(store)
    sys.stdout.write(
        f"{2 * lives} kills, {len(store.acknowledged)} acknowledged, {found.orders} orders, {len(found.lost)} lost, "
        f"{len(found.doubled)} doubled\n"
    )
    assert (found.lost, found.doubled, found.broken) == ([], [], {})
    assert found.booked_once
    assert len(store.acknowledged) > 2 * lives
    assert found.orders >= len(store.acknowledged)  # some were kept, and killed before the answer was out


async def send_thrice(store: Store, each: int) -> None:
    """Eight senders at once, each with orders of its own, every delivery three times in any order."""

    async def sender(first: int) -> None:
        numbers = [*range(first, first + each)] * 3
        random.Random(first).shuffle(numbers)
        reader, writer = await asyncio.open_connection("127.0.0.1", store.port)
        try:
            for number in numbers:
                writer.write(store.request(number))
                assert await is_accepted(reader)
                store.acknowledged.add(number)
        finally:
            writer.close()
            await writer.wait_closed()

    await until_it_listens(store)
    async with asyncio.TaskGroup() as group:
        for place in range(SENDERS):
            group.create_task(sender(1 + place * each))


async def until_it_listens(store: Store) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError):
            _reader, writer = await asyncio.open_connection("127.0.0.1", store.port)
            writer.close()
            return
        await asyncio.sleep(0.1)
    raise AssertionError("nobody listens")


@pytest.mark.parametrize("each", [12, pytest.param(5000, marks=pytest.mark.campaign)])
def test_eight_senders_send_everything_three_times_and_each_order_is_booked_once(store, each):
    with host("tests.flows.killed_orders", store.env) as process:
        children = start(process)
        try:
            asyncio.run(send_thrice(store, each))
        finally:
            for child in children:
                os.kill(child, signal.SIGKILL)
    found = outcome(store)
    assert (found.orders, found.doubled, found.lost, found.broken) == (SENDERS * each, [], [], {})
    assert found.booked_once
    assert found.repeats == 2 * SENDERS * each


def test_deliveries_that_are_not_known_again_are_noticed(store):
    """A control of the test above: without the dedupe, what was sent again is kept twice."""
    campaign(store, 6, "no-dedupe")
    assert outcome(store).doubled != []


def test_an_answer_before_the_commit_is_noticed(store):
    """The other control: what was answered and not yet kept is gone."""
    campaign(store, 4, "early")
    assert outcome(store).lost != []
