"""The report as a download, for the API and the pages alike. Each leaves an audit entry."""

from __future__ import annotations

from flask import Response, stream_with_context

from affiliate.core import clock
from affiliate.core.db import db, transaction
from affiliate.identity.actors import Actor
from affiliate.identity.service import record
from payouts.runs import queries, report
from payouts.runs.models import PayoutRun

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def csv_answer(actor: Actor, run_id: int) -> Response:
    """The CSV, streamed."""
    run = _exported(actor, run_id, "csv")
    return _attachment(Response(stream_with_context(report.csv_lines(db.session, run)), mimetype=CSV), run, "csv")


def xlsx_answer(actor: Actor, run_id: int) -> Response:
    """The workbook."""
    run = _exported(actor, run_id, "xlsx")
    return _attachment(Response(report.xlsx(db.session, run), mimetype=XLSX), run, "xlsx")


def _exported(actor: Actor, run_id: int, kind: str) -> PayoutRun:
    with transaction(db.session) as session:
        run = queries.run_for(session, actor, run_id)
        record(session, actor, "payout_run.exported", ("payout_run", run.id), now=clock.now(), kind=kind)
    return run


def _attachment(response: Response, run: PayoutRun, ending: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{report.filename(run, ending)}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
