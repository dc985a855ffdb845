"""The step of the conveyor that keeps the books up with the commissions."""

from __future__ import annotations

from datetime import datetime

from affiliate.core.db import db, plan_by_index, transaction
from payouts.booking import service

BATCH = 1000


def run(now: datetime) -> int:
    """Book until nothing is left, in transactions of BATCH events; returns how many events were booked."""
    total = 0
    scan: service.Scan | None = None
    while True:
        with transaction(db.session) as session:
            plan_by_index(session)
            count, scan = service.book_next(session, scan or service.begin(session), limit=BATCH, now=now)
        total += count
        if scan is None:
            return total
