"""Paying: a run is made by one person and approved by another, by the digest of exactly its list.

Run:    draft → approved → submitted → closed          draft, approved → cancelled
Payout: planned → approved → submitting → sent → paid | failed | returned | unknown
        unknown → sent | paid | failed | returned      paid → returned
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base, choice, primary_key
from payouts.runs.rules import Reason


class RunStatus(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    SUBMITTED = "submitted"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class PayoutStatus(StrEnum):
    PLANNED = "planned"
    APPROVED = "approved"
    SUBMITTING = "submitting"
    SENT = "sent"
    PAID = "paid"
    FAILED = "failed"
    RETURNED = "returned"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


# Money of a payout in one of these is reserved in the books; in the others it has been paid or given back.
OPEN = (
    PayoutStatus.PLANNED,
    PayoutStatus.APPROVED,
    PayoutStatus.SUBMITTING,
    PayoutStatus.SENT,
    PayoutStatus.UNKNOWN,
)
# An owner has at most one of these in a currency. Sent is not among them: the next month's run need not wait for it.
BLOCKING = tuple(status for status in OPEN if status is not PayoutStatus.SENT)
_IS_BLOCKING = text("status IN ('planned', 'approved', 'submitting', 'unknown')")


class PayoutRun(Base):
    """One cut-off in one currency. Its maker never approves it: the database holds that, too."""

    __tablename__ = "payout_runs"
    __table_args__ = (
        CheckConstraint("approved_by IS NULL OR approved_by <> made_by", name="four_eyes"),
        CheckConstraint("minimum_minor >= 0", name="minimum_sane"),
    )

    id: Mapped[int] = primary_key()
    cutoff: Mapped[datetime]  # what is available on or before it
    currency: Mapped[str] = mapped_column(String(3))
    minimum_minor: Mapped[int]
    status: Mapped[RunStatus] = mapped_column(choice(RunStatus), default=RunStatus.DRAFT)
    digest: Mapped[str] = mapped_column(String(64))  # SHA-256 over the canonical list of payouts
    total_minor: Mapped[int]
    made_by: Mapped[str] = mapped_column(String(80))
    made_at: Mapped[datetime]
    approved_by: Mapped[str | None] = mapped_column(String(80))
    approved_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class Payout(Base):
    """One owner's money in one run. Planned money is reserved in the books, so no second run can take it."""

    __tablename__ = "payouts"
    __table_args__ = (
        UniqueConstraint("run_id", "owner"),
        CheckConstraint("amount_minor > 0", name="is_positive"),
        Index(
            "uq_payouts_one_open",
            "owner",
            "currency",
            unique=True,
            postgresql_where=_IS_BLOCKING,
            sqlite_where=_IS_BLOCKING,
        ),
    )

    id: Mapped[int] = primary_key()
    run_id: Mapped[int] = mapped_column(ForeignKey("payout_runs.id"))
    owner: Mapped[str] = mapped_column(String(40))
    role: Mapped[str] = mapped_column(String(24))  # community, curator, evangelist
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int]
    payee: Mapped[str] = mapped_column(String(200), default="")  # holder, bank and account as they stood at planning
    status: Mapped[PayoutStatus] = mapped_column(choice(PayoutStatus), default=PayoutStatus.PLANNED)
    rail: Mapped[str] = mapped_column(String(20))
    reference: Mapped[str] = mapped_column(String(120), default="")  # the bank's or provider's
    settled_at: Mapped[datetime | None]


class PayoutAttempt(Base):
    """One try to send, with the key that makes it harmless to repeat."""

    __tablename__ = "payout_attempts"
    __table_args__ = (UniqueConstraint("payout_id", "number"),)

    id: Mapped[int] = primary_key()
    payout_id: Mapped[int] = mapped_column(ForeignKey("payouts.id"))
    number: Mapped[int]
    key: Mapped[str] = mapped_column(String(80), unique=True)
    started_at: Mapped[datetime]
    claimed_at: Mapped[datetime]  # by whoever works on it now; older than the lease: whoever it was has died
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(24))  # sent, refused, unknown
    detail: Mapped[str] = mapped_column(String(300), default="")


class RunLeftOut(Base):
    """Who is not in a run, with how much and why: a Reason of the rules."""

    __tablename__ = "run_left_out"
    __table_args__ = (UniqueConstraint("run_id", "owner"),)

    id: Mapped[int] = primary_key()
    run_id: Mapped[int] = mapped_column(ForeignKey("payout_runs.id"))
    owner: Mapped[str] = mapped_column(String(40))
    reason: Mapped[Reason] = mapped_column(choice(Reason))
    amount_minor: Mapped[int]
