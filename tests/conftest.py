"""The test house: both engines, the real application, a frozen clock where time matters, strangers at hand.

Every test that takes `app`, `session` or `client` runs once on SQLite and, where TEST_DATABASE_URL is set, once on
PostgreSQL. REQUIRE=postgres,redis,browser turns the skip of a missing part into a failure.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, g, has_app_context
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

import app as application
from affiliate.core import migrate
from affiliate.core.db import Base, db
from affiliate.core.limits import limiter
from affiliate.core.settings import from_env
from affiliate.tracking import redirect
from affiliate.tracking.pageviews import recording
from tests import factories

# The suite tries a small share, `make campaign` the rest; both print how to repeat a failure.
_SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
hypothesis_settings.register_profile(
    "suite", max_examples=50, deadline=None, print_blob=True, suppress_health_check=_SLOW_IS_FINE
)
hypothesis_settings.register_profile(
    "campaign", max_examples=5000, deadline=None, print_blob=True, suppress_health_check=_SLOW_IS_FINE
)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

SHARED = Path(__file__).resolve().parents[2] / "shared"
REQUIRED = {name for name in os.environ.get("REQUIRE", "").split(",") if name}
NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def missing(part: str, reason: str) -> None:
    """Skip for a part that is not here, or fail where it is required."""
    if part in REQUIRED:
        pytest.fail(f"REQUIRE names {part}: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real inputs that are not part of the project."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the folder with real inputs is not beside the project")
    return folder


class Visitor(FlaskClient):
    """A client whose requests know nothing of each other but the cookie, although a test's `g` outlives them.

    Answers are read to their end: a streamed one that nobody reads would close itself in the middle of a later request.
    """

    def open(self, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("buffered", True)
        for name in tuple(g) if has_app_context() else ():
            g.pop(name)
        return super().open(*args, **kwargs)


def _engines() -> list[str]:
    return ["sqlite", "postgres"]


def scratch_database(engine: str, tmp: Path) -> Iterator[str]:
    """The address of a fresh, empty database that is gone afterwards."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp / 'test.db'}"
        return
    base = os.environ.get("TEST_DATABASE_URL")
    if not base:
        missing("postgres", "TEST_DATABASE_URL is not set")
    url = sa.make_url(str(base).replace("postgresql://", "postgresql+psycopg://"))
    name = f"etalase_test_{secrets.token_hex(6)}"
    admin = sa.create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
        admin.dispose()


@pytest.fixture(scope="session", params=_engines())
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, str]]:
    """One migrated database an engine, for the whole session."""
    tmp = tmp_path_factory.mktemp(request.param)
    for url in scratch_database(request.param, tmp):
        built = application.create_app(from_env({"DATABASE_URL": url, "DATA_DIR": str(tmp)}))
        built.test_client_class = Visitor
        built.config["TESTING"] = True
        built.config["WTF_CSRF_ENABLED"] = False
        migrate.upgrade(built.config["SQLALCHEMY_DATABASE_URI"])
        yield built, request.param
        with built.app_context():
            for engine in db.engines.values():
                engine.dispose()


@pytest.fixture
def app(database: tuple[Flask, str]) -> Iterator[Flask]:
    """The application inside one test: an outer transaction holds everything and is rolled back."""
    built, _engine = database
    with built.app_context():
        engine = db.engines[None]
        connection = engine.connect()
        outer = connection.begin()
        db.engines[None] = connection  # type: ignore[assignment]  # the documented recipe for isolated tests
        limiter.reset()  # the whole suite signs in from one address
        try:
            yield built
        finally:
            db.session.remove()
            outer.rollback()
            connection.close()
            db.engines[None] = engine
            redirect.stop(built)
            recording.stop(built)
            shutil.rmtree(built.config["ETALASE"].spool_dir, ignore_errors=True)


@pytest.fixture
def session(app: Flask) -> Session:
    return db.session  # type: ignore[return-value]  # a scoped session behaves as one


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def make(session: Session) -> factories.Make:
    """Builders for everything: make.community(), make.product(), …"""
    return factories.Make(session)


@pytest.fixture
def engine_name(database: tuple[Flask, str]) -> str:
    return database[1]


@pytest.fixture
def count_statements() -> Callable[[], Any]:
    """`with count_statements() as made:` counts the statements sent to the database into made[0]."""

    @contextmanager
    def counting() -> Iterator[list[int]]:
        made = [0]

        def count(*_args: Any) -> None:
            made[0] += 1

        sa.event.listen(Engine, "before_cursor_execute", count)
        try:
            yield made
        finally:
            sa.event.remove(Engine, "before_cursor_execute", count)

    return counting


def all_tables() -> list[Any]:
    return list(Base.metadata.sorted_tables)
