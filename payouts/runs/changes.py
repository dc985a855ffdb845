"""What an approver should look at: how each payout differs from its owner's last one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

JUMP = 3  # times the last payout


class Change(StrEnum):
    FIRST = "first"  # never paid before
    NO_PAYEE = "no_payee"  # nobody has said where to pay
    NEW_PAYEE = "new_payee"  # another account than last time
    JUMP = "jump"  # three times as much, or more
    AFTER_DEBT = "after_debt"  # owed us something before; that has been taken off


@dataclass(frozen=True, slots=True)
class Paid:
    """A payout as far as it is compared."""

    owner: str
    amount_minor: int
    payee: str


def changes(now: Iterable[Paid], before: Mapping[str, Paid], indebted: frozenset[str]) -> dict[str, list[Change]]:
    """Changes by owner; `indebted` are the owners whom the run before left out for a debt."""
    return {payout.owner: _of(payout, before.get(payout.owner), payout.owner in indebted) for payout in now}


def _of(payout: Paid, last: Paid | None, was_indebted: bool) -> list[Change]:
    found = []
    if not payout.payee:
        found.append(Change.NO_PAYEE)
    if last is None:
        found.append(Change.FIRST)
    else:
        if payout.payee and payout.payee != last.payee:
            found.append(Change.NEW_PAYEE)
        if payout.amount_minor >= JUMP * last.amount_minor:
            found.append(Change.JUMP)
    if was_indebted:
        found.append(Change.AFTER_DEBT)
    return found
