"""Hand payouts to their rails: claim, commit, send with a key, record. The verbs around the call; `jobs` makes it.

A payout that was claimed and never answered for may or may not have been sent. After the lease it is looked up at its
rail by the key; only what the rail certainly never saw is sent again, with the same key, and only within a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.db import affected
from affiliate.core.errors import Conflict
from affiliate.core.i18n import _l
from affiliate.core.wording import one_line
from affiliate.identity.actors import Actor, system
from affiliate.identity.service import record
from payouts.rails.base import Instruction, Outcome, Result
from payouts.runs import books, queries, telling
from payouts.runs.guards import require_finance
from payouts.runs.models import Payout, PayoutAttempt, PayoutRun, PayoutStatus, RunStatus
from payouts.runs.service import DigestChanged
from payouts.runs.settlement import REFERENCE_MAX, close_when_final

LEASE = timedelta(minutes=5)  # longer than any rail may take to answer
RESEND_WITHIN = timedelta(hours=23)  # rails forget keys after a day; from then on a person decides
WORKER = system("payout-runs")
SENDABLE = (RunStatus.APPROVED, RunStatus.SUBMITTED)
DETAIL_MAX = 300


class NotApproved(Conflict):
    code = "not_approved"
    message = _l("This run has not been approved, so nothing was sent.")


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to send one payout, for the length of a lease."""

    run_id: int
    payout_id: int
    attempt_id: int
    key: str
    rail: str
    instruction: Instruction
    claimed_at: datetime
    is_first: bool  # False: it may have been sent already, so look it up first
    may_send: bool  # False: too long ago to send again


def begin(session: Session, run: PayoutRun, *, actor: Actor, now: datetime) -> bool:
    """From approved to submitted, or on with a submitted one; False when it is closed and there is nothing to do.

    Raises NotYourPart, NotApproved, and DigestChanged when the rows are not what was approved.
    """
    require_finance(actor)
    if run.status == RunStatus.CLOSED:
        return False
    if run.status not in SENDABLE:
        raise NotApproved
    if queries.digest_of_rows(session, run) != run.digest:
        raise DigestChanged
    approved = sa.update(PayoutRun).where(PayoutRun.id == run.id, PayoutRun.status == RunStatus.APPROVED)
    if affected(session.execute(approved.values(status=RunStatus.SUBMITTED, submitted_at=now))):
        record(session, actor, "payout_run.submitted", ("payout_run", run.id), now=now, digest=run.digest)
        return True
    still = session.execute(sa.select(PayoutRun.status).where(PayoutRun.id == run.id)).scalar_one()
    if still not in (RunStatus.SUBMITTED, RunStatus.CLOSED):
        raise NotApproved  # cancelled meanwhile
    return still == RunStatus.SUBMITTED


def due(session: Session, run_id: int, *, now: datetime) -> Sequence[int]:
    """Payouts of a submitted run that want sending or looking up, by id."""
    query = sa.select(Payout.id).where(Payout.run_id == run_id, _wants_work(now)).order_by(Payout.id)
    return session.execute(query).scalars().all()


def runs_due(session: Session, *, now: datetime) -> Sequence[int]:
    """Submitted runs with such payouts."""
    query = sa.select(PayoutRun.id).join(Payout, Payout.run_id == PayoutRun.id)
    query = query.where(PayoutRun.status == RunStatus.SUBMITTED, _wants_work(now))
    return session.execute(query.distinct().order_by(PayoutRun.id)).scalars().all()


def claim(session: Session, payout_id: int, *, now: datetime) -> Claim | None:
    """Take one payout for a lease and persist its key; None when somebody else has it."""
    approved = sa.update(Payout).where(Payout.id == payout_id, Payout.status == PayoutStatus.APPROVED)
    if affected(session.execute(approved.values(status=PayoutStatus.SUBMITTING))):
        attempt = PayoutAttempt(
            payout_id=payout_id, number=1, key=f"payout-{payout_id}-1", started_at=now, claimed_at=now
        )
        session.add(attempt)
        session.flush()  # its id goes with the claim
        return _claimed(session, attempt, now, is_first=True)
    return _take_over(session, payout_id, now)


