"""Room in the page for rows that are changed soon after they are written, and a quick compression for long traces.

A row that finds room in its own page is changed without touching one index (PostgreSQL calls it a heap-only update).
What these rows are changed in, their lease, estimate or seal, stands in no index.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_0531"
down_revision = "2026_11_27_0530"
branch_labels = None
depends_on = None

TABLES = ("deliveries", "conversions", "credits", "ledger_entries")


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} SET (fillfactor = 50)")
    if _has_lz4():
        op.execute("ALTER TABLE commission_events ALTER COLUMN trace SET COMPRESSION lz4")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} RESET (fillfactor)")
    op.execute("ALTER TABLE commission_events ALTER COLUMN trace SET COMPRESSION default")


def _has_lz4() -> bool:
    """Whether this server was built with it, and is of version 14 or newer."""
    known = sa.text("SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression'")
    return bool(op.get_bind().execute(known).scalar())
