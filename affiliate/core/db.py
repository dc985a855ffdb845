"""The database: one `db`, one metadata with named constraints, one way to hold a transaction.

The same models run on SQLite (WAL, synchronous=FULL, writers take BEGIN IMMEDIATE) and on PostgreSQL.
"""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, cast

import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, scoped_session
from sqlalchemy.orm import registry as orm_registry
from sqlalchemy.types import TypeDecorator

from affiliate.core.settings import Settings

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
BUSY_MS = 10_000
WRITER_SECONDS = 10.0  # that one writer of SQLite waits for the others
WRITER_LOOKS = (0.0005, 0.003)  # seconds between two looks
_WRITES = "etalase_writes"
_WHOLE = "etalase_whole"


class UTCDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC on every engine; a naive one is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time must be aware")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is UTC:  # what PostgreSQL's driver gives: its sessions are in UTC
            return value
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


class Base(DeclarativeBase):
    """Every table's base. `int` is 64 bits, `datetime` is UTC."""

    # Given as a registry because Flask-SQLAlchemy derives from this class, which SQLAlchemy 2.1 takes only so.
    registry = orm_registry(
        metadata=sa.MetaData(naming_convention=NAMING),
        type_annotation_map={datetime: UTCDateTime, int: BigId, dict[str, Any]: Json, list[Any]: Json, list[str]: Json},
    )


class Database(SQLAlchemy):
    """Flask-SQLAlchemy, whose scoped session behaves as a session."""

    session: Session  # type: ignore[assignment]


db = Database(
    model_class=Base,
    session_options={"expire_on_commit": False, "join_transaction_mode": "create_savepoint"},
)


def primary_key() -> Any:
    """A 64-bit id given by the database."""
    return mapped_column(BigId, primary_key=True, autoincrement=True)


def choice(kind: type[StrEnum]) -> sa.Enum:
    """A column type that holds the words of a StrEnum, checked by the database."""
    return sa.Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=24,
        values_callable=lambda members: [member.value for member in members],
        name=f"{kind.__name__.lower()}_known",
    )


@contextmanager
def transaction(session: Any) -> Iterator[Session]:
    """Everything inside is kept together, or nothing of it. Stands only at the edge: views, api, jobs, lane, pipeline.

    On SQLite it takes the write lock at once, so that two writers wait for each other instead of failing half-way.
    """
    session = session() if isinstance(session, scoped_session) else session
    if session.info.get(_WHOLE):
        with session.begin_nested():
            yield session
        return
    if session.in_transaction() and not (session.new or session.dirty or session.deleted):
        session.commit()  # ends the read that loaded the actor; a read cannot become a writer under SQLite
    session.connection(execution_options={_WRITES: True})
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


@contextmanager
def all_or_nothing(session: Any) -> Iterator[Session]:
    """A transaction in which those of the jobs that are called inside are steps: a kill anywhere leaves nothing.

    It keeps every other writer of SQLite waiting: for work that happens once, before anything is served.
    """
    with transaction(session) as whole:
        whole.info[_WHOLE] = True
        try:
            yield whole
        finally:
            del whole.info[_WHOLE]


def forget_session() -> None:
    """Give this thread's session back; the next use starts afresh."""
    cast(scoped_session[Session], db.session).remove()


def plan_by_index(session: Session) -> None:
    """For this transaction: never scan a whole table, whatever its statistics say, nor compile a plan.

    Statistics are always behind where tables grow by the batch; a trigger's plan that was made while its table was
    empty once cost twenty times the row.
    """
    if is_postgres(session):
        session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        session.execute(sa.text("SET LOCAL jit = off"))


def plain(session: Session, statement: sa.Executable) -> Any:
    """Rows of columns, past the ORM, which would look for its own in them. What is still unflushed is not seen."""
    return session.connection().execute(statement)


def affected(result: Any) -> int:
    """Rows that a statement has touched: 0 means that the race is lost. An INSERT counts when `upsert` made it."""
    count = int(result.rowcount)
    assert count >= 0, "the driver does not count this statement"
    return count


def upsert(session: Session, table: sa.Table | type[Base]) -> Any:
    """INSERT of the session's engine, with `.on_conflict_do_nothing` and `.on_conflict_do_update`."""
    insert = (postgresql if is_postgres(session) else sqlite).insert(table)
    return insert.execution_options(preserve_rowcount=True)  # psycopg's count is forgotten otherwise


def numbers(session: Session, values: Iterable[int]) -> Any:
    """Whole numbers as a table of one column, `number`: one parameter, however many they are."""
    given = list(values)
    if is_postgres(session):
        array = sa.cast(given, postgresql.ARRAY(sa.BigInteger))
        return sa.func.unnest(array).table_valued("number", name="numbers").render_derived()
    listed = sa.func.json_each(json.dumps(given)).table_valued("value", name="listed")
    return sa.select(listed.c.value.label("number")).subquery("numbers")


def among(session: Session, column: Any, values: Iterable[Any]) -> sa.ColumnElement[bool]:
    """`column IN (values)`; one parameter on PostgreSQL, and the same statement however many values there are."""
    given = list(values)
    if not is_postgres(session):
        found: sa.ColumnElement[bool] = column.in_(given)
        return found
    kind = sa.Text() if isinstance(column.type, sa.String) else column.type
    return cast("sa.ColumnElement[bool]", column == sa.any_(sa.cast(given, postgresql.ARRAY(kind))))


def is_postgres(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # we send BEGIN ourselves, see _begin
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        if connection.get_execution_options().get(_WRITES):
            _begin_writing(connection)
        else:
            connection.exec_driver_sql("BEGIN")


def _begin_writing(connection: Connection) -> None:
    """BEGIN IMMEDIATE, waiting for other writers with short looks.

    SQLite's own wait looks ten times a second in the end: one who writes often, as intake does, never lets such a one
    in.
    """
    driver, waited = cast(sqlite3.Connection, connection.connection.driver_connection), 0.0
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while waited < WRITER_SECONDS:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as refused:
                if refused.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
                pause = random.uniform(*WRITER_LOOKS)  # noqa: S311  so that two who wait do not look together
                time.sleep(pause)
                waited += pause
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # once more, for the error that everybody knows
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_MS}")


def init_app(app: Flask, settings: Settings) -> None:
    """Configure the engine. PostgreSQL gets a bounded pool and a statement time-out; SQLite one file."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    if settings.is_sqlite:
        options: dict[str, Any] = {"connect_args": {"timeout": 10, "check_same_thread": False}}
    else:
        options = {
            "pool_size": min(settings.web_threads, 20),
            "max_overflow": 10,
            "pool_pre_ping": True,
            "connect_args": {
                "connect_timeout": 5,
                "options": "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s -c TimeZone=UTC",
            },
        }
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
