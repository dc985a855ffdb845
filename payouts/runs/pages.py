"""What finance's pages show. The routes stand in `views`."""

from __future__ import annotations

from datetime import date, datetime

from flask import render_template, request, url_for

from affiliate.core import clock, web
from affiliate.core.db import db
from affiliate.core.errors import Invalid
from affiliate.core.i18n import format_money
from affiliate.identity import guards
from affiliate.identity.queries import people
from payouts.runs import changes, labels, proof, queries, rules, service, settlement
from payouts.runs import guards as parts
from payouts.runs.models import OPEN, PayoutRun, PayoutStatus, RunStatus

LIST_SIZE = 20


def index(error: Invalid | None = None) -> str:
    """What is due now, the form that plans a run, and all runs."""
    session, actor, now = db.session, guards.actor(), clock.now()
    currencies = queries.currencies(session)
    asked = request.form.get("currency") or request.args.get("currency")
    currency = asked if asked in currencies else currencies[0]
    cursor = web.decode_cursor(request.args.get("cursor"))
    runs = queries.runs(session, actor, limit=LIST_SIZE, before=cursor[0] if cursor else None)
    due = rules.plan(queries.positions(session, currency=currency, cutoff=now), minimum_minor=0)
    return render_template(
        "payouts/runs/index.html",
        runs=runs[:LIST_SIZE],
        older=url_for("runs.index", cursor=web.encode_cursor(runs[LIST_SIZE - 1].id))
        if len(runs) > LIST_SIZE
        else None,
        currencies=currencies,
        currency_choices=[(code, code) for code in currencies],
        currency=currency,
        due=due,
        names=queries.owner_names(session, due.owners),
        people=people(session, {ref for run in runs for ref in (run.made_by, run.approved_by) if ref}),
        today=_day(now).isoformat(),
        role_of=rules.role_of,
        may_plan=parts.may_plan(actor),
        labels=labels,
        posted=request.form if error else {},
        error=error,
    )


def show(run_id: int, error: Invalid | None = None, *, wrong_payout: int | None = None) -> str:
    """One run: its list, what to look at, the step that comes next, and the proof by the books."""
    session, actor = db.session, guards.actor()
    run = queries.run_for(session, actor, run_id)
    view = queries.view(session, run)
    total = len(view.payouts)
    return render_template(
        "payouts/runs/show.html",
        run=run,
        view=view,
        people=people(session, {ref for ref in (run.made_by, run.approved_by) if ref}),
        changes=_changes(run, view),
        attempts=queries.latest_attempts(session, run_id),
        proof=proof.of_run(session, run),
        handed_over=total - view.count_in(PayoutStatus.PLANNED, PayoutStatus.APPROVED, PayoutStatus.SUBMITTING),
        final=total - view.count_in(*OPEN),
        is_early=run.status in service.CANCELLABLE and _day(run.cutoff) > _day(clock.now()),
        is_maker=actor.ref == run.made_by,
        may_approve=parts.may_approve(actor) and actor.ref != run.made_by,
        confirm_total=format_money(run.total_minor, run.currency),
        statuses=PayoutStatus,
        run_statuses=RunStatus,
        ends_from=settlement.ends_from,
        labels=labels,
        error=error,
        wrong_payout=wrong_payout,
        posted=request.form if error else {},
    )


def _day(moment: datetime) -> date:
    return clock.local_date(moment, rules.ZONE)


def _changes(run: PayoutRun, view: queries.RunView) -> dict[str, list[changes.Change]]:
    before = queries.earlier_payouts(db.session, run)
    return changes.changes(
        [changes.Paid(row.owner, row.amount_minor, row.payee) for row in view.payouts],
        {owner: changes.Paid(owner, row.amount_minor, row.payee) for owner, row in before.items()},
        queries.indebted_before(db.session, run),
    )
