"""The job "inspection": due hours, one a transaction."""

from __future__ import annotations

from datetime import datetime

from affiliate.core.db import db, transaction
from affiliate.tracking import rollups
from affiliate.tracking.inspection import service

HOURS_A_RUN = 24


def run(_now: datetime) -> int:
    """Inspect a bounded part of what is due; how many hours."""
    done = 0
    while done < HOURS_A_RUN and service.is_due(db.session):
        with transaction(db.session) as session:
            hour = service.take(session)
            if hour is None:
                break  # another worker holds what is left
            rollups.mark_due(session, service.mark_inhuman(session, hour, hour + service.HOUR))
        done += 1
    return done
