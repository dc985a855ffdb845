"""Money: exact decimals by currency, one rounding, splits that sum."""

from __future__ import annotations

import csv
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.core import money
from affiliate.core.money import CurrencyMismatch, Money, MoneyError

AMOUNTS = st.integers(-(10**12), 10**12)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("149000.00", "IDR", 14900000),
        ("149000", "IDR", 14900000),
        ("0", "IDR", 0),
        ("-8.00", "USD", -800),
        ("150000", "JPY", 150000),
        ("150000.00", "JPY", 150000),
        ("1.234", "KWD", 1234),
        ("100000000.00", "IDR", 10_000_000_000),
        ("0.0001", "CLF", 1),
    ],
)
def test_reads_a_plain_decimal_by_the_currencys_exponent(text, currency, minor):
    assert money.from_decimal(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("NaN", "IDR", "not_a_number"),
        ("Infinity", "IDR", "not_a_number"),
        ("1e9", "IDR", "not_a_number"),
        ("1.000.000", "IDR", "not_a_number"),
        ("1,000", "IDR", "not_a_number"),
        ("", "IDR", "not_a_number"),
        (" 1", "IDR", "not_a_number"),
        ("٣", "IDR", "not_a_number"),
        ("--1", "IDR", "not_a_number"),
        ("1.5", "JPY", "too_precise"),
        ("0.001", "IDR", "too_precise"),
        ("999999999999999999", "IDR", "too_large"),
        ("1", "XXX", "unknown_currency"),
        ("1", "idr", "unknown_currency"),
    ],
)
def test_refuses_what_is_not_an_exact_amount(text, currency, code):
    with pytest.raises(MoneyError) as refusal:
        money.from_decimal(text, currency)
    assert refusal.value.code == code


@given(AMOUNTS, st.sampled_from(["IDR", "JPY", "KWD", "CLF", "USD"]))
def test_text_and_back_is_the_same_amount(minor, currency):
    assert money.from_decimal(money.to_decimal(minor, currency), currency) == minor


@given(AMOUNTS, st.integers(0, 10_000))
def test_a_rate_is_within_half_a_unit_and_even_at_the_half(minor, bps):
    got = money.apply_rate(minor, bps)
    exact = Fraction(minor * bps, 10_000)
    assert abs(got - exact) <= Fraction(1, 2)
    if abs(got - exact) == Fraction(1, 2):
        assert got % 2 == 0


@given(AMOUNTS, st.lists(st.integers(0, 10_000), min_size=1, max_size=6).filter(lambda w: sum(w) > 0))
def test_a_split_sums_exactly_is_fair_and_mirrors(minor, weights):
    parts = money.split(minor, weights)
    total = sum(weights)
    assert sum(parts) == minor
    assert all(abs(part - Fraction(minor * weight, total)) < 1 for part, weight in zip(parts, weights, strict=True))
    assert money.split(-minor, weights) == [-part for part in parts]


def test_a_split_without_weight_is_refused():
    for weights in ([0, 0], [], [2, -1]):
        with pytest.raises(ValueError):
            money.split(100, weights)


def test_two_currencies_never_meet():
    with pytest.raises(CurrencyMismatch):
        Money(1, "IDR") + Money(1, "USD")
    with pytest.raises(CurrencyMismatch):
        _ = Money(1, "IDR") < Money(1, "USD")
    assert Money(1, "IDR") + Money(2, "IDR") == Money(3, "IDR")


def test_exponents_are_those_of_iso_4217(shared_data: Path):
    with (shared_data / "payments" / "iso4217_codes_all.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    known = {
        row["AlphabeticCode"]: int(Decimal(row["MinorUnit"]))
        for row in rows
        if row["AlphabeticCode"] and row["MinorUnit"] not in {"", "-"} and not row["WithdrawalDate"]
    }
    assert known
    wrong = {
        code: (digits, money.EXPONENTS.get(code))
        for code, digits in known.items()
        if money.EXPONENTS.get(code) != digits
    }
    assert wrong == {}
