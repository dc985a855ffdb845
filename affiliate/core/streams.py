"""Text from outside, read within bounds, and CSV going out that is safe to open in a spreadsheet."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, TextIO

BLOCK_BYTES = 65_536
LINE_MAX_CHARS = 1_000_000
DELIMITERS = ",;\t|"

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\f")
_BINARY_SHARE = 0.02  # control characters in a text that a person can read stay far below this
_WIDE_SHARE = 0.25  # UTF-16 of a western or Indonesian text has a zero in nearly every second byte
_PLAIN_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)*%?")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Encoding:
    """How bytes become text: a codec's name, and what to do where it does not fit."""

    name: str
    errors: str = "strict"


def encoding_of(path: Path) -> Encoding | None:
    """The encoding of a whole text file, or None where it is no text.

    A byte order mark decides; without one UTF-8 where it fits (a few damaged characters are forgiven), UTF-16 where
    every other byte is zero, else windows-1252, the superset of latin-1 that shops' programs really write.
    """
    with path.open("rb") as handle:
        head = handle.read(BLOCK_BYTES)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return Encoding(name, "replace")
    wide = _wide(head)
    if wide:
        return wide
    if sum(head.count(code) for code in _CONTROLS) > len(head) * _BINARY_SHARE:
        return None
    return _narrow(path)


def _wide(head: bytes) -> Encoding | None:
    half = len(head) // 2
    if half and head[1::2].count(0) > half * 2 * _WIDE_SHARE and not head[0::2].count(0):
        return Encoding("utf-16-le", "replace")
    if half and head[0::2].count(0) > half * 2 * _WIDE_SHARE and not head[1::2].count(0):
        return Encoding("utf-16-be", "replace")
    return None


def _narrow(path: Path) -> Encoding:
    """UTF-8 where valid characters beyond ASCII outweigh the broken ones by far."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    broken = beyond_ascii = 0
    with path.open("rb") as handle:
        while block := handle.read(BLOCK_BYTES):
            text = decoder.decode(block)
            broken += text.count("\ufffd")
            beyond_ascii += len(text.encode()) - len(text)
    if not broken:
        return Encoding("utf-8")
    mostly_utf8 = beyond_ascii - 2 * broken > 4 * broken  # each broken one counts two of its own
    return Encoding("utf-8", "replace") if mostly_utf8 else Encoding("cp1252", "replace")


def head_text(path: Path, encoding: Encoding) -> str:
    """The first block as text, without its byte order mark."""
    with path.open("rb") as handle:
        block = handle.read(BLOCK_BYTES)
    return codecs.getincrementaldecoder(encoding.name)("replace").decode(block).lstrip("\ufeff")


def text_lines(handle: BinaryIO, encoding: Encoding) -> Iterator[str]:
    """The lines of an open file with their ends; of one that is too long only its beginning."""
    text = io.TextIOWrapper(handle, encoding=encoding.name, errors=encoding.errors, newline="")
    try:
        while line := text.readline(LINE_MAX_CHARS):
            if len(line) == LINE_MAX_CHARS and line[-1] not in "\r\n":
                _skip_to_line_end(text)
            yield line
    finally:
        with suppress(ValueError):  # closed by the caller already
            text.detach()  # the handle belongs to the caller


def _skip_to_line_end(text: TextIO) -> None:
    while (rest := text.readline(LINE_MAX_CHARS)) and rest[-1] not in "\r\n":
        continue


def delimiter_of(head: str) -> str:
    """Which of , ; tab | parts the columns: the one whose rows agree with a wide first row."""
    lines = head.splitlines(keepends=True)
    sample = lines[:-1] if len(lines) > 1 and len(head) >= BLOCK_BYTES else lines

    def fit(delimiter: str) -> tuple[bool, float, int]:
        widths = _widths(sample, delimiter)
        if not widths or widths[0] < 2:
            return (False, 0.0, 0)
        return (True, sum(width == widths[0] for width in widths) / len(widths), widths[0])

    return max(DELIMITERS, key=fit)


def _widths(lines: Sequence[str], delimiter: str) -> list[int]:
    widths = []
    try:
        for row in csv.reader(lines, delimiter=delimiter):
            if any(cell.strip() for cell in row):
                widths.append(len(row))
            if len(widths) == 20:
                break
    except csv.Error:
        return widths
    return widths


def safe_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: text starting with = + - @ TAB CR gets an apostrophe."""
    text = "" if value is None else str(value)
    if text.startswith(_FORMULA_STARTS) and not _PLAIN_NUMBER.fullmatch(text):
        return "'" + text
    return text


def csv_stream(heads: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """CSV text piece by piece: the headings, then one row a piece."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in chain([heads], rows):
        writer.writerow([safe_cell(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
