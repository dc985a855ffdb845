"""How a migration is run: on a connection of its own, whole or not at all, one at a time.

SQLite rebuilds a table to alter it; with foreign keys on that would delete child rows, so they are off while we
migrate and checked before we commit. PostgreSQL takes an advisory lock, so that two starting at once do not race.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context
from sqlalchemy.pool import NullPool

import app  # noqa: F401  imports every room, so that the metadata is whole
from affiliate.core.db import Base, UTCDateTime

LOCK = 0x6574616C  # "etal"


def _render(kind: str, item: object, _autogen: object) -> str | bool:
    """Migrations stand by themselves: they name SQLAlchemy's types, not ours."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, sa.JSON):
        return "sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql')"
    return False


def _configure(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
        compare_type=True,
        render_item=_render,
    )


def _migrate_sqlite(url: str) -> None:
    engine = sa.create_engine(url, poolclass=NullPool, connect_args={"timeout": 60})
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")  # the read transaction that connecting began
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        _configure(connection)
        context.run_migrations()
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            connection.exec_driver_sql("ROLLBACK")
            raise RuntimeError(f"the migration would leave {len(broken)} rows without their parent: {broken[:3]}")
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("BEGIN")


def _migrate_postgres(url: str) -> None:
    engine = sa.create_engine(url, poolclass=NullPool, connect_args={"options": "-c lock_timeout=10s"})
    with engine.connect() as connection, connection.begin():
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        _configure(connection)
        context.run_migrations()


url = context.config.attributes["database_url"]
(_migrate_sqlite if url.startswith("sqlite") else _migrate_postgres)(url)
