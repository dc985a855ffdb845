"""Prices as shops write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.catalogue.prices import Price, PriceProblem, parse
from affiliate.core.i18n import format_money
from affiliate.core.money import MINOR_MAX, to_decimal


@pytest.mark.parametrize(
    ("text", "currency", "minor", "found"),
    [
        ("300000 IDR", "USD", 30000000, "IDR"),
        ("15000.00 IDR", "IDR", 1500000, "IDR"),
        ("Rp2.599.000", "USD", 259900000, "IDR"),
        ("Rp. 25.000", "IDR", 2500000, "IDR"),
        ("Rp\u00a01.500.000,50", "IDR", 150000050, "IDR"),
        ("Rp 25.000.000,-", "IDR", 2500000000, "IDR"),
        ("1.500.000", "IDR", 150000000, "IDR"),
        ("1.500", "IDR", 150000, "IDR"),
        ("1,5 juta", "IDR", 150000000, "IDR"),
        ("500rb", "IDR", 50000000, "IDR"),
        ("2 M", "IDR", 200000000000, "IDR"),
        ("$2,030", "RUB", 203000, "USD"),
        ("$2,030", "AUD", 203000, "AUD"),
        ("A$30.70", "IDR", 3070, "AUD"),
        ("89.0 EUR", "IDR", 8900, "EUR"),
        ("149,90", "EUR", 14990, "EUR"),
        ("1.234,56 €", "IDR", 123456, "EUR"),
        ("1,234.56", "USD", 123456, "USD"),
        ("1 234,50 RUB", "IDR", 123450, "RUB"),
        ("1'234.50 CHF", "IDR", 123450, "CHF"),
        ("121 JOD", "IDR", 121000, "JOD"),
        ("12.345 JOD", "IDR", 12345, "JOD"),
        ("١٢١", "JOD", 121000, "JOD"),
        ("¥1,500", "USD", 1500, "JPY"),
        ("₹1,00,000.50", "USD", 10000050, "INR"),
        ("0.500", "USD", 50, "USD"),
        ("0", "IDR", 0, "IDR"),
    ],
)
def test_a_price_is_read(text: str, currency: str, minor: int, found: str) -> None:
    assert parse(text, currency) == Price(minor, found)


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("1,500", "IDR", "price_ambiguous"),
        ("1.500", "USD", "price_ambiguous"),
        ("1,500", "JOD", "price_ambiguous"),
        ("89.000", "EUR", "price_ambiguous"),
        ("-5", "IDR", "price_negative"),
        ("−5", "IDR", "price_negative"),
        ("Rp-5", "IDR", "price_negative"),
        ("(5.00)", "USD", "price_negative"),
        ("5-", "USD", "price_negative"),
        ("NaN", "IDR", "price_not_a_number"),
        ("Infinity", "IDR", "price_not_a_number"),
        ("1e9", "IDR", "price_not_a_number"),
        ("10 - 20", "USD", "price_not_a_number"),
        ("1.2.3", "USD", "price_not_a_number"),
        (".5", "USD", "price_not_a_number"),
        ("hubungi kami", "IDR", "price_not_a_number"),
        ("5 juta", "USD", "price_not_a_number"),
        ("12 per box", "USD", "price_not_a_number"),
        ("1" * 61, "IDR", "price_not_a_number"),
        ("12.3456", "USD", "price_too_precise"),
        ("100.5 JPY", "IDR", "price_too_precise"),
        ("999999999999999999", "IDR", "price_too_large"),
        ("100 XYZ", "IDR", "price_currency_unknown"),
    ],
)
def test_a_price_that_cannot_be_used_says_why(text: str, currency: str, code: str) -> None:
    with pytest.raises(PriceProblem) as refused:
        parse(text, currency)
    assert refused.value.code == code


@given(st.integers(0, MINOR_MAX), st.sampled_from(["IDR", "USD", "JOD", "JPY", "EUR"]))
def test_our_own_decimals_are_read_back(minor: int, currency: str) -> None:
    assert parse(f"{to_decimal(minor, currency)} {currency}", "IDR") == Price(minor, currency)


@given(st.integers(0, 10**14))
def test_rupiah_as_we_show_them_are_read_back(minor: int) -> None:
    assert parse(format_money(minor, "IDR", locale="id"), "USD") == Price(minor, "IDR")


@given(st.text())
def test_any_text_is_a_price_or_a_named_problem(text: str) -> None:
    try:
        price = parse(text, "IDR")
    except PriceProblem:
        return
    assert 0 <= price.minor <= MINOR_MAX
