"""Writers of SQLite: one at a time, and none is kept waiting by those who write often."""

from __future__ import annotations

import multiprocessing
import sqlite3
import time
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from affiliate.core import db as core_db
from affiliate.core.db import db, transaction
from affiliate.core.settings import from_env

HOLD, REST = 0.004, 0.0005  # seconds: what intake does under a flood


@pytest.fixture
def database(tmp_path):
    """The file of a database of one table, and our way of writing to it."""
    app = Flask(__name__)
    core_db.init_app(app, from_env({"DATA_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path / 'test.db'}"}))
    with app.app_context():
        with transaction(db.session) as session:
            session.execute(text("CREATE TABLE written (number INTEGER)"))
        yield tmp_path / "test.db"
        db.session.remove()
        db.engine.dispose()


def write_often(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA busy_timeout=10000")
    while True:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO written VALUES (0)")
        time.sleep(HOLD)
        connection.execute("COMMIT")
        time.sleep(REST)


@pytest.fixture
def flood(database):
    process = multiprocessing.get_context("spawn").Process(target=write_often, args=(database,), daemon=True)
    process.start()
    deadline = time.monotonic() + 20
    with sqlite3.connect(database) as looking:
        while not looking.execute("SELECT count(*) FROM written").fetchone()[0]:
            assert time.monotonic() < deadline, "the other writer has not begun"
            time.sleep(0.01)
    yield
    process.kill()
    process.join()


def write_now_and_then(times: int) -> None:
    for number in range(1, times + 1):
        time.sleep(2 * HOLD)  # long enough for the other to go on
        with transaction(db.session) as session:
            session.execute(text("INSERT INTO written VALUES (:number)"), {"number": number})


def test_a_writer_gets_its_turn_between_those_of_one_who_hardly_rests(database, flood, monkeypatch):
    monkeypatch.setattr(core_db, "WRITER_SECONDS", 1.0)
    write_now_and_then(40)
    found = db.session.execute(text("SELECT number FROM written WHERE number > 0 ORDER BY number")).scalars()
    assert list(found) == list(range(1, 41))


def test_with_looks_as_rare_as_those_of_sqlite_it_does_not(database, flood, monkeypatch):
    """A control of the test above."""
    monkeypatch.setattr(core_db, "WRITER_SECONDS", 1.0)
    monkeypatch.setattr(core_db, "WRITER_LOOKS", (0.1, 0.1))
    with pytest.raises(OperationalError, match="locked"):
        write_now_and_then(40)


def test_a_writer_who_never_gets_its_turn_is_told(database, monkeypatch):
    monkeypatch.setattr(core_db, "WRITER_SECONDS", 0.05)
    monkeypatch.setattr(core_db, "BUSY_MS", 50)
    with sqlite3.connect(database, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"), transaction(db.session):
            pass
        other.execute("ROLLBACK")
    with transaction(db.session) as session:
        session.execute(text("INSERT INTO written VALUES (1)"))
    assert db.session.execute(text("SELECT count(*) FROM written")).scalar_one() == 1
