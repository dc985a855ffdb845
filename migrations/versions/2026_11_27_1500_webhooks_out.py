"""Webhooks out: whose addresses hear what, what they are told, and each try. Conversions count their changes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_27_1500"
down_revision = "2026_11_27_0531"
branch_labels = None
depends_on = None

TYPES = (
    "conversion.created", "conversion.confirmed", "conversion.declined", "commission.earned", "commission.adjusted",
    "commission.reversed", "payout.sent", "payout.paid", "payout.failed", "payout.returned", "ping",
)
OUTCOMES = (
    "delivered", "refused", "gone", "unreachable", "timeout", "tls", "garbled", "unknown", "inside", "interrupted",
)


def _id() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _json() -> sa.types.TypeEngine:
    return sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=f"{name}_known", native_enum=False, create_constraint=True, length=24)


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", _id(), autoincrement=True, nullable=False),
        sa.Column("community_id", _id(), nullable=True),
        sa.Column("merchant_id", _id(), nullable=True),
        sa.Column("url", sa.String(length=1000), nullable=False),
        sa.Column("note", sa.String(length=120), nullable=False),
        sa.Column("types", _json(), nullable=False),
        sa.Column("status", _words("endpointstatus", "enabled", "paused", "stopped", "removed"), nullable=False),
        sa.Column("stop_reason", _words("stopreason", "gone", "failing"), nullable=True),
        sa.Column("secret", sa.String(length=100), nullable=False),
        sa.Column("old_secret", sa.String(length=100), nullable=True),
        _moment("old_secret_until", True),
        _moment("failing_since", True),
        sa.Column("failures", _id(), nullable=False),
        _moment("quiet_until", True),
        _moment("claimed_at", True),
        _moment("changed_at"),
        _moment("created_at"),
        sa.CheckConstraint(
            "(community_id IS NULL) <> (merchant_id IS NULL)", name=op.f("ck_webhook_endpoints_one_owner")
        ),
        sa.CheckConstraint(
            "(status = 'stopped') = (stop_reason IS NOT NULL)", name=op.f("ck_webhook_endpoints_stopped_has_reason")
        ),
        sa.CheckConstraint(
            "(old_secret IS NULL) = (old_secret_until IS NULL)", name=op.f("ck_webhook_endpoints_old_secret_ends")
        ),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_webhook_endpoints_community_id")),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants.id"], name=op.f("fk_webhook_endpoints_merchant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_index(op.f("ix_webhook_endpoints_community_id"), "webhook_endpoints", ["community_id"])
    op.create_index(op.f("ix_webhook_endpoints_merchant_id"), "webhook_endpoints", ["merchant_id"])
    op.create_table(
        "webhook_messages",
        sa.Column("id", _id(), autoincrement=True, nullable=False),
        sa.Column("endpoint_id", _id(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("message_id", sa.String(length=60), nullable=False),
        sa.Column("type", _words("eventtype", *TYPES), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        _moment("occurred_at"),
        _moment("created_at"),
        sa.Column("status", _words("messagestatus", "waiting", "delivered", "failed"), nullable=False),
        sa.Column("tries", _id(), nullable=False),
        sa.Column("failures", _id(), nullable=False),
        _moment("next_try_at", True),
        _moment("give_up_at"),
        _moment("settled_at", True),
        sa.CheckConstraint(
            "(status = 'waiting') = (next_try_at IS NOT NULL)", name=op.f("ck_webhook_messages_waits_for_a_moment")
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoints.id"], name=op.f("fk_webhook_messages_endpoint_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_messages")),
        sa.UniqueConstraint("endpoint_id", "source", name=op.f("uq_webhook_messages_endpoint_id_source")),
    )
    op.create_index("ix_webhook_messages_endpoint_newest", "webhook_messages", ["endpoint_id", "id"])
    op.create_index(
        "ix_webhook_messages_open",
        "webhook_messages",
        ["endpoint_id", "status", "id"],
        sqlite_where=sa.text("status <> 'delivered'"),
        postgresql_where=sa.text("status <> 'delivered'"),
    )
    op.create_index(
        "ix_webhook_messages_due",
        "webhook_messages",
        ["endpoint_id", "next_try_at"],
        sqlite_where=sa.text("status = 'waiting'"),
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_table(
        "webhook_tries",
        sa.Column("id", _id(), autoincrement=True, nullable=False),
        sa.Column("message_id", _id(), nullable=False),
        sa.Column("number", _id(), nullable=False),
        _moment("started_at"),
        sa.Column("headers", _json(), nullable=False),
        sa.Column("outcome", _words("outcome", *OUTCOMES), nullable=True),
        sa.Column("status_code", _id(), nullable=True),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("took_ms", _id(), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["webhook_messages.id"], name=op.f("fk_webhook_tries_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_tries")),
        sa.UniqueConstraint("message_id", "number", name=op.f("uq_webhook_tries_message_id_number")),
    )
    op.add_column("conversions", sa.Column("changes", _id(), server_default="1", nullable=False))


def downgrade() -> None:
    op.drop_column("conversions", "changes")
    op.drop_table("webhook_tries")
    op.drop_table("webhook_messages")
    op.drop_table("webhook_endpoints")
