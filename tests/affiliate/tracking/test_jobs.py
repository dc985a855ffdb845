"""The spool into the database: every good line once, whatever happens to files and loaders."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

import app as application
from affiliate.core.db import Base, db
from affiliate.core.settings import from_env
from affiliate.tracking import jobs, records, redirect, service, tokens
from affiliate.tracking.models import Click, SpoolProgress
from affiliate.tracking.records import ClickRecord
from affiliate.tracking.spool import Spool
from tests import factories
from tests.affiliate.tracking.test_rules import CHROME
from tests.conftest import NOW, scratch_database

MS = tokens.milliseconds(NOW)
KILLS = 8


@pytest.fixture
def link(make):
    return make.link(make.community(), make.product(make.merchant()))


@pytest.fixture
def folder(app) -> Path:
    made: Path = app.config["ETALASE"].spool_dir
    made.mkdir(parents=True, exist_ok=True)
    return made


def visit(
    link_id: int, number: int, *, seconds: float = 0, visitor: str | None = None, reason: str = ""
) -> ClickRecord:
    return ClickRecord(
        MS + int(seconds * 1000), number, link_id, visitor or f"{number:024x}", "phone", reason, "a.test"
    )


def written(*visits: ClickRecord) -> bytes:
    return b"".join(records.line_of(record) for record in visits)


def load_all() -> int:
    total = 0
    while count := jobs.run(NOW):
        total += count
    return total


def clicks(session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Click))


def test_a_visit_becomes_a_row(app, client, session, link, folder):
    location = client.get(f"/go/{link.code}", headers={"User-Agent": CHROME}).headers["Location"]
    token = tokens.read(location.partition("etl=")[2], tokens.keys(app.config["SECRET_KEY"]))
    assert load_all() == 1
    row = session.get_one(Click, (token.clicked_at, token.nonce))
    assert (row.link_id, row.community_id, row.merchant_id) == (link.id, link.community_id, link.merchant_id)
    assert (row.is_qualified, row.reason, row.device, row.referrer_host) == (True, None, "desk", None)
    assert load_all() == 0


def test_a_live_file_is_loaded_as_it_grows_and_stays(client, session, link, folder):
    for expected in (1, 2, 3):
        client.get(f"/go/{link.code}", headers={"User-Agent": CHROME})
        load_all()
        assert clicks(session) == expected
    assert len(list(folder.glob("*.log"))) == 1


def test_a_finished_file_is_removed(app, client, session, link, folder):
    client.get(f"/go/{link.code}")
    redirect.stop(app)
    load_all()
    assert clicks(session) == 1
    assert list(folder.iterdir()) == []
    assert session.scalars(sa.select(SpoolProgress.finished_at)).one() == NOW


def test_the_cut_last_line_of_a_live_file_waits_for_its_rest(session, link, folder):
    data = written(visit(link.id, 1), visit(link.id, 2))
    writer = Spool(folder)
    writer.append(data[:-20])
    assert load_all() == 1
    assert clicks(session) == 1
    writer.append(data[-20:])
    assert load_all() == 1
    assert clicks(session) == 2
    writer.close()
    load_all()
    assert list(folder.iterdir()) == []


def test_the_cut_last_line_of_a_dead_writer_is_set_aside(session, link, folder):
    (folder / "clicks-1.log").write_bytes(written(visit(link.id, 1), visit(link.id, 2))[:-20])
    load_all()
    assert clicks(session) == 1
    assert [path.name for path in folder.iterdir()] == ["clicks-1.log.bad"]
    assert session.scalars(sa.select(SpoolProgress.set_aside)).one() == 1


def test_flipped_bytes_cost_only_their_own_lines(session, link, folder):
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    lines = [written(visit(link.id, number)) for number in range(400)]
    hit = set(rng.sample(range(400), 60))
    for number in hit:
        line = bytearray(lines[number])
        line[rng.randrange(len(line) - 1)] ^= rng.randrange(1, 256)
        lines[number] = bytes(line)
    (folder / "clicks-1.log").write_bytes(b"".join(lines))
    load_all()
    progress = session.scalars(sa.select(SpoolProgress)).one()
    loaded = set(session.scalars(sa.select(Click.nonce)))
    assert loaded == set(range(400)) - hit, seed
    assert progress.loaded == 340
    assert progress.set_aside >= 60
    assert (folder / "clicks-1.log.bad").stat().st_size > 60


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 5000, b"\n" * 100, b"no newline at all", b"x" * (jobs.BATCH_BYTES + 500)]
)
def test_a_file_of_rubbish_is_set_aside_and_gone(session, folder, content):
    (folder / "clicks-1.log").write_bytes(content)
    load_all()
    assert not (folder / "clicks-1.log").exists()
    assert (folder / "clicks-1.log.bad").exists() is bool(content.strip(b"\n\0"))


def test_the_unwritten_rest_of_a_live_file_is_nothing_yet(session, link, folder, monkeypatch):
    """A file may be longer than what is written to it, and a line be written before the one in front of it."""
    monkeypatch.setattr(jobs, "BATCH_BYTES", 1000)
    lines = [written(visit(link.id, number)) for number in range(6)]
    whole = b"".join(lines)
    path = folder / "clicks-1.log"
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(fd, fcntl.LOCK_EX)
    os.ftruncate(fd, 5000)
    os.pwrite(fd, lines[0] + lines[1], 0)
    assert load_all() == 2
    os.pwrite(fd, b"".join(lines[3:]), len(lines[0]) * 3)
    assert load_all() == 0  # it waits for the one in front
    os.pwrite(fd, lines[2], len(lines[0]) * 2)
    assert load_all() == 4
    assert session.scalars(sa.select(SpoolProgress.offset_bytes)).one() == len(whole)
    os.close(fd)
    load_all()
    assert clicks(session) == 6
    assert list(folder.iterdir()) == []


def test_a_copied_file_brings_nothing_twice(session, link, folder):
    data = written(*(visit(link.id, number) for number in range(50)))
    for name in ("a", "b", "c"):
        (folder / f"clicks-{name}.log").write_bytes(data)
    load_all()
    assert clicks(session) == 50
    assert sorted(session.scalars(sa.select(SpoolProgress.loaded))) == [0, 0, 50]


def test_a_file_that_comes_back_after_it_was_loaded_brings_nothing(session, link, folder):
    for _ in range(2):
        (folder / "clicks-1.log").write_bytes(written(visit(link.id, 1)))
        load_all()
    assert clicks(session) == 1
    assert list(folder.iterdir()) == []


def test_visits_of_links_we_do_not_have_are_set_aside(session, link, folder):
    (folder / "clicks-1.log").write_bytes(written(visit(link.id, 1), visit(999_999_999, 2)))
    load_all()
    assert clicks(session) == 1
    aside = records.parse((folder / "clicks-1.log.bad").read_bytes())
    assert [record.nonce for record in aside.records] == [2]


def test_a_loader_that_was_overtaken_takes_nothing_back(session, link, folder, monkeypatch):
    """Another loader works the same stretch between this one's look and its write."""
    (folder / "clicks-1.log").write_bytes(written(visit(link.id, 1), visit(link.id, 2)))
    read = jobs.read
    others = []

    def read_and_be_overtaken(source: jobs.Source, start: int) -> jobs.Stretch | None:
        stretch = read(source, start)
        monkeypatch.undo()
        others.append(jobs.run(NOW))
        return stretch

    monkeypatch.setattr(jobs, "read", read_and_be_overtaken)
    assert jobs.run(NOW) == 0
    assert others == [2]
    assert clicks(session) == 2
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_more_clicks_of_a_visitor_within_the_hour_are_repeated(session, make, link, folder, order):
    """Whatever file comes first: the earliest counts, others' clicks and other links stay untouched."""
    other = make.link(make.community(), make.product(make.merchant()))
    minutes = 60
    files = [
        written(
            visit(link.id, 1, visitor="aa"),
            visit(link.id, 2, visitor="aa", seconds=30 * minutes),
            visit(link.id, 3, visitor="bb", seconds=1),
            visit(other.id, 4, visitor="aa", seconds=2),
            visit(link.id, 5, visitor="cc", reason="bot"),
        ),
        written(
            visit(link.id, 6, visitor="aa", seconds=80 * minutes),
            visit(link.id, 7, visitor="aa", seconds=200 * minutes),
            visit(link.id, 8, visitor="cc", seconds=5),
            visit(link.id, 9, visitor="aa", seconds=1),
        ),
    ]
    for number in order:
        (folder / "clicks-1.log").write_bytes(files[number])
        session.execute(sa.delete(SpoolProgress))
        load_all()
    rows = dict(iter(session.execute(sa.select(Click.nonce, Click.reason))))
    repeated = {nonce for nonce, reason in rows.items() if reason == "repeated"}
    assert repeated == {2, 6, 9}
    assert rows[5] == "bot"
    qualified = set(session.scalars(sa.select(Click.nonce).where(Click.is_qualified)))
    assert qualified == {1, 3, 4, 7, 8}


