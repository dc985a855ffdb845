"""Taking a file out of a request, for the page and the API alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import current_app
from werkzeug.datastructures import FileStorage

from affiliate.catalogue import service, storage
from affiliate.catalogue.models import CatalogueUpload
from affiliate.catalogue.rules import one_line
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid
from affiliate.core.i18n import _l
from affiliate.identity.actors import Actor
from affiliate.merchants import queries as merchants

FILENAME_MAX = 255


def take(actor: Actor, slug: str, file: Any, options: Mapping[str, Any], *, now: datetime) -> CatalogueUpload:
    """Store a file and note the upload. Raises NotFound before anything is stored, FileTooLarge, Invalid."""
    merchant = merchants.merchant_run_by(db.session, actor, one_line(slug))
    if not isinstance(file, FileStorage) or not file.filename:
        raise Invalid.field("file", _l("Choose a file first."))
    folder = current_app.config["ETALASE"].upload_dir
    db.session.commit()  # ends the read: no transaction stays open while the file is written
    stored = storage.store(file.stream, folder)
    try:
        with transaction(db.session) as session:
            return service.receive(
                session,
                merchant,
                stored,
                filename=one_line(file.filename)[:FILENAME_MAX],
                actor=actor,
                now=now,
                **options,
            )
    except BaseException:
        storage.remove(folder, stored.name)
        raise
