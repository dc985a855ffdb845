"""Invariants of the books that need no knowledge of the business. Each check counts its violations; 0 is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.append_only import missing_triggers
from affiliate.core.db import Base
from affiliate.core.money import EXPONENTS, MINOR_MAX
from payouts.ledger.accounts import KIND_OF
from payouts.ledger.models import LedgerAccount, LedgerEntry, Posting

Check = tuple[str, str, Callable[[Session], int]]


def count(session: Session, query: Any) -> int:
    """How many rows a query gives."""
    return session.execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one()


def unbalanced_entries(session: Session) -> int:
    query = (
        sa.select(LedgerEntry.id)
        .outerjoin(Posting, Posting.entry_id == LedgerEntry.id)
        .group_by(LedgerEntry.id)
        .having(sa.or_(sa.func.coalesce(sa.func.sum(Posting.amount_minor), 0) != 0, sa.func.count(Posting.id) < 2))
    )
    return count(session, query)


def unbalanced_currencies(session: Session) -> int:
    query = (
        sa.select(LedgerAccount.currency)
        .join(Posting, Posting.account_id == LedgerAccount.id)
        .group_by(LedgerAccount.currency)
        .having(sa.func.sum(Posting.amount_minor) != 0)
    )
    return count(session, query)


def foreign_currency_legs(session: Session) -> int:
    query = (
        sa.select(Posting.id)
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .join(LedgerEntry, LedgerEntry.id == Posting.entry_id)
        .where(LedgerAccount.currency != LedgerEntry.currency)
    )
    return count(session, query)


def amounts_out_of_range(session: Session) -> int:
    beyond = sa.or_(Posting.amount_minor == 0, sa.func.abs(Posting.amount_minor) > MINOR_MAX)
    return count(session, sa.select(Posting.id).where(beyond))


def unknown_accounts(session: Session) -> int:
    """Accounts whose currency is not one, or whose name or kind the chart does not have."""
    named = [sa.and_(LedgerAccount.name == name, LedgerAccount.kind == kind) for name, kind in KIND_OF.items()]
    known = sa.and_(sa.or_(*named), LedgerAccount.currency.in_(sorted(EXPONENTS)))
    return count(session, sa.select(LedgerAccount.id).where(~known))


def unsealed_entries(session: Session) -> int:
    return count(session, sa.select(LedgerEntry.id).where(LedgerEntry.sealed_at.is_(None)))


def triggers_missing(session: Session) -> int:
    return len(missing_triggers(session))


def deleted_rows(session: Session) -> int:
    """Ids that are gone. Only SQLite gives them without gaps; PostgreSQL leaves one for every lost race."""
    if session.get_bind().dialect.name != "sqlite":
        return 0
    gaps = [
        session.execute(sa.select(sa.func.coalesce(sa.func.max(table.id), 0) - sa.func.count(table.id))).scalar_one()
        for table in (LedgerEntry, Posting, LedgerAccount)
    ]
    return sum(gaps)


def repeated_sources(session: Session) -> int:
    """Sources that differ in case or spaces only: one cause, booked twice under two spellings."""
    spelled = sa.func.lower(sa.func.trim(LedgerEntry.source))
    query = sa.select(spelled).group_by(spelled).having(sa.func.count() > 1)
    return count(session, query)


def orphans(session: Session) -> int:
    """Rows of any table whose parent is not there, by every foreign key of the schema."""
    return sum(count(session, _orphans_of(key)) for table in Base.metadata.sorted_tables for key in _keys(table))


def _keys(table: sa.Table) -> list[sa.ForeignKeyConstraint]:
    return sorted(table.foreign_key_constraints, key=lambda key: str(key.name))


def _orphans_of(key: sa.ForeignKeyConstraint) -> sa.Select[Any]:
    parent = key.referred_table.alias()
    pairs = [(element.parent, parent.c[element.column.name]) for element in key.elements]
    there = sa.exists().where(*(child == known for child, known in pairs)).correlate(key.table)
    given = [child.is_not(None) for child, _known in pairs]
    return sa.select(sa.literal(1)).select_from(key.table).where(*given, ~there)


CHECKS: list[Check] = [
    ("I-01", "Every ledger entry has two legs or more that sum to zero.", unbalanced_entries),
    ("I-02", "All postings of a currency sum to zero.", unbalanced_currencies),
    ("I-02.legs", "Every leg is in the currency of its entry.", foreign_currency_legs),
    ("I-08", "Every posting is a whole amount within the range that every reader holds exactly.", amounts_out_of_range),
    ("I-08.accounts", "Every account is of the chart, in a currency of ISO 4217.", unknown_accounts),
    ("I-09.sealed", "No ledger entry is left unsealed.", unsealed_entries),
    ("I-09.triggers", "The database refuses changes of append-only tables.", triggers_missing),
    ("I-09.deleted", "No row of the books was deleted.", deleted_rows),
    ("I-10", "No cause is booked twice.", repeated_sources),
    ("keys", "Every reference leads to a row that is there.", orphans),
]
