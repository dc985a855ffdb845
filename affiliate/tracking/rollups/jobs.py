"""The job "rollups": due hours, counted anew, one hour's keys a transaction."""

from __future__ import annotations

from datetime import datetime

from affiliate.core.db import db, transaction
from affiliate.tracking.rollups import service

BATCHES_A_RUN = 50


def run(_now: datetime) -> int:
    """Count a bounded part of what is due; how many keys were worked."""
    worked = 0
    for kind in service.KINDS:
        for _batch in range(BATCHES_A_RUN):
            if not service.is_due(db.session, kind):
                break
            with transaction(db.session) as session:
                counted = service.count_anew(session, kind)
            if not counted:
                break  # another worker holds what is left
            worked += counted
    return worked
