"""The API of order files: send one, ask how far it is, say how it is to be read, apply it."""

from __future__ import annotations

from typing import Any

from flask import Response, url_for

from affiliate.core import clock, web
from affiliate.core.api import ApiBlueprint
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid
from affiliate.core.i18n import _
from affiliate.core.wording import one_line
from affiliate.identity import guards
from affiliate.merchants import queries as merchants
from affiliate.merchants.models import Merchant
from affiliate.orders.files import queries, service, taking, wording
from affiliate.orders.files.models import OrderFile
from affiliate.orders.files.schemas import ColumnsSchema, FileAccepted, FileFiles, FileForm, FileShown, file_json

blp = ApiBlueprint("order_files", __name__)
LOOKERS = (*guards.MERCHANT, *guards.FINANCE)


@blp.post("/order-files")
@guards.require(*guards.MERCHANT)
@blp.arguments(FileForm, location="form")
@blp.arguments(FileFiles, location="files")
@blp.response(202, FileAccepted)
def upload(options: dict[str, Any], files: dict[str, Any]) -> dict[str, Any]:
    """Send an order file (CSV or XLSX). It is read and compared in the background; nothing counts until applied."""
    actor = guards.actor()
    merchant = _merchant(options["merchant"])
    with taking.taken(files["file"]) as file, transaction(db.session) as session:
        kept = service.receive(session, merchant, file.stored, filename=file.filename, actor=actor, now=clock.now())
    return {"id": kept.id, "url": url_for(".show", file_id=kept.id, _external=True)}


@blp.get("/order-files/<int:file_id>")
@guards.require(*LOOKERS)
@blp.response(200, FileShown)
def show(file_id: int) -> dict[str, Any]:
    """How far a file is, what it needs to know, and what applying it would change."""
    return _shown(queries.file_for(db.session, guards.actor(), file_id))


@blp.get("/order-files/<int:file_id>/refused.csv")
@guards.require(*LOOKERS)
@blp.response(200, content_type="text/csv")
def refused(file_id: int) -> Response:
    """Rows that cannot be used, as they came, with the reason."""
    return taking.refused_response(queries.file_for(db.session, guards.actor(), file_id))


@blp.post("/order-files/<int:file_id>/columns")
@guards.require(*guards.MERCHANT)
@blp.arguments(ColumnsSchema)
@blp.response(202, FileShown)
def choose(told: dict[str, Any], file_id: int) -> dict[str, Any]:
    """Say how a file is to be read. It is compared again."""
    actor = guards.actor()
    file = _run_by(file_id)
    mapping = told.pop("mapping")
    taking.check_columns(file, mapping)
    with transaction(db.session) as session:
        service.choose(session, file, mapping, told, actor=actor, now=clock.now())
    return _shown(queries.file_for(db.session, actor, file_id))


@blp.post("/order-files/<int:file_id>/apply")
@guards.require(*guards.MERCHANT)
@blp.arguments(web.Nothing)
@blp.response(202, FileShown)
def apply(_nothing: dict[str, Any], file_id: int) -> dict[str, Any]:
    """Let a compared file count, as if a webhook had told each of its orders."""
    actor = guards.actor()
    file = _run_by(file_id)
    with transaction(db.session) as session:
        service.apply(session, file, actor=actor, now=clock.now())
    return _shown(queries.file_for(db.session, actor, file_id))


def _merchant(slug: str | None) -> Merchant:
    """The named store, else the caller's only one."""
    actor = guards.actor()
    if slug:
        return merchants.merchant_run_by(db.session, actor, one_line(slug))
    if len(actor.merchants) != 1:
        raise Invalid.field("merchant", _("Name the store."))
    return db.session.get_one(Merchant, next(iter(actor.merchants)))


def _run_by(file_id: int) -> OrderFile:
    """A file of a store that the caller runs. Raises NotFound, Forbidden."""
    file = queries.file_for(db.session, guards.actor(), file_id)
    merchants.merchant_run_by(db.session, guards.actor(), db.session.get_one(Merchant, file.merchant_id).slug)
    return file


def _shown(file: OrderFile) -> dict[str, Any]:
    return file_json(
        file,
        db.session.get_one(Merchant, file.merchant_id).slug,
        failure_text=wording.failure_text(file.failure, file.failure_detail) if file.failure else None,
        refused_url=url_for(".refused", file_id=file.id, _external=True),
    )
