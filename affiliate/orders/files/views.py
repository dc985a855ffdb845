"""Pages of order files: send one, watch it, say what its columns hold, see what it would change, apply it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, flash, jsonify, render_template, request, url_for

from affiliate.core import clock, dates, numbers, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import AppError, Invalid
from affiliate.core.i18n import _, _l, format_bps, format_number
from affiliate.core.wording import one_line
from affiliate.identity import guards
from affiliate.merchants import queries as merchants
from affiliate.merchants.models import Merchant
from affiliate.orders.files import fields, plans, queries, service, taking, wording
from affiliate.orders.files.models import WORKED, FileStage, OrderFile, OrderFileOrder, Outcome
from affiliate.orders.wording import ORDER_STATUSES

bp = Blueprint("order_files", __name__)
LOOKERS = (*guards.MERCHANT, *guards.FINANCE)
DECIMALS = (
    (plans.AUTO, _l("As the cells show")),
    (numbers.COMMA, _l("Comma: 1.234,50")),
    (numbers.POINT, _l("Point: 1,234.50")),
)
DATE_ORDERS = (
    (plans.AUTO, _l("As the cells show")),
    (dates.DAY_FIRST, _l("Day first: 31/12/2026")),
    (dates.MONTH_FIRST, _l("Month first: 12/31/2026")),
)
_MONEY = frozenset({"total_minor", "net_minor", "refunded_minor", "shipping_minor"})
_MOMENTS = frozenset({"placed_at", "completed_at", "cancelled_at"})


@bp.get("/merchant/<slug>/order-files")
@guards.require(*LOOKERS)
def files(slug: str) -> Any:
    return _files_page(merchants.merchant_for(db.session, guards.actor(), one_line(slug)))


@bp.post("/merchant/<slug>/order-files")
@guards.require(*guards.MERCHANT)
def send(slug: str) -> Any:
    merchant, actor = merchants.merchant_run_by(db.session, guards.actor(), one_line(slug)), guards.actor()
    try:
        with taking.taken(request.files.get("file")) as file, transaction(db.session) as session:
            kept = service.receive(session, merchant, file.stored, filename=file.filename, actor=actor, now=clock.now())
    except Invalid as error:
        return _files_page(merchant, error=error), error.status
    return web.see_other(url_for(".file", slug=slug, file_id=kept.id))


@bp.get("/merchant/<slug>/order-files/<int:file_id>")
@guards.require(*LOOKERS)
def file(slug: str, file_id: int) -> Any:
    """Whatever is next with a file: its progress, its questions, what it would change, what it changed."""
    merchant = merchants.merchant_for(db.session, guards.actor(), one_line(slug))
    return _file_page(merchant, _file(merchant, file_id))


@bp.get("/merchant/<slug>/order-files/<int:file_id>/progress")
@guards.require(*LOOKERS)
def progress(slug: str, file_id: int) -> Any:
    """How far a file is, for the page's script."""
    merchant = merchants.merchant_for(db.session, guards.actor(), one_line(slug))
    row = _file(merchant, file_id)
    done, total = _done(row)
    return jsonify(
        stage=row.stage.value, finished=row.stage not in WORKED, done=done, total=total, text=progress_text(row)
    )


@bp.get("/merchant/<slug>/order-files/<int:file_id>/refused.csv")
@guards.require(*LOOKERS)
def refused(slug: str, file_id: int) -> Any:
    merchant = merchants.merchant_for(db.session, guards.actor(), one_line(slug))
    return taking.refused_response(_file(merchant, file_id))


@bp.post("/merchant/<slug>/order-files/<int:file_id>/columns")
@guards.require(*guards.MERCHANT)
def choose(slug: str, file_id: int) -> Any:
    """Read a file by the columns and words that a person chose, and remember them."""
    merchant = merchants.merchant_run_by(db.session, guards.actor(), one_line(slug))
    row = _file(merchant, file_id)
    try:
        mapping, choices = _chosen(row)
        taking.check_columns(row, mapping)
        with transaction(db.session) as session:
            service.choose(session, row, mapping, choices, actor=guards.actor(), now=clock.now())
    except AppError as error:
        return _file_page(merchant, row, error=error), error.status
    return web.see_other(url_for(".file", slug=slug, file_id=file_id))


