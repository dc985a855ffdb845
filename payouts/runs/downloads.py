"""The report as a download, for the API and the pages alike. Each leaves an audit entry."""

from __future__ import annotations

from datetime import datetime

from flask import Response, stream_with_context
from sqlalchemy.orm import Session

from affiliate.core.db import db
from affiliate.identity.actors import Actor
from affiliate.identity.service import record
from payouts.runs import queries, report
from payouts.runs.models import PayoutRun

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def export(session: Session, run_id: int, *, kind: str, actor: Actor, now: datetime) -> PayoutRun:
    """The run whose report is handed out, with that noted. Raises NotFound for whoever must not have it."""
    run = queries.run_for(session, actor, run_id)
    record(session, actor, "payout_run.exported", ("payout_run", run.id), now=now, kind=kind)
    return run


def csv_response(run: PayoutRun) -> Response:
    """The CSV, streamed."""
    return _attachment(Response(stream_with_context(report.csv_lines(db.session, run)), mimetype=CSV), run, "csv")


def xlsx_response(run: PayoutRun) -> Response:
    """The workbook."""
    return _attachment(Response(report.xlsx(db.session, run), mimetype=XLSX), run, "xlsx")


def _attachment(response: Response, run: PayoutRun, ending: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{report.filename(run, ending)}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
