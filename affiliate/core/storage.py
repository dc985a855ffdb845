"""Delivered files on disk: written in blocks under a name of our own, hashed on the way."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from werkzeug.datastructures import FileStorage

from affiliate.core.errors import Invalid, TooLarge
from affiliate.core.i18n import _l
from affiliate.core.streams import BLOCK_BYTES
from affiliate.core.wording import one_line

FILENAME_MAX = 255
BESIDE = ".rows"  # what was made of a file, such as the rows of a workbook, stands beside it and goes with it


@dataclass(frozen=True, slots=True)
class StoredFile:
    """`name` is relative to the upload folder."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that now lies in the upload folder, and what its sender called it."""

    stored: StoredFile
    filename: str


def store(stream: IO[bytes], folder: Path, *, limit: int, refusal: type[TooLarge] = TooLarge) -> StoredFile:
    """Write a stream to the folder, durable before it returns. Raises the refusal and leaves nothing then."""
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
                    raise refusal
                digest.update(block)
                target.write(block)
            target.flush()
            os.fsync(target.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return StoredFile(name, digest.hexdigest(), size)


def remove(folder: Path, name: str) -> None:
    """Remove a stored file and what stands beside it; one that is gone already is fine."""
    if name:
        (folder / name).unlink(missing_ok=True)
        (folder / f"{name}{BESIDE}").unlink(missing_ok=True)


@contextmanager
def taken(file: Any, folder: Path, *, limit: int, refusal: type[TooLarge] = TooLarge) -> Iterator[Taken]:
    """Keep a posted file while something is noted about it; where that fails, the file goes too.

    Raises Invalid without a file, and the refusal for one that is too large.
    """
    if not isinstance(file, FileStorage) or not file.filename:
        raise Invalid.field("file", _l("Choose a file first."))
    stored = store(file.stream, folder, limit=limit, refusal=refusal)
    try:
        yield Taken(stored, one_line(file.filename)[:FILENAME_MAX])
    except BaseException:
        remove(folder, stored.name)
        raise
