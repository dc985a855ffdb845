"""Amounts and percentages as people type them."""

from __future__ import annotations

import pytest

from affiliate.core import typed


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("Rp1.500.000", "IDR", 150000000),
        ("Rp 1.500.000,-", "IDR", 150000000),
        ("1.500.000,50", "IDR", 150000050),
        ("1500000", "IDR", 150000000),
        ("50.000", "IDR", 5000000),
        ("1,500,000.50", "IDR", 150000050),
        ("Rp\u00a01.500", "IDR", 150000),
        ("12.5", "USD", 1250),
        ("US$1,234.56", "USD", 123456),
        ("1.234,567", "KWD", 1234567),
        ("0,500", "KWD", 500),
        ("1500", "JPY", 1500),
        ("1.5.00", "IDR", None),
        ("1.50.000", "IDR", None),
        ("-5", "IDR", -500),
        ("1e9", "IDR", None),
        ("1,2345", "IDR", None),
        ("", "IDR", None),
        ("Rp", "IDR", None),
        ("satu juta", "IDR", None),
        ("9" * 60, "IDR", None),
        ("١٢٣", "IDR", None),
    ],
)
def test_amounts_are_read_or_refused_but_never_guessed(text, currency, expected):
    assert typed.amount(text, currency) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10", 1000), ("12,5", 1250), ("12.5 %", 1250), ("7,25%", 725), (" 100 ", 10000), ("0", 0), ("0,01", 1),
        ("12\u00a0%", 1200), ("100,01", None), ("-1", None), ("12,345", None), ("", None), ("%", None), ("1e1", None),
        ("sepuluh", None), ("١٢", None), ("1" * 60, None),
    ],
)  # fmt: skip
def test_percentages_too(text, expected):
    assert typed.percent(text) == expected
