"""A verdict for refunds that wait for their order, and a count of requests with a wrong signature."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_0500"
down_revision = "2026_11_26_0445"
branch_labels = None
depends_on = None

NAME = "ck_deliveries_verdict_known"
BEFORE = "verdict IN ('accepted', 'repeat', 'stale', 'unreadable', 'ignored')"
AFTER = "verdict IN ('accepted', 'repeat', 'stale', 'unreadable', 'ignored', 'unknown_order')"


def _verdicts(check: str) -> None:
    with op.batch_alter_table("deliveries") as table:
        table.drop_constraint(op.f(NAME), type_="check")
        table.create_check_constraint(op.f(NAME), check)


def upgrade() -> None:
    _verdicts(AFTER)
    op.create_table(
        "refused_requests",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("merchant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "standard", "shopify", "woocommerce", "adobe",
                name="webhookkind_known", native_enum=False, create_constraint=True, length=24,
            ),
            nullable=False,
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants.id"], name=op.f("fk_refused_requests_merchant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused_requests")),
        sa.UniqueConstraint("merchant_id", "kind", "day", name=op.f("uq_refused_requests_merchant_id_kind_day")),
    )


def downgrade() -> None:
    op.drop_table("refused_requests")
    op.execute("UPDATE deliveries SET verdict = 'accepted' WHERE verdict = 'unknown_order'")
    _verdicts(BEFORE)
