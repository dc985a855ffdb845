"""What merchants have paid us. A receipt covers the oldest of what they owe; what is covered is "funded"."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base, primary_key


class Receipt(Base):
    """Money that a merchant sent us, by its bank reference, once."""

    __tablename__ = "receipts"
    __table_args__ = (
        UniqueConstraint("merchant_id", "reference"),
        CheckConstraint("amount_minor > 0", name="is_positive"),
    )

    id: Mapped[int] = primary_key()
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"))
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int]
    reference: Mapped[str] = mapped_column(String(120))
    received_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(String(80))
