"""People, their sessions, programs' keys, who may do what, and what was done."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.append_only import append_only
from affiliate.core.db import Base, choice, primary_key


class Role(StrEnum):
    """What somebody may do. The first three hold for one community or merchant, the others for the platform."""

    COMMUNITY_OWNER = "community_owner"
    CURATOR = "curator"
    MERCHANT_STAFF = "merchant_staff"
    FINANCE_MAKER = "finance_maker"
    FINANCE_APPROVER = "finance_approver"
    ADMIN = "admin"


SCOPE_OF = {
    Role.COMMUNITY_OWNER: "community",
    Role.CURATOR: "community",
    Role.MERCHANT_STAFF: "merchant",
    Role.FINANCE_MAKER: "platform",
    Role.FINANCE_APPROVER: "platform",
    Role.ADMIN: "platform",
}


class User(Base):
    """A person who signs in."""

    __tablename__ = "users"

    id: Mapped[int] = primary_key()
    email: Mapped[str] = mapped_column(String(254), unique=True)  # lower case
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str | None] = mapped_column(String(200))  # argon2id
    locale: Mapped[str | None] = mapped_column(String(5))  # None: as the browser says
    is_active: Mapped[bool] = mapped_column(default=True)
    is_demo: Mapped[bool] = mapped_column(default=False)  # known password: refused in production
    created_at: Mapped[datetime]


class UserSession(Base):
    """One browser in which somebody is signed in; revoking the row ends it."""

    __tablename__ = "user_sessions"

    id: Mapped[int] = primary_key()
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)  # SHA-256 of the cookie's value
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    user_agent: Mapped[str] = mapped_column(String(200), default="")


class PasswordLink(Base):
    """A one-time address where a person chooses a password: their invitation, or a reset. Only its SHA-256 is kept."""

    __tablename__ = "password_links"

    id: Mapped[int] = primary_key()
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]  # used, or replaced by a newer one


class ApiKey(Base):
    """A program's key; only its SHA-256 is kept."""

    __tablename__ = "api_keys"

    id: Mapped[int] = primary_key()
    name: Mapped[str] = mapped_column(String(120))
    prefix: Mapped[str] = mapped_column(String(16))  # shown in lists, so that a key can be told from another
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))
    revoked_at: Mapped[datetime | None]


class Grant(Base):
    """A role held by a person or a key, for the platform or for one community or merchant (by its id)."""

    __tablename__ = "grants"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (api_key_id IS NULL)", name="one_holder"),
        CheckConstraint("(scope_kind = 'platform') = (scope_id IS NULL)", name="scope_has_id"),
        UniqueConstraint("user_id", "role", "scope_kind", "scope_id"),
        Index("ix_grants_scope", "scope_kind", "scope_id"),
    )

    id: Mapped[int] = primary_key()
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    api_key_id: Mapped[int | None] = mapped_column(ForeignKey("api_keys.id"), index=True)
    role: Mapped[Role] = mapped_column(choice(Role))
    scope_kind: Mapped[str] = mapped_column(String(12))  # platform, community, merchant
    scope_id: Mapped[int | None]
    created_at: Mapped[datetime]


class AuditEntry(Base):
    """Who did what to what, written in the same transaction as the deed. Append-only."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_subject", "subject_kind", "subject_id"),)

    id: Mapped[int] = primary_key()
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))  # user:7, key:3, system:worker
    action: Mapped[str] = mapped_column(String(60))
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(80))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


append_only(AuditEntry.__table__)
