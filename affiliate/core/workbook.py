"""Workbooks (XLSX): read by calamine in a process of its own, whose memory and time are bounded.

A sheet is small on disk and huge in memory: shared strings that every cell repeats, a single cell in the last corner,
archives that unpack for ever. What can be seen is refused beforehand; the rest ends with the child, never with us. The
child writes the sheet's rows beside the file, line by line; everybody reads those. Values only: formulas give what
they last gave, nothing is fetched.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from affiliate.core.records import Record, TableRefused, from_json
from affiliate.core.storage import BESIDE
from affiliate.core.streams import BLOCK_BYTES

UNPACKED_MAX = 400 * 1024 * 1024
RATIO_MAX = 200  # of a part that is larger than RATIO_FROM; honest sheets pack to a tenth or a twentieth
RATIO_FROM = 20 * 1024 * 1024
PARTS_MAX = 5000
SECONDS_MAX = 240  # on the clock; the child has half of it on the processor
EMPTY, TOO_LARGE = 3, 4  # how the child ends where it has an answer
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Book:
    """Which sheet was read, and which were not."""

    sheet: str
    others: tuple[str, ...]


def rows_beside(path: Path) -> Book:
    """Read a workbook, unless that was done before. Raises TableRefused: workbook_broken, workbook_too_large,
    workbook_refused (declares entities), no_rows.
    """
    beside = Path(f"{path}{BESIDE}")
    if not beside.exists():
        _check(path)
        _convert(path, beside)
    with beside.open(encoding="utf-8") as lines:
        told = json.loads(next(lines))
    return Book(told["sheet"], tuple(told["others"]))


def records(path: Path) -> Iterator[Record]:
    """The rows of a workbook that `rows_beside` has read; blank ones are left out."""
    with Path(f"{path}{BESIDE}").open(encoding="utf-8") as lines:
        next(lines)
        for text in lines:
            line, *cells = json.loads(text)
            yield Record(line, from_json(cells))


def _check(path: Path) -> None:
    """Unpack every part once, in blocks: so its sizes are true, and no XML of it declares anything."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            sizes = [part.file_size for part in parts]
            thick = any(
                part.file_size > RATIO_FROM and part.file_size > RATIO_MAX * max(part.compress_size, 1)
                for part in parts
            )
            if len(parts) > PARTS_MAX or sum(sizes) > UNPACKED_MAX or thick:
                raise TableRefused("workbook_too_large")
            for part in parts:
                _look_through(archive, part)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        raise TableRefused("workbook_broken") from None


def _look_through(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    is_xml = part.filename.lower().endswith((".xml", ".rels"))
    end = b""
    with archive.open(part) as handle:
        while block := handle.read(BLOCK_BYTES):
            text = (end + block).replace(b"\0", b"").upper() if is_xml else b""  # UTF-16 declares, too
            if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
                raise TableRefused("workbook_refused")
            end = block[-32:]


def _convert(path: Path, beside: Path) -> None:
    half = Path(f"{beside}.{os.getpid()}")
    command = [sys.executable, "-m", "affiliate.core.sheets", str(path.resolve()), str(half.resolve())]
    try:
        done = subprocess.run(  # noqa: S603  our own program, on files that we named
            command, cwd=_ROOT, timeout=SECONDS_MAX, capture_output=True, check=False
        )
        if done.returncode == EMPTY:
            raise TableRefused("no_rows")
        if done.returncode == TOO_LARGE or done.returncode < 0 or b"memory allocation" in done.stderr:
            raise TableRefused("workbook_too_large")
        if done.returncode:
            raise TableRefused("workbook_broken")
        half.replace(beside)
    except subprocess.TimeoutExpired:
        raise TableRefused("workbook_too_large") from None
    finally:
        half.unlink(missing_ok=True)
