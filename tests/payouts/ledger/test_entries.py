from datetime import timedelta

import pytest

from affiliate.core.money import MINOR_MAX, CurrencyMismatch
from payouts.ledger.accounts import AccountKey
from payouts.ledger.entries import Leg, NewEntry, SourceReused, Unbalanced, UnknownAccount, check, distinct
from tests.conftest import NOW


def leg(amount: int, *, name: str = "cash", owner: str = "platform", currency: str = "IDR") -> Leg:
    return Leg(AccountKey(name, owner, currency), amount)


def entry(*legs: Leg, source: str = "test:1", currency: str = "IDR", **over) -> NewEntry:
    return NewEntry(source, over.get("text", "Test"), currency, over.get("at", NOW), legs)


@pytest.mark.parametrize(
    ("legs", "error"),
    [
        ((leg(5), leg(-4)), Unbalanced),
        ((), Unbalanced),
        ((leg(0), leg(0)), Unbalanced),
        ((leg(5),), Unbalanced),
        ((leg(MINOR_MAX + 1), leg(-MINOR_MAX - 1)), Unbalanced),
        ((leg(5), leg(-5, currency="USD")), CurrencyMismatch),
        ((leg(5), leg(-5, name="savings")), UnknownAccount),
    ],
)
def test_an_entry_that_must_not_be_posted_is_refused(legs, error):
    with pytest.raises(error):
        check(entry(*legs))


def test_a_balanced_entry_of_many_legs_passes():
    check(entry(leg(5), leg(-2, name="fees"), leg(-3, name="payable", owner="community:1")))


def test_the_same_source_twice_in_one_batch_is_one_entry():
    one = entry(leg(5), leg(-5, name="fees"))
    again = entry(leg(-5, name="fees"), leg(5), text="Said differently", at=NOW + timedelta(hours=1))
    assert list(distinct([one, again])) == ["test:1"]


def test_the_same_source_with_other_figures_in_one_batch_is_refused():
    with pytest.raises(SourceReused):
        distinct([entry(leg(5), leg(-5, name="fees")), entry(leg(6), leg(-6, name="fees"))])


def test_every_writer_posts_in_the_same_order():
    entries = [entry(leg(5), leg(-5), source=source) for source in ("e:10", "e:9", "a:100", "e:1")]
    assert list(distinct(entries)) == list(distinct(entries[::-1])) == ["e:1", "e:9", "e:10", "a:100"]
