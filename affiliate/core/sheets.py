"""The program that reads a workbook's first sheet with headings, run by `workbook` in a process of its own.

It bounds its own memory, time and output, so that whatever a sheet unpacks to ends here.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from datetime import date, datetime, time
from typing import Any

from python_calamine import CalamineWorkbook

from affiliate.core.records import Exact, Record, json_line

ROWS_MAX = 1_000_000
CELLS_MAX = 50_000_000
MEMORY_MAX = 2 * 1024**3
SECONDS_MAX = 120
ROWS_BYTES_MAX = 1024**3
EMPTY, TOO_LARGE = 3, 4  # how it ends where it has an answer


def text_of(value: Any) -> str:
    """A cell as text: 12.0 is 12, a moment is written as ISO 8601, a number keeps fifteen digits as Excel does."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return Exact(_plain(float(value)))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def _plain(number: float) -> str:
    if number != number or number in (float("inf"), float("-inf")):
        return ""
    short = f"{number:.15g}"
    if "e" not in short:
        return short
    return short.upper() if abs(number) >= 1e15 else f"{number:.15f}".rstrip("0").rstrip(".")


def _child(source: str, target: str) -> int:
    """Write the first sheet that has headings, row by row."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_MAX), (resource.RLIMIT_CPU, SECONDS_MAX), (resource.RLIMIT_FSIZE, ROWS_BYTES_MAX),
    ):  # fmt: skip
        resource.setrlimit(what, (most, most))
    book = CalamineWorkbook.from_path(source)
    names = list(book.sheet_names)
    for name in names:
        sheet = book.get_sheet_by_name(name)
        if sheet.height > ROWS_MAX or sheet.height * sheet.width > CELLS_MAX:
            return TOO_LARGE
        if _write(sheet, target, {"sheet": name, "others": [other for other in names if other != name]}):
            return 0
    return EMPTY


def _write(sheet: Any, target: str, head: dict[str, Any]) -> bool:
    """Whether the sheet has a row with two cells, and another below it."""
    first = sheet.start[0] if sheet.start else 0
    filled, headed = 0, False
    with open(target, "w", encoding="utf-8") as lines:
        lines.write(json.dumps(head) + "\n")
        for number, values in enumerate(sheet.to_python(skip_empty_area=True), first + 1):
            cells = [text_of(value) for value in values]
            while cells and not cells[-1]:
                cells.pop()
            if any(cell.strip() for cell in cells):
                filled += headed
                headed = headed or sum(bool(cell.strip()) for cell in cells) > 1
                lines.write(json_line(Record(number, cells)) + "\n")
        lines.flush()
        os.fsync(lines.fileno())
    return headed and filled > 0


def main() -> int:
    try:
        return _child(sys.argv[1], sys.argv[2])
    except MemoryError:
        return TOO_LARGE


if __name__ == "__main__":
    sys.exit(main())
