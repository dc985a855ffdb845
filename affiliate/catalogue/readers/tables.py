"""Rows of a table of text whose columns are mapped to our fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from affiliate.catalogue.readers.rows import BrokenRow, Layout, RawRow, Row
from affiliate.core.records import Record, column_places, headings_of, records
from affiliate.core.streams import text_lines


def mapped_rows(handle: BinaryIO, layout: Layout) -> Iterator[Row]:
    """Rows of a table by `layout.columns`: Google's own columns or a mapping."""
    found = records(text_lines(handle, layout.encoding), layout.delimiter)
    headings = headings_of(next(found))
    places = column_places(headings, layout.columns)
    names = {field: headings[indexes[0]] for field, indexes in places.items()}
    for record in found:
        wrong = broken_row(record, len(headings))
        yield wrong or _mapped(record, headings, places, names)


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
