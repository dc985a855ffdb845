"""Order files: a kind of delivery, the files, their rows, what each order in them changes, and remembered columns."""

import sqlalchemy as sa
from alembic import op

from affiliate.core.db import Json

revision = "2026_11_27_1900"
down_revision = "2026_11_27_1600"
branch_labels = None
depends_on = None

KIND = "ck_deliveries_webhookkind_known"
BEFORE = "kind IN ('standard', 'shopify', 'woocommerce', 'adobe')"
AFTER = "kind IN ('standard', 'shopify', 'woocommerce', 'adobe', 'file')"
STAGES = (
    "received", "reading", "checking", "waiting", "comparing", "ready", "applying", "applied", "failed",
)  # fmt: skip


def _id() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=f"{name}_known", native_enum=False, create_constraint=True, length=24)


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def _kinds(check: str) -> None:
    with op.batch_alter_table("deliveries") as table:
        table.drop_constraint(op.f(KIND), type_="check")
        table.create_check_constraint(op.f(KIND), check)


def upgrade() -> None:
    _kinds(AFTER)
    op.create_table(
        "order_files",
        sa.Column("id", _id(), autoincrement=True, nullable=False),
        sa.Column("merchant_id", _id(), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", _id(), nullable=False),
        sa.Column("stage", _words("filestage", *STAGES), nullable=False),
        *(sa.Column(name, Json, nullable=False) for name in ("table", "mapping", "choices", "questions", "counts")),
        *(sa.Column(name, _id(), nullable=False) for name in ("position", "rows_total", "orders_total")),
        sa.Column("failure", sa.String(length=60), nullable=True),
        sa.Column("failure_detail", Json, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("compared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_by", sa.String(length=80), nullable=True),
        sa.Column("attempts", _id(), nullable=False),
        sa.Column("tries", _id(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        _to("order_files", "merchant_id", "merchants"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_files")),
    )
    op.create_index("ix_order_files_stage", "order_files", ["stage"])
    op.create_index(op.f("ix_order_files_merchant_id"), "order_files", ["merchant_id"])
    op.create_table(
        "order_file_rows",
        sa.Column("file_id", _id(), nullable=False),
        sa.Column("line", _id(), autoincrement=False, nullable=False),
        sa.Column("cells", Json, nullable=False),
        sa.Column("is_broken", sa.Boolean(), nullable=False),
        _to("order_file_rows", "file_id", "order_files"),
        sa.PrimaryKeyConstraint("file_id", "line", name=op.f("pk_order_file_rows")),
    )
    op.create_table(
        "order_file_orders",
        sa.Column("id", _id(), autoincrement=True, nullable=False),
        sa.Column("file_id", _id(), nullable=False),
        sa.Column("order_ref", sa.String(length=120), nullable=False),
        sa.Column("line", _id(), nullable=False),
        sa.Column("outcome", _words("outcome", "new", "changed", "same", "refused"), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("before_minor", _id(), nullable=False),
        sa.Column("after_minor", _id(), nullable=False),
        sa.Column("changes", Json, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("delivery_id", _id(), nullable=True),
        _to("order_file_orders", "file_id", "order_files"),
        _to("order_file_orders", "delivery_id", "deliveries"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_file_orders")),
        sa.UniqueConstraint("file_id", "order_ref", name=op.f("uq_order_file_orders_file_id_order_ref")),
    )
    op.create_index("ix_order_file_orders_file_outcome", "order_file_orders", ["file_id", "outcome"])
    op.create_table(
        "order_file_problems",
        sa.Column("id", _id(), autoincrement=True, nullable=False),
        sa.Column("file_id", _id(), nullable=False),
        sa.Column("line", _id(), nullable=False),
        sa.Column("order_ref", sa.String(length=120), nullable=False),
        sa.Column("column", sa.String(length=120), nullable=False),
        sa.Column("value", sa.String(length=500), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        _to("order_file_problems", "file_id", "order_files"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_file_problems")),
    )
    op.create_index("ix_order_file_problems_file_line", "order_file_problems", ["file_id", "line"])
    op.create_table(
        "order_file_mappings",
        sa.Column("id", _id(), autoincrement=True, nullable=False),
        sa.Column("merchant_id", _id(), nullable=False),
        sa.Column("headings_hash", sa.String(length=64), nullable=False),
        sa.Column("mapping", Json, nullable=False),
        sa.Column("choices", Json, nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        _to("order_file_mappings", "merchant_id", "merchants"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_file_mappings")),
        sa.UniqueConstraint("merchant_id", "headings_hash", name=op.f("uq_order_file_mappings_merchant_id_headings_hash")),
    )


def downgrade() -> None:
    """What files said of orders goes with them: it has no place among the kinds that stay."""
    for table in ("order_file_mappings", "order_file_problems", "order_file_orders", "order_file_rows", "order_files"):
        op.drop_table(table)
    told_by_files = "SELECT id FROM deliveries WHERE kind = 'file'"
    op.execute(f"DELETE FROM order_events WHERE delivery_id IN ({told_by_files})")  # noqa: S608
    op.execute("DELETE FROM deliveries WHERE kind = 'file'")
    _kinds(BEFORE)
