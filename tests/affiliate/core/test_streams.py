"""Encodings, delimiters, bounded lines, and CSV that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.core import streams
from affiliate.core.streams import Encoding, csv_stream, delimiter_of, encoding_of, safe_cell, text_lines


def _file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "berkas"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("harga,naïf".encode(), "utf-8"),
        ("harga,naïf".encode("utf-8-sig"), "utf-8-sig"),
        ("harga,naïf".encode("utf-16"), "utf-16"),
        ("harga,naïf".encode("utf-16-le"), "utf-16-le"),
        ("harga,naïf".encode("utf-16-be"), "utf-16-be"),
        ("harga,naïf".encode("latin-1"), "cp1252"),
    ],
)
def test_the_encoding_is_found_and_gives_the_text_back(tmp_path: Path, content: bytes, name: str) -> None:
    path = _file(tmp_path, content)
    encoding = encoding_of(path)
    assert encoding is not None
    assert encoding.name == name
    with path.open("rb") as handle:
        assert list(text_lines(handle, encoding)) == ["harga,naïf"]


def test_one_broken_character_does_not_turn_a_utf8_file_into_another(tmp_path: Path) -> None:
    content = "kebaya merah muda é è ü ö ñ ç ★ ♥ 日本 語\n".encode() * 20 + b"\xff\n"
    assert encoding_of(_file(tmp_path, content)) == Encoding("utf-8", "replace")


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, b"\x1f\x8b\x08\x00\x00\x00", b"\0"])
def test_a_binary_file_is_no_text(tmp_path: Path, content: bytes) -> None:
    assert encoding_of(_file(tmp_path, content)) is None


@pytest.mark.parametrize("delimiter", list(streams.DELIMITERS))
def test_the_delimiter_is_found_although_others_stand_in_the_cells(delimiter: str) -> None:
    rows = [["id", "nama", "harga"], ["1", "a, b; c", "1,5"], ["2", "x", "2"]]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    assert delimiter_of(text.getvalue()) == delimiter


def test_an_endless_line_is_cut_and_the_next_one_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LINE_MAX_CHARS", 10)
    path = _file(tmp_path, b"x" * 95 + b"\r\nnext\r\n")
    with path.open("rb") as handle:
        assert list(text_lines(handle, Encoding("utf-8"))) == ["x" * 10, "next\r\n"]


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-A1", "@SUM(1)", "\t=1", "\r=1", "-1+2"])
def test_formulas_are_disarmed(text: str) -> None:
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize("text", ["-1", "+62", "-1.500,00", "12%", "kebaya", "a=b", ""])
def test_numbers_and_words_stay_as_they_are(text: str) -> None:
    assert safe_cell(text) == text


@given(st.lists(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=2, max_size=4)))
def test_what_is_written_reads_back_cell_by_cell(rows: list[list[str]]) -> None:
    written = "".join(csv_stream(["a", "b"], rows))
    back = list(csv.reader(io.StringIO(written, newline="")))
    assert back[0] == ["a", "b"]
    assert back[1:] == [[safe_cell(cell) for cell in row] for row in rows]


def test_nothing_becomes_an_empty_cell_and_figures_become_text() -> None:
    assert "".join(csv_stream(["n"], [[None], [7]])) == 'n\r\n""\r\n7\r\n'
