"""Visits that were handed over to a store. Rows come from the spool, in batches, each click once."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zlib import crc32

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base
from affiliate.tracking import tokens

SPAN_MS = 24 * 3_600_000  # so much time shares one part of the index: small enough to stay in memory
NEXT_SPAN = 1 << 32  # between a visitor's trails of two spans


def trail_of(ms: int, visitor: bytes) -> int:
    """The key of a visitor's clicks of one span of time: its number since 1970 above 32 bits of checksum.

    Visitors may share one; who asks by it must compare `visitor` too.
    """
    return (ms // SPAN_MS) * NEXT_SPAN + crc32(visitor)


def trails_of(visitor: str, since: datetime, until: datetime) -> list[int]:
    """The keys of all of a visitor's clicks between two moments."""
    first, last = tokens.milliseconds(since) // SPAN_MS, tokens.milliseconds(until) // SPAN_MS
    checksum = crc32(visitor.encode())
    return [span * NEXT_SPAN + checksum for span in range(first, last + 1)]


def _own_trail(context: Any) -> int:
    row = context.get_current_parameters()
    return trail_of(tokens.milliseconds(row["clicked_at"]), row["visitor"].encode())


class Click(Base):
    """One visit. The key is what its token says of it (moment and nonce), so a click is known before it is loaded.

    New rows go to the end of each index or near it: an index by visitor or link over all of time would make loading
    slower with every month. Owners are the link's, and there are no foreign keys: the loader joins the links itself,
    which are never deleted, and three checks a row would cost five times the row (docs/decisions/0013).
    """

    __tablename__ = "clicks"
    __table_args__ = (
        Index("ix_clicks_trail_link", "trail", "link_id"),
    )  # finds repeated ones, and what a visitor did on a day

    clicked_at: Mapped[datetime] = mapped_column(primary_key=True)  # to the millisecond
    nonce: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # 63 bits
    trail: Mapped[int] = mapped_column(default=_own_trail)  # trail_of(clicked_at, visitor)
    link_id: Mapped[int]
    community_id: Mapped[int]
    merchant_id: Mapped[int]
    visitor: Mapped[str] = mapped_column(String(32))  # keyed hash of address and browser; "" after 13 months
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


class Retention(Base):
    """How far old clicks have lost what points to a person. One row, id 1, once there was something to do."""

    __tablename__ = "click_retention"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    blanked_until: Mapped[datetime]  # clicks before it have none of it left
