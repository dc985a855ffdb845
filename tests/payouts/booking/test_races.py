"""Many at once, on real connections and with real commits: one cause is booked once, whoever is first."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.db import Base, transaction
from payouts.booking import service
from payouts.booking.models import BookingMark
from payouts.ledger import queries
from payouts.ledger.accounts import AccountKey
from payouts.ledger.entries import SourceReused
from payouts.ledger.models import LedgerEntry, Posting
from payouts.ledger.service import post
from tests.conftest import NOW, scratch_database
from tests.factories import Make
from tests.payouts.earning import Earnings
from tests.payouts.ledger.test_service import owed

THREADS = 8
PATIENCE_SECONDS = 900  # the horizon is the whole server's, and tests/hostile holds one transaction for minutes


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request, tmp_path: Path):
    for url in scratch_database(request.param, tmp_path):
        made = sa.create_engine(url, pool_size=THREADS, connect_args={"timeout": 30} if "sqlite" in url else {})
        Base.metadata.create_all(made)
        yield made
        made.dispose()


def together(engine: sa.Engine, deed) -> list:
    """The results of `deed(session, number)` from THREADS threads that start at one moment; refusals among them."""
    barrier = Barrier(THREADS)

    def run(number: int):
        with Session(engine, expire_on_commit=False) as session:
            barrier.wait()
            try:
                with transaction(session):
                    return deed(session, number)
            except SourceReused as refusal:
                return refusal

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def count(session: Session, table) -> int:
    return session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_eight_threads_post_the_same_sources_and_each_is_booked_once(engine):
    entries = [owed(n, source=f"test:{n}", owner=f"community:{n % 5}") for n in range(1, 41)]
    orders = [entries, entries[::-1]]
    done = together(engine, lambda session, number: post(session, orders[number % 2], now=NOW))
    assert sum(done) == 40
    with Session(engine) as session:
        assert (count(session, LedgerEntry), count(session, Posting)) == (40, 80)
        assert queries.balance(session, AccountKey("cash", "platform", "IDR")) == sum(range(1, 41))


def test_eight_threads_with_other_figures_for_one_source_leave_one_entry(engine):
    done = together(engine, lambda session, number: post(session, [owed(100 + number)], now=NOW))
    assert sorted(map(str, done)).count("1") == 1
    assert sum(isinstance(result, SourceReused) for result in done) == THREADS - 1
    with Session(engine) as session:
        assert count(session, LedgerEntry) == 1


def test_eight_bookers_book_every_event_once(engine):
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        earnings = Earnings(Make(session))
        for n in range(1, 31):
            earnings.earn(n * 100)
    together(engine, lambda session, _number: service.book(session, limit=1000, now=NOW))
    with Session(engine) as session:
        assert count(session, LedgerEntry) == 30
        owes = queries.balance(session, AccountKey("receivable", f"merchant:{earnings.merchant.id}", "IDR"))
        assert owes == sum(n * 100 for n in range(1, 31))


@pytest.mark.timeout(PATIENCE_SECONDS + 300)
def test_an_event_whose_transaction_ends_late_is_never_passed_over(engine):
    """Its id is drawn first and committed last; the mark must not move beyond it meanwhile."""
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time: an id is drawn and committed in turn")
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        earnings = Earnings(Make(session))
        early, late = earnings.commission(), earnings.commission()
    moments = [NOW + n * service.SETTLES_AFTER for n in range(4)]
    with Session(engine, expire_on_commit=False) as slow:
        earnings.session = slow
        earnings.event(early, earnings.split(1000))
        with Session(engine, expire_on_commit=False) as quick, transaction(quick):
            earnings.session = quick
            earnings.event(late, earnings.split(500))
        assert [_book(engine, moment) for moment in moments] == [1, 0, 0, 0]
        assert _settled(engine) == 0
        slow.commit()
    assert _book(engine, moments[-1]) == 1
    assert _in_time(lambda: _book(engine, moments[-1]) == 0 and _settled(engine) > 0)


def _book(engine: sa.Engine, now) -> int:
    with Session(engine) as session, transaction(session):
        return service.book(session, limit=1000, now=now)


def _in_time(holds: Callable[[], bool]) -> bool:
    """True as soon as it holds: transactions of other databases on the server may hold the horizon back a while."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return held


def _settled(engine: sa.Engine) -> int:
    with Session(engine) as session:
        return session.get_one(BookingMark, 1).settled_event_id
