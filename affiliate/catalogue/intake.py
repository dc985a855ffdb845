"""Taking a file out of a request, for the page and the API alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import current_app
from werkzeug.datastructures import FileStorage

from affiliate.catalogue import storage
from affiliate.catalogue.rules import one_line
from affiliate.core.errors import Invalid
from affiliate.core.i18n import _l

FILENAME_MAX = 255


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that now lies in the upload folder, and what its sender called it."""

    stored: storage.StoredFile
    filename: str


@contextmanager
def taken(file: Any) -> Iterator[Taken]:
    """Keep a posted file while something is noted about it; where that fails, the file goes too.

    Raises Invalid without a file, FileTooLarge.
    """
    if not isinstance(file, FileStorage) or not file.filename:
        raise Invalid.field("file", _l("Choose a file first."))
    folder = current_app.config["ETALASE"].upload_dir
    stored = storage.store(file.stream, folder)
    try:
        yield Taken(stored, one_line(file.filename)[:FILENAME_MAX])
    except BaseException:
        storage.remove(folder, stored.name)
        raise
