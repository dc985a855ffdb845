"""Delivered files on disk: written in blocks under a name of our own, hashed on the way."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from affiliate.core.errors import TooLarge
from affiliate.core.i18n import _l
from affiliate.core.streams import BLOCK_BYTES

UPLOAD_MAX_BYTES = 200 * 1024 * 1024


class FileTooLarge(TooLarge):
    code = "file_too_large"
    message = _l("A catalogue file may have up to 200 MB. Nothing was kept; please split the file or send it by parts.")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """`name` is relative to the upload folder."""

    name: str
    sha256: str
    size_bytes: int


def store(stream: IO[bytes], folder: Path, *, limit: int = UPLOAD_MAX_BYTES) -> StoredFile:
    """Write a stream to the folder, durable before it returns. Raises FileTooLarge and leaves nothing then."""
    folder.mkdir(parents=True, exist_ok=True)
    name = secrets.token_hex(16)
    path = folder / name
    digest = hashlib.sha256()
    size = 0
    try:
        with path.open("xb") as target:
            while block := stream.read(BLOCK_BYTES):
                size += len(block)
                if size > limit:
                    raise FileTooLarge
                digest.update(block)
                target.write(block)
            target.flush()
            os.fsync(target.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return StoredFile(name, digest.hexdigest(), size)


def remove(folder: Path, name: str) -> None:
    """Remove a stored file; one that is gone already is fine."""
    if name:
        (folder / name).unlink(missing_ok=True)
