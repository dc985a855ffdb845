"""Hours of clicks and of page views: the sums that pages read, right also when what they sum arrives late.

    loader  →  its rows, and mark_due(hours touched), in one transaction
    job "rollups"  →  claims due hours, counts them anew from the rows, takes the mark off, in one transaction

An hour is counted anew, never added to, so it does not matter in which order, how late or how often rows arrive, or
where a worker is killed. Hours are whole hours of UTC: days of any zone that is whole hours away are exact sums.
"""

from affiliate.tracking.rollups.service import mark_due

__all__ = ["mark_due"]
