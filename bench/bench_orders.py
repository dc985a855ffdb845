"""Orders: signed deliveries taken in over HTTP, and worked from delivery to ledger entry.

Intake stands against pgbench, which inserts single rows of the same size with as many clients. Work has no limit to be
held against but itself: orders a second, the last tenth against the first, and how much the process has grown. At the
end rows and books are counted. The last line is JSON.
"""

from __future__ import annotations

import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import machine
import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy.orm import Session

import app
from affiliate.commissions.models import CommissionEvent
from affiliate.core import clock, migrate
from affiliate.core.db import db, forget_session
from affiliate.core.settings import from_env
from affiliate.core.signing import sha256_hex, standard_signature
from affiliate.core.work import collect_rarely
from affiliate.merchants.models import WebhookKind
from affiliate.orders.models import Delivery, DeliveryStatus, Order
from affiliate.tracking import tokens
from payouts import verify
from payouts.ledger.models import Posting
from tests.factories import Make

ROOT = Path(__file__).resolve().parents[1]
ORDERS = int(os.environ.get("BENCH_ORDERS") or 200_000)
SECONDS = 8
CLIENTS = 16
LOADED_AT_ONCE = 5000
CATEGORIES = ("Sepatu", "Tas", "Kebaya", "Batik")

PGBENCH = r"""
\set id random(1, 1000000000)
INSERT INTO bench_rows (merchant_id, delivery_id, headers, body, received_at)
VALUES (1, 'msg-' || :client_id || '-' || :id || '-' || random(), '{"webhook-id": "x"}',
        decode(repeat('ab', BYTES), 'hex'), now());
"""
SCHEMA = (
    "CREATE TABLE bench_rows (id bigserial PRIMARY KEY, merchant_id bigint, delivery_id text, headers jsonb, "
    "body bytea, received_at timestamptz, UNIQUE (merchant_id, delivery_id))"
)
LUA = """
local lines, place = {}, 0
function setup(thread) thread:set("number", counter or 0); counter = (counter or 0) + 1 end
function init(args)
  local all = 0
  for line in io.lines("FILE") do
    if all % THREADS == number then lines[#lines + 1] = line end
    all = all + 1
  end
end
function request()
  place = place + 1
  if place > #lines then wrk.thread:stop() return wrk.format("GET", "/healthz") end
  local id, at, signature, body = lines[place]:match("^(%S+)\\t(%S+)\\t(%S+)\\t(.*)$")
  local headers = {["webhook-id"] = id, ["webhook-timestamp"] = at, ["webhook-signature"] = signature,
                   ["content-type"] = "application/json"}
  return wrk.format("POST", "PATH", headers, body)
end
"""


@dataclass
class Shop:
    """The store that sends: its address, its secret, and the links that its buyers came by."""

    merchant_id: int
    slug: str
    secret: str
    links: list[int]
    dice: random.Random = field(default_factory=lambda: random.Random(20261126))

    def message(self, number: int, kind: str, version: int, placed_at: datetime) -> bytes:
        """One delivery of three lines."""
        keys = tokens.keys(current_app.config["ETALASE"].secret_key)
        token = tokens.mint(self.links[number % len(self.links)], placed_at - timedelta(hours=2), number, keys)
        lines = [
            {
                "line_id": str(line),
                "sku": f"SKU-{(number * 3 + line) % 5000}",
                "category": CATEGORIES[(number + line) % len(CATEGORIES)],
                "quantity": 1 + line % 2,
                "unit_price": f"{50_000 + (number * 37 + line * 911) % 400_000}.00",
                "discount": "5000.00",
                "tax": "0.00",
            }
            for line in range(1, 4)
        ]
        data = {
            "order_id": f"B-{number}", "version": version, "currency": "IDR", "placed_at": clock.rfc3339(placed_at),
            "click_token": token, "customer": {"ref": f"c{number % 9973}", "is_new": False}, "lines": lines,
            "shipping": "20000.00",
        }  # fmt: skip
        return json.dumps({"type": kind, "timestamp": clock.rfc3339(placed_at), "data": data}).encode()


def main() -> bool:
    """Run it on SQLite, and on PostgreSQL where BENCH_DATABASE_URL names a server; False where a count is wrong."""
    print(f"orders on {machine.describe()}, {ORDERS:,} orders")
    results: dict[str, Any] = {"bench": "orders"}
    ok = True
    server = os.environ.get("BENCH_DATABASE_URL") or os.environ.get("TEST_DATABASE_URL")
    if server:
        ok &= intake(server, results)
    else:
        print("  PostgreSQL left out: BENCH_DATABASE_URL is not set")
    for engine in ("postgresql", "sqlite") if server else ("sqlite",):
        for deliveries in (1, 3):
            with fresh(engine, server) as url:
                ok &= work(url, engine, deliveries, results)
    print(json.dumps(results))
    return ok


# -- intake ----------------------------------------------------------------------------------------------------------


