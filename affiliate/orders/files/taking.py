"""Taking order files in and giving refused rows out, for the pages and the API alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

from flask import Response, current_app, stream_with_context

from affiliate.core import storage
from affiliate.core.db import db
from affiliate.core.errors import Invalid, TooLarge
from affiliate.core.i18n import _, _l
from affiliate.core.streams import csv_stream
from affiliate.orders.files import fields, queries, wording
from affiliate.orders.files.models import OrderFile

FILE_MAX_BYTES = 100 * 1024 * 1024
ROWS_AT_ONCE = 1000


class FileTooLarge(TooLarge):
    code = "file_too_large"
    message = _l("An order file may have up to 100 MB. Nothing was kept; please send it in parts, each order whole.")


def taken(file: Any) -> AbstractContextManager[storage.Taken]:
    """Keep a posted file while something is noted about it. Raises Invalid without a file, FileTooLarge."""
    folder = current_app.config["ETALASE"].upload_dir
    return storage.taken(file, folder, limit=FILE_MAX_BYTES, refusal=FileTooLarge)


def check_columns(file: OrderFile, mapping: Mapping[str, str]) -> None:
    """Raise Invalid where a column is not in the file or something needed is open."""
    wrong = {name: _("This column is not in the file.") for name in mapping if mapping[name] not in file.headings}
    wrong |= {name: _("Choose the column that holds this.") for name in fields.missing(mapping)}
    if wrong:
        raise Invalid(fields=wrong)


def refused_response(file: OrderFile) -> Response:
    """Rows with a problem as a CSV file, as they came and why in front: mend them there and send them again."""
    file_id, headings = file.id, file.headings

    def rows() -> Iterator[list[object]]:
        after = -1
        while found := queries.refused_rows(db.session, file_id, limit=ROWS_AT_ONCE, after=after):
            for line, cells, codes in found:
                reasons = " ".join(wording.problem_text(code) for code in codes.split())
                yield [*cells[: len(headings)], *[""] * (len(headings) - len(cells)), line, reasons]
            after = found[-1][0]

    heads = [*headings, _("Line in the file"), _("Reason")]
    response = Response(stream_with_context(csv_stream(heads, rows())), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="refused-rows-{file_id}.csv"'
    return response
