"""The trial balance and the accounts behind it. For finance and admins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.errors import NotFound
from affiliate.identity.actors import Actor
from payouts.ledger.accounts import KIND_OF
from payouts.ledger.models import AccountKind, LedgerAccount, LedgerEntry, Posting


@dataclass(frozen=True, slots=True)
class TrialLine:
    """All accounts of one name: how many, and their balances as debits and as credits, both not negative."""

    name: str
    kind: AccountKind
    accounts: int
    debit_minor: int
    credit_minor: int


@dataclass(frozen=True, slots=True)
class Trial:
    """One currency's trial balance; the books are right when both sides are equal."""

    currency: str
    lines: tuple[TrialLine, ...]

    @property
    def debit_minor(self) -> int:
        return sum(line.debit_minor for line in self.lines)

    @property
    def credit_minor(self) -> int:
        return sum(line.credit_minor for line in self.lines)

    @property
    def is_equal(self) -> bool:
        return self.debit_minor == self.credit_minor


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """One account: a debit balance is positive."""

    account: LedgerAccount
    amount_minor: int


def _may_read(actor: Actor) -> None:
    if not actor.sees_all():
        raise NotFound


def _per_account() -> Any:
    amount = sa.func.coalesce(sa.func.sum(Posting.amount_minor), 0).label("amount")
    return (
        sa.select(LedgerAccount.id, amount)
        .outerjoin(Posting, Posting.account_id == LedgerAccount.id)
        .group_by(LedgerAccount.id)
    )


def trials(session: Session, actor: Actor) -> list[Trial]:
    """The trial balance of every currency, rupiah first. Raises NotFound for others than finance and admins."""
    _may_read(actor)
    sums = _per_account().subquery()
    rows = session.execute(
        sa.select(
            LedgerAccount.currency,
            LedgerAccount.name,
            LedgerAccount.kind,
            sa.func.count(),
            sa.func.sum(sa.case((sums.c.amount > 0, sums.c.amount), else_=0)),
            sa.func.sum(sa.case((sums.c.amount < 0, -sums.c.amount), else_=0)),
        )
        .join(sums, sums.c.id == LedgerAccount.id)
        .group_by(LedgerAccount.currency, LedgerAccount.name, LedgerAccount.kind)
    )
    by_currency: dict[str, list[TrialLine]] = {}
    for currency, name, kind, number, debit, credit in rows:
        by_currency.setdefault(currency, []).append(TrialLine(name, kind, number, int(debit), int(credit)))
    places = {name: place for place, name in enumerate(KIND_OF)}
    return [
        Trial(currency, tuple(sorted(by_currency[currency], key=lambda line: places.get(line.name, len(places)))))
        for currency in sorted(by_currency, key=lambda code: (code != "IDR", code))
    ]


def accounts(
    session: Session, actor: Actor, *, currency: str, name: str, before: int | None, limit: int
) -> Sequence[AccountBalance]:
    """The accounts of one name in one currency, the newest first. Raises NotFound, also where there are none."""
    _may_read(actor)
    sums = _per_account().subquery()
    query = (
        sa.select(LedgerAccount, sums.c.amount)
        .join(sums, sums.c.id == LedgerAccount.id)
        .where(LedgerAccount.currency == currency, LedgerAccount.name == name)
    )
    if before is not None:
        query = query.where(LedgerAccount.id < before)
    rows = session.execute(query.order_by(LedgerAccount.id.desc()).limit(limit)).all()
    if not rows and before is None:
        raise NotFound
    return [AccountBalance(account, int(amount)) for account, amount in rows]


def account(session: Session, actor: Actor, account_id: int) -> AccountBalance:
    """One account with its balance. Raises NotFound."""
    _may_read(actor)
    found = session.get(LedgerAccount, account_id) if account_id < 2**63 else None
    if found is None:
        raise NotFound
    total = sa.select(sa.func.coalesce(sa.func.sum(Posting.amount_minor), 0)).where(Posting.account_id == found.id)
    return AccountBalance(found, int(session.execute(total).scalar_one()))


def postings(
    session: Session, account_id: int, *, before: int | None, limit: int
) -> Sequence[tuple[Posting, LedgerEntry]]:
    """An account's postings with their entries, the newest first."""
    query = sa.select(Posting, LedgerEntry).join(LedgerEntry, LedgerEntry.id == Posting.entry_id)
    query = query.where(Posting.account_id == account_id)
    if before is not None:
        query = query.where(Posting.id < before)
    rows = session.execute(query.order_by(Posting.id.desc()).limit(limit))
    return [(posting, entry) for posting, entry in rows]
