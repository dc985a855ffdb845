"""Tables out of any file: CSV of any delimiter and encoding, or the first sheet of a workbook that has headings.

Records carry the line on which they begin, as the file's own program counts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from affiliate.core import workbook
from affiliate.core.records import Record, TableRefused, distinct, headings_of, records
from affiliate.core.streams import Encoding, delimiter_of, encoding_of, head_text, text_lines

COLUMNS_MAX = 500
ABOVE_MAX = 30  # lines of a title that may stand above the headings
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"  # Excel 97, and a workbook with a password


@dataclass(frozen=True, slots=True)
class Table:
    """A file whose headings are known; a heading that stands twice is "Total", then "Total (2)"."""

    path: Path
    headings: tuple[str, ...]
    heading_line: int
    encoding: Encoding | None = None  # of a text file
    delimiter: str = ""
    sheet: str = ""  # of a workbook
    other_sheets: tuple[str, ...] = ()

    def rows(self) -> Iterator[Record]:
        """The records below the headings, blank ones left out."""
        for record in _records(self.path, self.encoding, self.delimiter):
            if record.line > self.heading_line:
                yield record

    def beyond(self, record: Record) -> str | None:
        """The first filled cell of a record that stands under no heading: its columns have slipped."""
        return next((cell for cell in record.cells[len(self.headings) :] if cell.strip()), None)


def open_table(path: Path) -> Table:
    """Find out what a file is, by its content alone, and read its headings.

    Raises TableRefused: empty_file, not_text, not_a_table, no_rows, workbook_old, and what `workbook` raises.
    """
    with path.open("rb") as handle:
        head = handle.read(4)
    if not head:
        raise TableRefused("empty_file")
    if head == _OLE:
        raise TableRefused("workbook_old")
    if head == _ZIP:
        return _workbook_table(path)
    encoding = encoding_of(path)
    if encoding is None:
        raise TableRefused("not_text")
    text = head_text(path, encoding)
    if not text.strip():
        raise TableRefused("empty_file")
    delimiter = delimiter_of(text)
    heading = _heading(_records(path, encoding, delimiter))
    return Table(path, distinct(headings_of(heading)), heading.line, encoding, delimiter)


def _workbook_table(path: Path) -> Table:
    book = workbook.rows_beside(path)
    heading = _heading(_records(path, None, ""))
    return Table(path, distinct(headings_of(heading)), heading.line, sheet=book.sheet, other_sheets=book.others)


def _heading(found: Iterable[Record]) -> Record:
    """The first of the upper records with two cells that say something. Raises TableRefused."""
    upper = list(islice(found, ABOVE_MAX))
    for place, record in enumerate(upper):
        if not record.broken and sum(bool(cell.strip()) for cell in record.cells) > 1:
            if len(record.cells) > COLUMNS_MAX:
                break
            if place + 1 == len(upper):
                raise TableRefused("no_rows")
            return record
    raise TableRefused("not_a_table")


def _records(path: Path, encoding: Encoding | None, delimiter: str) -> Iterator[Record]:
    if encoding is None:
        yield from workbook.records(path)
        return
    with path.open("rb") as handle:
        yield from records(text_lines(handle, encoding), delimiter)
