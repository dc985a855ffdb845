"""Where an owner is paid. A change is a new row; the newest counts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base, primary_key


class PayoutAccount(Base):
    """A bank account as its owner gave it. Account numbers are text: leading zeros count."""

    __tablename__ = "payout_accounts"
    __table_args__ = (Index("ix_payout_accounts_owner", "owner", "currency"),)

    id: Mapped[int] = primary_key()
    owner: Mapped[str] = mapped_column(String(40))  # community:3, curator:12
    currency: Mapped[str] = mapped_column(String(3))
    rail: Mapped[str] = mapped_column(String(20), default="manual")
    holder_name: Mapped[str] = mapped_column(String(120))
    bank_code: Mapped[str] = mapped_column(String(20), default="")
    account_number: Mapped[str] = mapped_column(String(40), default="")
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))