def intake(server: str, results: dict[str, Any]) -> bool:
    """Signed deliveries over HTTP against pgbench, turn by turn; then one every 10 ms, for the delay."""
    missing = machine.needed("wrk") + ([] if pgbench() else ["pgbench"])
    if missing:
        print(f"  intake left out, {' and '.join(missing)} not installed")
        return True
    with fresh("postgresql", server) as url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with application(url, folder) as built, built.app_context():
            shop = open_shop()
            size = len(shop.message(1, "order.completed", 1, clock.now()))
            with served(url, folder) as port:
                rounds = [(single_rows(url, size), flood(shop, folder, port, turn)) for turn in range(3)]
                slow = paced(shop, port)
            taken = sum(mine.requests for _limit, mine in rounds)
            rows = counted(Delivery)
    for limit, mine in rounds:
        print(
            f"  pgbench {limit:9,.0f}/s   intake {mine.rate:9,.0f}/s p99 {mine.p99_ms:6.2f} ms   "
            f"ratio {mine.rate / limit:.3f}"
        )
    ratio = sorted(mine.rate / limit for limit, mine in rounds)[1]
    wrong = sum(mine.errors for _limit, mine in rounds)
    ok = wrong == 0 and taken <= rows - len(slow) <= taken + 3 * CLIENTS
    p99 = sorted(slow)[int(len(slow) * 0.99)] * 1000
    print(f"  at 100/s p99 {p99:.1f} ms; answered {taken} ({wrong} refused), rows {rows - len(slow)}: {_verdict(ok)}")
    results |= {"intake_ratio": round(ratio, 3), "intake_p99_ms": round(p99, 1)}
    return ok


def flood(shop: Shop, folder: Path, port: int, turn: int) -> machine.Load:
    """As many different signed deliveries as are answered in SECONDS."""
    prepared = folder / f"deliveries-{turn}.tsv"
    with prepared.open("w") as out:
        for number in range(60_000):
            out.write("\t".join(signed(shop, f"m-{turn}-{number}", turn * 1_000_000 + number)) + "\n")
    script = folder / f"post-{turn}.lua"
    path = f"/hooks/v1/{shop.slug}/standard"
    script.write_text(LUA.replace("FILE", str(prepared)).replace("THREADS", "2").replace("PATH", path))
    return machine.wrk(f"http://127.0.0.1:{port}", seconds=SECONDS, connections=CLIENTS, script=script)


def signed(shop: Shop, delivery: str, number: int) -> tuple[str, str, str, str]:
    now = clock.now()
    body = shop.message(number, "order.completed", 1, now)
    return delivery, str(int(now.timestamp())), standard_signature(shop.secret, delivery, now, body), body.decode()


def paced(shop: Shop, port: int) -> list[float]:
    """Seconds each of 1,000 deliveries took, one begun every 10 ms."""
    made = [signed(shop, f"p-{number}", 9_000_000 + number) for number in range(1000)]
    begin = time.perf_counter() + 0.2

    def send(number: int) -> float:
        due = begin + number / 100
        time.sleep(max(0.0, due - time.perf_counter()))
        delivery, at, signature, body = made[number]
        headers = {"webhook-id": delivery, "webhook-timestamp": at, "webhook-signature": signature}
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("POST", f"/hooks/v1/{shop.slug}/standard", body, headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        assert answer.status == 202, answer.status
        return time.perf_counter() - due  # from when it was due, so that a stall counts

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(send, range(len(made))))


def single_rows(url: str, size: int) -> float:
    """pgbench's rate of inserting single rows with a body of `size` bytes."""
    address = url.replace("postgresql+psycopg://", "postgresql://")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS bench_rows")
        connection.exec_driver_sql(SCHEMA)
    engine.dispose()
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(PGBENCH.replace("BYTES", str(size)))
        script.flush()
        command = [pgbench(), "-n", "-c", str(CLIENTS), "-j", "2", "-T", str(SECONDS), "-f", script.name, address]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"tps = ([\d.]+)", said)
    assert found, said
    return float(found[1])


def pgbench() -> str:
    found = shutil.which("pgbench")
    return found or next((str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))), "")


@contextmanager
def served(url: str, folder: Path) -> Iterator[int]:
    port = machine.free_port()
    env = os.environ | {
        "DATABASE_URL": url, "DATA_DIR": str(folder), "PORT": str(port), "WEB_PROCESSES": "2", "REDIS_URL": "",
        "PUBLIC_URL": "", "WEB_THREADS": os.environ.get("WEB_THREADS", "16"),
    }  # fmt: skip
    with machine.running([sys.executable, "app.py", "--no-worker"], cwd=ROOT, env=env, stdout=-3):
        machine.wait_for(port)
        yield port


# -- from delivery to ledger entry -----------------------------------------------------------------------------------


