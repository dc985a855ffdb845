"""Prices as shops write them: "300000 IDR", "Rp2.599.000", "1,5 juta", "$2,030", "149,90". Pure.

Two separators: the last one is decimal. One that stands more than once: thousands. One with three digits behind it
reads as the currency's own country writes it (1.500 IDR is 1500, $2,030 is 2030) and is refused where that is open.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import NamedTuple

from affiliate.core.money import EXPONENTS, MoneyError, exponent, from_decimal

TEXT_MAX = 60

_MULTIPLIERS = {
    "rb": 3, "ribu": 3, "k": 3, "jt": 6, "juta": 6, "m": 9, "miliar": 9, "milyar": 9, "t": 12, "triliun": 12,
}  # fmt: skip
_SYMBOLS = {
    "rp": "IDR", "€": "EUR", "£": "GBP", "₹": "INR", "rs": "INR", "rm": "MYR", "฿": "THB", "₽": "RUB", "₩": "KRW",
    "₫": "VND", "₱": "PHP", "zł": "PLN", "us$": "USD", "a$": "AUD", "au$": "AUD", "s$": "SGD", "c$": "CAD",
    "ca$": "CAD", "nz$": "NZD", "hk$": "HKD", "nt$": "TWD", "r$": "BRL", "¥": "JPY",
}  # fmt: skip
_DOLLARS = frozenset({"USD", "AUD", "SGD", "CAD", "NZD", "HKD", "TWD", "BND", "FJD", "MXN"})
_DOT_THOUSANDS = frozenset({"IDR", "VND"})
_COMMA_THOUSANDS = _DOLLARS | {"GBP", "INR", "MYR", "PHP", "THB", "CNY", "JPY", "KRW", "AED", "SAR"}

_NUMBER = re.compile(r"\d(?:[\d.,'’ ]*\d)?")
_SPACED = re.compile(r"\d{1,3}(?:[ '’]\d{3})+(?:[.,]\d+)?")
_GROUPED = {",": re.compile(r"\d{1,3}(?:,\d{3})+"), ".": re.compile(r"\d{1,3}(?:\.\d{3})+")}
_INDIAN = re.compile(r"\d{1,2}(?:,\d{2})*,\d{3}")
_TAIL = re.compile(r"^[.,]\s*[-–—]+")  # the ",-" behind a round amount


class Price(NamedTuple):
    minor: int
    currency: str


class PriceProblem(ValueError):
    """A price that cannot be used; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def parse(text: str, default_currency: str) -> Price:
    """The amount in minor units and its currency. Raises PriceProblem.

    Codes: price_not_a_number, price_negative, price_ambiguous, price_too_precise, price_too_large,
    price_currency_unknown.
    """
    spaced = " ".join(_plain_digits(text).split())
    found = _NUMBER.search(spaced)
    if not found or len(spaced) > TEXT_MAX:
        raise PriceProblem("price_not_a_number")
    before = spaced[: found.start()]
    after = _TAIL.sub("", spaced[found.end() :])
    if re.search(r"[-−(]", before) or after.startswith(("-", "−")):
        raise PriceProblem("price_negative")
    if before.strip() in {".", ","} or any(char.isdigit() for char in after):
        raise PriceProblem("price_not_a_number")
    currency, power = _marks(f"{before} {after}", default_currency)
    return Price(_minor(_decimal(found.group(), currency), power, currency), currency)


def _plain_digits(text: str) -> str:
    """Arabic and other decimal digits as 0 to 9; every kind of space as a space."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)


def _marks(text: str, default_currency: str) -> tuple[str, int]:
    """(currency, power of ten) that the words around a number name."""
    currency = default_currency
    named = False
    power = 0
    for mark in text.replace(".", " ").split():
        low = mark.lower()
        if low in _MULTIPLIERS and not power:
            power = _MULTIPLIERS[low]
        elif low == "$":
            currency = currency if named or currency in _DOLLARS else "USD"
        elif low in _SYMBOLS:
            currency, named = _SYMBOLS[low], True
        elif mark.upper() in EXPONENTS:
            currency, named = mark.upper(), True
        else:
            word = len(mark) == 3 and mark.isalpha() and mark.isupper()
            raise PriceProblem("price_currency_unknown" if word else "price_not_a_number")
    if power and currency != "IDR":
        raise PriceProblem("price_not_a_number")
    return currency, power


def _decimal(number: str, currency: str) -> str:
    """A number with separators as a plain decimal."""
    if _SPACED.fullmatch(number):
        number = re.sub(r"[ '’]", "", number)
    kinds = {char for char in number if not char.isdigit()}
    if not kinds <= {".", ","}:
        raise PriceProblem("price_not_a_number")
    if not kinds:
        return number
    last = max(kinds, key=number.rindex)
    whole, _separator, part = number.rpartition(last)
    if len(kinds) == 2:
        return f"{_ungrouped(whole, currency)}.{part}"
    if last in whole:
        return _ungrouped(number, currency)
    if len(part) == 3 and len(whole) <= 3 and whole != "0":
        return whole + part if _is_thousands(last, currency) else f"{whole}.{part}"
    return f"{whole}.{part}"


def _ungrouped(number: str, currency: str) -> str:
    separator = "," if "," in number else "."
    grouped = _GROUPED[separator].fullmatch(number)
    if not grouped and not (currency == "INR" and _INDIAN.fullmatch(number)):
        raise PriceProblem("price_not_a_number")
    return number.replace(separator, "")


def _is_thousands(separator: str, currency: str) -> bool:
    """True for thousands, False for decimals, of one separator with three digits behind it; else it is ambiguous."""
    digits = EXPONENTS.get(currency, 2)
    usual = _DOT_THOUSANDS if separator == "." else _COMMA_THOUSANDS
    if digits == 0 or currency in usual:
        return True
    if digits == 3 and separator == ".":
        return False
    raise PriceProblem("price_ambiguous")


def _minor(plain: str, power: int, currency: str) -> int:
    if power:
        plain = format(Decimal(plain).scaleb(power), "f")
    try:
        exponent(currency)
        return from_decimal(plain, currency)
    except MoneyError as error:
        known = {"too_precise", "too_large"}
        raise PriceProblem(f"price_{error.code}" if error.code in known else "price_not_a_number") from None
