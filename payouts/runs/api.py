"""API: payout runs from plan to report, and how a payout ended."""

from __future__ import annotations

from typing import Any

from affiliate.core import clock, web
from affiliate.core.api import ApiBlueprint
from affiliate.core.db import db, transaction
from affiliate.identity import guards
from payouts.runs import downloads, jobs, queries, schemas, service, settlement
from payouts.runs.guards import require_planner

blp = ApiBlueprint("runs", __name__)


@blp.get("/payout-runs")
@guards.require(*guards.FINANCE)
@blp.arguments(schemas.PageArgs, location="query")
@blp.response(200)
def list_runs(args: dict[str, Any]) -> Any:
    """Payout runs, newest first"""
    cursor = web.decode_cursor(args.get("cursor"))
    limit = args["limit"]
    rows = queries.runs(db.session, guards.actor(), limit=limit, before=cursor[0] if cursor else None)
    return web.page_json(rows, limit, schemas.run_json, lambda row: row.id)


@blp.post("/payout-runs")
@guards.require(*guards.FINANCE)
@blp.arguments(schemas.NewRun)
@blp.response(201)
def plan_run(wanted: dict[str, Any]) -> Any:
    """Plan a run: who is due at the cut-off, and why the rest is not"""
    actor, now = guards.actor(), clock.now()
    require_planner(actor)
    jobs.book_pending(now)
    with transaction(db.session) as session:
        run = service.plan_run(session, **wanted, actor=actor, now=now)
        return schemas.view_json(queries.view(session, run))


@blp.get("/payout-runs/<int:run_id>")
@guards.require(*guards.FINANCE)
@blp.response(200)
def show_run(run_id: int) -> Any:
    """One run with its payouts"""
    return _answer(run_id)


@blp.post("/payout-runs/<int:run_id>/approval")
@guards.require(*guards.FINANCE)
@blp.arguments(schemas.Approval)
@blp.response(200)
def approve_run(wanted: dict[str, Any], run_id: int) -> Any:
    """Approve exactly this list, as another person than its maker"""
    with transaction(db.session) as session:
        run = queries.run_for(session, guards.actor(), run_id)
        service.approve(session, run, digest=wanted["digest"], actor=guards.actor(), now=clock.now())
    return _answer(run_id)


@blp.post("/payout-runs/<int:run_id>/cancellation")
@guards.require(*guards.FINANCE)
@blp.arguments(web.Nothing)
@blp.response(200)
def cancel_run(_nothing: dict[str, Any], run_id: int) -> Any:
    """Cancel a run that has not been sent; its money is free for the next"""
    with transaction(db.session) as session:
        run = queries.run_for(session, guards.actor(), run_id)
        service.cancel(session, run, actor=guards.actor(), now=clock.now())
    return _answer(run_id)


@blp.post("/payout-runs/<int:run_id>/submission")
@guards.require(*guards.FINANCE)
@blp.arguments(web.Nothing)
@blp.response(200)
def submit_run(_nothing: dict[str, Any], run_id: int) -> Any:
    """Send an approved run; again: go on where it was left"""
    jobs.submit(run_id, actor=guards.actor())
    return _answer(run_id)


@blp.get("/payouts/<int:payout_id>")
@guards.require(*guards.FINANCE)
@blp.response(200)
def show_payout(payout_id: int) -> Any:
    """One payout"""
    return schemas.payout_json(queries.payout_for(db.session, guards.actor(), payout_id))


@blp.post("/payouts/<int:payout_id>/settlement")
@guards.require(*guards.FINANCE)
@blp.arguments(schemas.Settlement)
@blp.response(200)
def settle_payout(wanted: dict[str, Any], payout_id: int) -> Any:
    """Say how a payout ended: paid with the bank's reference, failed or returned"""
    actor = guards.actor()
    with transaction(db.session) as session:
        run_id = queries.payout_for(session, actor, payout_id).run_id
        run = queries.run_for(session, actor, run_id, lock=True)
        payout = queries.payout_for(session, actor, payout_id)
        settlement.settle(session, run, [payout], **wanted, actor=actor, now=clock.now())
    return schemas.payout_json(queries.payout_for(db.session, actor, payout_id))


@blp.get("/payout-runs/<int:run_id>/report.csv")
@guards.require(*guards.FINANCE)
@blp.response(200, content_type="text/csv")
def report_csv(run_id: int) -> Any:
    """The payout report as CSV, one row a payout"""
    with transaction(db.session) as session:
        run = downloads.export(session, run_id, kind="csv", actor=guards.actor(), now=clock.now())
    return downloads.csv_response(run)


@blp.get("/payout-runs/<int:run_id>/report.xlsx")
@guards.require(*guards.FINANCE)
@blp.response(200, content_type=downloads.XLSX)
def report_xlsx(run_id: int) -> Any:
    """The payout report as a workbook"""
    with transaction(db.session) as session:
        run = downloads.export(session, run_id, kind="xlsx", actor=guards.actor(), now=clock.now())
    return downloads.xlsx_response(run)


def _answer(run_id: int) -> dict[str, Any]:
    return schemas.view_json(queries.view(db.session, queries.run_for(db.session, guards.actor(), run_id)))
