"""Visits that were handed over to a store. Rows come from the spool, in batches, each click once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base


class Click(Base):
    """One visit. The key is what its token says of it (moment and nonce), so a click is known before it is loaded."""

    __tablename__ = "clicks"
    __table_args__ = (
        Index("ix_clicks_link_visitor", "link_id", "visitor", "clicked_at"),  # finds repeated ones
        Index(  # finds the other visits of whoever bought
            "ix_clicks_visitor_merchant",
            "visitor",
            "merchant_id",
            "clicked_at",
            sqlite_where=text("is_qualified"),
            postgresql_where=text("is_qualified"),
        ),
        Index("ix_clicks_community_clicked_at", "community_id", "clicked_at"),
        Index("ix_clicks_merchant_clicked_at", "merchant_id", "clicked_at"),
    )

    clicked_at: Mapped[datetime] = mapped_column(primary_key=True)  # to the millisecond
    nonce: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # 63 bits
    link_id: Mapped[int] = mapped_column(ForeignKey("tracking_links.id"))
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"))
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"))
    visitor: Mapped[str] = mapped_column(String(32))  # keyed hash of address and browser; the key changes monthly
    referrer_host: Mapped[str | None] = mapped_column(String(255))
    device: Mapped[str] = mapped_column(String(12))  # one of rules.Device
    is_qualified: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(String(24))  # why not: one of rules.Reason


class SpoolProgress(Base):
    """How far a spool file has been loaded, written in the same transaction as its clicks."""

    __tablename__ = "spool_progress"

    file: Mapped[str] = mapped_column(String(120), primary_key=True)
    offset_bytes: Mapped[int]
    loaded: Mapped[int] = mapped_column(default=0)
    set_aside: Mapped[int] = mapped_column(default=0)  # damaged lines, kept in <file>.bad
    finished_at: Mapped[datetime | None]
