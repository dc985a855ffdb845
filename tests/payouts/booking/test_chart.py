from datetime import timedelta

import pytest

from payouts.booking import chart
from payouts.booking.chart import EarnedFact, PayoutFact, Share
from payouts.ledger.entries import NewEntry, check
from tests.conftest import NOW

LATER = NOW + timedelta(days=14)
SHARES = (Share("platform", 100), Share("community:3", 600), Share("curator:4", 300))


def earned(*shares: Share, needs_funding: bool = False, kind: str = "earned") -> EarnedFact:
    amount = sum(share.amount_minor for share in shares)
    return EarnedFact(17, 7, "IDR", kind, amount, LATER, needs_funding, NOW, shares)


def legs(entry: NewEntry) -> dict[tuple[str, str], int]:
    check(entry)
    return {(leg.account.name, leg.account.owner): leg.amount_minor for leg in entry.legs}


def test_an_earned_commission_is_owed_by_the_merchant_to_each_owner():
    entry = chart.commission_event(earned(*SHARES))
    assert entry.source == "commission_event:17"
    assert legs(entry) == {
        ("receivable", "merchant:7"): 1000,
        ("fees", "platform"): -100,
        ("payable", "community:3"): -600,
        ("payable", "curator:4"): -300,
    }
    days = {leg.account.owner: leg.available_on for leg in entry.legs}
    assert days == {"merchant:7": None, "platform": None, "community:3": LATER, "curator:4": LATER}


def test_taking_back_is_the_mirror_of_giving():
    given = legs(chart.commission_event(earned(*SHARES)))
    back = [Share(share.owner, -share.amount_minor) for share in SHARES]
    taken = legs(chart.commission_event(earned(*back, kind="reversed")))
    assert taken == {account: -amount for account, amount in given.items()}


def test_what_waits_for_the_stores_money_is_not_payable_until_it_is_covered():
    fact = earned(*SHARES, needs_funding=True)
    assert ("payable", "community:3") not in legs(chart.commission_event(fact))
    entry = chart.funded(fact, at=LATER)
    assert entry.source == "funding:17"
    assert legs(entry) == {
        ("payable_unfunded", "community:3"): 600,
        ("payable", "community:3"): -600,
        ("payable_unfunded", "curator:4"): 300,
        ("payable", "curator:4"): -300,
    }
    assert {leg.available_on for leg in entry.legs} == {LATER}


def test_a_commission_that_is_all_ours_needs_no_covering():
    assert chart.funded(earned(Share("platform", 100), needs_funding=True), at=NOW) is None


def test_a_share_of_nothing_has_no_leg():
    entry = chart.commission_event(earned(Share("platform", 0), Share("community:3", 600), Share("curator:4", 0)))
    assert legs(entry) == {("receivable", "merchant:7"): 600, ("payable", "community:3"): -600}


def test_a_receipt_turns_what_a_merchant_owes_into_cash():
    entry = chart.receipt(5, merchant_id=7, currency="IDR", amount_minor=1000, received_at=NOW)
    assert entry.source == "receipt:5"
    assert legs(entry) == {("cash", "platform"): 1000, ("receivable", "merchant:7"): -1000}


@pytest.mark.parametrize(
    ("step", "debit", "credit"),
    [
        ("reserved", ("payable", "community:3"), ("clearing", "community:3")),
        ("released", ("clearing", "community:3"), ("payable", "community:3")),
        ("paid", ("clearing", "community:3"), ("cash", "platform")),
        ("returned", ("cash", "platform"), ("clearing", "community:3")),
    ],
)
def test_every_step_of_a_payout_moves_its_amount_once(step, debit, credit):
    fact = PayoutFact(4, "community:3", "IDR", 600, NOW)
    entry = getattr(chart, f"payout_{step}")(fact)
    assert entry.source == f"payout:4:{step}"
    assert legs(entry) == {debit: 600, credit: -600}
    assert all(leg.available_on is None for leg in entry.legs)
