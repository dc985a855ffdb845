"""Invariants between what was earned and what is booked. Each check counts its violations; 0 is right."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.commissions.models import Commission, CommissionEvent, CommissionShare
from affiliate.conversions.models import Conversion
from affiliate.core import clock
from affiliate.orders.models import Order
from payouts.booking import queries
from payouts.booking.chart import merchant_owner
from payouts.ledger import queries as ledger
from payouts.ledger.accounts import CLEARING, FEES, PAYABLE, PAYABLE_UNFUNDED, PLATFORM, RECEIVABLE
from payouts.ledger.checks import Check, count
from payouts.ledger.models import LedgerAccount, LedgerEntry, Posting

BOOKED_WITHIN = timedelta(minutes=5)
PREFIXES = ("commission_event:", "funding:")
OwnerSum = Counter[tuple[str, str]]


def misbooked_events(session: Session) -> int:
    """Booked events whose entry does not say, account by account, what the event says."""
    said = sa.union_all(_receivables_said(), _shares_said(), _postings_denied()).subquery()
    where = (said.c.source, said.c.name, said.c.owner, said.c.currency)
    differing = sa.select(said.c.source).group_by(*where).having(sa.func.sum(said.c.amount) != 0).distinct()
    return count(session, differing)


def _source() -> sa.ColumnElement[str]:
    return sa.literal("commission_event:") + sa.cast(CommissionEvent.id, sa.String)


def _receivables_said() -> Any:
    """What each booked event says of its merchant."""
    owner = sa.literal("merchant:") + sa.cast(CommissionEvent.merchant_id, sa.String)
    return sa.select(
        LedgerEntry.source.label("source"),
        sa.literal(RECEIVABLE).label("name"),
        owner.label("owner"),
        CommissionEvent.currency.label("currency"),
        CommissionEvent.amount_minor.label("amount"),
    ).join(LedgerEntry, LedgerEntry.source == _source())


def _shares_said() -> Any:
    """What each booked event says of its owners."""
    name = sa.case(
        (CommissionShare.owner == PLATFORM, FEES), (CommissionEvent.needs_funding, PAYABLE_UNFUNDED), else_=PAYABLE
    )
    return (
        sa.select(
            LedgerEntry.source, name, CommissionShare.owner, CommissionEvent.currency, -CommissionShare.amount_minor
        )
        .select_from(CommissionEvent)
        .join(CommissionShare, CommissionShare.event_id == CommissionEvent.id)
        .join(LedgerEntry, LedgerEntry.source == _source())
    )


def _postings_denied() -> Any:
    """What the entries of events say, with the other sign: together nothing is left."""
    return (
        sa.select(
            LedgerEntry.source, LedgerAccount.name, LedgerAccount.owner, LedgerAccount.currency, -Posting.amount_minor
        )
        .select_from(LedgerEntry)
        .join(Posting, Posting.entry_id == LedgerEntry.id)
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(LedgerEntry.source.like("commission_event:%"))
    )


def unbooked_events(session: Session) -> int:
    late = CommissionEvent.occurred_at <= clock.now() - BOOKED_WITHIN
    return count(session, sa.select(CommissionEvent.id).where(late, ~queries.BOOKED))


def entries_without_event(session: Session) -> int:
    """Entries that name a commission event that is not there. A source is unique, so counting is enough."""
    found = 0
    for prefix in PREFIXES:
        named = count(session, sa.select(LedgerEntry.id).where(LedgerEntry.source.like(f"{prefix}%")))
        found += named - count(session, sa.select(CommissionEvent.id).where(queries.booked_as(prefix)))
    return found


def available_too_early(session: Session) -> int:
    """Earned money that the books would pay before its event allows."""
    early = sa.or_(Posting.available_on.is_(None), Posting.available_on < CommissionEvent.available_on)
    found = 0
    for prefix in PREFIXES:
        source = sa.literal(prefix) + sa.cast(CommissionEvent.id, sa.String)
        query = (
            sa.select(Posting.id)
            .select_from(CommissionEvent)
            .join(LedgerEntry, LedgerEntry.source == source)
            .join(Posting, Posting.entry_id == LedgerEntry.id)
            .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
            .where(LedgerAccount.name == PAYABLE, Posting.amount_minor < 0, CommissionEvent.amount_minor > 0, early)
        )
        found += count(session, query)
    return found


def covered_without_money(session: Session) -> int:
    """Merchants for whose commissions more was made payable than they have paid, where that was the condition."""
    total = sa.func.sum(CommissionEvent.amount_minor)
    rows = session.execute(
        sa.select(CommissionEvent.merchant_id, CommissionEvent.currency, total)
        .where(CommissionEvent.needs_funding, queries.FUNDED)
        .group_by(CommissionEvent.merchant_id, CommissionEvent.currency)
    ).all()
    received = queries.received(session, [merchant_owner(row[0]) for row in rows])
    return sum(int(amount) > received.get((merchant_owner(merchant), code), 0) for merchant, code, amount in rows)


def owners_out_of_balance(session: Session) -> int:
    """Owners whose booked shares are not what we owe them and what has reached them, together."""
    earned = _shares_by_owner(session, CommissionShare.owner != PLATFORM)
    kept: OwnerSum = Counter(queries.settled(session, None))
    for name in (PAYABLE, PAYABLE_UNFUNDED, CLEARING):
        kept.subtract(ledger.balances(session, name=name))
    return sum(earned[key] != kept[key] for key in {*earned, *kept})


def fees_out_of_balance(session: Session) -> int:
    """Currencies in which our income is not the sum of our shares."""
    earned = _shares_by_owner(session, CommissionShare.owner == PLATFORM)
    booked = Counter({key: -total for key, total in ledger.balances(session, name=FEES).items()})
    return sum(earned[key] != booked[key] for key in {*earned, *booked})


def merchants_out_of_balance(session: Session) -> int:
    """Merchants who do not owe the sum of their booked events, less what they have paid."""
    total = sa.func.sum(CommissionEvent.amount_minor)
    rows = session.execute(
        sa.select(CommissionEvent.merchant_id, CommissionEvent.currency, total)
        .where(queries.BOOKED)
        .group_by(CommissionEvent.merchant_id, CommissionEvent.currency)
    )
    owed: OwnerSum = Counter({(merchant_owner(merchant), code): int(amount) for merchant, code, amount in rows})
    owed.subtract(queries.received(session, None))
    booked = Counter(ledger.balances(session, name=RECEIVABLE))
    return sum(owed[key] != booked[key] for key in {*owed, *booked})


def _shares_by_owner(session: Session, whose: sa.ColumnElement[bool]) -> OwnerSum:
    rows = session.execute(
        sa.select(CommissionShare.owner, CommissionEvent.currency, sa.func.sum(CommissionShare.amount_minor))
        .join(CommissionEvent, CommissionEvent.id == CommissionShare.event_id)
        .where(whose, queries.BOOKED)
        .group_by(CommissionShare.owner, CommissionEvent.currency)
    )
    return Counter({(owner, code): int(total) for owner, code, total in rows})


def missing_steps(session: Session) -> int:
    """Commissions whose events are not numbered 1 to n: one was lost or slipped in."""
    steps = sa.func.count(CommissionEvent.id)
    query = (
        sa.select(CommissionEvent.commission_id)
        .group_by(CommissionEvent.commission_id)
        .having(sa.or_(sa.func.min(CommissionEvent.number) != 1, sa.func.max(CommissionEvent.number) != steps))
    )
    return count(session, query)


def strangers(session: Session) -> int:
    """Events, commissions, conversions and orders that hang together but are of different merchants.

    Currencies may differ: an order that turns out to be in another one gives back what it earned in the first.
    """
    other = sa.or_(
        CommissionEvent.merchant_id != Commission.merchant_id,
        Commission.merchant_id != Order.merchant_id,
        Conversion.merchant_id != Order.merchant_id,
        Conversion.order_id != Order.id,
    )
    query = (
        sa.select(CommissionEvent.id)
        .join(Commission, Commission.id == CommissionEvent.commission_id)
        .join(Order, Order.id == Commission.order_id)
        .join(Conversion, Conversion.id == Commission.conversion_id)
        .where(other)
    )
    return count(session, query)


CHECKS: list[Check] = [
    ("I-03.booked", "Every commission event is booked exactly as it stands.", misbooked_events),
    ("I-09.events", "No step of a commission was lost.", missing_steps),
    ("I-10.causes", "Every booked commission event is there.", entries_without_event),
    ("I-13", "No earned money is available before its hold ends.", available_too_early),
    ("I-13.funded", "Nothing that waits for a store's money is payable without it.", covered_without_money),
    ("I-16.booked", "Every commission event is booked within five minutes.", unbooked_events),
    ("I-24", "What each owner earned is what we owe them and what reached them.", owners_out_of_balance),
    ("I-24.fees", "Our income is the sum of our shares.", fees_out_of_balance),
    ("I-24.stores", "Each store owes the sum of its commissions, less what it paid.", merchants_out_of_balance),
    ("I-28", "A commission, its order and its events are of one store.", strangers),
]
