"""Tables of text: records with their lines, and rows whose columns are mapped to our fields."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from affiliate.catalogue.readers.rows import BrokenRow, Layout, RawRow, Row
from affiliate.catalogue.rules import one_line
from affiliate.core.streams import text_lines


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one record and the line on which it begins; `broken` where the text could not be taken apart."""

    line: int
    cells: Sequence[str]
    broken: bool = False


def records(lines: Iterable[str], delimiter: str) -> Iterator[Record]:
    """All records but blank ones and comment lines above the headings ("# Required | …")."""
    reader = csv.reader(lines, delimiter=delimiter)
    begun = False
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:  # an unclosed quotation mark or a monstrous cell; the next line is read afresh
            yield Record(line, (), broken=True)
            continue
        if not any(cell.strip() for cell in cells) or (not begun and cells[0].lstrip("\ufeff").startswith("#")):
            continue
        begun = True
        yield Record(line, cells)


def headings_of(record: Record) -> list[str]:
    return [one_line(cell.lstrip("\ufeff")) for cell in record.cells]


def mapped_rows(handle: BinaryIO, layout: Layout) -> Iterator[Row]:
    """Rows of a table by `layout.columns`: Google's own columns or a mapping."""
    found = records(text_lines(handle, layout.encoding), layout.delimiter)
    headings = headings_of(next(found))
    places = column_places(headings, layout.columns)
    names = {field: headings[indexes[0]] for field, indexes in places.items()}
    for record in found:
        wrong = broken_row(record, len(headings))
        yield wrong or _mapped(record, headings, places, names)


def column_places(headings: Sequence[str], columns: Mapping[str, Sequence[str]]) -> dict[str, list[int]]:
    """Our field -> the places of its columns, best first; fields without a column are left out."""
    first: dict[str, int] = {}
    for index, heading in enumerate(headings):
        first.setdefault(heading, index)
    places = {field: [first[name] for name in names if name in first] for field, names in columns.items()}
    return {field: indexes for field, indexes in places.items() if indexes}


def broken_row(record: Record, width: int) -> BrokenRow | None:
    """The reason why a record's cells do not stand under their headings."""
    if record.broken:
        return BrokenRow(record.line, "", "row_unreadable")
    beyond = next((cell for cell in record.cells[width:] if cell.strip()), None)
    return None if beyond is None else BrokenRow(record.line, beyond, "too_many_cells")


def _mapped(
    record: Record, headings: Sequence[str], places: Mapping[str, list[int]], names: Mapping[str, str]
) -> RawRow:
    cells = dict.fromkeys(places, "")
    filled = names
    for field, indexes in places.items():
        for index in indexes:
            text = record.cells[index] if index < len(record.cells) else ""
            if text.strip():
                cells[field] = text
                if index != indexes[0]:
                    filled = {**filled, field: headings[index]}
                break
    return RawRow(record.line, cells, filled)
