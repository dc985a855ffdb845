"""Pages of merchant staff: send a file, watch it being read, correct its columns, see the products."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, render_template, request, url_for

from affiliate.catalogue import intake, leases, problems, queries, service
from affiliate.catalogue.api import errors_response, failure_text
from affiliate.catalogue.models import CatalogueUpload, Format, ProductStatus, UploadMode, UploadStage
from affiliate.catalogue.readers import mapping as columns
from affiliate.catalogue.rules import FIELDS, REQUIRED, one_line
from affiliate.catalogue.schemas import UploadForm
from affiliate.core import clock, money, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import AppError, Invalid
from affiliate.core.i18n import _, _l, format_bps, format_number
from affiliate.identity import guards
from affiliate.merchants import queries as merchants
from affiliate.merchants.models import Merchant

bp = Blueprint("catalogue", __name__)

STAGES = {
    UploadStage.RECEIVED: (_l("Waiting"), "wait"),
    UploadStage.READING: (_l("Reading"), "wait"),
    UploadStage.MERGING: (_l("Taking over"), "wait"),
    UploadStage.DONE: (_l("Done"), "good"),
    UploadStage.FAILED: (_l("Not taken"), "bad"),
}
MODES = {
    UploadMode.FULL: _l("Whole catalogue: what is not in the file is withdrawn"),
    UploadMode.DELTA: _l("Additions and changes only: everything else stays"),
}
AVAILABILITIES = {
    "in_stock": _l("In stock"),
    "out_of_stock": _l("Out of stock"),
    "preorder": _l("Pre-order"),
    "backorder": _l("Back order"),
}


@bp.get("/merchant/<slug>/catalogue")
@guards.require(*guards.MERCHANT)
def uploads(slug: str) -> Any:
    return _uploads_page(_merchant(slug))


@bp.post("/merchant/<slug>/catalogue")
@guards.require(*guards.MERCHANT)
def send(slug: str) -> Any:
    merchant = _merchant(slug)
    try:
        options = web.load_form(UploadForm())
        with intake.taken(request.files.get("file")) as file, transaction(db.session) as session:
            upload = service.receive(
                session, merchant, file.stored, filename=file.filename, actor=guards.actor(), now=clock.now(), **options
            )
    except Invalid as error:
        return _uploads_page(merchant, error=error), error.status
    return web.see_other(url_for(".upload", slug=slug, upload_id=upload.id))


@bp.get("/merchant/<slug>/catalogue/uploads/<int:upload_id>")
@guards.require(*guards.MERCHANT)
def upload(slug: str, upload_id: int) -> Any:
    merchant = _merchant(slug)
    return _upload_page(merchant, _upload(merchant, upload_id))


@bp.get("/merchant/<slug>/catalogue/uploads/<int:upload_id>/progress")
@guards.require(*guards.MERCHANT)
def progress(slug: str, upload_id: int) -> Any:
    """How far a file is, for the page's script: figures and the sentence that says it."""
    row = _upload(_merchant(slug), upload_id)
    return jsonify(
        stage=row.stage.value,
        finished=row.stage in leases.FINISHED,
        done=row.bytes_read,
        total=row.size_bytes,
        text=progress_text(row),
    )


@bp.get("/merchant/<slug>/catalogue/uploads/<int:upload_id>/errors.csv")
@guards.require(*guards.MERCHANT)
def upload_errors(slug: str, upload_id: int) -> Any:
    return errors_response(_upload(_merchant(slug), upload_id))


@bp.post("/merchant/<slug>/catalogue/uploads/<int:upload_id>/columns")
@guards.require(*guards.MERCHANT)
def map_columns(slug: str, upload_id: int) -> Any:
    """Read a table again by the columns that a person chose, and remember them."""
    merchant = _merchant(slug)
    row = _upload(merchant, upload_id)
    try:
        chosen = _chosen_columns(row.headings)
        with transaction(db.session) as session:
            service.read_again(session, row, chosen, actor=guards.actor(), now=clock.now())
    except AppError as error:
        return _upload_page(merchant, row, error=error), error.status
    return web.see_other(url_for(".upload", slug=slug, upload_id=upload_id))


@bp.get("/merchant/<slug>/products")
@guards.require(*guards.MERCHANT)
def products(slug: str) -> Any:
    merchant = _merchant(slug)
    wanted = request.args.get("status", "listed")
    status = next((known for known in ProductStatus if known.value == wanted), None)
    q = request.args.get("q", "")[:200]
    after = web.decode_cursor(request.args.get("cursor"))
    found = queries.search(
        db.session,
        merchant_id=merchant.id,
        q=q,
        status=status,
        limit=web.PAGE_SIZE + 1,
        after=after[0] if after else None,
    )
    shown = found[: web.PAGE_SIZE]
    more = len(found) > web.PAGE_SIZE
    return render_template(
        "affiliate/catalogue/products.html",
        merchant=merchant,
        products=shown,
        q=q,
        status=wanted,
        availabilities=AVAILABILITIES,
        next_url=url_for(".products", slug=slug, q=q, status=wanted, cursor=web.encode_cursor(shown[-1].id))
        if more
        else None,
    )


