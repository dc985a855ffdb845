"""Posting: the one way into the books."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core import bulk
from affiliate.core.db import upsert
from payouts.ledger.accounts import KIND_OF, AccountKey
from payouts.ledger.entries import Leg, NewEntry, SourceReused, Unbalanced, UnknownAccount, check, distinct
from payouts.ledger.models import LedgerAccount, LedgerEntry, Posting

__all__ = ["AccountKey", "Leg", "NewEntry", "SourceReused", "Unbalanced", "UnknownAccount", "post"]

CHUNK = 1000  # values in one IN list
_ACCOUNTS = cast(sa.Table, LedgerAccount.__table__)


def post(session: Session, entries: Sequence[NewEntry], *, now: datetime) -> int:
    """Book the entries, sealed; returns how many were new. Doing it twice gives the first result.

    Raises Unbalanced, UnknownAccount or CurrencyMismatch before anything is written, SourceReused when a source was
    booked before with other legs.
    """
    for entry in entries:
        check(entry)
    by_source = distinct(entries)
    if not by_source:
        return 0
    accounts = _open_accounts(session, {leg.account for entry in by_source.values() for leg in entry.legs}, now)
    ids = _insert_entries(session, list(by_source.values()))
    known = [entry for source, entry in by_source.items() if source not in ids]
    if known:
        _compare(session, known)
    if ids:
        _insert_postings(session, [(ids[source], by_source[source]) for source in by_source if source in ids], accounts)
        _seal(session, list(ids.values()), now)
    return len(ids)


def _open_accounts(session: Session, keys: set[AccountKey], now: datetime) -> dict[AccountKey, int]:
    found = _accounts(session, keys)
    missing = sorted(keys - found.keys())
    if missing:
        rows = [
            {"name": k.name, "owner": k.owner, "currency": k.currency, "kind": KIND_OF[k.name], "created_at": now}
            for k in missing
        ]
        session.execute(upsert(session, _ACCOUNTS).on_conflict_do_nothing(), rows)
        found |= _accounts(session, set(missing))
    return found


def _accounts(session: Session, keys: set[AccountKey]) -> dict[AccountKey, int]:
    table = LedgerAccount
    found: dict[AccountKey, int] = {}
    for owners in _chunks(sorted({key.owner for key in keys})):
        rows = session.execute(
            sa.select(table.id, table.name, table.owner, table.currency).where(table.owner.in_(owners))
        )
        found |= {AccountKey(row.name, row.owner, row.currency): row.id for row in rows}
    return {key: found[key] for key in keys if key in found}


def _insert_entries(session: Session, entries: Sequence[NewEntry]) -> dict[str, int]:
    """Ids by source of those that were not there yet."""
    rows = [
        {"source": e.source, "text": e.text[:200], "currency": e.currency, "occurred_at": e.occurred_at}
        for e in entries
    ]
    made = bulk.insert_new(session, LedgerEntry, rows, key=("source",), returning=("id", "source"))
    return {row.source: row.id for row in made}


def _insert_postings(
    session: Session, entries: Iterable[tuple[int, NewEntry]], accounts: dict[AccountKey, int]
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "entry_id": entry_id,
            "account_id": accounts[leg.account],
            "amount_minor": leg.amount_minor,
            "available_on": leg.available_on,
        }
        for entry_id, entry in entries
        for leg in entry.legs
    ]
    bulk.insert(session, Posting, rows)


def _seal(session: Session, ids: Sequence[int], now: datetime) -> None:
    bulk.update(session, LedgerEntry, [{"id": entry_id, "sealed_at": now} for entry_id in ids])


def _compare(session: Session, entries: Sequence[NewEntry]) -> None:
    """Raise SourceReused unless each entry stands in the books with the same legs."""
    booked: dict[str, Counter[Leg]] = defaultdict(Counter)
    for part in _chunks([entry.source for entry in entries]):
        rows = session.execute(
            sa.select(
                LedgerEntry.source,
                LedgerAccount.name,
                LedgerAccount.owner,
                LedgerAccount.currency,
                Posting.amount_minor,
                Posting.available_on,
            )
            .join(Posting, Posting.entry_id == LedgerEntry.id)
            .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
            .where(LedgerEntry.source.in_(part))
        )
        for source, name, owner, currency, amount, available_on in rows:
            booked[source][Leg(AccountKey(name, owner, currency), amount, available_on)] += 1
    if any(booked[entry.source] != Counter(entry.legs) for entry in entries):
        raise SourceReused


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
