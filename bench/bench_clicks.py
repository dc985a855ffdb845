"""Clicks: redirects a second of one server process, spool on, against nginx that only answers a fixed 302.

On SQLite and PostgreSQL, each: at full speed, at 1,000 a second, with the database taken away, and the spool loaded
afterwards: rows are compared with the answers that were given. Then once with a million links and twenty million
clicks stored beside an empty database.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from urllib.error import HTTPError
from urllib.request import urlopen

import databases
import machine
import paced
import sqlalchemy as sa
from databases import Database, Postgres, Sqlite

import app
from affiliate.core import clock
from affiliate.core.db import db
from affiliate.core.settings import from_env
from affiliate.tracking import jobs
from affiliate.tracking.models import Click

ROOT = Path(__file__).resolve().parents[1]
SECONDS = int(os.environ.get("BENCH_SECONDS", "5"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
LINKS = int(os.environ.get("BENCH_LINKS", "1000000"))
STORED = int(os.environ.get("BENCH_STORED", "20000000"))
PACE = 1000
SPOOLED = "etalase_clicks_spooled "
LOST = "etalase_clicks_not_spooled "
IN_FLIGHT_MAX = 64  # wrk hangs up on what is under way: written down by us, not counted by it
DRAWS = 300_000

RATIO_MIN = 0.4
P99_MAX_MS = 5.0
MEMORY_MAX_MB = 200
GROWN_MIN = 0.9

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log {folder}/access.log; keepalive_requests 1000000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ return 302 https://toko.test/p/1?etl=fixed; }} }}
}}
"""
# Each of wrk's threads begins elsewhere in the list of paths and goes through it.
LUA = """
local paths, threads = {{}}, 0
for line in io.lines("{list}") do paths[#paths + 1] = wrk.format("GET", line) end
function setup(thread) thread:set("begin", threads * math.floor(#paths / 2)); threads = threads + 1 end
function init() at = begin end
function request() at = at % #paths + 1; return paths[at] end
"""


@dataclass(frozen=True, slots=True)
class Server:
    """One that runs: where it listens, and its web process."""

    port: int
    pid: int

    def url(self, code: str) -> str:
        return f"http://127.0.0.1:{self.port}/go/{code}"

    def figure(self, name: str) -> int:
        with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        return int(float(next(line.split()[1] for line in lines if line.startswith(name))))

    def is_ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=30):
                return True
        except HTTPError:
            return False


def main() -> bool:
    """Run it; False when answers and rows differ. Without wrk or nginx it says so and passes."""
    missing = machine.needed("wrk", "nginx")
    if missing:
        print(f"clicks: left out, {' and '.join(missing)} not installed")
        return True
    print(f"clicks on {machine.describe()}")
    results: dict[str, object] = {"bench": "clicks"}
    with tempfile.TemporaryDirectory() as name, nginx(Path(name)) as limit:
        for kind in (Sqlite, Postgres):
            with databases.made(kind, Path(name) / kind.__name__) as database:
                if database is None:
                    print(f"{kind.name}: left out, no server at {databases.POSTGRES} (BENCH_POSTGRES_URL)")
                else:
                    results[kind.name] = on_engine(database, Path(name) / kind.__name__, limit)
        if LINKS:
            results["grown"] = grown(Path(name))
    print(json.dumps(results))
    return all(result["true"] for result in results.values() if isinstance(result, dict))


