"""How a payout ended, as finance says it: paid, failed or returned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.db import affected
from affiliate.core.errors import Conflict, Invalid
from affiliate.core.i18n import _l
from affiliate.core.wording import one_line
from affiliate.identity.actors import Actor
from affiliate.identity.service import record
from payouts.runs import books, telling
from payouts.runs.guards import require_finance
from payouts.runs.models import OPEN, Payout, PayoutRun, PayoutStatus, RunStatus

REFERENCE_MAX = 120
# From where each end can be reached. Money that was paid can come back; what failed has been given back already.
SETTLED_FROM = {
    PayoutStatus.PAID: (PayoutStatus.SENT, PayoutStatus.UNKNOWN),
    PayoutStatus.FAILED: (PayoutStatus.SENT, PayoutStatus.UNKNOWN),
    PayoutStatus.RETURNED: (PayoutStatus.SENT, PayoutStatus.UNKNOWN, PayoutStatus.PAID),
}


class NotSettleable(Conflict):
    code = "not_settleable"
    message = _l("This payout is not waiting for an answer. Nothing was changed; please look again.")


def ends_from(status: PayoutStatus) -> list[PayoutStatus]:
    """How a payout in this state can end."""
    return [end for end, starts in SETTLED_FROM.items() if status in starts]


def settle(
    session: Session,
    run: PayoutRun,
    payouts: Sequence[Payout],
    *,
    status: PayoutStatus,
    reference: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Say how these payouts of a run ended; returns how many that changed, as the same answer again changes nothing.

    `run` must be held with `run_for(lock=True)`, so that the last two settlements see each other. Raises NotYourPart,
    NotSettleable for a payout that is not waiting, Invalid for a payment without the bank's reference.
    """
    require_finance(actor)
    wanted = _reference(status, reference)
    changing = [row for row in payouts if row.status != status or wanted not in ("", row.reference)]
    for payout in changing:
        _settle_one(session, payout, status, wanted, now)
        record(session, actor, f"payout.{status}", ("payout", payout.id), now=now, reference=wanted)
    if changing:
        telling.tell(session, changing, status, reference=wanted, now=now)
    close_when_final(session, run, now=now)
    return len(changing)


def close_when_final(session: Session, run: PayoutRun, *, now: datetime) -> None:
    """Close a submitted run none of whose payouts is open any more."""
    still_open = sa.select(Payout.id).where(Payout.run_id == run.id, Payout.status.in_(OPEN)).limit(1)
    if session.execute(still_open).scalar() is not None:
        return
    submitted = sa.update(PayoutRun).where(PayoutRun.id == run.id, PayoutRun.status == RunStatus.SUBMITTED)
    session.execute(submitted.values(status=RunStatus.CLOSED, closed_at=now))


def _settle_one(session: Session, payout: Payout, status: PayoutStatus, reference: str, now: datetime) -> None:
    was = payout.status
    if was not in SETTLED_FROM[status]:
        raise NotSettleable
    change = sa.update(Payout).where(Payout.id == payout.id, Payout.status == was)
    values = {"status": status, "reference": reference or payout.reference, "settled_at": now}
    if not affected(session.execute(change.values(values))):
        raise NotSettleable
    if status == PayoutStatus.PAID:
        books.pay(session, [payout], now=now)
    elif was == PayoutStatus.PAID:
        books.take_back(session, [payout], now=now)
    else:
        books.release(session, [payout], now=now)


def _reference(status: PayoutStatus, text: str) -> str:
    if status not in SETTLED_FROM:
        raise Invalid.field("status", _l("Say paid, failed or returned."))
    reference = one_line(text)
    if len(reference) > REFERENCE_MAX:
        raise Invalid.field("reference", _l("A reference has at most 120 characters."))
    if status == PayoutStatus.PAID and not reference:
        raise Invalid.field("reference", _l("Write the bank's reference, so that the payment can be found again."))
    return reference