def stage_shown(upload: CatalogueUpload) -> tuple[Any, str]:
    """(word, tone) for the stage of an upload; one that waits for its columns is not lost."""
    return (_l("Needs you"), "wait") if upload.failure == "mapping_needed" else STAGES[upload.stage]


def progress_text(upload: CatalogueUpload) -> str:
    """One sentence that says how far a file is."""
    if upload.stage is UploadStage.RECEIVED:
        return _("The file has arrived and is next to be read.")
    if upload.stage is UploadStage.READING:
        return _(
            "%(percent)s of the file read: %(ok)s products fine, %(failed)s rows with errors.",
            percent=format_bps(min(100, upload.bytes_read * 100 // max(upload.size_bytes, 1)) * 100),
            ok=format_number(upload.rows_ok),
            failed=format_number(upload.rows_failed),
        )
    if upload.stage is UploadStage.MERGING:
        return _("Everything is read; %(ok)s products are being taken over.", ok=format_number(upload.rows_ok))
    return failure_text(upload) or _("Done.")


def _merchant(slug: str) -> Merchant:
    return merchants.merchant_run_by(db.session, guards.actor(), one_line(slug))


def _upload(merchant: Merchant, upload_id: int) -> CatalogueUpload:
    return queries.upload_for(db.session, guards.actor(), upload_id, merchant_id=merchant.id)


def _chosen_columns(headings: list[str]) -> dict[str, str]:
    """The mapping of the posted form. Raises Invalid where a column is foreign or a required field open."""
    chosen = {field: request.form.get(field, "") for field in FIELDS}
    chosen = {field: heading for field, heading in chosen.items() if heading}
    wrong = {field: _("This column is not in the file.") for field in chosen if chosen[field] not in headings}
    wrong |= {field: _("Choose the column that holds this.") for field in columns.missing(chosen)}
    if wrong:
        raise Invalid(fields=wrong)
    return chosen


def _uploads_page(merchant: Merchant, error: AppError | None = None) -> str:
    before = web.decode_cursor(request.args.get("cursor"))
    found = queries.uploads(db.session, merchant.id, limit=web.PAGE_SIZE + 1, before=before[0] if before else None)
    shown = found[: web.PAGE_SIZE]
    more = len(found) > web.PAGE_SIZE
    return render_template(
        "affiliate/catalogue/uploads.html",
        merchant=merchant,
        uploads=shown,
        error=error,
        stage_shown=stage_shown,
        formats=problems.FORMATS,
        modes=[(mode.value, text) for mode, text in MODES.items()],
        currencies=[(code, code) for code in sorted(money.EXPONENTS)],
        next_url=url_for(".uploads", slug=merchant.slug, cursor=web.encode_cursor(shown[-1].id)) if more else None,
    )


def _upload_page(merchant: Merchant, row: CatalogueUpload, error: AppError | None = None) -> str:
    after = web.decode_cursor(request.args.get("cursor"), parts=2)
    code = request.args.get("cause", "")
    found = queries.row_errors(
        db.session, row.id, limit=web.PAGE_SIZE + 1, after=(after[0], after[1]) if after else None, code=code
    )
    shown = found[: web.PAGE_SIZE]
    more = len(found) > web.PAGE_SIZE
    return render_template(
        "affiliate/catalogue/upload.html",
        merchant=merchant,
        upload=row,
        error=error,
        finished=row.stage in leases.FINISHED,
        stage=stage_shown(row),
        progress_text=progress_text(row),
        failure=failure_text(row),
        formats=problems.FORMATS,
        causes=queries.causes(db.session, row.id),
        errors=shown,
        cause=code,
        row_text=problems.row_text,
        columns=_columns_shown(row),
        next_url=url_for(
            ".upload",
            slug=merchant.slug,
            upload_id=row.id,
            cause=code or None,
            cursor=web.encode_cursor(shown[-1].line, shown[-1].id),
        )
        if more
        else None,
    )


def _columns_shown(row: CatalogueUpload) -> dict[str, Any] | None:
    """What the form of columns shows: headings, first rows, what was used or is proposed; None where there is none."""
    waits = row.failure == "mapping_needed"
    if not waits and not (row.format is Format.PLAIN_CSV and row.stage in leases.FINISHED and row.preview):
        return None
    known = row.failure_detail if waits else row.preview
    headings = row.headings
    first = known.get("samples") or [[]]
    sample = dict(zip(headings, first[0], strict=False))
    options = [("", "–")] + [
        (heading, f"{heading} ({sample[heading][:30]})" if sample.get(heading) else heading) for heading in headings
    ]
    return {
        "options": options,
        "chosen": known.get("proposed", {}) if waits else row.mapping,
        "fields": [(field, problems.FIELDS[field], field in REQUIRED) for field in FIELDS],
        "waits": waits,
    }