def on_engine(database: Database, folder: Path, limit: str) -> dict[str, object]:
    """Full speed, a steady pace, and an outage, on one engine."""
    print(f"{database.name}")
    env = databases.environment(database, folder, machine.free_port())
    code = databases.one_link(env)
    with etalase(env) as own:
        url = own.url(code)
        rounds = in_turns(limit, url)
        report("", rounds)
        steady = [
            (paced.ask(limit, rate=PACE, seconds=SECONDS), paced.ask(url, rate=PACE, seconds=SECONDS))
            for _ in range(ROUNDS)
        ]
        report_pace(steady)
        with database.away():
            time.sleep(3)  # the server notices
            print(f"  database taken away; /readyz says {'ready' if own.is_ready() else 'not ready'}")
            outage = in_turns(limit, url)
            report("away  ", outage)
        given, lost = own.figure(SPOOLED), own.figure(LOST)
    counted = sum(mine.requests for _, mine in rounds + outage) + sum(mine.answers for _, mine in steady)
    wrong = sum(mine.errors for _, mine in rounds + outage) + sum(mine.errors for _, mine in steady)
    rows = loaded(env)
    is_told = counted <= given <= counted + IN_FLIGHT_MAX * 2 * ROUNDS
    is_true = wrong == 0 and lost == 0 and rows == given and is_told
    print(f"  asked and answered {counted} ({wrong} no redirect), the server gave {given} ({lost} not kept),")
    print(f"  the database has {rows}: {'none lost, none twice' if is_true else 'WRONG'}")
    result = {
        "ratio": ratio(rounds), "ratio_away": ratio(outage), "p99_ms": p99(steady), "answers": given, "rows": rows,
        "true": is_true,
    }  # fmt: skip
    verdict("ratio", ratio(rounds), RATIO_MIN, is_least=True)
    verdict("ratio without a database", ratio(outage), RATIO_MIN, is_least=True)
    verdict(f"p99 at {PACE}/s, ms", p99(steady), P99_MAX_MS, is_least=False)
    return result


def grown(folder: Path) -> dict[str, object]:
    """A server that knows a million links beside one that knows one, asked in turns through lists of paths."""
    print(f"{LINKS} links known, {STORED} clicks stored")
    with databases.made(Sqlite, folder / "small") as small, _large(folder / "large") as large:
        assert small is not None
        envs = [
            databases.environment(database, folder / name, machine.free_port())
            for database, name in ((small, "small"), (large, "large"))
        ]
        one, first = (databases.one_link(env) for env in envs)
        codes = [first, *databases.many_links(envs[1], LINKS)]
        databases.many_clicks(envs[1], STORED)
        before = clock.now()
        with etalase(envs[0]) as empty:
            began = time.monotonic()
            with etalase(envs[1]) as full:
                print(f"  {large.name}: up {time.monotonic() - began:.1f} s after its start")
                result = compare(folder, (empty, one), (full, codes))
                given = full.figure(SPOOLED)
        rows = loaded(envs[1], since=before)
    print(f"  the server gave {given}, the database has {rows} more: {'all' if rows == given else 'WRONG'}")
    return result | {"answers": given, "rows": rows, "true": rows == given}


def compare(folder: Path, empty: tuple[Server, str], full: tuple[Server, list[str]]) -> dict[str, object]:
    """Rates of both, in turns: popular links asked for most (Zipf), then all links alike; and the memory at the end."""
    (small, one), (large, codes) = empty, full
    rng = random.Random(1)
    shuffled = rng.sample(codes, len(codes))
    draws = {
        "by popularity": [shuffled[int(len(codes) ** rng.random()) - 1] for _ in range(DRAWS)],
        "all alike": [rng.choice(codes) for _ in range(DRAWS)],
    }
    result: dict[str, object] = {}
    for name, asked in draws.items():
        scripts = [spread(folder, number, paths) for number, paths in enumerate(([one] * DRAWS, asked))]
        rounds = [
            (
                machine.wrk(small.url(""), seconds=SECONDS, script=scripts[0]),
                machine.wrk(large.url(""), seconds=SECONDS, script=scripts[1]),
            )
            for _ in range(ROUNDS)
        ]
        report(f"{len(set(asked))} links, {name}  ", rounds, names=("one link", "a million"))
        result[name] = ratio(rounds)
    memory = machine.memory_mb(large.pid)
    verdict("rate with all this, by popularity", ratio_of(result, "by popularity"), GROWN_MIN, is_least=True)
    verdict("resident memory, MB", memory, MEMORY_MAX_MB, is_least=False)
    return result | {"memory_mb": memory}


