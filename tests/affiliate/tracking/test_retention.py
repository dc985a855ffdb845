"""Old clicks lose what points to a person and nothing else; young ones keep it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from affiliate.tracking import jobs, records, service, tokens
from affiliate.tracking.models import Click, Retention
from affiliate.tracking.records import ClickRecord
from affiliate.tracking.retention import jobs as retention
from affiliate.tracking.retention import service as blanking
from tests.conftest import NOW

CUTOFF = datetime(2025, 10, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def link_id(make) -> int:
    return make.link(make.community(), make.product(make.merchant())).id


def click(session, link_id: int, number: int, at: datetime) -> None:
    record = ClickRecord(tokens.milliseconds(at), number, link_id, f"{number:x}", "phone", "", "a.test")
    service.load(session, [record])


def test_thirteen_months_end_to_the_millisecond(session, link_id):
    step = timedelta(milliseconds=1)
    for number, at in enumerate([CUTOFF - timedelta(days=400), CUTOFF - step, CUTOFF, NOW], start=1):
        click(session, link_id, number, at)
    assert retention.run(NOW) == 2
    rows = session.execute(sa.select(Click.nonce, Click.visitor, Click.referrer_host).order_by(Click.nonce)).all()
    assert [tuple(row) for row in rows] == [(1, "", None), (2, "", None), (3, "3", "a.test"), (4, "4", "a.test")]
    old = session.get_one(Click, (CUTOFF - step, 2))
    assert (old.trail, old.link_id, old.is_qualified, old.device) == (0, link_id, True, "phone")
    assert retention.run(NOW) == 0
    assert retention.run(NOW + step) == 1


def test_a_run_is_bounded_and_the_next_goes_on(session, link_id, monkeypatch):
    monkeypatch.setattr(blanking, "CLICKS_A_BATCH", 3)
    monkeypatch.setattr(retention, "BATCHES_A_RUN", 2)
    for number in range(20):
        click(session, link_id, number, CUTOFF - timedelta(days=number + 1))
    counts = []
    while count := retention.run(NOW):
        counts.append(count)
    assert counts == [6, 6, 6, 2]
    assert session.scalars(sa.select(Click.visitor).distinct()).all() == [""]


def test_more_clicks_of_one_moment_than_a_batch_holds_do_not_stop_it(session, link_id, monkeypatch):
    monkeypatch.setattr(blanking, "CLICKS_A_BATCH", 3)
    for number in range(10):
        click(session, link_id, number, CUTOFF - timedelta(days=1))
    click(session, link_id, 10, CUTOFF - timedelta(hours=1))
    total = 0
    while count := retention.run(NOW):
        total += count
    assert total == 11


def test_nothing_due_writes_nothing(session, link_id):
    click(session, link_id, 1, NOW)
    assert retention.run(NOW) == 0
    assert session.scalars(sa.select(Retention)).all() == []


def test_a_click_that_arrives_after_its_time_is_blanked_too(app, session, link_id):
    click(session, link_id, 1, CUTOFF - timedelta(days=1))
    assert retention.run(NOW) == 1
    folder: Path = app.config["ETALASE"].spool_dir
    folder.mkdir(parents=True, exist_ok=True)
    late = ClickRecord(tokens.milliseconds(CUTOFF - timedelta(days=30)), 2, link_id, "abc", "phone", "", "a.test")
    (folder / "clicks-1.log").write_bytes(records.line_of(late))
    assert jobs.run(NOW) == 1
    assert retention.run(NOW) >= 1
    assert session.scalars(sa.select(Click.visitor).distinct()).all() == [""]


def test_lines_set_aside_go_after_thirty_days(app, session):
    folder: Path = app.config["ETALASE"].spool_dir
    folder.mkdir(parents=True, exist_ok=True)
    for name, days in (("old.log.bad", 31), ("young.log.bad", 29), ("live.log", 400)):
        (folder / name).write_bytes(b"x")
        moment = (NOW - timedelta(days=days)).timestamp()
        os.utime(folder / name, (moment, moment))
    assert retention.run(NOW) == 1
    assert sorted(path.name for path in folder.iterdir()) == ["live.log", "young.log.bad"]


@pytest.mark.parametrize(
    ("day", "before"),
    [
        ("2026-11-01", "2025-10-01"),
        ("2026-03-31", "2025-02-28"),
        ("2025-03-29", "2024-02-29"),
        ("2026-01-15", "2024-12-15"),
    ],
)
def test_months_are_those_of_the_calendar(day, before):
    assert blanking.months_before(datetime.fromisoformat(day), 13) == datetime.fromisoformat(before)
