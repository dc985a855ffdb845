"""Loading: clicks a second from spool files to committed rows, on each engine, beside the engine's own limit.

Limit: the same rows into a bare table without any index, by COPY (PostgreSQL) or executemany (SQLite). It takes turns
with us, tenth by tenth, so that the machine's other work hits both. At the end the rows are counted and so are marks.
Beside the rate stands the processor time of a click, of the worker and of PostgreSQL's process for it: on a machine
that is busy with other work it says more.

BENCH_CLICKS (2,000,000), BENCH_DATABASE_URL (an empty PostgreSQL database; without it only SQLite is measured) and
BENCH_STORED (0: so many clicks of the year before, made by SQL, are there already) can be set.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import machine
import sqlalchemy as sa

import app
from affiliate.core import clock, migrate
from affiliate.core.db import db
from affiliate.core.settings import Settings, from_env
from affiliate.core.work import collect_rarely
from affiliate.links import service as links
from affiliate.tracking import jobs, records, tokens
from affiliate.tracking.models import SPAN_MS, Click
from tests.factories import Make

CLICKS = int(os.environ.get("BENCH_CLICKS", "2000000"))
STORED = int(os.environ.get("BENCH_STORED", "0"))
PARTS = 10
LINKS = 2000
CLICKS_PER_SECOND = 200  # of the visits' own time: 17 million a day
VISITORS = 400_000
HOSTS = ["", "", "instagram.com", "t.me", "www.contoh.test", "m.facebook.com"]
START = tokens.milliseconds(datetime(2026, 11, 1, 9, tzinfo=UTC))
GOALS = {"postgresql": 100_000, "sqlite": 60_000}
SPEC = "ms BIGINT, nonce BIGINT, link_id BIGINT, visitor TEXT, device TEXT, reason TEXT, referrer_host TEXT"


def main() -> bool:
    """Run it on each engine; False when rows are missing, doubled or unmarked."""
    print(f"loading on {machine.describe()}")
    results = [_measured(url) for url in filter(None, ["sqlite", os.environ.get("BENCH_DATABASE_URL")])]
    return all(results)


def _measured(url: str) -> bool:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = {"DATABASE_URL": "" if url == "sqlite" else url, "DATA_DIR": str(folder / "data")}
        settings = from_env(env)
        settings.data_dir.mkdir(parents=True)
        migrate.upgrade(settings.database_url)
        with app.create_app(settings).app_context():
            collect_rarely()  # as the worker does
            return _rounds(settings)


def _rounds(settings: Settings) -> bool:
    engine = db.engine.dialect.name
    ids = _links()
    _store(engine, ids)
    visits = _visits(ids)
    bare = _Bare(engine)
    settings.spool_dir.mkdir(parents=True)
    tenths = []
    expected = 0
    for number in range(PARTS):
        lines = list(itertools.islice(visits, CLICKS // PARTS))
        payloads = records.parse(b"".join(lines)).payloads
        expected += len(payloads)
        limit = len(payloads) / bare.take(payloads)
        seconds, busy = _load(settings.spool_dir / f"clicks-{number:03d}.log", lines)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        tenths.append(Tenth(limit, len(payloads) / seconds, busy * 1e6 / len(payloads), memory))
        print(f"  {engine:<10} {number + 1:2}/{PARTS}  {tenths[-1]}", flush=True)
    bare.close()
    rows, repeats = _counted()
    ok = rows == expected + STORED and repeats > 0 and not list(settings.spool_dir.iterdir())
    _report(engine, tenths)
    print(f"  {engine}: {rows:,} rows, {repeats:,} marked repeated: {'none lost, none twice' if ok else 'WRONG'}")
    return ok


@dataclass(frozen=True, slots=True)
class Tenth:
    """Clicks a second into the bare table and by us, processor time of each click, most memory of this process."""

    limit: float
    rate: float
    busy_us: float
    memory_mb: int

    def __str__(self) -> str:
        return (
            f"limit {self.limit:9,.0f}/s   ours {self.rate:8,.0f}/s   ratio {self.rate / self.limit:.2f}   "
            f"{self.busy_us:5.2f} µs of processor a click   {self.memory_mb} MB"
        )


def _report(engine: str, tenths: list[Tenth]) -> None:
    rate = statistics.harmonic_mean(tenth.rate for tenth in tenths)
    limit = statistics.harmonic_mean(tenth.limit for tenth in tenths)
    busy = statistics.mean(tenth.busy_us for tenth in tenths)
    first, last = tenths[0], tenths[-1]
    print(
        f"  {engine}: {rate:,.0f}/s of {limit:,.0f}/s, ratio {rate / limit:.2f}, fastest tenth "
        f"{max(tenth.rate for tenth in tenths):,.0f}/s; goal {GOALS[engine]:,}/s; {busy:.2f} µs of processor a click\n"
        f"  {engine}: last tenth to first: rate {last.rate / first.rate:.2f}, "
        f"clicks for the same processor time {first.busy_us / last.busy_us:.2f}"
    )
    figures = {
        "bench": "loading", "engine": engine, "rate": round(rate), "limit": round(limit),
        "ratio": round(rate / limit, 3), "busy_us": round(busy, 2), "last_to_first": round(last.rate / first.rate, 3),
        "stored": STORED, "clicks": CLICKS, "memory_mb": last.memory_mb,
    }  # fmt: skip
    print(json.dumps(figures))


def _links() -> list[int]:
    make = Make(db.session)
    products = [make.product(make.merchant(slug=f"toko-{n}")) for n in range(20)]
    communities = [make.community() for _ in range(50)]
    ids = [links.create(db.session, communities[n % 50], products[n % 20], now=clock.now()).id for n in range(LINKS)]
    db.session.commit()
    return ids


def _visits(ids: list[int]) -> Iterator[bytes]:
    """Lines as the redirect writes them: nearly in order, a fifth of them bots, some visitors coming back."""
    seed = int(os.environ.get("BENCH_SEED", "1"))
    rng = random.Random(seed)
    visitors = [f"{rng.getrandbits(96):024x}" for _ in range(VISITORS)]
    nonces = tokens.Nonces()
    for number in itertools.count():
        again = rng.random() < 0.1
        pair = number - rng.randrange(1, 5000) if again else number  # the visit this one is like
        chance = random.Random(pair)
        bot = chance.random() < 0.2
        yield records.line(
            START + number * 1000 // CLICKS_PER_SECOND + rng.randrange(3),
            nonces.draw(),
            ids[chance.randrange(LINKS)],
            visitors[chance.randrange(VISITORS)],
            "bot" if bot else "phone",
            "bot" if bot else "",
            HOSTS[number % len(HOSTS)],
        )


def _load(path: Path, lines: list[bytes]) -> tuple[float, float]:
    """Seconds from a finished file to its last committed row, and the processor seconds spent on it."""
    path.write_bytes(b"".join(lines))
    started, busy = time.perf_counter(), _processor_seconds()
    while jobs.run(clock.now()):
        pass
    return time.perf_counter() - started, _processor_seconds() - busy


def _processor_seconds() -> float:
    """Of this process, and of PostgreSQL's process for this session where it runs on this machine."""
    seconds = time.process_time()
    if db.engine.dialect.name == "postgresql":
        pid = db.session.scalar(sa.select(sa.func.pg_backend_pid()))
        db.session.rollback()
        seconds += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    return seconds


