"""Databases of a benchmark: made for it, filled, taken away and given back while a server runs, and dropped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core import clock, migrate
from affiliate.core.settings import from_env
from affiliate.links import service
from affiliate.tracking.models import NEXT_SPAN
from tests.factories import Make

POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"
CHUNK = 1_000_000


class Sqlite:
    """A file in the data folder."""

    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'etalase.db'}"
        self._file = folder / "etalase.db"

    def drop(self) -> None:
        """It goes with the folder."""

    @contextmanager
    def away(self) -> Iterator[None]:
        """The file is elsewhere: nothing can open it. (A connection that is open already still reads what it was.)"""
        hidden = self._file.with_name("away")
        hidden.mkdir()
        files = list(self._file.parent.glob("etalase.db*"))
        for path in files:
            path.rename(hidden / path.name)
        self._file.mkdir()
        yield
        self._file.rmdir()
        for path in files:
            (hidden / path.name).rename(path)


class Postgres:
    """A database of its own on a running server."""

    name = "PostgreSQL"

    def __init__(self) -> None:
        base = sa.make_url(os.environ.get("BENCH_POSTGRES_URL", POSTGRES)).set(drivername="postgresql+psycopg")
        self._name = f"etalase_bench_{os.getpid()}"
        self._admin = sa.create_engine(base, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
        self._tell(f'CREATE DATABASE "{self._name}"')
        self.url = base.set(database=self._name).render_as_string(hide_password=False)

    def _tell(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.exec_driver_sql(statement)

    def drop(self) -> None:
        self._tell(f'DROP DATABASE "{self._name}" WITH (FORCE)')
        self._admin.dispose()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Every connection is cut, and none is let in."""
        self._tell(f'ALTER DATABASE "{self._name}" ALLOW_CONNECTIONS false')
        self._tell(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self._name}'")
        yield
        self._tell(f'ALTER DATABASE "{self._name}" ALLOW_CONNECTIONS true')


Database = Sqlite | Postgres


@contextmanager
def made(kind: type[Sqlite | Postgres], folder: Path) -> Iterator[Database | None]:
    """A migrated, empty one; None where there is no server for it."""
    folder.mkdir(parents=True)
    try:
        database: Database = Postgres() if kind is Postgres else Sqlite(folder)
    except sa.exc.OperationalError:
        yield None
        return
    try:
        migrate.upgrade(database.url)
        yield database
    finally:
        database.drop()


def environment(database: Database, folder: Path, port: int) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": database.url, "DATA_DIR": str(folder), "PORT": str(port), "WEB_PROCESSES": "1",
        "REDIS_URL": "", "PUBLIC_URL": "",
    }  # fmt: skip


def one_link(env: dict[str, str]) -> str:
    """A store, a community, a link; its code."""
    engine = sa.create_engine(from_env(env).database_url)
    with Session(engine) as session, session.begin():
        make = Make(session)
        product = make.product(make.merchant(slug="toko"))
        code = service.create(session, make.community(), product, now=clock.now()).code
    engine.dispose()
    return code


def many_links(env: dict[str, str], links: int) -> list[str]:
    """So many deep links more, each with an address of its own; their codes."""
    engine = sa.create_engine(from_env(env).database_url)
    codes = [_code(number) for number in range(links)]
    with engine.begin() as connection:
        community, merchant = connection.execute(sa.text("SELECT community_id, merchant_id FROM tracking_links")).one()
        insert = sa.text(
            "INSERT INTO tracking_links (code, community_id, merchant_id, target_url, created_at) "
            "VALUES (:code, :community, :merchant, :url, :now)"
        )
        now = clock.now().replace(tzinfo=None).isoformat(" ") if "sqlite" in str(engine.url) else clock.now()
        for start in range(0, links, 10_000):
            rows = [
                {
                    "code": code, "community": community, "merchant": merchant, "now": now,
                    "url": f"https://toko.test/produk/kemeja-lengan-panjang-{start + n}?warna=biru",
                }
                for n, code in enumerate(codes[start : start + 10_000])
            ]  # fmt: skip
            connection.execute(insert, rows)
    engine.dispose()
    return codes


def _code(number: int) -> str:
    digits = "23456789abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
    mixed = number * 2_654_435_761 % len(digits) ** 5
    return "n" + "".join(digits[mixed // len(digits) ** place % len(digits)] for place in range(5)) + "zz"


def many_clicks(env: dict[str, str], clicks: int) -> None:
    """So many stored clicks of the last year, made by the database itself; their trails are as many, not true."""
    engine = sa.create_engine(from_env(env).database_url)
    if engine.dialect.name == "sqlite":
        numbers = "WITH RECURSIVE n(i) AS (SELECT :low UNION ALL SELECT i + 1 FROM n WHERE i < :high - 1)"
        moment = "strftime('%Y-%m-%d %H:%M:%f000', 'now', '-' || (1 + i % 31000000) || ' seconds')"
        visitor, source = "printf('%024x', i % 3000000)", "n"
    else:
        numbers = "WITH n(i) AS (SELECT generate_series(:low, :high - 1))"
        moment = "now() - make_interval(secs => 1 + i % 31000000)"
        visitor, source = "lpad(to_hex(i % 3000000), 24, '0')", "n"
    statement = sa.text(
        f"{numbers} INSERT INTO clicks (clicked_at, nonce, link_id, community_id, merchant_id, visitor, device, "
        f"is_qualified, trail) SELECT {moment}, i, link.id, link.community_id, link.merchant_id, {visitor}, 'phone', "
        f":yes, (20000 - i % 31000000 / 86400) * {NEXT_SPAN} + i % 3000000 "
        f"FROM {source}, (SELECT * FROM tracking_links ORDER BY id LIMIT 1) link"
    )
    for low in range(0, clicks, CHUNK):
        with engine.begin() as connection:
            connection.execute(statement, {"low": low, "high": min(low + CHUNK, clicks), "yes": True})
    engine.dispose()
