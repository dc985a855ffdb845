"""How far booking has read, so that an idle look costs nothing however long the history is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from affiliate.core.db import Base, primary_key


class BookingMark(Base):
    """One row. Up to `settled_event_id` no event is missing; up to `seen_event_id` all were booked at `seen_at`.

    Ids are given before they are committed, so a lower one may still appear. What was seen becomes settled when every
    transaction that lived then has ended (`horizon`). The row is no record: without it booking reads all once more.
    """

    __tablename__ = "booking_marks"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("settled_event_id <= seen_event_id", name="settled_was_seen"),
    )

    id: Mapped[int] = primary_key()
    settled_event_id: Mapped[int]
    seen_event_id: Mapped[int]
    seen_at: Mapped[datetime]
    horizon: Mapped[int]  # PostgreSQL's next transaction at that moment; 0 on SQLite, where writers come one by one
