"""The step of the conveyor that keeps the books up with the commissions."""

from __future__ import annotations

from datetime import datetime

from affiliate.core.db import db, transaction
from payouts.booking import service

BATCH = 1000


def run(now: datetime) -> int:
    """Book until nothing is left, in transactions of BATCH events; returns how many events were booked.

    It reads forward, and looks once more from the mark at the end, for ids that were committed late.
    """
    total = 0
    after: int | None = None
    while True:
        with transaction(db.session) as session:
            ids = service.book_after(session, after, limit=BATCH, now=now)
        total += len(ids)
        if not ids and after is None:
            return total
        after = ids[-1] if ids else None
