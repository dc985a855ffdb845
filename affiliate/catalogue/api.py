"""The API of catalogues: send a file, ask how far it is, fetch its row errors, search products."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response, stream_with_context, url_for

from affiliate.catalogue import intake, problems, queries, service
from affiliate.catalogue.models import CatalogueUpload, UploadRowError
from affiliate.catalogue.rules import one_line
from affiliate.catalogue.schemas import (
    ProductPage,
    ProductsWanted,
    UploadAccepted,
    UploadFiles,
    UploadForm,
    UploadShown,
    product_json,
    upload_json,
)
from affiliate.core import clock
from affiliate.core.api import ApiBlueprint
from affiliate.core.db import db, transaction
from affiliate.core.streams import csv_stream
from affiliate.core.web import decode_cursor, page_json
from affiliate.identity import guards
from affiliate.identity.models import Role
from affiliate.merchants import queries as merchants

blp = ApiBlueprint("catalogue", __name__)

ERROR_HEADS = ("line", "column", "value", "code", "reason")
ERRORS_AT_ONCE = 1000


@blp.post("/merchants/<slug>/catalogue/uploads")
@guards.require(*guards.MERCHANT)
@blp.arguments(UploadForm, location="form")
@blp.arguments(UploadFiles, location="files")
@blp.response(202, UploadAccepted)
def upload_catalogue(options: dict[str, Any], files: dict[str, Any], slug: str) -> dict[str, Any]:
    """Send a catalogue file. It is read in the background; ask for its progress at the answered address."""
    actor = guards.actor()
    merchant = merchants.merchant_run_by(db.session, actor, one_line(slug))
    with intake.taken(files["file"]) as file, transaction(db.session) as session:
        upload = service.receive(
            session, merchant, file.stored, filename=file.filename, actor=actor, now=clock.now(), **options
        )
    return {"id": upload.id, "url": url_for(".show_upload", upload_id=upload.id, _external=True)}


@blp.get("/catalogue/uploads/<int:upload_id>")
@guards.require(*guards.MERCHANT, *guards.FINANCE)
@blp.response(200, UploadShown)
def show_upload(upload_id: int) -> dict[str, Any]:
    """How far a file is, and what it changed."""
    upload = queries.upload_for(db.session, guards.actor(), upload_id)
    return upload_json(
        upload,
        failure_text=failure_text(upload),
        errors_url=url_for(".upload_errors", upload_id=upload.id, _external=True),
    )


@blp.get("/catalogue/uploads/<int:upload_id>/errors.csv")
@guards.require(*guards.MERCHANT, *guards.FINANCE)
@blp.response(200, content_type="text/csv")
def upload_errors(upload_id: int) -> Response:
    """The cells that could not be used, with line, column, value and reason."""
    return errors_response(queries.upload_for(db.session, guards.actor(), upload_id))


@blp.get("/products")
@guards.require(*Role)
@blp.arguments(ProductsWanted, location="query")
@blp.response(200, ProductPage)
def list_products(wanted: dict[str, Any]) -> dict[str, Any]:
    """Products that the caller may see: all words of q, one merchant, one sku."""
    session, actor = db.session, guards.actor()
    merchant = queries.merchant_seen(session, actor, wanted["merchant"]) if wanted["merchant"] else None
    after = decode_cursor(wanted["cursor"])
    found = queries.search(
        session,
        merchant_id=merchant.id if merchant else None,
        q=wanted["q"],
        sku=wanted["sku"],
        status=wanted["status"],
        limit=wanted["limit"] + 1,
        after=after[0] if after else None,
        visible=queries.sees_product(actor),
    )
    slugs = queries.merchant_slugs(session, found)
    return page_json(
        found,
        wanted["limit"],
        lambda product: product_json(product, slugs[product.merchant_id]),
        lambda product: product.id,
    )


def failure_text(upload: CatalogueUpload) -> str | None:
    """Why the whole file was refused, as a sentence."""
    return problems.file_text(upload.failure, upload.failure_detail) if upload.failure else None


def errors_response(upload: CatalogueUpload) -> Response:
    """All row errors of an upload as a CSV file, fetched and sent in pieces."""
    upload_id = upload.id

    def rows() -> Iterator[tuple[object, ...]]:
        after = None
        while found := queries.row_errors(db.session, upload_id, limit=ERRORS_AT_ONCE, after=after):
            yield from map(error_cells, found)
            after = (found[-1].line, found[-1].id)
            db.session.expunge_all()

    response = Response(stream_with_context(csv_stream(ERROR_HEADS, rows())), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="catalogue-errors-{upload_id}.csv"'
    return response


def error_cells(error: UploadRowError) -> tuple[object, ...]:
    return (error.line, error.column, error.value, error.code, problems.row_text(error.code))
