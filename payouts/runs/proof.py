"""What the books say of a run, read from its entries alone, beside what its payouts say."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from payouts.ledger.accounts import CLEARING
from payouts.ledger.models import LedgerAccount, LedgerEntry, Posting
from payouts.runs.models import OPEN, Payout, PayoutRun, PayoutStatus

STEPS = ("reserved", "released", "paid", "returned")


@dataclass(frozen=True, slots=True)
class Proof:
    """Sums in minor units. From the books: what was reserved, paid and given back, and what still lies in clearing."""

    reserved: int
    paid: int
    released: int
    in_clearing: int
    run_total: int
    payouts_paid: int
    payouts_open: int

    @property
    def is_equal(self) -> bool:
        """The run's total was reserved, what is open lies in clearing, what is paid has left, the rest went back."""
        return (
            self.reserved == self.run_total
            and self.in_clearing == self.payouts_open
            and self.paid == self.payouts_paid
            and self.reserved == self.paid + self.released + self.in_clearing
        )


def of_run(session: Session, run: PayoutRun) -> Proof:
    """The proof of one run."""
    booked = {step: _in_clearing(session, run, step) for step in STEPS}
    return Proof(
        reserved=booked["reserved"],
        paid=-booked["paid"] - booked["returned"],
        released=-booked["released"],
        in_clearing=sum(booked.values()),
        run_total=run.total_minor,
        payouts_paid=_payouts(session, run, PayoutStatus.PAID),
        payouts_open=_payouts(session, run, *OPEN),
    )


def source_of(step: str) -> sa.ColumnElement[str]:
    """The source of the entry that books a payout's step, beside its row."""
    return sa.literal("payout:") + sa.cast(Payout.id, sa.String) + sa.literal(f":{step}")


def _in_clearing(session: Session, run: PayoutRun, step: str) -> int:
    """What this step of the run's payouts has put into clearing."""
    query = (
        sa.select(sa.func.coalesce(sa.func.sum(-Posting.amount_minor), 0))
        .join(LedgerEntry, LedgerEntry.id == Posting.entry_id)
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .join(Payout, LedgerEntry.source == source_of(step))
        .where(Payout.run_id == run.id, LedgerAccount.name == CLEARING)
    )
    return int(session.execute(query).scalar_one())


def _payouts(session: Session, run: PayoutRun, *statuses: PayoutStatus) -> int:
    query = sa.select(sa.func.coalesce(sa.func.sum(Payout.amount_minor), 0))
    return int(session.execute(query.where(Payout.run_id == run.id, Payout.status.in_(statuses))).scalar_one())