@bp.post("/merchant/<slug>/order-files/<int:file_id>/apply")
@guards.require(*guards.MERCHANT)
def apply(slug: str, file_id: int) -> Any:
    """Let a compared file count."""
    merchant = merchants.merchant_run_by(db.session, guards.actor(), one_line(slug))
    row = _file(merchant, file_id)
    try:
        with transaction(db.session) as session:
            service.apply(session, row, actor=guards.actor(), now=clock.now())
    except AppError as error:
        return _file_page(merchant, _file(merchant, file_id), error=error), error.status
    flash(_("The file is being applied. Its orders count within a moment, like messages from your shop."), "good")
    return web.see_other(url_for(".file", slug=slug, file_id=file_id))


def progress_text(row: OrderFile) -> str:
    """One sentence that says how far a file is."""
    done, total = _done(row)
    percent = format_bps(min(100, done * 100 // max(total, 1)) * 100)
    if row.stage is FileStage.RECEIVED:
        return _("The file has arrived and is next to be read.")
    if row.stage is FileStage.READING:
        return _("%(rows)s rows read.", rows=format_number(row.rows_total))
    if row.stage is FileStage.CHECKING:
        return _("%(rows)s rows read; we look at what they hold.", rows=format_number(row.rows_total))
    if row.stage is FileStage.COMPARING:
        return _("%(percent)s of the orders compared with what we know. Nothing counts yet.", percent=percent)
    if row.stage is FileStage.APPLYING:
        return _("The orders are being handed over, each like a message from your shop.")
    return wording.failure_text(row.failure, row.failure_detail) if row.failure else _("Done.")


def _done(row: OrderFile) -> tuple[int, int]:
    if row.stage is FileStage.COMPARING:
        return row.position, row.orders_total
    return (0, 1) if row.stage in WORKED else (1, 1)


def _file(merchant: Merchant, file_id: int) -> OrderFile:
    return queries.file_for(db.session, guards.actor(), file_id, merchant_id=merchant.id)


def _chosen(row: OrderFile) -> tuple[dict[str, str], dict[str, Any]]:
    """Mapping and choices of the posted form; a state's word is named by its place among the file's words."""
    mapping = {name: heading for name in fields.FIELDS if (heading := request.form.get(name, ""))}
    states = {
        word: state
        for place, word in enumerate(_words(row))
        if (state := request.form.get(f"state-{place}", "")) in fields.STATES
    }
    choices = {
        "decimal": _one_of("decimal", DECIMALS),
        "dates": _one_of("dates", DATE_ORDERS),
        "without_status": _one_of("without_status", [(state, state) for state in (fields.COMPLETED, *fields.STATES)]),
        "statuses": {**row.choices.get("statuses", {}), **states},
    }
    return mapping, choices


def _one_of(name: str, options: Any) -> str:
    asked = request.form.get(name, "")
    return asked if asked in {value for value, _text in options} else str(options[0][0])


def _words(row: OrderFile) -> list[str]:
    return sorted(row.table.get("read", {}).get("words", {}))


def _files_page(merchant: Merchant, error: AppError | None = None) -> str:
    before = web.decode_cursor(request.args.get("cursor"))
    found = queries.files(db.session, merchant.id, limit=web.PAGE_SIZE + 1, before=before[0] if before else None)
    shown = found[: web.PAGE_SIZE]
    more = len(found) > web.PAGE_SIZE
    return render_template(
        "affiliate/orders/files/files.html",
        merchant=merchant,
        files=shown,
        error=error,
        may_send=guards.actor().runs_merchant(merchant.id),
        words=wording,
        next_url=url_for(".files", slug=merchant.slug, cursor=web.encode_cursor(shown[-1].id)) if more else None,
    )


def _file_page(merchant: Merchant, row: OrderFile, error: AppError | None = None) -> str:
    outcome = next((one for one in Outcome if one.value == request.args.get("outcome")), None)
    is_told = row.stage in {FileStage.READY, FileStage.APPLYING, FileStage.APPLIED}
    counts = row.counts.get("orders", {})
    if outcome is None and is_told:
        outcome = next((one for one in (Outcome.CHANGED, Outcome.NEW, Outcome.SAME) if counts.get(one.value)), None)
    after = web.decode_cursor(request.args.get("cursor"))
    found = (
        queries.orders(db.session, row.id, outcome, limit=web.PAGE_SIZE + 1, after=after[0] if after else None)
        if is_told and outcome is not Outcome.REFUSED
        else []
    )
    problems = queries.problems(db.session, row.id, limit=web.PAGE_SIZE) if outcome is Outcome.REFUSED else []
    shown = found[: web.PAGE_SIZE]
    more_url = url_for(
        ".file",
        slug=merchant.slug,
        file_id=row.id,
        outcome=outcome.value if outcome else None,
        cursor=web.encode_cursor(shown[-1].id) if shown else None,
    )
    done, total = _done(row)
    return render_template(
        "affiliate/orders/files/file.html",
        merchant=merchant,
        file=row,
        error=error,
        is_worked=row.stage in WORKED,
        is_told=is_told,
        done=done,
        total=total,
        progress_text=progress_text(row),
        counts=counts,
        outcome=outcome,
        outcomes=list(Outcome),
        orders=[(one, _changes(one)) for one in shown],
        problems=problems,
        columns=_columns(row),
        may_change=guards.actor().runs_merchant(merchant.id),
        zone=queries.zone(db.session, merchant.id),
        words=wording,
        next_url=more_url if len(found) > web.PAGE_SIZE else None,
    )


def _changes(one: OrderFileOrder) -> list[tuple[str, Any, Any, str]]:
    """(what, from, to, kind) of an order's changes, as the page shows them; kind is money, moment or plain."""
    shown = []
    for name, text in wording.CHANGES.items():
        if name not in one.changes:
            continue
        kind = "money" if name in _MONEY else "moment" if name in _MOMENTS else "plain"
        before, now = (_value(name, value) for value in one.changes[name])
        if one.outcome is Outcome.NEW and (now in (None, 0, "") or name in {"net_minor", "placed_at"}):
            continue
        shown.append((text, before, now, kind))
    return shown


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _MOMENTS:
        return datetime.fromisoformat(value)
    if name == "status":
        return next(text for status, (text, _tone) in ORDER_STATUSES.items() if status.value == value)
    return value


def _columns(row: OrderFile) -> dict[str, Any] | None:
    """What the form of columns shows; None while there is nothing to choose or the choice is over."""
    if row.stage not in {FileStage.WAITING, FileStage.READY}:
        return None
    samples = row.table.get("samples", [])
    options = [("", "–")]
    for place, heading in enumerate(row.headings):
        cells = [cells[place] for cells in samples if place < len(cells) and cells[place]]
        if heading:
            options.append((heading, f"{heading} ({', '.join(dict.fromkeys(cells))[:60]})" if cells else heading))
    chosen = row.choices.get("statuses", {})
    used = row.table.get("read", {}).get("words", {})
    asked = set(row.questions.get("statuses", []))
    return {
        "options": options,
        "fields": [(name, wording.FIELDS[name], name in fields.REQUIRED) for name in fields.FIELDS],
        "decimals": DECIMALS,
        "dates": DATE_ORDERS,
        "states": [("", "–"), *wording.STATES.items()],
        "without_states": [(state, wording.STATES[state]) for state in (fields.COMPLETED, fields.PAID, fields.PLACED)],
        "words": [
            (place, word, used[word], chosen.get(word) or fields.state_of(word) or "", word in asked)
            for place, word in enumerate(_words(row))
        ],
    }