def ratio_of(result: dict[str, object], name: str) -> float:
    value = result[name]
    assert isinstance(value, float)
    return value


def spread(folder: Path, number: int, codes: list[str]) -> Path:
    """A script that lets wrk ask for these codes one after the other."""
    paths, script = folder / f"paths-{number}", folder / f"spread-{number}.lua"
    paths.write_text("".join(f"/go/{code}\n" for code in codes))
    script.write_text(LUA.format(list=paths))
    return script


@contextmanager
def _large(folder: Path) -> Iterator[Database]:
    """PostgreSQL, or a file where there is none."""
    with databases.made(Postgres, folder) as database:
        if database is not None:
            yield database
            return
    with databases.made(Sqlite, folder) as file:
        assert file is not None
        yield file


def in_turns(limit: str, url: str) -> list[tuple[machine.Load, machine.Load]]:
    return [(machine.wrk(limit, seconds=SECONDS), machine.wrk(url, seconds=SECONDS)) for _ in range(ROUNDS)]


def report(
    what: str, rounds: list[tuple[machine.Load, machine.Load]], *, names: tuple[str, str] = ("nginx", "etalase")
) -> None:
    for limit, mine in rounds:
        print(
            f"  {what}{names[0]} {limit.rate:8,.0f}/s p99 {limit.p99_ms:6.2f} ms   {names[1]} {mine.rate:8,.0f}/s "
            f"p99 {mine.p99_ms:6.2f} ms   ratio {mine.rate / limit.rate:.2f}"
        )


def report_pace(rounds: list[tuple[paced.Paced, paced.Paced]]) -> None:
    for limit, mine in rounds:
        print(
            f"  {PACE}/s   nginx p50 {limit.p50_ms:5.2f} p99 {limit.p99_ms:6.2f} ms   etalase p50 {mine.p50_ms:5.2f} "
            f"p99 {mine.p99_ms:6.2f} ms"
        )


def verdict(name: str, value: float, bound: float, *, is_least: bool) -> None:
    is_met = value >= bound if is_least else value <= bound
    print(f"  {name}: {value} (at {'least' if is_least else 'most'} {bound}: {'met' if is_met else 'NOT met'})")


def ratio(rounds: list[tuple[machine.Load, machine.Load]]) -> float:
    """The middle one of the rounds' ratios."""
    return round(median(mine.rate / limit.rate for limit, mine in rounds), 3)


def p99(rounds: list[tuple[paced.Paced, paced.Paced]]) -> float:
    return round(median(mine.p99_ms for _limit, mine in rounds), 2)


@contextmanager
def nginx(folder: Path) -> Iterator[str]:
    """The limit: one nginx process, a fixed 302, its access log on."""
    port = machine.free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port))
    with machine.running(["/usr/sbin/nginx", "-c", str(config), "-p", str(folder)]):
        machine.wait_for(port)
        yield f"http://127.0.0.1:{port}/go/x"


@contextmanager
def etalase(env: dict[str, str]) -> Iterator[Server]:
    """One server process, without a worker: the spool is loaded afterwards."""
    command = [sys.executable, "app.py", "--no-worker"]
    with (
        (Path(env["DATA_DIR"]) / "server.log").open("wb") as log_file,
        machine.running(command, cwd=ROOT, env=env, stdout=log_file, stderr=log_file) as process,
    ):
        machine.wait_for(int(env["PORT"]), seconds=300)
        yield Server(int(env["PORT"]), machine.child_of(process.pid))


def loaded(env: dict[str, str], *, since: datetime | None = None) -> int:
    """Load the spool as the worker would; the rows that are then there."""
    count = sa.select(sa.func.count()).select_from(Click)
    with app.create_app(from_env(env)).app_context():
        while jobs.run(clock.now()):
            pass
        rows = db.session.scalar(count.where(Click.clicked_at >= since) if since else count)
        db.session.remove()
        db.engine.dispose()
    return int(rows or 0)
