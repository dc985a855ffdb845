"""Taking a catalogue file out of a request, for the page and the API alike."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from flask import current_app

from affiliate.catalogue.storage import UPLOAD_MAX_BYTES, FileTooLarge
from affiliate.core import storage


def taken(file: Any) -> AbstractContextManager[storage.Taken]:
    """Keep a posted file while something is noted about it. Raises Invalid without a file, FileTooLarge."""
    folder = current_app.config["ETALASE"].upload_dir
    return storage.taken(file, folder, limit=UPLOAD_MAX_BYTES, refusal=FileTooLarge)
