"""Sending survives everything: dead processes, silent rails, late answers. Nothing is sent twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from affiliate.core import clock
from affiliate.core.db import db, transaction
from affiliate.identity.actors import system
from payouts.ledger.accounts import PAYABLE, AccountKey
from payouts.ledger.queries import balance
from payouts.rails.base import Outcome, Result
from payouts.rails.registry import RAILS
from payouts.runs import jobs, sending
from payouts.runs.models import Payout, PayoutAttempt
from tests.conftest import NOW
from tests.payouts.runs.paying import Finance, assert_in_order, earned

WORKER = system("test")
MINUTES = timedelta(minutes=1)


class Killed(BaseException):
    """The process ends here."""


class Bank:
    """A rail with a memory of its own, that fails on the way in or out as told, once."""

    name = "manual"

    def __init__(self, *, before: BaseException | None = None, after: BaseException | None = None) -> None:
        self.before, self.after = before, after
        self.taken: dict[str, int] = {}
        self.calls: list[str] = []
        self.lookups: list[str] = []
        self.answer = Result.SENT

    def send(self, instruction, key):
        assert not db.session().in_transaction()
        self.calls.append(key)
        self._fail("before")
        if self.answer == Result.SENT:
            self.taken[key] = instruction.amount_minor
        self._fail("after")
        return Outcome(self.answer, reference=f"B-{key}", detail="said so")

    def find(self, key):
        self.lookups.append(key)
        return Outcome(Result.SENT, reference=f"B-{key}") if key in self.taken else None

    def _fail(self, moment):
        error, _unset = getattr(self, moment), setattr(self, moment, None)
        if error is not None:
            raise error


@pytest.fixture
def finance(client, make):
    return Finance(client, make)


@pytest.fixture
def approved(finance, make):
    """An approved run of two payouts: Rp600 to the community, Rp300 to the curator."""
    earned(make, 100_000)
    run = finance.plan()
    finance.approve(run)
    return run


def use(monkeypatch, bank):
    monkeypatch.setitem(RAILS, "manual", bank)
    return bank


def statuses(session):
    return sorted(session.execute(sa.select(Payout.status)).scalars())


def test_no_transaction_is_open_while_the_rail_works(monkeypatch, approved, session):
    bank = use(monkeypatch, Bank())
    jobs.submit(approved["id"], actor=WORKER)
    assert sorted(bank.taken.values()) == [30_000, 60_000]
    assert statuses(session) == ["sent", "sent"]
    assert_in_order(session)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_around_the_call_and_gone_on_with(monkeypatch, approved, session, moment):
    bank = use(monkeypatch, Bank(**{moment: Killed()}))
    with time_machine.travel(NOW, tick=False), pytest.raises(Killed):
        jobs.submit(approved["id"], actor=WORKER)
    session.rollback()
    assert statuses(session) == ["approved", "submitting"]
    with time_machine.travel(NOW + 6 * MINUTES, tick=False):
        assert jobs.run(clock.now()) == 1
        assert jobs.run(clock.now()) == 0
    assert statuses(session) == ["sent", "sent"]
    assert sorted(bank.taken.values()) == [30_000, 60_000]
    first = bank.calls[0]
    assert bank.lookups == [first]
    assert bank.calls.count(first) == (2 if moment == "before" else 1)
    assert_in_order(session)


def test_within_the_lease_nobody_else_touches_it(monkeypatch, approved, session):
    bank = use(monkeypatch, Bank(before=Killed()))
    with time_machine.travel(NOW, tick=False), pytest.raises(Killed):
        jobs.submit(approved["id"], actor=WORKER)
    session.rollback()
    with time_machine.travel(NOW + 4 * MINUTES, tick=False):
        jobs.submit(approved["id"], actor=WORKER)
    assert statuses(session) == ["sent", "submitting"]
    assert len(bank.taken) == 1
    assert bank.lookups == []


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_timeout_is_unknown_and_looked_up_before_anything_is_sent_again(monkeypatch, approved, session, moment):
    bank = use(monkeypatch, Bank(**{moment: TimeoutError("no answer\x00")}))
    with time_machine.travel(NOW, tick=False):
        jobs.submit(approved["id"], actor=WORKER)
        assert statuses(session) == ["sent", "unknown"]
        jobs.submit(approved["id"], actor=WORKER)
    assert len(bank.calls) == 2
    with time_machine.travel(NOW + 6 * MINUTES, tick=False):
        jobs.run(clock.now())
    assert statuses(session) == ["sent", "sent"]
    assert len(bank.calls) == (3 if moment == "before" else 2)
    assert len(set(bank.calls)) == len(bank.taken) == 2
    assert_in_order(session)


def test_after_a_day_a_person_decides(monkeypatch, approved, session, finance):
    bank = use(monkeypatch, Bank(before=TimeoutError()))
    with time_machine.travel(NOW, tick=False):
        jobs.submit(approved["id"], actor=WORKER)
    with time_machine.travel(NOW + timedelta(hours=24), tick=False):
        assert jobs.run(clock.now()) == 0
        jobs.submit(approved["id"], actor=WORKER)
    assert statuses(session) == ["sent", "unknown"]
    assert len(bank.calls) == 2
    for row in finance.show(approved)["payouts"]:
        finance.settle(row, status="paid", reference="BCA 12")
    assert finance.show(approved)["status"] == "closed"
    assert_in_order(session)


def test_dead_for_a_day_is_unknown_and_never_sent_again(monkeypatch, approved, session):
    bank = use(monkeypatch, Bank(before=Killed()))
    with time_machine.travel(NOW, tick=False), pytest.raises(Killed):
        jobs.submit(approved["id"], actor=WORKER)
    session.rollback()
    with time_machine.travel(NOW + timedelta(hours=24), tick=False):
        jobs.run(clock.now())
        assert jobs.run(clock.now()) == 0
    assert statuses(session) == ["sent", "unknown"]
    assert len(bank.calls) == 2


def test_what_is_refused_goes_back_and_closes_the_run(monkeypatch, approved, session, finance):
    use(monkeypatch, Bank()).answer = Result.REFUSED
    jobs.submit(approved["id"], actor=WORKER)
    shown = finance.show(approved)
    assert shown["status"] == "closed"
    owner = shown["payouts"][0]["owner"]
    assert statuses(session) == ["failed", "failed"]
    assert balance(session, AccountKey(PAYABLE, owner, "IDR")) == -60_000
    assert finance.submit(approved)["status"] == "closed"
    assert finance.plan()["total"] == approved["total"]
    assert_in_order(session)


def test_an_unknown_rail_pays_nothing(monkeypatch, approved, session):
    monkeypatch.delitem(RAILS, "manual")
    jobs.submit(approved["id"], actor=WORKER)
    assert statuses(session) == ["failed", "failed"]
    assert "no rail" in session.execute(sa.select(PayoutAttempt.detail)).scalars().first()


def test_a_late_answer_changes_nothing(approved, session):
    with transaction(session):
        sending.begin(session, session.get_one(sending.PayoutRun, approved["id"]), actor=WORKER, now=NOW)
        payout_id = sending.due(session, approved["id"], now=NOW)[0]
        late = sending.claim(session, payout_id, now=NOW)
        assert sending.claim(session, payout_id, now=NOW) is None
        later = NOW + 6 * MINUTES
        second = sending.claim(session, payout_id, now=later)
        assert (second.key, second.is_first, late.is_first) == (late.key, False, True)
        assert sending.record_outcome(session, second, Outcome(Result.SENT, "ada"), now=later)
        assert not sending.record_outcome(session, late, Outcome(Result.REFUSED), now=later)
    assert session.get_one(Payout, payout_id).status == "sent"
    assert_in_order(session)


def test_a_run_that_was_tampered_with_does_not_stop_the_others(monkeypatch, approved, session):
    bank = use(monkeypatch, Bank(before=Killed()))
    with time_machine.travel(NOW, tick=False), pytest.raises(Killed):
        jobs.submit(approved["id"], actor=WORKER)
    session.rollback()
    session.execute(sa.update(Payout).values(amount_minor=Payout.amount_minor + 1))
    session.commit()
    with time_machine.travel(NOW + 6 * MINUTES, tick=False):
        assert jobs.run(clock.now()) == 0
    assert bank.taken == {}
