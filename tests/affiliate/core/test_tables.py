"""Tables of any file: the same records whatever the file is, and a name for each file that is none."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter

from affiliate.core import sheets, workbook
from affiliate.core.records import Exact, TableRefused
from affiliate.core.tables import Table, open_table

MORNING = datetime(2026, 11, 1, 9, 5)  # noqa: DTZ001  a workbook knows no zones
HEADS = ("No. Pesanan", "Tanggal", "Jumlah")
ROWS = (("A-1", "2026-11-01", "149.000,50"), ("A-2", "2026-11-02", "café; 3"), ("", "", "9"))


def text(delimiter: str) -> str:
    quoted = [[f'"{cell}"' if delimiter in cell else cell for cell in row] for row in (HEADS, *ROWS)]
    return "\r\n".join(delimiter.join(row) for row in quoted)


def keep(folder: Path, body: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(body)
    return path


def book(*tables: list[list[object]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as made:
        day = made.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for rows in tables:
            sheet = made.add_worksheet()
            for y, row in enumerate(rows):
                for x, cell in enumerate(row):
                    if isinstance(cell, datetime):
                        sheet.write_datetime(y, x, cell, day)
                    else:
                        sheet.write(y, x, cell)
    return out.getvalue()


def cells(table: Table) -> list[tuple[int, list[str]]]:
    return [(record.line, [str(cell) for cell in record.cells]) for record in table.rows()]


def refused(folder: Path, body: bytes) -> str:
    with pytest.raises(TableRefused) as refusal:
        open_table(keep(folder, body))
    assert not list(folder.glob("*.rows*")), "nothing is left beside it"
    return refusal.value.code


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_every_delimiter_and_encoding_gives_the_same_records(tmp_path, delimiter, encoding):
    table = open_table(keep(tmp_path, text(delimiter).encode(encoding)))
    assert table.headings == HEADS
    assert cells(table) == [(2, list(ROWS[0])), (3, list(ROWS[1])), (4, list(ROWS[2]))]


def test_a_workbook_gives_ids_as_text_dates_as_dates_and_numbers_that_are_exact(tmp_path):
    body = book(
        [["nur ein Titel"]],
        [["Laporan"], [], ["Order", "Date", "Total", "Note"], [12, MORNING, 1.234, True],
         ["0012345678901234567", "x", 0.1 + 0.2, None]],
    )  # fmt: skip
    table = open_table(keep(tmp_path, body))
    assert (table.sheet, table.other_sheets, table.headings) == (
        "Sheet2",
        ("Sheet1",),
        ("Order", "Date", "Total", "Note"),
    )
    assert cells(table) == [
        (4, ["12", "2026-11-01 09:05:00", "1.234", "TRUE"]),
        (5, ["0012345678901234567", "x", "0.3"]),
    ]
    first = next(table.rows())
    assert [isinstance(cell, Exact) for cell in first.cells] == [True, False, True, False]


def test_a_formula_gives_its_value_and_is_never_worked(tmp_path):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, ["Order", "Total"])
        sheet.write_row(1, 0, ["A-1"])
        sheet.write_formula(1, 1, '=WEBSERVICE("http://x.test")', None, 42)
        sheet.write_url(2, 0, "external:c:\\secret.xlsx", None, "A-2")
    assert cells(open_table(keep(tmp_path, out.getvalue()))) == [(2, ["A-1", "42"]), (3, ["A-2"])]


def test_headings_that_stand_twice_have_names_of_their_own(tmp_path):
    table = open_table(keep(tmp_path, b"a,b,a,,\n1,2,3,4,5,6\n"))
    assert table.headings == ("a", "b", "a (2)", "", "")
    assert table.beyond(next(table.rows())) == "6"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty_file"),
        (b" \n\n", "empty_file"),
        (b"a,b\n", "no_rows"),
        (b"only words\n", "not_a_table"),
        (bytes(range(256)) * 20, "not_text"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "workbook_old"),
        (b"PK\x03\x04 not an archive", "workbook_broken"),
        (book([["one cell"]]), "no_rows"),
    ],
)
def test_what_is_no_table_is_refused_by_name(tmp_path, body, code):
    assert refused(tmp_path, body) == code


def packed(**parts: bytes) -> bytes:
    """An honest workbook, of which these parts are others; named by the end of their name."""
    out, source = io.BytesIO(), zipfile.ZipFile(io.BytesIO(book([["Order", "Total"], ["A-1", 5]])))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for info in source.infolist():
            other = next((body for end, body in parts.items() if info.filename.endswith(f"{end}.xml")), None)
            archive.writestr(info.filename, source.read(info) if other is None else other)
    return out.getvalue()


NAMESPACE = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def test_an_archive_that_unpacks_for_ever_is_refused(tmp_path):
    assert refused(tmp_path, packed(sheet1=bytes(30 * 1024 * 1024))) == "workbook_too_large"


def test_an_archive_that_lies_about_its_sizes_is_refused(tmp_path):
    body = bytearray(packed(sheet1=bytes(3_000_000)))
    true = (3_000_000).to_bytes(4, "little")
    body = body.replace(true, (1000).to_bytes(4, "little"))
    assert refused(tmp_path, bytes(body)) == "workbook_broken"


def test_a_workbook_that_declares_entities_is_refused(tmp_path):
    bomb = (
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><sst '
        + NAMESPACE
        + b"><si><t>&b;</t></si></sst>"
    )
    assert refused(tmp_path, packed(sharedStrings=bomb)) == "workbook_refused"
    wide = b"\xff\xfe" + bomb.decode().encode("utf-16-le")
    assert refused(tmp_path, packed(sharedStrings=wide)) == "workbook_refused"


def test_one_cell_in_the_last_corner_costs_the_child_its_life_and_nobody_else(tmp_path):
    sheet = (
        b"<worksheet "
        + NAMESPACE
        + b"><sheetData><row r='1'><c r='A1'><v>1</v></c></row>"
        + (b"<row r='1048576'><c r='XFD1048576'><v>1</v></c></row></sheetData></worksheet>")
    )
    assert refused(tmp_path, packed(sheet1=sheet)) == "workbook_too_large"


def test_a_long_text_that_every_cell_repeats_is_refused_by_memory(tmp_path):
    strings = b"<sst " + NAMESPACE + b"><si><t>" + b"x" * 1_000_000 + b"</t></si></sst>"
    row = b"<row>" + b"<c t='s'><v>0</v></c>" * 100 + b"</row>"
    sheet = b"<worksheet " + NAMESPACE + b"><sheetData>" + row * 100 + b"</sheetData></worksheet>"
    assert refused(tmp_path, packed(sharedStrings=strings, sheet1=sheet)) == "workbook_too_large"


def test_a_workbook_is_read_once(tmp_path, monkeypatch):
    path = keep(tmp_path, book([["Order", "Total"], ["A-1", 5]]))
    first = cells(open_table(path))
    monkeypatch.setattr(workbook.subprocess, "run", None)
    assert cells(open_table(path)) == first


@pytest.mark.parametrize(
    ("value", "shown"),
    [(12.0, "12"), (12, "12"), (0.00001, "0.00001"), (1.5e-7, "0.00000015"), (123456789012345.0, "123456789012345"),
     (1234567890123456.0, "1.23456789012346E+15"), (float("nan"), ""), (-0.5, "-0.5"), (None, "")],
)  # fmt: skip
def test_a_number_keeps_the_digits_that_a_spreadsheet_shows(value, shown):
    assert sheets.text_of(value) == shown
