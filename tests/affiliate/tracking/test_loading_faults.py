"""Loaders that race, die, or find no database: at the end every click is there, once, and marked as it should be."""

from __future__ import annotations

import os
import random
import select
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError

import app as application
from affiliate.core import migrate, work
from affiliate.core.db import db
from affiliate.core.settings import from_env
from affiliate.tracking import jobs, records
from affiliate.tracking.models import Click, SpoolProgress
from affiliate.tracking.records import ClickRecord
from tests.affiliate.tracking.test_jobs import MS, close_connections, committed_link
from tests.affiliate.tracking.test_repeated import expected
from tests.conftest import NOW, scratch_database

FILES, LINES = 4, 1500
KILLS = 10


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def url(engine: str, tmp_path: Path) -> Iterator[str]:
    yield from scratch_database(engine, tmp_path)


@contextmanager
def house(url: str, tmp_path: Path) -> Iterator[tuple[Flask, list[ClickRecord]]]:
    """An application with a migrated database of its own, and files of clicks of few visitors in its spool."""
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    built = application.create_app(from_env({"DATABASE_URL": url, "DATA_DIR": str(tmp_path)}))
    migrate.upgrade(built.config["SQLALCHEMY_DATABASE_URI"])
    with built.app_context():
        link_id = committed_link()
        visits = [
            ClickRecord(
                MS + rng.randrange(8 * 3_600_000), rng.getrandbits(63), link_id, f"{rng.randrange(900):x}", "phone",
                rng.choice(["", "", "bot"]), "",
            )
            for _ in range(FILES * LINES)
        ]  # fmt: skip
        folder = tmp_path / "spool"
        folder.mkdir()
        for part in range(FILES):
            lines = map(records.line_of, visits[part * LINES : (part + 1) * LINES])
            (folder / f"clicks-{part}.log").write_bytes(b"".join(lines))
        try:
            yield built, visits
        finally:
            close_connections()


def assert_all_there(visits: list[ClickRecord], folder: Path) -> None:
    db.session.rollback()
    rows = dict(iter(db.session.execute(sa.select(Click.nonce, Click.reason))))
    assert set(rows) == {visit.nonce for visit in visits}
    assert {nonce for nonce, reason in rows.items() if reason == "repeated"} == expected(visits)
    assert db.session.scalar(sa.select(sa.func.sum(SpoolProgress.loaded))) == len(visits)
    assert list(folder.glob("*")) == []


def fork_a_loader(built: Flask) -> int:
    """A process that loads all in small batches, with connections of its own; its id."""
    close_connections()
    child = os.fork()
    if child == 0:
        jobs.BATCH_BYTES = 4000
        with built.app_context():
            work.run_once([work.Step("spool", jobs.run)])
        os._exit(0)
    return child


def test_loaders_that_race_load_each_click_once(url, tmp_path):
    """Three at once on the same files; then one more, for what the others gave up on."""
    with house(url, tmp_path) as (built, visits):
        children = [fork_a_loader(built) for _ in range(3)]
        assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
        while jobs.run(NOW):
            pass
        assert_all_there(visits, tmp_path / "spool")


def killed_again_and_again(url: str, tmp_path: Path, kills: int) -> None:
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    with house(url, tmp_path) as (built, visits):
        died = 0
        for _ in range(kills):
            child = fork_a_loader(built)
            time.sleep(rng.uniform(0.0, 0.25))
            os.kill(child, signal.SIGKILL)
            died += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        while jobs.run(NOW):
            pass
        assert_all_there(visits, tmp_path / "spool")
        assert died, seed


def test_loaders_killed_at_random_moments_lose_and_double_nothing(url, tmp_path):
    killed_again_and_again(url, tmp_path, KILLS)


@pytest.mark.campaign
@pytest.mark.parametrize("turn", range(10))
def test_loaders_killed_at_random_moments_at_length(url, tmp_path, turn):
    killed_again_and_again(url, tmp_path, 30)


