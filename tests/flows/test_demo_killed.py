"""A demo that is killed while it is told leaves nothing, and the next telling is the undisturbed one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import app as application
from affiliate.commissions.models import CommissionEvent
from affiliate.communities.models import Community
from affiliate.conversions.models import Conversion
from affiliate.core import migrate
from affiliate.core.db import all_or_nothing, db, transaction
from affiliate.core.settings import KNOWN, from_env
from affiliate.orders.models import Delivery, Order
from affiliate.tracking.models import Click
from payouts.demo.seed import seed
from payouts.runs.models import Payout
from tests.conftest import all_tables, scratch_database

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
ROOT = Path(application.__file__).parent
# Kills itself when the named function of the seed is called for the so-many-th time.
DYING = """
import os, signal, sys
from datetime import datetime
import app as application
from affiliate.core.settings import from_env
from payouts.demo import seed as told

name, fatal, now = sys.argv[1], int(sys.argv[2]), datetime.fromisoformat(sys.argv[3])
real, calls = getattr(told, name), iter(range(1, 10_000))

def dying(*arguments, **named):
    if next(calls) == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **named)

setattr(told, name, dying)
with application.create_app(from_env(os.environ)).app_context():
    told.seed(now)
"""
POINTS = [("_work", 12), ("_pay", 1)]  # amid the month, on pay day
MORE = [("_live", 1), ("_work", 1), ("_click", 20), ("_body", 150), ("_stores_pay", 1), ("_work", 32)]


def told_in(url: str, folder: Path) -> list[Any]:
    """Seed a database, and what then stands in it that depends on no chance but the seed's."""
    built = application.create_app(from_env({"DATABASE_URL": url, "DATA_DIR": str(folder)}))
    with built.app_context():
        try:
            assert seed(NOW)
            assert not seed(NOW)
            return story(db.session)
        finally:
            db.session.remove()
            db.engine.dispose()


def story(session: Any) -> list[Any]:
    def rows(*columns: Any) -> list[tuple[Any, ...]]:
        return sorted(tuple(map(str, row)) for row in session.execute(sa.select(*columns)))

    return [
        rows(Click.clicked_at, Click.nonce, Click.is_qualified, Click.reason),
        rows(Delivery.delivery_id, Delivery.verdict, Delivery.repeats, Delivery.received_at),
        rows(Order.ref, Order.status, Order.net_minor),
        rows(Conversion.status, Conversion.reason, Conversion.click_nonce),
        rows(CommissionEvent.kind, CommissionEvent.amount_minor, CommissionEvent.occurred_at),
        rows(Payout.amount_minor, Payout.status),
    ]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    folder = tmp_path_factory.mktemp("undisturbed")
    url = f"sqlite:///{folder / 'told.db'}"
    migrate.upgrade(url)
    return told_in(url, folder)


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    for url in scratch_database(request.param, tmp_path):
        migrate.upgrade(url)
        yield url


@pytest.mark.timeout(900)
def test_a_demo_killed_half_way_is_told_anew(empty, undisturbed, tmp_path):
    killed_and_told(empty, undisturbed, tmp_path, POINTS)


@pytest.mark.campaign
@pytest.mark.timeout(7200)
def test_a_demo_killed_anywhere_is_told_anew(empty, undisturbed, tmp_path):
    killed_and_told(empty, undisturbed, tmp_path, MORE)


def killed_and_told(empty: str, undisturbed: list[Any], tmp_path: Path, points: list[tuple[str, int]]) -> None:
    env = {name: value for name, value in os.environ.items() if name not in KNOWN}
    env |= {"DATABASE_URL": empty.replace("+psycopg", ""), "DATA_DIR": str(tmp_path)}
    for name, fatal in points:
        command = [sys.executable, "-c", DYING, name, str(fatal), NOW.isoformat()]
        ended = subprocess.run(command, cwd=ROOT, env=env, capture_output=True)
        assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
        engine = sa.create_engine(empty)
        with engine.connect() as connection:
            counts = {
                str(t): connection.execute(sa.select(sa.func.count()).select_from(t)).scalar_one() for t in all_tables()
            }
        engine.dispose()
        assert {table: count for table, count in counts.items() if count} == {}, name
    assert told_in(empty, tmp_path) == undisturbed


def test_transactions_inside_all_or_nothing_are_steps(session, make):
    """A step that fails is undone alone; a failure of the whole undoes the steps that had succeeded."""
    with pytest.raises(ZeroDivisionError):
        steps_then_failure(session, make)
    assert slugs(session) == set()
    with all_or_nothing(session), transaction(session):
        make.community(slug="langkah-tiga")
    with pytest.raises(KeyError):  # the next transaction stands alone again
        failing_step(session, make)
    assert slugs(session) == {"langkah-tiga"}


def steps_then_failure(session: Any, make: Any) -> None:
    with all_or_nothing(session):
        with transaction(session):
            make.community(slug="langkah-satu")
        with pytest.raises(KeyError):
            failing_step(session, make)
        assert slugs(session) == {"langkah-satu"}
        raise ZeroDivisionError


def failing_step(session: Any, make: Any) -> None:
    with transaction(session):
        make.community(slug="langkah-dua")
        raise KeyError


def slugs(session: Any) -> set[str]:
    return set(session.execute(sa.select(Community.slug)).scalars())
