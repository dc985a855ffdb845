"""The books: accounts, entries, postings. A balanced entry is sealed; then the database refuses to change it.

Signs: a debit is positive, a credit negative; the postings of an entry sum to zero in its one currency.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base, choice, primary_key


class AccountKind(StrEnum):
    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"


class LedgerAccount(Base):
    """One account of one owner in one currency. `owner` is opaque here: "community:3", "merchant:7", "platform"."""

    __tablename__ = "ledger_accounts"
    __table_args__ = (UniqueConstraint("name", "owner", "currency"),)

    id: Mapped[int] = primary_key()
    name: Mapped[str] = mapped_column(String(40))  # of the chart of accounts: payable, receivable, clearing, cash, fees
    owner: Mapped[str] = mapped_column(String(40))
    currency: Mapped[str] = mapped_column(String(3))
    kind: Mapped[AccountKind] = mapped_column(choice(AccountKind))
    created_at: Mapped[datetime]


class LedgerEntry(Base):
    """One balanced fact. `source` names what caused it, once: commission_event:17, payout:4:sent."""

    __tablename__ = "ledger_entries"

    id: Mapped[int] = primary_key()
    source: Mapped[str] = mapped_column(String(80), unique=True)
    text: Mapped[str] = mapped_column(String(200))
    currency: Mapped[str] = mapped_column(String(3))
    occurred_at: Mapped[datetime]
    sealed_at: Mapped[datetime | None]


class Posting(Base):
    """One leg. `available_on` says from when a credit to a payable account may be paid (None: at once)."""

    __tablename__ = "postings"
    __table_args__ = (
        CheckConstraint("amount_minor <> 0", name="moves_money"),
        Index("ix_postings_account_available", "account_id", "available_on"),
    )

    id: Mapped[int] = primary_key()
    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entries.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_accounts.id"))
    amount_minor: Mapped[int]
    available_on: Mapped[datetime | None]
