"""Many rows in one statement, for the conveyor. Plain tables: nothing here goes through the ORM's unit of work.

On PostgreSQL `insert` is COPY, the others pass all rows as one JSON parameter; on SQLite each is `executemany`, which
is as fast there. All rows of a call have the same columns.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any, cast

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from affiliate.core.db import Base, UTCDateTime, is_postgres, upsert

Rows = Sequence[Mapping[str, Any]]
_DIALECT = postgresql.dialect()


def insert(session: Session, kind: type[Base], rows: Rows) -> None:
    """Add these rows."""
    if not rows:
        return
    table = cast(sa.Table, kind.__table__)
    if not is_postgres(session):
        session.execute(sa.insert(table), list(rows))
        return
    plan = _plan(table, tuple(rows[0]))
    connection: Any = session.connection().connection.driver_connection
    with connection.cursor() as cursor, cursor.copy(plan.copy) as copy:
        for values in [plan.values(row) for row in rows]:
            copy.write_row(values)


def insert_new(
    session: Session, kind: type[Base], rows: Rows, *, key: Sequence[str], returning: Sequence[str] = ()
) -> Sequence[Any]:
    """Add those of these rows whose key (columns of a unique index) is not there yet; what is asked for of those."""
    if not rows:
        return []
    table = cast(sa.Table, kind.__table__)
    if is_postgres(session):
        insert = _insert_new(table, tuple(rows[0]), tuple(key), tuple(returning))
        done = session.execute(insert, {"rows": _json(rows)})
    else:
        statement = upsert(session, table).on_conflict_do_nothing(index_elements=list(key))
        wanted = statement.returning(*(table.c[name] for name in returning)) if returning else statement
        done = session.execute(wanted, list(rows))
    return cast(Any, done).all() if returning else []


def update(session: Session, kind: type[Base], rows: Rows) -> None:
    """Give the rows of these ids these values."""
    if not rows:
        return
    table = cast(sa.Table, kind.__table__)
    names = tuple(name for name in rows[0] if name != "id")
    if is_postgres(session):
        session.execute(_update(table, names), {"rows": _json(rows)})
        return
    by_id = sa.update(table).where(table.c.id == sa.bindparam("id_"))
    changed = by_id.values({name: sa.bindparam(f"{name}_") for name in names})
    session.execute(changed, [{f"{name}_": value for name, value in row.items()} for row in rows])


def new_ids(session: Session, kind: type[Base], count: int) -> list[int]:
    """So many ids that nobody else will get, for rows that are about to be added in this transaction."""
    if not count:
        return []
    table = cast(sa.Table, kind.__table__)
    if is_postgres(session):
        sequence = sa.func.pg_get_serial_sequence(table.name, "id")
        series = sa.func.generate_series(1, count).table_valued("number")
        return list(session.execute(sa.select(sa.func.nextval(sequence)).select_from(series)).scalars())
    last = session.execute(sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0))).scalar_one()  # one writer at a time
    return list(range(last + 1, last + 1 + count))


class _Plan:
    """How rows of these columns are copied into a table: given ones, and those with a constant for a default."""

    def __init__(self, table: sa.Table, given: Sequence[str]) -> None:
        defaults = {
            column.name: (_written(column) or _same)(column.default.arg)
            for column in table.c
            if column.name not in given and isinstance(column.default, sa.ColumnDefault) and column.default.is_scalar
        }
        self.copy = f"COPY {table.name} ({_list((*given, *defaults))}) FROM STDIN"
        self._given = tuple(given)
        self._written = [(place, write) for place, name in enumerate(given) if (write := _written(table.c[name]))]
        self._defaults = list(defaults.values())

    def values(self, row: Mapping[str, Any]) -> list[Any]:
        """What is copied of one row, in the order of the columns."""
        values = [row[name] for name in self._given]
        for place, write in self._written:
            values[place] = write(values[place])
        return values + self._defaults


@lru_cache(maxsize=128)
def _plan(table: sa.Table, given: tuple[str, ...]) -> _Plan:
    return _Plan(table, given)


def _written(column: sa.Column[Any]) -> Callable[[Any], Any] | None:
    """How a value of this column is written; None for as it is."""
    if isinstance(column.type, sa.JSON):
        return lambda value: None if value is None else _json(value)
    if isinstance(column.type, sa.Enum):
        return lambda value: value.value if isinstance(value, Enum) else value
    if isinstance(column.type, UTCDateTime):
        return _aware
    return None


def _same(value: Any) -> Any:
    return value


def _aware(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise ValueError("a stored time must be aware")
    return value


@lru_cache(maxsize=128)
def _insert_new(
    table: sa.Table, names: tuple[str, ...], key: tuple[str, ...], returning: tuple[str, ...]
) -> sa.TextClause:
    read = f"SELECT {_list(names)} FROM {_given(table, names)}"  # noqa: S608  our own names of columns
    then = f"ON CONFLICT ({_list(key)}) DO NOTHING" + (f" RETURNING {_list(returning)}" if returning else "")
    return sa.text(f"INSERT INTO {table.name} ({_list(names)}) {read} {then}")


@lru_cache(maxsize=128)
def _update(table: sa.Table, names: tuple[str, ...]) -> sa.TextClause:
    sets = ", ".join(f"{_quote(name)} = given.{_quote(name)}" for name in names)
    source = _given(table, ("id", *names))
    return sa.text(f"UPDATE {table.name} SET {sets} FROM {source} WHERE {table.name}.id = given.id")  # noqa: S608  our own names


def _given(table: sa.Table, names: Sequence[str]) -> str:
    columns = ", ".join(f"{_quote(name)} {_type(table.c[name])}" for name in names)
    return f"json_to_recordset(CAST(:rows AS json)) AS given({columns})"


def _type(column: sa.Column[Any]) -> str:
    """The type that a value is read as. Texts have no bound here: one that is too long is refused by the table."""
    return "text" if isinstance(column.type, sa.String) else column.type.compile(_DIALECT)


def _list(names: Sequence[str]) -> str:
    return ", ".join(map(_quote, names))


def _quote(name: str) -> str:
    return f'"{name}"'


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()
    except orjson.JSONEncodeError:  # a number of more than 64 bits, or half a character
        return json.dumps(value, default=_plain, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        _aware(value)
        return value.isoformat()
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(f"no value of a row: {type(value).__name__}")
