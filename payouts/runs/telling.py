"""Tell of payouts: to the community that is paid, or whose curator is. Never where the money goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from affiliate.commissions.lists import communities_of
from affiliate.communities.models import Community
from affiliate.conversions.telling import slugs
from affiliate.core.clock import rfc3339
from affiliate.core.web import money_json
from affiliate.outbox import announcing
from affiliate.outbox.announcing import Fact
from affiliate.outbox.rules import EventType
from payouts.runs.models import Payout, PayoutStatus

KINDS = {
    PayoutStatus.SENT: EventType.PAYOUT_SENT,
    PayoutStatus.PAID: EventType.PAYOUT_PAID,
    PayoutStatus.FAILED: EventType.PAYOUT_FAILED,
    PayoutStatus.RETURNED: EventType.PAYOUT_RETURNED,
}


def tell(session: Session, payouts: Sequence[Payout], status: PayoutStatus, *, reference: str, now: datetime) -> None:
    """Each of these payouts has come to this status, which a payout comes to at most once."""
    homes = communities_of(session, {payout.owner for payout in payouts})
    listeners = announcing.listening(session, communities=set(homes.values()))
    if not listeners:
        return
    names, kind = slugs(session, Community, set(homes.values())), KINDS[status]
    facts = [
        Fact(kind, f"community:{homes[payout.owner]}", f"payout:{payout.id}:{status.value}", now, {
            "payout": payout.id,
            "community": names[homes[payout.owner]],
            "owner": payout.owner,
            "role": payout.role,
            "status": status.value,
            "amount": money_json(payout.amount_minor, payout.currency),
            "reference": reference or payout.reference,
            "occurred_at": rfc3339(now),
        })
        for payout in payouts
        if payout.owner in homes
    ]  # fmt: skip
    announcing.announce(session, listeners, facts, now=now)
