"""Random histories of two stores: whatever happens in whatever order, the books keep their invariants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from affiliate.commissions.models import CommissionEvent, CommissionShare
from payouts.booking import chart, queries, rules, service
from payouts.booking import checks as booking
from payouts.ledger import checks as ledger
from payouts.ledger import queries as balances
from payouts.ledger.models import LedgerAccount, Posting
from payouts.receivables import checks as receivables
from payouts.receivables.service import record_receipt
from tests.conftest import NOW
from tests.factories import ROBOT, Make
from tests.payouts.earning import Earnings

AMOUNT = st.integers(1, 1_000_000)
STORE = st.integers(0, 1)  # the second one's money is waited for
STEP = st.one_of(
    st.tuples(st.just("earn"), STORE, AMOUNT),
    st.tuples(st.just("take"), st.integers(0, 30), st.integers(1, 100)),
    st.tuples(st.just("receive"), STORE, AMOUNT),
    st.tuples(st.just("pay"), STORE, st.sampled_from([("paid",), ("released",), ("paid", "returned", "released"), ()])),
    st.tuples(st.just("book"), st.integers(1, 4), st.just(0)),
)


class History:
    """Applies steps, and remembers what a person would: what was earned by whom, what was received."""

    def __init__(self, session: Session, make: Make) -> None:
        self.session = session
        self.stores = [Earnings(make), Earnings(make, needs_funding=True)]
        self.stores[1]._payouts = 1_000_000  # so that no two payouts share a number
        self.left: list[tuple[Earnings, CommissionEvent, int]] = []
        self.earned: Counter[str] = Counter()
        self.received: Counter[int] = Counter()

    def earn(self, store: int, amount: int) -> None:
        earnings = self.stores[store]
        event = earnings.event(earnings.commission(available_on=NOW), earnings.split(amount))
        self.earned.update(earnings.split(amount))
        self.left.append((earnings, event, amount))

    def take(self, index: int, percent: int) -> None:
        """Take back a part of what a commission still has, owner by owner."""
        if not self.left:
            return
        place = index % len(self.left)
        earnings, last, left = self.left[place]
        after = left - max(1, left * percent // 100) if left else 0
        before, then = earnings.split(left), earnings.split(after)
        back = {owner: then[owner] - before[owner] for owner in before if then[owner] != before[owner]}
        if not back or max(back.values()) > 0:
            return
        commission = self.session.get_one(booking.Commission, last.commission_id)
        event = earnings.event(commission, back, number=last.number + 1)
        self.earned.update(back)
        self.left[place] = (earnings, event, after)

    def receive(self, store: int, amount: int) -> None:
        merchant = self.stores[store].merchant
        record_receipt(
            self.session, merchant, amount_minor=amount, currency="IDR", reference=f"TRF-{len(self.received)}-{amount}"
            f"-{sum(self.received.values())}", received_at=NOW, actor=ROBOT, now=NOW,
        )  # fmt: skip
        self.received[store] += amount

    def pay(self, store: int, steps: tuple[str, ...]) -> None:
        for owner, amount in balances.available(self.session, currency="IDR", cutoff=NOW).items():
            if amount > 0 and owner in (self.stores[store].owner, self.stores[store].curator_owner):
                self.stores[store].payout(owner, amount, "reserved", *steps)

    def book(self, limit: int, _unused: int) -> None:
        service.book(self.session, limit=limit, now=NOW)


@contextmanager
def undone(session: Session) -> Iterator[None]:
    """Everything inside is taken back, so that the next example starts afresh."""
    nested = session.begin_nested()
    try:
        yield
    finally:
        nested.rollback()
        session.expunge_all()


@given(steps=st.lists(STEP, max_size=15))
def test_whatever_happens_the_books_hold(session, steps):
    with undone(session):
        history = History(session, Make(session))
        for name, *values in steps:
            getattr(history, name)(*values)
        while service.book(session, limit=1000, now=NOW):
            continue
        checks = (*ledger.CHECKS, *booking.CHECKS, *receivables.CHECKS)
        assert {code for code, _sentence, check in checks if check(session)} == set()
        assert session.execute(sa.select(sa.func.coalesce(sa.func.sum(Posting.amount_minor), 0))).scalar_one() == 0
        booked = session.execute(sa.select(sa.func.count()).select_from(CommissionEvent).where(queries.BOOKED))
        assert booked.scalar_one() == session.execute(sa.select(sa.func.count(CommissionEvent.id))).scalar_one()
        the_owners_have_what_they_earned(session, history)
        what_waits_waits_for_money(session, history)


def the_owners_have_what_they_earned(session: Session, history: History) -> None:
    """Reckoned from the steps alone, without any of the books' own words."""
    have: Counter[str] = Counter()
    cash_of: Counter[str] = Counter({owner: amount for (owner, _c), amount in queries.settled(session, None).items()})
    rows = session.execute(
        sa.select(LedgerAccount.owner, sa.func.sum(-Posting.amount_minor))
        .join(Posting, Posting.account_id == LedgerAccount.id)
        .where(LedgerAccount.kind.in_(["liability", "income"]))
        .group_by(LedgerAccount.owner)
    )
    have.update({owner: int(amount) for owner, amount in rows})
    owners = {*history.earned, *have}
    assert {owner: have[owner] + cash_of[owner] for owner in owners} == {
        owner: history.earned[owner] for owner in owners
    }
    shares = session.execute(sa.select(sa.func.coalesce(sa.func.sum(CommissionShare.amount_minor), 0))).scalar_one()
    assert shares == sum(history.earned.values())


def what_waits_waits_for_money(session: Session, history: History) -> None:
    """Nothing waits that the money would cover, and nobody waits for less than nothing."""
    waiting = balances.balances(session, name="payable_unfunded")
    assert all(amount <= 0 for amount in waiting.values())
    merchant = history.stores[1].merchant
    received = queries.received(session, None).get((chart.merchant_owner(merchant.id), "IDR"), 0)
    assert received == history.received[1]
    claims = queries.claims(session, merchant.id, "IDR")
    payable = [claim for claim in claims if any(session.execute(_theirs(claim.commission_id)).scalars())]
    coverage = rules.cover(claims, received)
    assert not {claim.commission_id for claim in payable} & {*coverage.covered}


def _theirs(commission_id: int) -> sa.Select:
    """Shares of a commission that are not ours: only those can wait."""
    return (
        sa.select(CommissionShare.amount_minor)
        .join(CommissionEvent, CommissionEvent.id == CommissionShare.event_id)
        .where(CommissionEvent.commission_id == commission_id, CommissionShare.owner != "platform")
    )
