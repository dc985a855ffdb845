"""What must hold of payouts at every moment: (code, sentence, count of violations), for `flask verify`."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from payouts.ledger import queries as ledger
from payouts.ledger.accounts import CLEARING, PAYABLE
from payouts.ledger.checks import Check, count
from payouts.ledger.models import LedgerAccount, LedgerEntry, Posting
from payouts.runs import proof, queries, rules
from payouts.runs.models import BLOCKING, OPEN, Payout, PayoutAttempt, PayoutRun, PayoutStatus, RunStatus

_NEEDS_APPROVAL = (RunStatus.APPROVED, RunStatus.SUBMITTED, RunStatus.CLOSED)
_BEFORE_APPROVAL = (PayoutStatus.PLANNED, PayoutStatus.CANCELLED)
_LEFT_THE_HOUSE = (PayoutStatus.SENT, PayoutStatus.PAID)


def sent_twice(session: Session) -> int:
    """Payouts that a rail took more than once."""
    twice = sa.select(PayoutAttempt.payout_id).where(PayoutAttempt.outcome == "sent").group_by(PayoutAttempt.payout_id)
    return count(session, twice.having(sa.func.count() > 1))


def without_four_eyes(session: Session) -> int:
    """Runs beyond the draft whose approver is missing or their maker."""
    bad = sa.or_(
        PayoutRun.approved_by.is_(None), PayoutRun.approved_at.is_(None), PayoutRun.approved_by == PayoutRun.made_by
    )
    return count(session, sa.select(PayoutRun.id).where(PayoutRun.status.in_(_NEEDS_APPROVAL), bad))


def digest_differs(session: Session) -> int:
    """Runs whose rows are not the list that was planned and signed, or do not sum to their total."""
    wrong = 0
    for run in session.execute(sa.select(PayoutRun)).scalars():
        rows = queries.payouts_of(session, run.id)
        lines = [rules.Line(row.owner, row.amount_minor, row.rail, row.payee) for row in rows]
        same = rules.digest(run.currency, run.cutoff, lines) == run.digest
        wrong += not (same and sum(row.amount_minor for row in rows) == run.total_minor)
    return wrong


def sent_without_approval(session: Session) -> int:
    """Payouts beyond the plan in a run that nobody approved, or out of the house without a trace of being sent."""
    unapproved = (
        sa.select(Payout.id)
        .join(PayoutRun, PayoutRun.id == Payout.run_id)
        .where(Payout.status.not_in(_BEFORE_APPROVAL), PayoutRun.approved_at.is_(None))
    )
    tried = sa.select(PayoutAttempt.id).where(PayoutAttempt.payout_id == Payout.id).exists()
    traceless = sa.select(Payout.id).where(
        Payout.status.in_(_LEFT_THE_HOUSE), sa.or_(sa.not_(tried), Payout.reference == "")
    )
    return count(session, unapproved.union(traceless))


def clearing_differs(session: Session) -> int:
    """Owners whose money in clearing is not the sum of their open payouts."""
    query = sa.select(Payout.owner, Payout.currency, sa.func.sum(Payout.amount_minor)).where(Payout.status.in_(OPEN))
    rows = session.execute(query.group_by(Payout.owner, Payout.currency))
    opened = {(owner, currency): int(total) for owner, currency, total in rows}
    cleared = {key: -total for key, total in ledger.balances(session, name=CLEARING).items() if total}
    return sum(opened.get(key, 0) != cleared.get(key, 0) for key in opened.keys() | cleared.keys())


def reserved_twice(session: Session) -> int:
    """Owners with more than one payout under way, and payouts whose reservation in the books is not their amount."""
    several = sa.select(Payout.owner).where(Payout.status.in_(BLOCKING)).group_by(Payout.owner, Payout.currency)
    reservation = (
        sa.select(sa.func.coalesce(sa.func.sum(-Posting.amount_minor), 0))
        .join(LedgerEntry, LedgerEntry.id == Posting.entry_id)
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(
            LedgerEntry.source == proof.source_of("reserved"),
            LedgerAccount.name == CLEARING,
            LedgerAccount.owner == Payout.owner,
            LedgerAccount.currency == Payout.currency,
        )
        .correlate(Payout)
        .scalar_subquery()
    )
    return count(session, several.having(sa.func.count() > 1)) + count(
        session, sa.select(Payout.id).where(Payout.amount_minor != reservation)
    )


def earned_differs(session: Session) -> int:
    """Owners whose earnings (all of payable that is no payout's step) are not payable + in clearing + paid."""
    query = (
        sa.select(LedgerAccount.owner, LedgerAccount.currency, sa.func.sum(-Posting.amount_minor))
        .join(Posting, Posting.account_id == LedgerAccount.id)
        .join(LedgerEntry, LedgerEntry.id == Posting.entry_id)
        .where(LedgerAccount.name == PAYABLE, LedgerEntry.source.not_like("payout:%"))
        .group_by(LedgerAccount.owner, LedgerAccount.currency)
    )
    earned = {(owner, currency): int(total) for owner, currency, total in session.execute(query)}
    paid_query = sa.select(Payout.owner, Payout.currency, sa.func.sum(Payout.amount_minor))
    paid_rows = session.execute(
        paid_query.where(Payout.status == PayoutStatus.PAID).group_by(Payout.owner, Payout.currency)
    )
    paid = {(owner, currency): int(total) for owner, currency, total in paid_rows}
    payable = ledger.balances(session, name=PAYABLE)
    cleared = ledger.balances(session, name=CLEARING)
    keys = earned.keys() | paid.keys() | payable.keys() | cleared.keys()
    return sum(earned.get(key, 0) != paid.get(key, 0) - payable.get(key, 0) - cleared.get(key, 0) for key in keys)


CHECKS: list[Check] = [
    ("I-19", "No payout was taken twice by its rail.", sent_twice),
    ("I-20", "Every run beyond the draft was approved by another person than its maker.", without_four_eyes),
    ("I-21", "What a run pays is exactly the list that was planned and signed.", digest_differs),
    ("I-22", "Nothing was sent without approval, and nothing that left lacks a trace.", sent_without_approval),
    ("I-23", "What lies in clearing is what open payouts reserve.", clearing_differs),
    ("I-23.once", "No money is reserved by two payouts.", reserved_twice),
    ("I-24.payouts", "What an owner has earned is paid, in clearing or payable.", earned_differs),
]
