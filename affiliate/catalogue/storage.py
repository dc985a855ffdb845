"""How large a catalogue file may be, and where it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from affiliate.core import storage
from affiliate.core.errors import TooLarge
from affiliate.core.i18n import _l
from affiliate.core.storage import StoredFile, remove

__all__ = ["UPLOAD_MAX_BYTES", "FileTooLarge", "StoredFile", "remove", "store"]

UPLOAD_MAX_BYTES = 200 * 1024 * 1024


class FileTooLarge(TooLarge):
    code = "file_too_large"
    message = _l("A catalogue file may have up to 200 MB. Nothing was kept; please split the file or send it by parts.")


def store(stream: IO[bytes], folder: Path, *, limit: int = UPLOAD_MAX_BYTES) -> StoredFile:
    """Write a stream to the folder, durable before it returns. Raises FileTooLarge and leaves nothing then."""
    return storage.store(stream, folder, limit=limit, refusal=FileTooLarge)