def work(url: str, engine: str, deliveries: int, results: dict[str, Any]) -> bool:
    """Orders a second in one process; each order comes completed, or in three deliveries, all of them shuffled."""
    with tempfile.TemporaryDirectory() as name, application(url, Path(name)) as built, built.app_context():
        shop = open_shop()
        stored = store(shop, deliveries)
        collect_rarely()
        before = resident_mb()
        marks = [(0, time.perf_counter())]
        done = 0  # deliveries that were worked, and commissions that were booked
        while count := app.CONVEYOR(clock.now()):
            done += count
            marks.append((done, time.perf_counter()))
        rates = tenths(marks, done)
        seconds = marks[-1][1] - marks[0][1]
        grown = resident_mb() - before
        ok = counted(Order) == ORDERS == counted(CommissionEvent) and counted(Posting) > 2 * ORDERS
        ok &= verified()
    rate, each = ORDERS / seconds, stored / seconds
    last = rates[-1] / rates[0]
    print(
        f"  {engine:10} {deliveries} deliveries an order: {rate:7,.0f} orders/s, {each:7,.0f} deliveries/s, "
        f"last tenth {last:.2f} of the first, grown {grown:.0f} MB: {_verdict(ok)}"
    )
    results[f"{engine}_{deliveries}"] = {
        "orders_s": round(rate),
        "last_tenth": round(last, 2),
        "grown_mb": round(grown),
    }
    return ok


def store(shop: Shop, deliveries: int) -> int:
    """Keep everything the store says, as intake does, but many rows at once."""
    kinds = ("order.completed",) if deliveries == 1 else ("order.placed", "order.paid", "order.completed")
    now = clock.now()
    begun = now - timedelta(days=20)
    told = [(number, version, kind) for number in range(ORDERS) for version, kind in enumerate(kinds, 1)]
    if deliveries > 1:  # near its order, out of turn
        told.sort(key=lambda one: one[0] + shop.dice.random() * 2000)
    for start in range(0, len(told), LOADED_AT_ONCE):
        rows = [
            _delivery(shop, f"w-{number}-{version}", shop.message(number, kind, version, begun), now)
            for number, version, kind in told[start : start + LOADED_AT_ONCE]
        ]
        db.session.execute(sa.insert(Delivery), rows)
        db.session.commit()
    return len(told)


def _delivery(shop: Shop, delivery: str, body: bytes, now: datetime) -> dict[str, Any]:
    return {
        "merchant_id": shop.merchant_id, "kind": WebhookKind.STANDARD, "delivery_id": delivery, "topic": "",
        "headers": {"webhook-id": delivery}, "body": body, "body_sha256": sha256_hex(body), "received_at": now,
        "repeats": 0, "status": DeliveryStatus.RECEIVED, "attempts": 0, "next_try_at": now,
    }  # fmt: skip


def tenths(marks: list[tuple[int, float]], whole: int) -> list[float]:
    """What was done a second in the first and the last tenth, between the marks that enclose them."""

    def rate(low: float, high: float) -> float:
        (begun, at) = max(mark for mark in marks if mark[0] <= low * whole)
        (ended, until) = min(mark for mark in marks if mark[0] >= high * whole)
        return (ended - begun) / (until - at)

    return [rate(0, 0.1), rate(0.9, 1)]


def verified() -> bool:
    """True when no invariant is violated."""
    return not any(found.violations for found in verify.findings(db.session))


# -- the world -------------------------------------------------------------------------------------------------------


def open_shop() -> Shop:
    """A store with terms by category, two communities with curators, and twenty links."""
    make = Make(db.session)
    merchant = make.merchant(slug="toko")
    programme = make.programme(merchant, bps=700)
    key = make.webhook_key(merchant)
    links = []
    for _community in range(2):
        community = make.community()
        make.enrollment(programme, community)
        curator = make.curator(community)
        links += [make.pick(community, make.product(merchant), curator=curator).link_id for _pick in range(10)]
    db.session.commit()
    return Shop(merchant.id, merchant.slug, key.secret, links)


@contextmanager
def application(url: str, folder: Path) -> Iterator[Flask]:
    built = app.create_app(from_env({"DATABASE_URL": url, "DATA_DIR": str(folder)}))
    migrate.upgrade(built.config["SQLALCHEMY_DATABASE_URI"])
    yield built
    with built.app_context():
        forget_session()
        db.engine.dispose()


@contextmanager
def fresh(engine: str, server: str | None) -> Iterator[str]:
    """The address of an empty database that is gone afterwards."""
    if engine == "sqlite":
        with tempfile.TemporaryDirectory() as name:
            yield f"sqlite:///{Path(name) / 'bench.db'}"
        return
    address = sa.make_url(str(server).replace("postgresql://", "postgresql+psycopg://"))
    admin = sa.create_engine(address, isolation_level="AUTOCOMMIT")
    name = f"etalase_bench_{datetime.now(UTC):%H%M%S%f}"
    with admin.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    try:
        yield address.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
        admin.dispose()


def counted(table: Any) -> int:
    session: Session = db.session
    return int(session.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


def resident_mb() -> float:
    """Peak resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _verdict(ok: bool) -> str:
    return "as it should be" if ok else "WRONG"
