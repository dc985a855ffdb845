"""Clicks that are loaded in bulk: a trail for each visitor's span of time instead of indexes over all of time, no foreign keys.

The trails of clicks that are there are worked out here (`affiliate.tracking.models.trail_of` says how).
"""

from datetime import UTC, datetime, timedelta
from zlib import crc32

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_0445"
down_revision = "2026_11_26_0440"
branch_labels = None
depends_on = None

OWNERS = (("community_id", "communities"), ("link_id", "tracking_links"), ("merchant_id", "merchants"))
INDEXES = (
    ("ix_clicks_community_clicked_at", ["community_id", "clicked_at"]),
    ("ix_clicks_link_visitor", ["link_id", "visitor", "clicked_at"]),
    ("ix_clicks_merchant_clicked_at", ["merchant_id", "clicked_at"]),
)
ROWS_AT_ONCE = 10_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=1)

clicks = sa.table(
    "clicks",
    sa.column("clicked_at", sa.DateTime(timezone=True)),
    sa.column("nonce", sa.BigInteger),
    sa.column("visitor", sa.String),
    sa.column("trail", sa.BigInteger),
)


def upgrade():
    for name, _columns in INDEXES:
        op.drop_index(name, table_name="clicks")
    with op.batch_alter_table("clicks") as batch:
        for column, _parent in OWNERS:
            batch.drop_constraint(f"fk_clicks_{column}", type_="foreignkey")
        batch.add_column(
            sa.Column("trail", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, server_default="0")
        )
    _fill()
    with op.batch_alter_table("clicks") as batch:
        batch.alter_column("trail", server_default=None, existing_type=sa.BigInteger(), existing_nullable=False)
    op.create_index("ix_clicks_trail_link", "clicks", ["trail", "link_id"])
    op.create_table(
        "click_retention",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("blanked_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_click_retention"),
    )


def _fill():
    """The trail of every click, along the primary key."""
    connection = op.get_bind()
    key = sa.tuple_(clicks.c.clicked_at, clicks.c.nonce)
    change = (
        sa.update(clicks)
        .where(clicks.c.clicked_at == sa.bindparam("at"), clicks.c.nonce == sa.bindparam("number"))
        .values(trail=sa.bindparam("path"))
    )
    after = None
    while True:
        rows = connection.execute(
            sa.select(clicks.c.clicked_at, clicks.c.nonce, clicks.c.visitor)
            .where(key > after if after is not None else sa.true())
            .order_by(clicks.c.clicked_at, clicks.c.nonce)
            .limit(ROWS_AT_ONCE)
        ).all()
        if not rows:
            return
        connection.execute(
            change, [{"at": at, "number": nonce, "path": _trail(at, visitor)} for at, nonce, visitor in rows]
        )
        after = sa.tuple_(
            sa.literal(rows[-1].clicked_at, sa.DateTime(timezone=True)), sa.literal(rows[-1].nonce, sa.BigInteger)
        )


def _trail(moment, visitor):
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return ((moment - EPOCH) // SPAN << 32) + crc32(visitor.encode())


def downgrade():
    op.drop_table("click_retention")
    op.drop_index("ix_clicks_trail_link", table_name="clicks")
    with op.batch_alter_table("clicks") as batch:
        batch.drop_column("trail")
        for column, parent in OWNERS:
            batch.create_foreign_key(f"fk_clicks_{column}", parent, [column], ["id"])
    for name, columns in INDEXES:
        op.create_index(name, "clicks", columns)
