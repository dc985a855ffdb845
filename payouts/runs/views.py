"""Finance's pages: what is due, the runs, and one run from plan to proof."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, request, url_for
from marshmallow import fields

from affiliate.core import clock, money, typed, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid
from affiliate.core.i18n import _, _l, _n
from affiliate.identity import guards
from payouts.runs import downloads, jobs, pages, queries, schemas, service, settlement
from payouts.runs import guards as parts
from payouts.runs.models import PayoutStatus

bp = Blueprint("runs", __name__)


class ApprovalForm(web.Strict):
    """The digest that stood on the page, and the sum as the approver typed it."""

    digest = fields.Str(required=True)
    total = fields.Str(required=True)


class AllPaidForm(web.Strict):
    """One reference for everything that is on the list."""

    reference = fields.Str(required=True)


@bp.get("/finance/")
@guards.require(*guards.FINANCE)
def index() -> Any:
    return pages.index()


@bp.post("/finance/runs")
@guards.require(*guards.FINANCE)
def plan() -> Any:
    actor, now = guards.actor(), clock.now()
    parts.require_planner(actor)
    try:
        wanted = web.load(schemas.NewRun(), _plan_form())
        jobs.book_pending(now)
        with transaction(db.session) as session:
            run = service.plan_run(session, **wanted, actor=actor, now=now)
    except Invalid as error:
        return pages.index(error), error.status
    return web.see_other(url_for(".show", run_id=run.id))


@bp.get("/finance/runs/<int:run_id>")
@guards.require(*guards.FINANCE)
def show(run_id: int) -> Any:
    return pages.show(run_id)


@bp.post("/finance/runs/<int:run_id>/approval")
@guards.require(*guards.FINANCE)
def approve(run_id: int) -> Any:
    try:
        data = web.load_form(ApprovalForm())
        with transaction(db.session) as session:
            run = queries.run_for(session, guards.actor(), run_id)
            if typed.amount(data["total"], run.currency) != run.total_minor:
                raise Invalid.field("total", _l("That is not the sum of this run. Please read the list again."))
            service.approve(session, run, digest=data["digest"], actor=guards.actor(), now=clock.now())
    except Invalid as error:
        return pages.show(run_id, error), error.status
    flash(_("Approved. Nothing has been sent yet."), "good")
    return web.see_other(url_for(".show", run_id=run_id))


@bp.post("/finance/runs/<int:run_id>/cancellation")
@guards.require(*guards.FINANCE)
def cancel(run_id: int) -> Any:
    with transaction(db.session) as session:
        run = queries.run_for(session, guards.actor(), run_id)
        service.cancel(session, run, actor=guards.actor(), now=clock.now())
    flash(_("Cancelled. The money is free for another run."), "good")
    return web.see_other(url_for(".show", run_id=run_id))


@bp.post("/finance/runs/<int:run_id>/submission")
@guards.require(*guards.FINANCE)
def submit(run_id: int) -> Any:
    jobs.submit(run_id, actor=guards.actor())
    return web.see_other(url_for(".show", run_id=run_id))


@bp.post("/finance/runs/<int:run_id>/settlement")
@guards.require(*guards.FINANCE)
def settle_all(run_id: int) -> Any:
    """Everything on the list was transferred, under one reference."""
    actor = guards.actor()
    try:
        data = web.load_form(AllPaidForm())
        with transaction(db.session) as session:
            run = queries.run_for(session, actor, run_id, lock=True)
            waiting = [row for row in queries.payouts_of(session, run_id) if row.status == PayoutStatus.SENT]
            count = settlement.settle(
                session, run, waiting, status=PayoutStatus.PAID, **data, actor=actor, now=clock.now()
            )
    except Invalid as error:
        return pages.show(run_id, error), error.status
    flash(_n("%(num)s payout marked as paid.", "%(num)s payouts marked as paid.", count), "good")
    return web.see_other(url_for(".show", run_id=run_id))


@bp.post("/finance/runs/<int:run_id>/payouts/<int:payout_id>/settlement")
@guards.require(*guards.FINANCE)
def settle_one(run_id: int, payout_id: int) -> Any:
    actor = guards.actor()
    try:
        data = web.load_form(schemas.Settlement())
        with transaction(db.session) as session:
            run = queries.run_for(session, actor, run_id, lock=True)
            payout = queries.payout_for(session, actor, payout_id, run_id=run_id)
            settlement.settle(session, run, [payout], **data, actor=actor, now=clock.now())
    except Invalid as error:
        return pages.show(run_id, error, wrong_payout=payout_id), error.status
    return web.see_other(url_for(".show", run_id=run_id, _anchor=f"payout-{payout_id}"))


@bp.get("/finance/runs/<int:run_id>/report.csv")
@guards.require(*guards.FINANCE)
def report_csv(run_id: int) -> Any:
    with transaction(db.session) as session:
        run = downloads.export(session, run_id, kind="csv", actor=guards.actor(), now=clock.now())
    return downloads.csv_response(run)


@bp.get("/finance/runs/<int:run_id>/report.xlsx")
@guards.require(*guards.FINANCE)
def report_xlsx(run_id: int) -> Any:
    with transaction(db.session) as session:
        run = downloads.export(session, run_id, kind="xlsx", actor=guards.actor(), now=clock.now())
    return downloads.xlsx_response(run)


def _plan_form() -> dict[str, str]:
    """The posted plan, its minimum as people write amounts turned into a plain decimal; an empty one falls away."""
    posted = {name: value for name, value in request.form.items() if name != "csrf_token"}
    minimum, currency = posted.pop("minimum", "").strip(), posted.get("currency", "")
    if minimum:
        minor = typed.amount(minimum, currency) if currency in money.EXPONENTS else None
        posted["minimum"] = minimum if minor is None else money.to_decimal(minor, currency)
    return posted
