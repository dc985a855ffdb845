"""Sums by the hour equal the plain GROUP BY, however late, often and disordered the rows come."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

import app as application
from affiliate.core.db import Base, db, transaction
from affiliate.core.settings import from_env
from affiliate.tracking import service as clicks
from affiliate.tracking import tokens
from affiliate.tracking.models import Click
from affiliate.tracking.records import ClickRecord
from affiliate.tracking.rollups import checks, jobs, mark_due, service
from affiliate.tracking.rollups.models import ClickHour, ClickHourDue
from tests import factories
from tests.conftest import NOW, scratch_database

MS = tokens.milliseconds(NOW)
MINUTE = 60_000


def visit(link_id: int, nonce: int, *, minute: float = 0, visitor: str = "aa", reason: str = "") -> ClickRecord:
    return ClickRecord(MS + int(minute * MINUTE), nonce, link_id, visitor, "phone", reason, "")


def sums(session) -> dict[tuple[object, int], tuple[int, int]]:
    rows = session.execute(sa.select(ClickHour.hour, ClickHour.link_id, ClickHour.visits, ClickHour.qualified))
    return {(hour, link_id): (visits, qualified) for hour, link_id, visits, qualified in rows}


def plain(session) -> dict[tuple[object, int], tuple[int, int]]:
    """The same, counted here, row by row."""
    found: dict[tuple[object, int], tuple[int, int]] = {}
    for at, link_id, good in session.execute(sa.select(Click.clicked_at, Click.link_id, Click.is_qualified)):
        key = service.hour_of(at), link_id
        visits, qualified = found.get(key, (0, 0))
        found[key] = visits + 1, qualified + good
    return found


def due(session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(ClickHourDue))


@pytest.fixture
def links(make) -> list[int]:
    merchant = make.merchant()
    return [make.link(make.community(), make.product(merchant)).id for _link in range(4)]


def test_an_hour_is_summed_when_its_clicks_are_loaded(session, links):
    clicks.load(
        session, [visit(links[0], 1), visit(links[0], 2, minute=5), visit(links[0], 3, minute=90, reason="bot")]
    )
    assert sums(session) == {}
    assert jobs.run(NOW) > 0
    later = NOW + timedelta(hours=1)
    assert sums(session) == {(NOW, links[0]): (2, 1), (later, links[0]): (1, 0)}
    assert (due(session), jobs.run(NOW)) == (0, 0)


def test_a_late_click_that_makes_one_of_the_next_hour_repeated_corrects_that_hour_too(session, links):
    clicks.load(session, [visit(links[0], 1, minute=70)])
    jobs.run(NOW)
    assert sums(session) == {(NOW + timedelta(hours=1), links[0]): (1, 1)}
    clicks.load(session, [visit(links[0], 2, minute=50)])
    jobs.run(NOW)
    assert sums(session) == {(NOW, links[0]): (1, 1), (NOW + timedelta(hours=1), links[0]): (1, 0)}


def test_an_hour_with_a_mark_and_nothing_in_it_has_no_sum(session, links):
    mark_due(session, {(NOW, links[0])})
    assert jobs.run(NOW) == 1
    assert sums(session) == {}


def test_a_correction_of_the_hour_after_goes_no_further(session, links):
    clicks.load(session, [visit(links[0], n, minute=60 * n, visitor=f"{n:x}") for n in range(6)])
    while jobs.run(NOW):
        pass
    clicks.load(session, [visit(links[0], 9, minute=65)])
    assert jobs.run(NOW) == 2  # its own hour, and the one after
    assert sums(session) == plain(session)


def random_life(session, links: list[int], rng: random.Random, *, forget: bool = False) -> None:
    """Clicks of a day in random batches, some twice, with the step called now and then."""
    told = [
        visit(
            rng.choice(links), number, minute=rng.uniform(0, 600), visitor=rng.choice("abcdef") * 2,
            reason=rng.choice(["", "", "", "bot", "prefetch"]),
        )
        for number in range(300)
    ]  # fmt: skip
    told += rng.sample(told, 60)
    rng.shuffle(told)
    while told:
        size = rng.randint(1, 40)
        batch, told = told[:size], told[size:]
        with transaction(session) as writing:
            clicks.load(writing, batch)
            if forget:
                writing.execute(sa.delete(ClickHourDue))
        if rng.random() < 0.4:
            jobs.run(NOW)
    while jobs.run(NOW):
        pass


def test_random_late_repeated_and_disordered_clicks_are_summed_as_the_plain_group_by(session, links, monkeypatch):
    seed = random.randrange(2**32)
    monkeypatch.setattr(service, "KEYS_A_BATCH", 3)
    monkeypatch.setattr(jobs, "BATCHES_A_RUN", 5)
    random_life(session, links, random.Random(seed))
    assert sums(session) == plain(session), seed
    assert due(session) == 0
    assert checks.wrong_click_hours(session) == 0


def test_the_comparison_goes_red_when_marks_are_forgotten(session, links):
    """The negative control: without marks the sums differ, and `verify` says so."""
    random_life(session, links, random.Random(7), forget=True)
    assert sums(session) != plain(session)
    assert checks.wrong_click_hours(session) > 0


def test_what_is_due_is_no_violation_and_a_wrong_sum_is_one(session, links):
    clicks.load(session, [visit(links[0], 1)])
    assert checks.wrong_click_hours(session) == 0
    jobs.run(NOW)
    session.execute(sa.update(ClickHour).values(visits=9))
    assert checks.wrong_click_hours(session) == 1
    session.execute(sa.delete(ClickHour))
    assert checks.wrong_click_hours(session) == 1


def test_the_number_of_statements_does_not_grow_with_the_keys(session, links, count_statements):
    def count(times: int) -> int:
        clicks.load(session, [visit(link, 100 * times + n) for n, link in enumerate(links[:times])])
        with count_statements() as made:
            while service.count_anew(session, service.CLICKS):
                pass
        return made[0]

    assert count(1) == count(4)


@pytest.fixture(params=["sqlite", "postgres"])
def outside(request: pytest.FixtureRequest, tmp_path: Path):
    """An application on a database of its own, where transactions really commit."""
    for url in scratch_database(request.param, tmp_path):
        built = application.create_app(from_env({"DATABASE_URL": url, "DATA_DIR": str(tmp_path)}))
        with built.app_context():
            Base.metadata.create_all(db.engine)
            make = factories.Make(db.session)
            merchant = make.merchant()
            links = [make.link(make.community(), make.product(merchant)).id for _link in range(3)]
            db.session.commit()
            yield built, links
            db.session.remove()
            db.engine.dispose()


def test_two_workers_and_two_loaders_at_once_agree_with_the_clicks(outside, monkeypatch):
    built, links = outside
    monkeypatch.setattr(service, "KEYS_A_BATCH", 2)
    failed: list[BaseException] = []
    loading = [True, True]

    def load(part: int) -> None:
        rng = random.Random(part)
        for batch in range(30):
            records = [
                visit(
                    rng.choice(links), part * 10_000 + batch * 10 + n, minute=rng.uniform(0, 200), visitor="ab"[n % 2]
                )
                for n in range(5)
            ]
            with transaction(db.session) as session:
                clicks.load(session, records)
        loading[part] = False

    def work(_part: int) -> None:
        while any(loading):
            jobs.run(NOW)
            time.sleep(0.002)

    def inside(task, part: int) -> None:
        try:
            with built.app_context():
                task(part)
        except BaseException as error:
            loading[:] = [False, False]
            failed.append(error)

    threads = [threading.Thread(target=inside, args=(task, part)) for task in (load, work) for part in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    while jobs.run(NOW):
        pass
    assert sums(db.session) == plain(db.session)
    assert sum(visits for visits, _good in sums(db.session).values()) == 300


def test_a_killed_worker_loses_nothing(outside):
    built, links = outside
    with transaction(db.session) as session:
        clicks.load(session, [visit(links[n % 3], n, minute=n * 7) for n in range(400)])
    rng = random.Random(3)
    for _kill in range(5):
        db.session.remove()
        db.engine.dispose()
        child = os.fork()
        if child == 0:
            service.KEYS_A_BATCH = 1
            with built.app_context():
                jobs.run(NOW)
            os._exit(0)
        time.sleep(rng.uniform(0.01, 0.15))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    while jobs.run(NOW):
        pass
    assert sums(db.session) == plain(db.session)
    assert due(db.session) == 0
