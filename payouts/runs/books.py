"""A payout's steps in the books: the one place where runs post."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from payouts.booking import chart
from payouts.ledger.entries import NewEntry
from payouts.ledger.service import post
from payouts.runs.models import Payout

Recipe = Callable[[chart.PayoutFact], NewEntry]


def reserve(session: Session, payouts: Iterable[Payout], *, now: datetime) -> None:
    """The money is taken out of what can be planned."""
    _post(session, chart.payout_reserved, payouts, now)


def release(session: Session, payouts: Iterable[Payout], *, now: datetime) -> None:
    """It was not paid: the owners have it to their credit again."""
    _post(session, chart.payout_released, payouts, now)


def pay(session: Session, payouts: Iterable[Payout], *, now: datetime) -> None:
    """It left our bank."""
    _post(session, chart.payout_paid, payouts, now)


def take_back(session: Session, payouts: Iterable[Payout], *, now: datetime) -> None:
    """It came back to our bank after it had been paid, and is the owners' credit again."""
    rows = list(payouts)
    _post(session, chart.payout_returned, rows, now)
    _post(session, chart.payout_released, rows, now)


def _post(session: Session, recipe: Recipe, payouts: Iterable[Payout], now: datetime) -> None:
    facts = [chart.PayoutFact(row.id, row.owner, row.currency, row.amount_minor, now) for row in payouts]
    post(session, [recipe(fact) for fact in facts], now=now)
