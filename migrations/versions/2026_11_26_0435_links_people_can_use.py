"""Links with a label, sub-ids and a code of one's own; variants of a product found; tests of an integration."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_26_0435"
down_revision = "2026_11_26_0430"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("tracking_links", sa.Column("look", sa.String(length=20), nullable=True))
    op.add_column("tracking_links", sa.Column("label", sa.String(length=120), server_default="", nullable=False))
    op.add_column("tracking_links", sa.Column("sub_ids", JSON, server_default="{}", nullable=False))
    op.create_index("uq_tracking_links_look", "tracking_links", ["look"], unique=True)
    op.create_index("ix_products_merchant_group", "products", ["merchant_id", "group_key"])
    op.create_table(
        "link_tests",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("merchant_id", ID, nullable=False),
        sa.Column("product_id", ID, nullable=False),
        sa.Column("link_id", ID, nullable=False),
        sa.Column("community_id", ID, nullable=True),
        sa.Column("landing_url", sa.Text(), nullable=True),
        sa.Column("token", sa.String(length=80), nullable=True),
        sa.Column("deliveries_before", ID, nullable=False),
        sa.Column("sent_status", ID, nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants.id"], name="fk_link_tests_merchant_id"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_link_tests_product_id"),
        sa.ForeignKeyConstraint(["link_id"], ["tracking_links.id"], name="fk_link_tests_link_id"),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name="fk_link_tests_community_id"),
        sa.PrimaryKeyConstraint("id", name="pk_link_tests"),
    )
    op.create_index("ix_link_tests_merchant_id", "link_tests", ["merchant_id"])


def downgrade() -> None:
    op.drop_table("link_tests")
    op.drop_index("ix_products_merchant_group", "products")
    op.drop_index("uq_tracking_links_look", "tracking_links")
    for name in ("sub_ids", "label", "look"):
        op.drop_column("tracking_links", name)