class _Bare:
    """The limit: a table without indexes, in the same database, filled by what the engine does fastest."""

    def __init__(self, engine: str) -> None:
        self._is_postgres = engine == "postgresql"
        self._connection = db.engine.connect()
        self._driver: Any = self._connection.connection.driver_connection
        self._execute(f"CREATE TABLE bare ({SPEC})")

    def _execute(self, statement: str) -> None:
        self._driver.execute(statement)
        self._driver.commit()

    def take(self, payloads: list[bytes]) -> float:
        """Seconds for these rows, parsed already, committed in batches as large as ours."""
        rows = [tuple(payload.decode().split("\t")) for payload in payloads] if not self._is_postgres else []
        size = jobs.BATCH_BYTES * len(payloads) // sum(len(payload) + 15 for payload in payloads)
        started = time.perf_counter()
        for start in range(0, len(payloads), size):
            if self._is_postgres:
                with self._driver.cursor() as cursor, cursor.copy("COPY bare FROM STDIN") as copy:
                    copy.write(b"\n".join(payloads[start : start + size]) + b"\n")
            else:
                self._driver.execute("BEGIN IMMEDIATE")
                self._driver.executemany("INSERT INTO bare VALUES (?,?,?,?,?,?,?)", rows[start : start + size])
            self._driver.commit()
        return time.perf_counter() - started

    def close(self) -> None:
        self._execute("DROP TABLE bare")
        self._connection.close()


def _store(engine: str, ids: list[int]) -> None:
    """Clicks of the year before, evenly spread, by one statement."""
    if not STORED:
        return
    step = 365 * 86_400_000 // STORED
    day, link = f"((({START} - g * {step}) / {SPAN_MS}) << 32)", f"({ids[0]} + g % {LINKS})"
    if engine == "postgresql":
        series, moment = f"generate_series(1, {STORED}) AS g", f"to_timestamp(({START} - g * {step}) / 1000.0)"
        visitor, hashed = "lpad(to_hex(g::bigint * 2654435761), 24, 'a')", "(g::bigint * 2654435761 & 4294967295)"
        day = f"((({START} - g::bigint * {step}) / {SPAN_MS}) << 32)"
        moment = f"to_timestamp(({START} - g::bigint * {step}) / 1000.0)"
        head = ""
    else:
        head = f"WITH RECURSIVE s(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM s WHERE g < {STORED}) "
        series, moment = "s", f"strftime('%Y-%m-%d %H:%M:%f', ({START} - g * {step}) / 1000.0, 'unixepoch') || '000'"
        visitor, hashed = "printf('%024x', g * 2654435761)", "(g * 2654435761 & 4294967295)"
    names = "clicked_at, nonce, trail, link_id, community_id, merchant_id, visitor, device, is_qualified"
    started = time.perf_counter()
    db.session.execute(
        sa.text(
            f"{head}INSERT INTO clicks ({names}) "
            f"SELECT {moment}, g, {day} + {hashed}, {link}, 1, 1, {visitor}, 'phone', true FROM {series}"
        )
    )
    db.session.commit()
    print(f"  {engine}: {STORED:,} clicks stored before, in {time.perf_counter() - started:.0f} s")


def _counted() -> tuple[int, int]:
    rows = db.session.scalar(sa.select(sa.func.count()).select_from(Click))
    repeats = db.session.scalar(sa.select(sa.func.count()).where(Click.reason == "repeated"))
    db.session.rollback()
    return int(rows or 0), int(repeats or 0)
