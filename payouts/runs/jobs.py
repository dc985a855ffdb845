"""The edge around sending: each payout is claimed, committed, sent without an open transaction, and recorded."""

from __future__ import annotations

import logging
from datetime import datetime

from affiliate.core import clock
from affiliate.core.db import db, transaction
from affiliate.core.errors import AppError
from affiliate.identity.actors import Actor
from payouts.booking import jobs as booking
from payouts.rails.base import Outcome, Result
from payouts.rails.registry import RAILS
from payouts.runs import queries, sending

log = logging.getLogger("etalase.payouts")


def book_pending(now: datetime) -> None:
    """Book every commission event that is waiting, so that a plan sees all of the money."""
    while booking.run(now):
        pass


def submit(run_id: int, *, actor: Actor) -> None:
    """Send everything of an approved run that is not sent yet. Repeatable: it goes on wherever it was left."""
    with transaction(db.session) as session:
        run = queries.run_for(session, actor, run_id)
        if not sending.begin(session, run, actor=actor, now=clock.now()):
            return
    for payout_id in sending.due(db.session, run_id, now=clock.now()):
        _send(payout_id)


def run(now: datetime) -> int:
    """Go on with submitted runs whose sender died, and look up what a rail left unanswered."""
    worked = 0
    for run_id in sending.runs_due(db.session, now=now):
        try:
            submit(run_id, actor=sending.WORKER)
            worked += 1
        except AppError:
            log.exception("payout_run_stuck", extra={"run": run_id})
    return worked


def _send(payout_id: int) -> None:
    with transaction(db.session) as session:
        claimed = sending.claim(session, payout_id, now=clock.now())
    if claimed is None:
        return
    outcome = _call(claimed)
    with transaction(db.session) as session:
        sending.record_outcome(session, claimed, outcome, now=clock.now())


def _call(claimed: sending.Claim) -> Outcome:
    """Ask the rail, with no transaction open. Whatever goes wrong on the way is unknown, never refused."""
    rail = RAILS.get(claimed.rail)
    if rail is None:
        return Outcome(Result.REFUSED, detail=f"there is no rail {claimed.rail}")
    try:
        found = None if claimed.is_first else rail.find(claimed.key)
        if found is not None:
            return found
        if not claimed.may_send:
            return Outcome(Result.UNKNOWN, detail="not found after a day; a person decides")
        return rail.send(claimed.instruction, claimed.key)
    except Exception as error:
        log.exception("rail_failed", extra={"payout": claimed.payout_id, "rail": claimed.rail})
        return Outcome(Result.UNKNOWN, detail=f"{type(error).__name__}: {error}")
