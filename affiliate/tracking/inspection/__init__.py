"""Clicks that are in the database, looked at again for visitors that are no people (`tracking.behaviour`).

    loader  →  its rows, and mark_due(their hours), in one transaction
    job "inspection"  →  takes an hour's mark off, disqualifies, has its sums counted anew, in one transaction

A visitor's rhythm shows only when its other clicks are there, so whatever arrives, however late, has its hour inspected
again.
"""

from affiliate.tracking.inspection.service import mark_due

__all__ = ["mark_due"]
