"""Sums of clicks and page views by the hour, filled from the clicks that are there."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_0440"
down_revision = "2026_11_26_0435"
branch_labels = None
depends_on = None

HOUR = {
    "sqlite": "strftime('%Y-%m-%d %H:00:00.000000', clicked_at)",
    "postgresql": "date_trunc('hour', clicked_at, 'UTC')",
}


def number(name: str, *rest: object, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), *rest, nullable=nullable)


def moment(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def parent(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}")


def upgrade() -> None:
    op.create_table(
        "shown_pages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        number("community_id"),
        number("collection_id", nullable=True),
        parent("shown_pages", "community_id", "communities"),
        sa.PrimaryKeyConstraint("id", name="pk_shown_pages"),
        sa.UniqueConstraint("digest", name="uq_shown_pages_digest"),
    )
    op.create_index("ix_shown_pages_community_id", "shown_pages", ["community_id"])
    op.create_table(
        "shown_links",
        number("page_id"),
        number("link_id"),
        parent("shown_links", "page_id", "shown_pages"),
        parent("shown_links", "link_id", "tracking_links"),
        sa.PrimaryKeyConstraint("page_id", "link_id", name="pk_shown_links"),
    )
    op.create_index("ix_shown_links_link_id", "shown_links", ["link_id"])
    op.create_table(
        "page_views",
        moment("viewed_at"),
        sa.Column("nonce", sa.BigInteger(), autoincrement=False, nullable=False),
        number("page_id"),
        sa.Column("visitor", sa.String(32), nullable=False),
        parent("page_views", "page_id", "shown_pages"),
        sa.PrimaryKeyConstraint("viewed_at", "nonce", name="pk_page_views"),
    )
    op.create_table(
        "view_hours",
        moment("hour"),
        number("page_id"),
        number("community_id"),
        number("collection_id", nullable=True),
        number("views"),
        number("visitors"),
        parent("view_hours", "page_id", "shown_pages"),
        parent("view_hours", "community_id", "communities"),
        sa.PrimaryKeyConstraint("hour", "page_id", name="pk_view_hours"),
    )
    op.create_index("ix_view_hours_community_hour", "view_hours", ["community_id", "hour"])
    op.create_table(
        "view_rollups_due",
        moment("hour"),
        number("page_id"),
        parent("view_rollups_due", "page_id", "shown_pages"),
        sa.PrimaryKeyConstraint("hour", "page_id", name="pk_view_rollups_due"),
    )
    op.create_table(
        "click_hours",
        moment("hour"),
        number("link_id"),
        number("community_id"),
        number("merchant_id"),
        number("visits"),
        number("qualified"),
        parent("click_hours", "link_id", "tracking_links"),
        parent("click_hours", "community_id", "communities"),
        parent("click_hours", "merchant_id", "merchants"),
        sa.PrimaryKeyConstraint("hour", "link_id", name="pk_click_hours"),
    )
    op.create_index("ix_click_hours_community_hour", "click_hours", ["community_id", "hour"])
    op.create_index("ix_click_hours_merchant_hour", "click_hours", ["merchant_id", "hour"])
    op.create_index("ix_click_hours_link", "click_hours", ["link_id"])
    op.create_table(
        "rollups_due",
        moment("hour"),
        number("link_id"),
        sa.Column("spreads", sa.Boolean(), nullable=False),
        parent("rollups_due", "link_id", "tracking_links"),
        sa.PrimaryKeyConstraint("hour", "link_id", name="pk_rollups_due"),
    )
    op.create_table(
        "inspections_due",
        moment("hour"),
        sa.PrimaryKeyConstraint("hour", name="pk_inspections_due"),
    )
    fill()


def fill() -> None:
    """Nothing else writes while a migration runs, so the sums can be taken at once."""
    hour = HOUR[op.get_bind().dialect.name]
    op.get_bind().exec_driver_sql(
        "INSERT INTO click_hours (hour, link_id, community_id, merchant_id, visits, qualified) "  # noqa: S608
        f"SELECT {hour}, link_id, community_id, merchant_id, count(*), sum(CASE WHEN is_qualified THEN 1 ELSE 0 END) "
        f"FROM clicks GROUP BY {hour}, link_id, community_id, merchant_id"
    )


def downgrade() -> None:
    for table in ("inspections_due", "rollups_due", "click_hours", "view_rollups_due", "view_hours", "page_views", "shown_links"):
        op.drop_table(table)
    op.drop_table("shown_pages")
