"""Tables that only grow: the database itself refuses to change or delete their rows.

A model says `append_only(Thing.__table__)`; a room with finer rules gives its own statements to `protect`. All of them
run after the table is made, and `statements(dialect)` lists them for the migration and for the test that compares.
SQLite drops a table's triggers when a migration rebuilds it: such a migration makes them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

DIALECTS = ("sqlite", "postgresql")

_statements: dict[str, dict[str, tuple[str, ...]]] = {}

REFUSE = """CREATE OR REPLACE FUNCTION etalase_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
    MESSAGE = TG_TABLE_NAME || ' only grows: ' || lower(TG_OP) || ' refused';
END $$"""


def append_only(table: Any) -> None:
    """Refuse every update and delete of this table's rows, on both engines."""
    protect(
        table,
        sqlite=[*refuse_sqlite(table.name, "UPDATE"), *refuse_sqlite(table.name, "DELETE")],
        postgresql=refuse_postgresql(table.name, "UPDATE", "DELETE"),
    )


def refuse_sqlite(table: str, deed: str, when: str = "") -> list[str]:
    """One trigger that refuses UPDATE or DELETE, perhaps only `when` a condition over OLD and NEW holds."""
    condition = f" WHEN {when}" if when else ""
    trigger = f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table}{condition}"
    return [f"{trigger} BEGIN SELECT RAISE(ABORT, '{table} only grows: {deed.lower()} refused'); END"]


def refuse_postgresql(table: str, *deeds: str) -> list[str]:
    """Triggers that refuse the deeds row by row, and emptying the whole table."""
    rows = [
        f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION etalase_refuse()"
        for deed in deeds
    ]
    whole = f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION etalase_refuse()"
    return [REFUSE, *rows, whole]


def protect(table: Any, *, sqlite: Sequence[str], postgresql: Sequence[str]) -> None:
    """Run these statements after the table is made, by engine."""
    _statements[table.name] = {"sqlite": tuple(sqlite), "postgresql": tuple(postgresql)}
    for dialect, texts in _statements[table.name].items():
        for text in texts:
            event.listen(table, "after_create", sa.DDL(text.replace("%", "%%")).execute_if(dialect=dialect))


def statements(dialect_name: str) -> list[str]:
    """Every statement of an engine, each once, in an order in which they can run."""
    found = (text for name in sorted(_statements) for text in _statements[name][dialect_name])
    return list(dict.fromkeys(found))


def trigger_names(dialect_name: str) -> set[str]:
    """Names of all triggers that must stand in an engine's catalogue."""
    return set(_created(statements(dialect_name)))


def missing_triggers(session: Session) -> set[str]:
    """Triggers that should stand in this database and do not, or are switched off."""
    dialect = session.get_bind().dialect.name
    catalogue = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if dialect == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D' "
        "AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace)"
    )
    return trigger_names(dialect) - set(session.execute(sa.text(catalogue)).scalars())


def _created(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        words = text.split()
        if words[:2] == ["CREATE", "TRIGGER"]:
            yield words[2]
        elif words[:3] == ["CREATE", "CONSTRAINT", "TRIGGER"]:
            yield words[3]