def test_the_hour_ends_exactly(session, link, folder):
    near, far = visit(link.id, 2, visitor="aa", seconds=3599.999), visit(link.id, 3, visitor="bb", seconds=3600)
    first = (visit(link.id, 1, visitor="aa"), visit(link.id, 4, visitor="bb"))
    (folder / "clicks-1.log").write_bytes(written(*first, near, far))
    load_all()
    assert set(session.scalars(sa.select(Click.nonce).where(Click.reason == "repeated"))) == {2}


def test_a_run_is_bounded(session, link, folder, monkeypatch):
    monkeypatch.setattr(jobs, "BATCH_BYTES", 500)
    monkeypatch.setattr(jobs, "BATCHES_A_RUN", 2)
    (folder / "clicks-1.log").write_bytes(written(*(visit(link.id, number) for number in range(100))))
    assert 0 < jobs.run(NOW) < 20
    load_all()
    assert clicks(session) == 100


def test_killed_loaders_load_each_click_once(tmp_path: Path, engine: str):
    """Real processes, SIGKILLed again and again while they load: at the end every line is there, once."""
    for url in scratch_database(engine, tmp_path):
        built = application.create_app(from_env({"DATABASE_URL": url, "DATA_DIR": str(tmp_path)}))
        with built.app_context():
            Base.metadata.create_all(db.engine)
            link_id = committed_link()
            folder = tmp_path / "spool"
            folder.mkdir()
            for part in range(4):
                lines = (visit(link_id, 1000 * part + number) for number in range(1000))
                (folder / f"clicks-{part}.log").write_bytes(written(*lines))
            rng = random.Random(11)
            kills = sum(kill_a_loader(built, rng.uniform(0.0, 0.05)) for _ in range(KILLS))
            load_all()
            assert clicks(db.session) == 4000
            assert db.session.scalar(sa.select(sa.func.sum(SpoolProgress.loaded))) == 4000
            assert list(folder.iterdir()) == []
            close_connections()
        assert kills >= KILLS // 2


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


def committed_link() -> int:
    make = factories.Make(db.session)
    link_id: int = make.link(make.community(), make.product(make.merchant())).id
    db.session.commit()
    return link_id


def close_connections() -> None:
    db.session.remove()
    db.engine.dispose()


def kill_a_loader(built: Flask, pause: float) -> bool:
    """Fork a loader of small batches, wait until it has committed some, kill it; True when it was still at work."""
    before = loaded_bytes()
    close_connections()  # none of ours may be shared with the child
    child = os.fork()
    if child == 0:
        jobs.BATCH_BYTES = 2000
        with built.app_context():
            load_all()
        os._exit(0)
    while loaded_bytes() == before and os.waitpid(child, os.WNOHANG) == (0, 0):
        time.sleep(0.001)
    time.sleep(pause)
    os.kill(child, signal.SIGKILL)
    _pid, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def loaded_bytes() -> int:
    total = db.session.scalar(sa.select(sa.func.coalesce(sa.func.sum(SpoolProgress.offset_bytes), 0)))
    db.session.rollback()
    return int(total or 0)


def test_an_hour_is_what_the_rule_says():
    assert timedelta(hours=1) == service.HOUR