def test_a_position_kept_apart_from_its_clicks_would_double_or_lose(url, tmp_path, monkeypatch):
    """The control: a loader that says it has read what it has not stored yet, and dies in between."""
    with house(url, tmp_path) as (_built, visits):
        monkeypatch.setattr(jobs, "_load", lambda _session, stretch: (stretch.lines, []))
        jobs.run(NOW)
        monkeypatch.undo()
        while jobs.run(NOW):
            pass
        with pytest.raises(AssertionError):
            assert_all_there(visits, tmp_path / "spool")


class Proxy:
    """Carries connections to the database, as long as it is up."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]

    def up(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def down(self) -> None:
        """Refuse new connections and cut those that are there."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        for end in list(self._open):
            with_no_error(lambda end=end: end.shutdown(socket.SHUT_RDWR))

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _address = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", self._target)) as far:
            self._open |= {near, far}
            other = {near: far, far: near}
            while True:
                for end in select.select([near, far], [], [])[0]:
                    data = with_no_error(lambda end=end: end.recv(65536))
                    if not data or with_no_error(lambda end=end, data=data: other[end].sendall(data) or True) is None:
                        self._open -= {near, far}
                        return


def with_no_error(call):
    try:
        return call()
    except OSError:
        return None


def test_all_arrives_after_postgresql_was_away(tmp_path):
    """Cut off in the middle of loading, refused for a while, cut off again, and back."""
    for direct in scratch_database("postgres", tmp_path):
        address = sa.make_url(direct)
        proxy = Proxy(address.port or 5432)
        proxy.up()
        with house(address.set(port=proxy.port).render_as_string(hide_password=False), tmp_path) as (_built, visits):
            step = work.Step("spool", jobs.run)
            jobs_before, jobs.BATCH_BYTES = jobs.BATCH_BYTES, 4000
            try:
                for pause in (0.05, 0.1, 0.2):
                    threading.Timer(pause, proxy.down).start()
                    work.run_once([step])
                    time.sleep(0.3)
                    assert work.run_once([step]) == {"spool": 0}  # refused: nothing done, nothing raised
                    proxy.up()
                work.run_once([step])
            finally:
                jobs.BATCH_BYTES = jobs_before
            assert_all_there(visits, tmp_path / "spool")
            close_connections()
            proxy.down()


def test_all_arrives_after_sqlite_was_locked(tmp_path):
    for url in scratch_database("sqlite", tmp_path):
        with house(url, tmp_path) as (_built, visits):
            step = work.Step("spool", jobs.run)
            other = sa.create_engine(url)
            db.session.execute(sa.text("PRAGMA busy_timeout = 50"))
            db.session.rollback()
            with other.connect() as holder:
                holder.exec_driver_sql("UPDATE tracking_links SET target_url = target_url")  # takes the lock
                with pytest.raises(OperationalError, match="locked"):
                    jobs.run(NOW)
                assert work.run_once([step]) == {"spool": 0}
            other.dispose()
            work.run_once([step])
            assert_all_there(visits, tmp_path / "spool")


def test_a_writer_gets_its_turn_on_sqlite_while_a_backlog_is_loaded(tmp_path, monkeypatch):
    """The loader lets go of the lock between batches for long enough that a waiting page can write."""
    monkeypatch.setattr(jobs, "BATCH_BYTES", 20_000)
    for url in scratch_database("sqlite", tmp_path):
        with house(url, tmp_path) as (built, visits):
            child = os.fork()
            if child == 0:
                with built.app_context():
                    db.engine.dispose(close=False)
                    work.run_once([work.Step("spool", jobs.run)])
                os._exit(0)
            other = sa.create_engine(url, connect_args={"timeout": 10})
            written = 0
            while os.waitpid(child, os.WNOHANG) == (0, 0):
                with other.begin() as writer:
                    writer.exec_driver_sql("UPDATE tracking_links SET target_url = target_url")
                written += 1
            other.dispose()
            assert written >= 3
            assert_all_there(visits, tmp_path / "spool")
