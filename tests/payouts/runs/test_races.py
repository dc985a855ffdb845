"""Many at once, with real commits in a database of their own: every race has one winner and the books stay whole."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

import app as application
from affiliate.core import clock
from affiliate.core.db import Base, db, transaction
from affiliate.core.errors import AppError
from affiliate.core.settings import from_env
from affiliate.identity.actors import Actor
from affiliate.identity.models import Role
from payouts.ledger.accounts import CLEARING
from payouts.ledger.queries import balances
from payouts.rails.manual import ManualRail
from payouts.rails.registry import RAILS
from payouts.runs import jobs, queries, rules, service, settlement
from payouts.runs.models import Payout, PayoutRun, PayoutStatus
from tests.conftest import NOW, _engines, scratch_database
from tests.factories import Make
from tests.payouts.earning import Earnings
from tests.payouts.runs.paying import DAY, assert_in_order

THREADS = 8
CUTOFF = rules.read_cutoff("2026-11-15")
MAKER = Actor("user:1", "Pembuat", roles=frozenset({Role.FINANCE_MAKER}))
APPROVER = Actor("user:2", "Penyetuju", roles=frozenset({Role.FINANCE_APPROVER}))


@pytest.fixture(params=_engines())
def house(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Flask]:
    """An application over a fresh database that really commits, with three communities' money due."""
    for url in scratch_database(request.param, tmp_path):
        built = application.create_app(from_env({"DATABASE_URL": url, "DATA_DIR": str(tmp_path)}))
        with built.app_context():
            Base.metadata.create_all(db.engine)
            make = Make(db.session)  # type: ignore[arg-type]  # a scoped session behaves as one
            for _ in range(3):
                earnings = Earnings(make)
                earnings.earn(100_000, available_on=NOW + DAY)
            db.session.commit()
            jobs.book_pending(clock.now())
        yield built
        with built.app_context():
            db.session.remove()
            for engine in db.engines.values():
                engine.dispose()


def at_once(house: Flask, work: Callable[[int], Any], *, threads: int = THREADS) -> list[Any]:
    """Run `work` in many threads from one starting gun; results, or the refusals they ended in."""
    gate = threading.Barrier(threads)

    def one(number: int) -> Any:
        with house.app_context():
            gate.wait(timeout=30)
            try:
                return work(number)
            except AppError as refusal:
                return refusal.stable_code
            finally:
                db.session.remove()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(threads)))


def plan(_number: int = 0) -> int:
    with transaction(db.session) as session:
        run = service.plan_run(session, cutoff=CUTOFF, currency="IDR", minimum_minor=0, actor=MAKER, now=clock.now())
    return run.id


def approve(run_id: int) -> str:
    with transaction(db.session) as session:
        run = queries.run_for(session, APPROVER, run_id)
        service.approve(session, run, digest=run.digest, actor=APPROVER, now=clock.now())
    return "approved"


def cancel(run_id: int) -> str:
    with transaction(db.session) as session:
        service.cancel(session, queries.run_for(session, MAKER, run_id), actor=MAKER, now=clock.now())
    return "cancelled"


def test_runs_planned_at_once_never_take_the_same_money(house):
    runs = at_once(house, plan)
    with house.app_context():
        taken = db.session.execute(sa.select(Payout.run_id, sa.func.count()).group_by(Payout.run_id)).all()
        assert [count for _run, count in taken] == [6]
        assert len([run for run in runs if isinstance(run, int)]) == THREADS
        assert -sum(balances(db.session, name=CLEARING).values()) == 270_000
        assert_in_order(db.session)


def test_one_approval_wins(house):
    with house.app_context():
        run_id = plan()
    assert sorted(at_once(house, lambda _number: approve(run_id))) == ["approved"] + ["not_a_draft"] * (THREADS - 1)


def test_approval_and_cancellation_leave_one_truth(house):
    with house.app_context():
        run_id = plan()
    at_once(house, lambda number: approve(run_id) if number % 2 else cancel(run_id))
    with house.app_context():
        status = db.session.execute(sa.select(PayoutRun.status)).scalar_one()
        states = set(db.session.execute(sa.select(Payout.status)).scalars())
        assert status == "cancelled"
        assert states == {PayoutStatus.CANCELLED}
        assert sum(balances(db.session, name=CLEARING).values()) == 0
        assert_in_order(db.session)


def test_submissions_at_once_send_everything_once(house, monkeypatch):
    calls = []

    class Counting(ManualRail):
        def send(self, instruction, key):
            calls.append(key)
            return super().send(instruction, key)

    monkeypatch.setitem(RAILS, "manual", Counting())
    with house.app_context():
        run_id = plan()
        approve(run_id)
    at_once(house, lambda _number: jobs.submit(run_id, actor=MAKER))
    assert len(calls) == len(set(calls)) == 6
    with house.app_context():
        assert set(db.session.execute(sa.select(Payout.status)).scalars()) == {PayoutStatus.SENT}
        assert_in_order(db.session)


def test_cancellation_and_submission_leave_one_truth(house):
    with house.app_context():
        run_id = plan()
        approve(run_id)
    at_once(house, lambda number: jobs.submit(run_id, actor=MAKER) if number % 2 else cancel(run_id))
    with house.app_context():
        states = set(db.session.execute(sa.select(Payout.status)).scalars())
        assert states in ({PayoutStatus.SENT}, {PayoutStatus.CANCELLED})
        assert_in_order(db.session)


def test_the_last_two_settlements_close_the_run(house):
    with house.app_context():
        run_id = plan()
        approve(run_id)
        jobs.submit(run_id, actor=MAKER)
        ids = list(db.session.execute(sa.select(Payout.id)).scalars())

    def settle(number: int) -> int:
        with transaction(db.session) as session:
            run = queries.run_for(session, MAKER, run_id, lock=True)
            payout = queries.payout_for(session, MAKER, ids[number])
            return settlement.settle(
                session, run, [payout], status=PayoutStatus.PAID, reference=f"BCA {number}", actor=MAKER, now=NOW
            )

    assert at_once(house, settle, threads=6) == [1] * 6
    with house.app_context():
        assert db.session.execute(sa.select(PayoutRun.status)).scalar_one() == "closed"
        assert_in_order(db.session)
