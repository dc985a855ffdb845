from datetime import timedelta

import pytest
import sqlalchemy as sa

from payouts.ledger import queries
from payouts.ledger.accounts import AccountKey
from payouts.ledger.entries import Leg, NewEntry, SourceReused, Unbalanced
from payouts.ledger.models import LedgerAccount, LedgerEntry, Posting
from payouts.ledger.service import post
from tests.conftest import NOW

CASH = AccountKey("cash", "platform", "IDR")
THEIRS = AccountKey("payable", "community:1", "IDR")


def owed(amount: int, *, source: str = "test:1", available_on=None, at=NOW, owner: str = "community:1") -> NewEntry:
    """We owe an owner an amount; negative where we take it back."""
    payable = AccountKey("payable", owner, "IDR")
    return NewEntry(source, "Test", "IDR", at, (Leg(CASH, amount), Leg(payable, -amount, available_on)))


def counts(session) -> list[int]:
    tables = (LedgerAccount, LedgerEntry, Posting)
    return [session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in tables]


def test_posting_opens_accounts_writes_the_legs_and_seals(session):
    assert post(session, [owed(100), owed(50, source="test:2")], now=NOW) == 2
    assert counts(session) == [2, 2, 4]
    assert queries.balance(session, CASH) == 150
    assert queries.balance(session, THEIRS) == -150
    sealed = session.execute(sa.select(LedgerEntry.sealed_at)).scalars().all()
    assert sealed == [NOW, NOW]
    rows = session.execute(sa.select(LedgerAccount.name, LedgerAccount.kind))
    kinds = {row.name: row.kind for row in rows}
    assert kinds == {"cash": "asset", "payable": "liability"}


def test_posting_twice_gives_the_first_result(session):
    post(session, [owed(100)], now=NOW)
    later = owed(100, at=NOW + timedelta(days=1))
    assert post(session, [later, owed(7, source="test:2")], now=NOW) == 1
    assert queries.balance(session, CASH) == 107


def test_posting_nothing_does_nothing(session):
    assert post(session, [], now=NOW) == 0


@pytest.mark.parametrize(
    "other",
    [
        owed(101),
        owed(100, owner="community:2"),
        owed(100, available_on=NOW),
        NewEntry("test:1", "Test", "USD", NOW, (
            Leg(AccountKey("cash", "platform", "USD"), 100), Leg(AccountKey("payable", "community:1", "USD"), -100),
        )),
    ],
    ids=["amount", "owner", "day", "currency"],
)  # fmt: skip
def test_the_same_source_with_other_content_is_refused(session, other):
    post(session, [owed(100)], now=NOW)
    with pytest.raises(SourceReused):
        post(session, [other], now=NOW)
    assert queries.balance(session, CASH) == 100


def test_one_unbalanced_entry_keeps_the_whole_batch_out(session):
    crooked = NewEntry("test:2", "Test", "IDR", NOW, (Leg(CASH, 5), Leg(THEIRS, -4)))
    with pytest.raises(Unbalanced):
        post(session, [owed(100), crooked], now=NOW)
    assert counts(session) == [0, 0, 0]


def test_a_large_batch_is_posted_whole(session):
    entries = [owed(n, source=f"test:{n}", owner=f"community:{n}") for n in range(1, 2502)]
    assert post(session, entries, now=NOW) == 2501
    assert post(session, entries, now=NOW) == 0
    assert queries.balance(session, CASH) == sum(range(1, 2502))
    unsealed = sa.select(sa.func.count()).where(LedgerEntry.sealed_at.is_(None))
    assert session.execute(unsealed).scalar_one() == 0


def test_balances_are_told_by_owner_and_currency_and_as_of_a_moment(session):
    dollars = AccountKey("payable", "community:1", "USD")
    in_dollars = NewEntry(
        "test:3", "Test", "USD", NOW, (Leg(AccountKey("cash", "platform", "USD"), 7), Leg(dollars, -7))
    )
    later = owed(50, source="test:2", at=NOW + timedelta(days=1), owner="community:2")
    post(session, [owed(100), later, in_dollars], now=NOW)
    every = {("community:1", "IDR"): -100, ("community:2", "IDR"): -50, ("community:1", "USD"): -7}
    assert queries.balances(session, name="payable") == every
    assert queries.balances(session, name="payable", currency="USD") == {("community:1", "USD"): -7}
    assert queries.balances(session, name="payable", owners=["community:2"]) == {("community:2", "IDR"): -50}
    assert queries.balances(session, name="payable", owners=[]) == {}
    then = queries.balances(session, name="payable", as_of=NOW)
    assert then == {("community:1", "IDR"): -100, ("community:1", "USD"): -7}


def available(session, *, after_days: int = 0) -> dict[str, int]:
    return queries.available(session, currency="IDR", cutoff=NOW + timedelta(days=after_days))


def test_money_is_available_from_its_day_on(session):
    post(session, [owed(100, available_on=NOW + timedelta(days=3)), owed(5, source="test:2")], now=NOW)
    assert available(session) == {"community:1": 5}
    assert available(session, after_days=2) == {"community:1": 5}
    assert available(session, after_days=3) == {"community:1": 105}


def test_what_is_taken_back_from_held_money_lessens_the_held_money(session):
    day = NOW + timedelta(days=3)
    entries = [owed(100, available_on=day), owed(-40, source="test:2", available_on=day), owed(5, source="test:3")]
    post(session, entries, now=NOW)
    position = queries.positions(session, cutoff=NOW)["community:1", "IDR"]
    assert position == queries.Position(available=5, held=60)
    assert available(session, after_days=3) == {"community:1": 65}


def test_what_is_taken_back_beyond_the_held_money_counts_at_once(session):
    day = NOW + timedelta(days=3)
    post(session, [owed(5), owed(-40, source="test:2", available_on=day)], now=NOW)
    assert queries.positions(session, cutoff=NOW)["community:1", "IDR"] == queries.Position(available=-35, held=0)
    assert available(session) == available(session, after_days=3) == {"community:1": -35}


def test_owners_with_nothing_available_are_left_out(session):
    post(session, [owed(5), owed(-5, source="test:2"), owed(3, source="test:3", owner="curator:4")], now=NOW)
    assert available(session) == {"curator:4": 3}
    assert queries.available(session, currency="IDR", cutoff=NOW, owners=["community:1"]) == {}
