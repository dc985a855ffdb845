"""Each check is green after a whole run, and red when its row is damaged on purpose."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from payouts.ledger.accounts import CLEARING, PAYABLE, AccountKey
from payouts.ledger.entries import Leg, NewEntry
from payouts.ledger.service import post
from payouts.runs import checks
from payouts.runs.models import Payout, PayoutAttempt, PayoutRun, PayoutStatus
from tests.conftest import NOW
from tests.payouts.runs.paying import Finance, assert_in_order, earned


@pytest.fixture
def sent(client, make, session):
    """A sent run of two payouts."""
    finance = Finance(client, make)
    earned(make, 100_000)
    run = finance.plan()
    finance.approve(run)
    sent = finance.submit(run)
    assert_in_order(session)
    return sent


def test_a_payout_that_was_sent_twice(sent, session):
    first = session.execute(sa.select(PayoutAttempt)).scalars().first()
    again = PayoutAttempt(
        payout_id=first.payout_id, number=2, key="other", started_at=NOW, claimed_at=NOW, outcome="sent"
    )
    session.add(again)
    session.flush()
    assert checks.sent_twice(session) == 1


def test_a_run_without_an_approver(sent, session):
    session.execute(sa.update(PayoutRun).values(approved_by=None))
    assert checks.without_four_eyes(session) == 1
    session.execute(sa.update(PayoutRun).values(approved_at=None))
    assert checks.sent_without_approval(session) == 2


@pytest.mark.parametrize("damage", [{"amount_minor": 1}, {"payee": "ORANG LAIN"}, {"rail": "lain"}])
def test_rows_that_were_not_signed(sent, session, damage):
    session.execute(sa.update(Payout).where(Payout.id == sent["payouts"][0]["payout"]).values(damage))
    assert checks.digest_differs(session) == 1


def test_a_total_that_is_not_the_sum(sent, session):
    session.execute(sa.update(PayoutRun).values(total_minor=1))
    assert checks.digest_differs(session) == 1


def test_a_payout_that_left_without_a_trace(sent, session):
    session.execute(sa.delete(PayoutAttempt))
    assert checks.sent_without_approval(session) == 2


def test_a_payout_that_ended_without_the_books(sent, session):
    session.execute(sa.update(Payout).values(status=PayoutStatus.PAID))
    assert checks.clearing_differs(session) == 2
    assert checks.earned_differs(session) == 2


def test_a_reservation_of_another_amount(sent, session):
    session.execute(sa.update(Payout).values(amount_minor=Payout.amount_minor - 1))
    assert checks.reserved_twice(session) == 2
    assert checks.clearing_differs(session) == 2


def test_money_that_nobody_earned(sent, session):
    owner = sent["payouts"][0]["owner"]
    payable, clearing = AccountKey(PAYABLE, owner, "IDR"), AccountKey(CLEARING, owner, "IDR")
    post(session, [NewEntry("gift:1", "A gift", "IDR", NOW, (Leg(clearing, 5), Leg(payable, -5)))], now=NOW)
    assert checks.earned_differs(session) == 1
    assert checks.clearing_differs(session) == 1
