"""Clicks: redirects a second of one server process, spool on, against nginx that only answers a fixed 302.

At the end the spool is loaded, and the rows in the database are compared with the answers that were given.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import machine
import sqlalchemy as sa
from sqlalchemy.orm import Session

import app
from affiliate.core import clock, migrate
from affiliate.core.db import db
from affiliate.core.settings import from_env
from affiliate.links import service
from affiliate.tracking import jobs
from affiliate.tracking.models import Click
from tests.factories import Make

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 10
ROUNDS = 3
SPOOLED = "etalase_clicks_spooled "
IN_FLIGHT_MAX = 64  # wrk hangs up on what is under way: written down by us, not counted by it

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


def main() -> bool:
    """Run it; False when answers and rows differ. Without wrk or nginx it says so and passes."""
    missing = machine.needed("wrk", "nginx")
    if missing:
        print(f"clicks: left out, {' and '.join(missing)} not installed")
        return True
    print(f"clicks on {machine.describe()}")
    with tempfile.TemporaryDirectory() as name, nginx(Path(name)) as limit:
        with etalase(Path(name)) as (own, port, env):
            rounds = [(machine.wrk(limit, seconds=SECONDS), machine.wrk(own, seconds=SECONDS)) for _ in range(ROUNDS)]
            given = spooled(port)
        rows = loaded(env)
    report(rounds)
    counted = sum(mine.requests for _limit, mine in rounds)
    wrong = sum(mine.errors for _limit, mine in rounds)
    ok = wrong == 0 and rows == given and counted <= given <= counted + IN_FLIGHT_MAX * ROUNDS
    verdict = "none lost, none twice" if ok else "WRONG"
    print(f"  wrk counted {counted} ({wrong} no redirect), the server gave {given}, the database has {rows}: {verdict}")
    print(json.dumps({"bench": "clicks", "answers": given, "rows": rows, "errors": wrong, "ratio": ratio(rounds)}))
    return ok


def report(rounds: list[tuple[machine.Load, machine.Load]]) -> None:
    for limit, mine in rounds:
        print(
            f"  nginx {limit.rate:9,.0f}/s p99 {limit.p99_ms:6.2f} ms   etalase {mine.rate:9,.0f}/s "
            f"p99 {mine.p99_ms:6.2f} ms   ratio {mine.rate / limit.rate:.2f}"
        )


def ratio(rounds: list[tuple[machine.Load, machine.Load]]) -> float:
    """The middle one of the rounds' ratios."""
    return round(sorted(mine.rate / limit.rate for limit, mine in rounds)[len(rounds) // 2], 3)


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
def etalase(folder: Path) -> Iterator[tuple[str, int, dict[str, str]]]:
    """One server process with one link, without a worker: the spool is loaded afterwards."""
    port = machine.free_port()
    env = os.environ | {
        "DATABASE_URL": os.environ.get("BENCH_DATABASE_URL", ""),
        "DATA_DIR": str(folder / "data"),
        "PORT": str(port),
        "WEB_PROCESSES": "1",
        "WEB_THREADS": os.environ.get("WEB_THREADS", "16"),
        "REDIS_URL": "",
        "PUBLIC_URL": "",
    }
    code = prepared(env)
    with machine.running([sys.executable, "app.py", "--no-worker"], cwd=ROOT, env=env, stdout=-3):
        machine.wait_for(port)
        yield f"http://127.0.0.1:{port}/go/{code}", port, env


def prepared(env: dict[str, str]) -> str:
    """A migrated database with one link in it; its code."""
    settings = from_env(env)
    settings.data_dir.mkdir(parents=True)
    migrate.upgrade(settings.database_url)
    engine = sa.create_engine(settings.database_url)
    with Session(engine) as session, session.begin():
        make = Make(session)
        product = make.product(make.merchant(slug="toko"))
        code = service.create(session, make.community(), product, now=clock.now()).code
    engine.dispose()
    return code


def spooled(port: int) -> int:
    """Redirects the server says it has written down; asked when all answers are out."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        (value,) = (line.split()[1] for line in answer.read().decode().splitlines() if line.startswith(SPOOLED))
    return int(float(value))


def loaded(env: dict[str, str]) -> int:
    """Load the spool as the worker would; the rows that are then there."""
    with app.create_app(from_env(env)).app_context():
        while jobs.run(clock.now()):
            pass
        return int(db.session.scalar(sa.select(sa.func.count()).select_from(Click)) or 0)
