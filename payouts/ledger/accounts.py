"""How an account is named, and of which kind each name is."""

from __future__ import annotations

from dataclasses import dataclass

from payouts.ledger.models import AccountKind

CASH = "cash"  # our bank account
RECEIVABLE = "receivable"  # what a merchant owes us
PAYABLE = "payable"  # what we owe an owner, once its day has come
PAYABLE_UNFUNDED = "payable_unfunded"  # what we shall owe an owner when the merchant has paid
CLEARING = "clearing"  # reserved for a payout that is on its way
FEES = "fees"  # the platform's own part

KIND_OF = {
    CASH: AccountKind.ASSET,
    RECEIVABLE: AccountKind.ASSET,
    PAYABLE: AccountKind.LIABILITY,
    PAYABLE_UNFUNDED: AccountKind.LIABILITY,
    CLEARING: AccountKind.LIABILITY,
    FEES: AccountKind.INCOME,
}
PLATFORM = "platform"


@dataclass(frozen=True, slots=True, order=True)
class AccountKey:
    """One account: a name of the chart, whose it is ("community:3", "merchant:7", "platform"), its currency."""

    name: str
    owner: str
    currency: str
