"""A sandbox for a store's order messages, and who has passed its checklist."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_27_0530"
down_revision = "2026_11_26_0500"
branch_labels = None
depends_on = None

SQLITE = [
    """
CREATE TRIGGER certifications_no_update BEFORE UPDATE ON certifications BEGIN SELECT RAISE(ABORT, 'certifications only grows: update refused'); END
    """,
    """
CREATE TRIGGER certifications_no_delete BEFORE DELETE ON certifications BEGIN SELECT RAISE(ABORT, 'certifications only grows: delete refused'); END
    """,
]
# The function is there since 2026_11_22_0705.
POSTGRESQL = [
    """
CREATE TRIGGER certifications_no_update BEFORE UPDATE ON certifications FOR EACH ROW EXECUTE FUNCTION etalase_refuse()
    """,
    """
CREATE TRIGGER certifications_no_delete BEFORE DELETE ON certifications FOR EACH ROW EXECUTE FUNCTION etalase_refuse()
    """,
    """
CREATE TRIGGER certifications_no_truncate BEFORE TRUNCATE ON certifications EXECUTE FUNCTION etalase_refuse()
    """,
]


def _id() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=f"{name}_known", native_enum=False, create_constraint=True, length=24)


def _kinds() -> sa.Enum:
    return _words("webhookkind", "standard", "shopify", "woocommerce", "adobe")


def upgrade() -> None:
    op.create_table(
        "sandbox_keys",
        sa.Column("id", _id(), autoincrement=True, nullable=False),
        sa.Column("merchant_id", _id(), nullable=False),
        sa.Column("kind", _kinds(), nullable=False),
        sa.Column("secret", sa.String(length=200), nullable=False),
        sa.Column("shop_secret", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants.id"], name=op.f("fk_sandbox_keys_merchant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_keys")),
        sa.UniqueConstraint("merchant_id", "kind", name=op.f("uq_sandbox_keys_merchant_id_kind")),
    )
    op.create_table(
        "sandbox_deliveries",
        sa.Column("id", _id(), autoincrement=True, nullable=False),
        sa.Column("merchant_id", _id(), nullable=False),
        sa.Column("kind", _kinds(), nullable=False),
        sa.Column("reply", _words("reply", "kept", "repeat", "refused", "reused"), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=True),
        sa.Column("delivery_id", sa.String(length=200), nullable=False),
        sa.Column(
            "headers",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("body_bytes", _id(), nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants.id"], name=op.f("fk_sandbox_deliveries_merchant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_deliveries")),
    )
    op.create_index("ix_sandbox_deliveries_merchant_kind", "sandbox_deliveries", ["merchant_id", "kind"])
    op.create_table(
        "certifications",
        sa.Column("id", _id(), autoincrement=True, nullable=False),
        sa.Column("merchant_id", _id(), nullable=False),
        sa.Column("kind", _kinds(), nullable=False),
        sa.Column("checklist_version", _id(), nullable=False),
        sa.Column("steps", _id(), nullable=False),
        sa.Column("own_orders", _id(), nullable=False),
        sa.Column("certified_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants.id"], name=op.f("fk_certifications_merchant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certifications")),
        sa.UniqueConstraint(
            "merchant_id", "kind", "checklist_version", name=op.f("uq_certifications_merchant_id_kind_checklist_version")
        ),
    )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.get_bind().exec_driver_sql(statement.strip())


def downgrade() -> None:
    for table in ("certifications", "sandbox_deliveries", "sandbox_keys"):
        op.drop_table(table)
