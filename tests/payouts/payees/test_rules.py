"""How account numbers and names are read."""

from __future__ import annotations

import pytest

from payouts.payees import rules
from payouts.payees.banks import BANKS, bank_name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0012345678", "0012345678"),
        (" 001-234.5678 ", "0012345678"),
        ("12345", "12345"),
        ("1" * 20, "1" * 20),
        ("1234", None),
        ("1" * 21, None),
        ("12345a", None),
        ("１２３４５６", None),
        ("", None),
        ("=12345", None),
    ],
)
def test_account_numbers_keep_their_zeros(text, expected):
    assert rules.account_number(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Siti   Rahma ", "Siti Rahma"),
        ("Suharto", "Suharto"),
        ("a\x00b\u202ec", "abc"),
        (" ", None),
        ("x" * 121, None),
    ],
)
def test_holders_are_one_line(text, expected):
    assert rules.holder_name(text) == expected


def test_payees_are_written_in_full_for_the_bank_and_masked_for_the_rest():
    assert rules.payee_text("SITI RAHMA", "014", "0012345678") == "SITI RAHMA · BCA (014) · 0012345678"
    assert rules.masked("0012345678") == "•••• 5678"


def test_bank_codes_have_three_digits():
    assert all(len(code) == 3 and code.isdigit() for code in BANKS)
    assert bank_name("014") == "BCA"
    assert bank_name("999") == "999"