def record_outcome(session: Session, claimed: Claim, outcome: Outcome, *, now: datetime) -> bool:
    """Write down what the rail said; False when the lease ran out and somebody else has taken over."""
    mine = sa.update(PayoutAttempt).where(
        PayoutAttempt.id == claimed.attempt_id,
        PayoutAttempt.claimed_at == claimed.claimed_at,
        PayoutAttempt.outcome.is_(None),
    )
    values = {"outcome": outcome.result.value, "detail": one_line(outcome.detail)[:DETAIL_MAX], "ended_at": now}
    if not affected(session.execute(mine.values(values))):
        return False
    if outcome.result == Result.REFUSED:
        _refused(session, claimed, now)
        return True
    status = PayoutStatus.SENT if outcome.result == Result.SENT else PayoutStatus.UNKNOWN
    reference = one_line(outcome.reference)[:REFERENCE_MAX]
    session.execute(_submitting(claimed).values(status=status, reference=reference))
    if status == PayoutStatus.SENT:
        payout = session.get_one(Payout, claimed.payout_id)
        telling.tell(session, [payout], status, reference=reference, now=now)
    return True


def _refused(session: Session, claimed: Claim, now: datetime) -> None:
    """Certainly not paid: the money goes back, and the run may be done with it."""
    run = queries.run_for(session, WORKER, claimed.run_id, lock=True)
    session.execute(_submitting(claimed).values(status=PayoutStatus.FAILED, settled_at=now))
    payout = session.get_one(Payout, claimed.payout_id)
    books.release(session, [payout], now=now)
    telling.tell(session, [payout], PayoutStatus.FAILED, reference="", now=now)
    close_when_final(session, run, now=now)


def _submitting(claimed: Claim) -> sa.Update:
    return sa.update(Payout).where(Payout.id == claimed.payout_id, Payout.status == PayoutStatus.SUBMITTING)


def _wants_work(now: datetime) -> sa.ColumnElement[bool]:
    """Approved; or claimed longer ago than the lease; or unknown for as long, while it may be sent again."""
    stale = sa.select(PayoutAttempt.id).where(
        PayoutAttempt.payout_id == Payout.id, PayoutAttempt.claimed_at < now - LEASE
    )
    recent = stale.where(PayoutAttempt.started_at >= now - RESEND_WITHIN)
    return sa.or_(
        Payout.status == PayoutStatus.APPROVED,
        sa.and_(Payout.status == PayoutStatus.SUBMITTING, stale.exists()),
        sa.and_(Payout.status == PayoutStatus.UNKNOWN, recent.exists()),
    )


def _take_over(session: Session, payout_id: int, now: datetime) -> Claim | None:
    """Go on where a process died, or where the rail did not answer."""
    left = (PayoutStatus.SUBMITTING, PayoutStatus.UNKNOWN)
    stale = (
        sa.update(PayoutAttempt)
        .where(PayoutAttempt.payout_id == payout_id, PayoutAttempt.claimed_at < now - LEASE)
        .where(sa.select(Payout.id).where(Payout.id == payout_id, Payout.status.in_(left)).exists())
        .values(claimed_at=now, outcome=None, ended_at=None)
    )
    if not affected(session.execute(stale, execution_options={"synchronize_session": False})):
        return None
    taken = sa.update(Payout).where(Payout.id == payout_id, Payout.status.in_(left))
    if not affected(session.execute(taken.values(status=PayoutStatus.SUBMITTING))):
        return None
    query = sa.select(PayoutAttempt).where(PayoutAttempt.payout_id == payout_id)
    attempt = session.execute(query.execution_options(populate_existing=True)).scalar_one()
    return _claimed(session, attempt, now, is_first=False)


def _claimed(session: Session, attempt: PayoutAttempt, now: datetime, *, is_first: bool) -> Claim:
    payout = session.get_one(Payout, attempt.payout_id)
    return Claim(
        run_id=payout.run_id,
        payout_id=payout.id,
        attempt_id=attempt.id,
        key=attempt.key,
        rail=payout.rail,
        instruction=Instruction(
            payout.amount_minor, payout.currency, payout.payee, f"ETALASE {payout.run_id}-{payout.id}"
        ),
        claimed_at=now,
        is_first=is_first,
        may_send=attempt.started_at >= now - RESEND_WITHIN,
    )
