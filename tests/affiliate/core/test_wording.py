"""What people type, made fit to store and to show."""

from __future__ import annotations

import pytest

from affiliate.core.wording import numbered, one_line, slug


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  dua\r\n baris\t", "dua baris"),
        ("nul\0 di tengah", "nul di tengah"),
        ("setengah \ud83d huruf", "setengah huruf"),
        ("terbalik \u202eabc\u202c", "terbalik abc"),
        ("👩‍👩‍👧 🫨", "👩‍👩‍👧 🫨"),
        ("e\u0301", "é"),
        ("\x07", ""),
    ],
)
def test_one_line(text, expected):
    assert one_line(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Batik & Kebaya", "batik-kebaya"), ("Été", "ete"), ("日本", "kosong"), ("x", "kosong"), ("--a b--", "a-b")],
)
def test_slug(text, expected):
    assert slug(text, "kosong") == expected


def test_numbered():
    assert numbered("a", set()) == "a"
    assert numbered("a", {"a", "a-2"}) == "a-3"
