"""Records of a table: their lines and cells, how CSV is taken apart, how a record is kept as a line of JSON.

Cells are text; a number of a workbook is `Exact`: nobody needs to guess what its point means.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from affiliate.core.wording import one_line


class Exact(str):
    """A plain decimal from a workbook's number: its point is a decimal point."""

    __slots__ = ()


class TableRefused(Exception):
    """The whole file cannot be read as a table; `code` says why, `detail` holds plain values for the sentence."""

    def __init__(self, code: str, **detail: Any) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


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


def distinct(headings: Sequence[str]) -> tuple[str, ...]:
    """The headings, each but the blank ones by a name of its own."""
    taken: set[str] = set()
    named: list[str] = []
    for heading in headings:
        name, number = heading, 1
        while name and name in taken:
            number += 1
            name = f"{heading} ({number})"
        taken.add(name)
        named.append(name)
    return tuple(named)


def column_places(headings: Sequence[str], columns: Mapping[str, Sequence[str]]) -> dict[str, list[int]]:
    """Our field -> the places of its columns, best first; fields without a column are left out."""
    first: dict[str, int] = {}
    for index, heading in enumerate(headings):
        first.setdefault(heading, index)
    places = {field: [first[name] for name in names if name in first] for field, names in columns.items()}
    return {field: indexes for field, indexes in places.items() if indexes}


def to_json(cells: Sequence[str]) -> list[Any]:
    """Cells as JSON keeps them: an exact number as a list of one."""
    return [[str(cell)] if isinstance(cell, Exact) else cell for cell in cells]


def from_json(kept: Sequence[Any]) -> list[str]:
    return [Exact(cell[0]) if isinstance(cell, list) else cell for cell in kept]


def json_line(record: Record) -> str:
    """One record as a line of its own."""
    return json.dumps([record.line, *to_json(record.cells)], ensure_ascii=False, separators=(",", ":"))
