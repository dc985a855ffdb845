"""The chart of accounts and one recipe a business event: pure functions from a fact to the entry that books it.

| account | owner | a credit says |
| --- | --- | --- |
| cash | platform | money left our bank |
| receivable | merchant:7 | the merchant owes us less |
| payable | community:3, curator:12, member:5 | we owe the owner more, payable from its day on |
| payable_unfunded | the same owners | we shall owe it once the merchant has paid |
| clearing | the same owners | reserved for a payout |
| fees | platform | our own part of a commission |
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from payouts.ledger.accounts import CASH, CLEARING, FEES, PAYABLE, PAYABLE_UNFUNDED, PLATFORM, RECEIVABLE, AccountKey
from payouts.ledger.entries import Leg, NewEntry


@dataclass(frozen=True, slots=True)
class Share:
    """One owner's part of a commission event."""

    owner: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class EarnedFact:
    """A commission event as booking reads it.

    `available_on`: of what is earned, the event's own; of what is taken back, that of its commission, so that it
    lessens the money that it belongs to, held or not.
    """

    event_id: int
    merchant_id: int
    currency: str
    kind: str  # earned, adjusted, reversed
    amount_minor: int
    available_on: datetime
    needs_funding: bool
    occurred_at: datetime
    shares: tuple[Share, ...]

    @property
    def sums(self) -> bool:
        """True when the shares sum to the amount; one that does not is never booked, and `verify` names it."""
        return sum(share.amount_minor for share in self.shares) == self.amount_minor


@dataclass(frozen=True, slots=True)
class PayoutFact:
    """A payout as booking reads it; `occurred_at` is the moment of the step that is booked."""

    payout_id: int
    owner: str
    currency: str
    amount_minor: int
    occurred_at: datetime


def event_source(event_id: int) -> str:
    return f"commission_event:{event_id}"


def funding_source(event_id: int) -> str:
    return f"funding:{event_id}"


def merchant_owner(merchant_id: int) -> str:
    return f"merchant:{merchant_id}"


def commission_event(fact: EarnedFact) -> NewEntry:
    """Earned, adjusted or reversed: the merchant owes its amount, the owners are owed their shares, we earn our fee."""
    receivable = Leg(AccountKey(RECEIVABLE, merchant_owner(fact.merchant_id), fact.currency), fact.amount_minor)
    account = PAYABLE_UNFUNDED if fact.needs_funding else PAYABLE
    fees = [
        Leg(AccountKey(FEES, PLATFORM, fact.currency), -share.amount_minor)
        for share in fact.shares
        if share.owner == PLATFORM and share.amount_minor
    ]
    owed = [
        Leg(AccountKey(account, share.owner, fact.currency), -share.amount_minor, fact.available_on)
        for share in _owed(fact.shares)
    ]
    return NewEntry(
        source=event_source(fact.event_id),
        text=f"Commission {fact.kind}",
        currency=fact.currency,
        occurred_at=fact.occurred_at,
        legs=(receivable, *fees, *owed),
    )


def funded(fact: EarnedFact, *, at: datetime) -> NewEntry | None:
    """The merchant's money covers an event: what awaited it becomes payable on the day it always had.

    None for an event of which nothing is owed but our own fee.
    """
    legs = [
        leg
        for share in _owed(fact.shares)
        for leg in (
            Leg(AccountKey(PAYABLE_UNFUNDED, share.owner, fact.currency), share.amount_minor, fact.available_on),
            Leg(AccountKey(PAYABLE, share.owner, fact.currency), -share.amount_minor, fact.available_on),
        )
    ]
    if not legs:
        return None
    return NewEntry(funding_source(fact.event_id), "Covered by the merchant", fact.currency, at, tuple(legs))


def receipt(receipt_id: int, *, merchant_id: int, currency: str, amount_minor: int, received_at: datetime) -> NewEntry:
    """A merchant paid us."""
    cash = AccountKey(CASH, PLATFORM, currency)
    owed = AccountKey(RECEIVABLE, merchant_owner(merchant_id), currency)
    return _move(f"receipt:{receipt_id}", "Receipt", cash, owed, amount_minor, received_at)


def payout_reserved(fact: PayoutFact) -> NewEntry:
    """Planned: no second run can take this money."""
    return _payout(fact, "reserved", _payable(fact), _clearing(fact))


def payout_released(fact: PayoutFact) -> NewEntry:
    """Cancelled, failed or returned: the owner has the money to their credit again, payable at once."""
    return _payout(fact, "released", _clearing(fact), _payable(fact))


def payout_paid(fact: PayoutFact) -> NewEntry:
    """Settled: the money left our bank."""
    return _payout(fact, "paid", _clearing(fact), _cash(fact))


def payout_returned(fact: PayoutFact) -> NewEntry:
    """Came back after it was settled: in clearing again, until it is released or sent anew."""
    return _payout(fact, "returned", _cash(fact), _clearing(fact))


def _owed(shares: Iterable[Share]) -> Sequence[Share]:
    return [share for share in shares if share.owner != PLATFORM and share.amount_minor]


def _payable(fact: PayoutFact) -> AccountKey:
    return AccountKey(PAYABLE, fact.owner, fact.currency)


def _clearing(fact: PayoutFact) -> AccountKey:
    return AccountKey(CLEARING, fact.owner, fact.currency)


def _cash(fact: PayoutFact) -> AccountKey:
    return AccountKey(CASH, PLATFORM, fact.currency)


def _payout(fact: PayoutFact, step: str, debit: AccountKey, credit: AccountKey) -> NewEntry:
    source = f"payout:{fact.payout_id}:{step}"
    return _move(source, f"Payout {step}", debit, credit, fact.amount_minor, fact.occurred_at)


def _move(source: str, text: str, debit: AccountKey, credit: AccountKey, amount_minor: int, at: datetime) -> NewEntry:
    return NewEntry(source, text, debit.currency, at, (Leg(debit, amount_minor), Leg(credit, -amount_minor)))
