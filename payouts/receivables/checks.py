"""Invariants of receipts. Each check counts its violations; 0 is right."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from payouts.ledger.accounts import RECEIVABLE
from payouts.ledger.checks import Check, count
from payouts.ledger.models import LedgerAccount, LedgerEntry, Posting
from payouts.receivables.models import Receipt


def misbooked_receipts(session: Session) -> int:
    """Receipts that the books do not hold with their very amount, and entries of receipts that are not there."""
    source = sa.literal("receipt:") + sa.cast(Receipt.id, sa.String)
    owner = sa.literal("merchant:") + sa.cast(Receipt.merchant_id, sa.String)
    booked = (
        sa.exists()
        .where(
            LedgerEntry.source == source,
            Posting.entry_id == LedgerEntry.id,
            LedgerAccount.id == Posting.account_id,
            LedgerAccount.name == RECEIVABLE,
            LedgerAccount.owner == owner,
            LedgerAccount.currency == Receipt.currency,
            Posting.amount_minor == -Receipt.amount_minor,
        )
        .correlate(Receipt)
    )
    missing = count(session, sa.select(Receipt.id).where(~booked))
    entries = count(session, sa.select(LedgerEntry.id).where(LedgerEntry.source.like("receipt:%")))
    there = sa.exists().where(LedgerEntry.source == source).correlate(Receipt)
    return missing + entries - count(session, sa.select(Receipt.id).where(there))


CHECKS: list[Check] = [("I-10.receipts", "Every receipt is booked once, with its amount.", misbooked_receipts)]
