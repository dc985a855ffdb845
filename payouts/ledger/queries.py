"""Balances: sums over postings, never stored. A debit is positive, a credit negative."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from payouts.ledger.accounts import PAYABLE, AccountKey
from payouts.ledger.models import LedgerAccount, LedgerEntry, Posting


@dataclass(frozen=True, slots=True)
class Position:
    """What we owe one owner at a moment: `available` may be paid (negative: the owner owes us), `held` waits."""

    available: int
    held: int


def balance(session: Session, key: AccountKey) -> int:
    """The sum of one account; 0 for one that was never opened."""
    return balances(session, name=key.name, currency=key.currency, owners=[key.owner]).get((key.owner, key.currency), 0)


def balances(
    session: Session,
    *,
    name: str,
    currency: str | None = None,
    owners: Collection[str] | None = None,
    as_of: datetime | None = None,
) -> dict[tuple[str, str], int]:
    """Sums of all accounts of a name by (owner, currency); `as_of` counts what had occurred by then."""
    query = _postings(name, currency, owners, as_of).with_only_columns(
        LedgerAccount.owner, LedgerAccount.currency, sa.func.sum(Posting.amount_minor)
    )
    rows = session.execute(query.group_by(LedgerAccount.owner, LedgerAccount.currency))
    return {(owner, code): int(total) for owner, code, total in rows}


def positions(
    session: Session,
    *,
    cutoff: datetime,
    currency: str | None = None,
    owners: Collection[str] | None = None,
    as_of: datetime | None = None,
) -> dict[tuple[str, str], Position]:
    """What we owe by (owner, currency), divided at `cutoff` by the day from which it may be paid.

    What was taken back from money that is still held lessens that; where it is more than what is held, the rest
    lessens what is available. So nothing that is taken back is ever paid, and nothing is taken twice.
    """
    matured = sa.or_(Posting.available_on.is_(None), Posting.available_on <= cutoff)
    query = _postings(PAYABLE, currency, owners, as_of).with_only_columns(
        LedgerAccount.owner,
        LedgerAccount.currency,
        sa.func.sum(sa.case((matured, -Posting.amount_minor), else_=0)),
        sa.func.sum(sa.case((matured, 0), else_=-Posting.amount_minor)),
    )
    rows = session.execute(query.group_by(LedgerAccount.owner, LedgerAccount.currency))
    return {
        (owner, code): Position(available=int(due) + min(0, int(later)), held=max(0, int(later)))
        for owner, code, due, later in rows
    }


def available(
    session: Session, *, currency: str, cutoff: datetime, owners: Collection[str] | None = None
) -> dict[str, int]:
    """What may be paid to each owner by `cutoff`, positive; negative where the owner owes us. Zeros are left out."""
    found = positions(session, currency=currency, cutoff=cutoff, owners=owners)
    return {owner: position.available for (owner, _code), position in found.items() if position.available}


def _postings(
    name: str, currency: str | None, owners: Collection[str] | None, as_of: datetime | None
) -> sa.Select[Any]:
    query = sa.select(Posting.id).join(LedgerAccount, LedgerAccount.id == Posting.account_id)
    query = query.where(LedgerAccount.name == name)
    if currency is not None:
        query = query.where(LedgerAccount.currency == currency)
    if owners is not None:
        query = query.where(LedgerAccount.owner.in_(sorted(owners)))
    if as_of is not None:
        query = query.join(LedgerEntry, LedgerEntry.id == Posting.entry_id).where(LedgerEntry.occurred_at <= as_of)
    return query
