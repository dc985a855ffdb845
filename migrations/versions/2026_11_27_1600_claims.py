"""Claims for missing orders, their pictures, and what was acknowledged."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_1600"
down_revision = "2026_11_27_1500"
branch_labels = None
depends_on = None

UNSETTLED = "status = 'accepted' AND settled_at IS NULL"


def _id() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=f"{name}_known", native_enum=False, create_constraint=True, length=24)


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.create_table(
        "claims",
        sa.Column("id", _id(), autoincrement=True, nullable=False),
        sa.Column("merchant_id", _id(), nullable=False),
        sa.Column("community_id", _id(), nullable=False),
        sa.Column("link_id", _id(), nullable=True),
        sa.Column("order_ref", sa.String(length=120), nullable=False),
        sa.Column("order_key", sa.String(length=120), nullable=False),
        sa.Column("ordered_on", sa.Date(), nullable=False),
        sa.Column("amount_minor", _id(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("status", _words("claimstatus", "open", "appealed", "accepted", "declined"), nullable=False),
        sa.Column("finding", sa.String(length=40), nullable=False),
        sa.Column("clicks", _id(), nullable=False),
        sa.Column("last_click_hour", sa.DateTime(timezone=True), nullable=True),
        sa.Column("filed_by", sa.String(length=60), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "decline_reason",
            _words("decline", "not_found", "cancelled", "other_way", "duplicate", "other"),
            nullable=True,
        ),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.String(length=60), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appeal", sa.Text(), nullable=False),
        sa.Column("appealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_ref", sa.String(length=120), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status <> 'declined' OR decline_reason IS NOT NULL", name=op.f("ck_claims_declined_has_reason")
        ),
        sa.CheckConstraint(
            "status <> 'accepted' OR confirmed_ref IS NOT NULL", name=op.f("ck_claims_accepted_has_order")
        ),
        _to("claims", "merchant_id", "merchants"),
        _to("claims", "community_id", "communities"),
        _to("claims", "link_id", "tracking_links"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
        sa.UniqueConstraint(
            "community_id", "merchant_id", "order_key", name=op.f("uq_claims_community_id_merchant_id_order_key")
        ),
    )
    op.create_index("ix_claims_merchant_status", "claims", ["merchant_id", "status"])
    op.create_index("ix_claims_status_due", "claims", ["status", "due_at"])
    op.create_index(op.f("ix_claims_filed_by"), "claims", ["filed_by"])
    op.create_index(
        "ix_claims_unsettled",
        "claims",
        ["merchant_id", "confirmed_ref"],
        sqlite_where=sa.text(UNSETTLED),
        postgresql_where=sa.text(UNSETTLED),
    )
    op.create_table(
        "claim_pictures",
        sa.Column("claim_id", _id(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("width", _id(), nullable=False),
        sa.Column("height", _id(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _to("claim_pictures", "claim_id", "claims"),
        sa.PrimaryKeyConstraint("claim_id", name=op.f("pk_claim_pictures")),
    )
    op.create_index(op.f("ix_claim_pictures_sha256"), "claim_pictures", ["sha256"])
    op.create_table(
        "accepted_claims",
        sa.Column("merchant_id", _id(), nullable=False),
        sa.Column("order_ref", sa.String(length=120), nullable=False),
        sa.Column("claim_id", _id(), nullable=False),
        sa.Column("community_id", _id(), nullable=False),
        sa.Column("curator_id", _id(), nullable=True),
        sa.Column("link_id", _id(), nullable=True),
        sa.Column("accepted_by", sa.String(length=60), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        _to("accepted_claims", "merchant_id", "merchants"),
        _to("accepted_claims", "community_id", "communities"),
        _to("accepted_claims", "curator_id", "curators"),
        _to("accepted_claims", "link_id", "tracking_links"),
        sa.PrimaryKeyConstraint("merchant_id", "order_ref", name=op.f("pk_accepted_claims")),
        sa.UniqueConstraint("claim_id", name=op.f("uq_accepted_claims_claim_id")),
    )
    op.create_index(op.f("ix_accepted_claims_link_id"), "accepted_claims", ["link_id"])


def downgrade() -> None:
    for table in ("accepted_claims", "claim_pictures", "claims"):
        op.drop_table(table)
