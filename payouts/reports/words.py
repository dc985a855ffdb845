"""The words of the books for people: names of accounts, owners and lines."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.communities.models import Community, Curator
from affiliate.core.i18n import _, _l
from affiliate.merchants.models import Merchant
from payouts.ledger.accounts import CASH, CLEARING, FEES, PAYABLE, PAYABLE_UNFUNDED, PLATFORM, RECEIVABLE
from payouts.ledger.models import AccountKind

ACCOUNTS: dict[str, Any] = {
    CASH: _l("Our bank"),
    RECEIVABLE: _l("Owed by stores"),
    PAYABLE: _l("Owed to communities and curators"),
    PAYABLE_UNFUNDED: _l("Owed once the store has paid"),
    CLEARING: _l("On its way to the bank"),
    FEES: _l("Our fees"),
}
KINDS: dict[AccountKind, Any] = {
    AccountKind.ASSET: _l("Asset"),
    AccountKind.LIABILITY: _l("Liability"),
    AccountKind.INCOME: _l("Income"),
    AccountKind.EXPENSE: _l("Expense"),
}
EVENTS: dict[str, Any] = {
    "earned": _l("Earned"),
    "adjusted": _l("Adjusted after a change of the order"),
    "reversed": _l("Taken back: cancelled or refunded"),
}
ENTRIES: dict[str, Any] = {
    "Commission earned": _l("Commission earned"),
    "Commission adjusted": _l("Commission adjusted"),
    "Commission reversed": _l("Commission reversed"),
    "Covered by the merchant": _l("Covered by the store's payment"),
    "Receipt": _l("Receipt"),
    "Payout reserved": _l("Payout reserved"),
    "Payout released": _l("Payout released"),
    "Payout paid": _l("Payout paid"),
    "Payout returned": _l("Payout came back"),
}


def account(name: str) -> str:
    return str(ACCOUNTS.get(name, name))


def kind(value: AccountKind) -> str:
    return str(KINDS[value])


def event(value: str) -> str:
    return str(EVENTS.get(value, value))


def entry(text: str) -> str:
    """What an entry books, in the reader's language; a text of our own stands as it was written."""
    return str(ENTRIES.get(text, text))


_TABLES: dict[str, Any] = {"community": Community, "curator": Curator, "merchant": Merchant}


def owner_names(session: Session, owners: Collection[str]) -> dict[str, str]:
    """Names of owners by their keys; one without a name stands under its key."""
    names = {owner: owner for owner in owners} | ({PLATFORM: _("Etalase")} if PLATFORM in owners else {})
    for word, table in _TABLES.items():
        ids = [int(owner.partition(":")[2]) for owner in owners if owner.startswith(f"{word}:")]
        rows = session.execute(sa.select(table.id, table.name).where(table.id.in_(ids)))
        names |= {f"{word}:{row.id}": row.name for row in rows}
    return names
