"""What is posted, as plain values, and the rules that need no database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from affiliate.core.errors import Conflict
from affiliate.core.i18n import _l
from affiliate.core.money import MINOR_MAX, CurrencyMismatch
from payouts.ledger.accounts import KIND_OF, AccountKey


class Unbalanced(ValueError):
    """The legs of an entry do not sum to zero, or are fewer than two, or one moves nothing. A defect of a recipe."""


class UnknownAccount(ValueError):
    """A leg names an account that the chart does not have."""


class SourceReused(Conflict):
    code = "source_reused"
    message = _l("This was booked before with other figures. Nothing was changed; please tell the platform's operator.")


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of an entry: a debit is positive, a credit negative. `available_on`: from when a payable may be paid."""

    account: AccountKey
    amount_minor: int
    available_on: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewEntry:
    """One balanced fact in one currency. `source` names its cause, once and for ever: "payout:4:paid"."""

    source: str
    text: str
    currency: str
    occurred_at: datetime
    legs: tuple[Leg, ...]

    def content(self) -> tuple[str, Counter[Leg]]:
        """What it moves. Two entries of one source must agree in this; their wording and moment may differ."""
        return self.currency, Counter(self.legs)


def check(entry: NewEntry) -> None:
    """Raise Unbalanced, CurrencyMismatch or UnknownAccount for an entry that must not be posted."""
    for leg in entry.legs:
        if leg.account.currency != entry.currency:
            raise CurrencyMismatch(entry.currency, leg.account.currency)
        if leg.account.name not in KIND_OF:
            raise UnknownAccount(leg.account.name)
        if leg.amount_minor == 0 or abs(leg.amount_minor) > MINOR_MAX:
            raise Unbalanced(f"{entry.source}: a leg of {leg.amount_minor}")
    total = sum(leg.amount_minor for leg in entry.legs)
    if total or len(entry.legs) < 2:
        raise Unbalanced(f"{entry.source}: {len(entry.legs)} legs that sum to {total}")


def distinct(entries: Sequence[NewEntry]) -> dict[str, NewEntry]:
    """Entries by source, in an order that every writer shares, so that two of them never wait for each other.

    Raises SourceReused when one source comes twice with different content.
    """
    found: dict[str, NewEntry] = {}
    for entry in sorted(entries, key=lambda entry: (len(entry.source), entry.source)):
        first = found.setdefault(entry.source, entry)
        if first is not entry and first.content() != entry.content():
            raise SourceReused
    return found
