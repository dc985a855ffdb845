"""Numbers as people and programs write them, read the same way down a whole column.

"149.000" and "1.234,50" stand in one column, "1,234.50" in another: which sign is the decimal one is decided for the
column, by those cells that can mean one thing only, never cell by cell. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from decimal import Decimal

from affiliate.core import money
from affiliate.core.records import Exact

POINT, COMMA = ".", ","
MIXED = "mixed"
TEXT_MAX = 60
_MARK = r"(?:[A-Za-z?$€£¥₹₽฿₩₫₱]+\.?)?"  # a currency; "?" is one that a wrong code page has eaten
_WRITTEN = re.compile(rf"(\(?)([-+]?){_MARK}([-+]?)(\d[\d.,]*|[.,]\d+){_MARK}(-?)(\)?)")
_BLANK = re.compile(r"[\s'’`´]")
_SPACED = re.compile(r"(?<=\d)[\s'’`´](?=\d{3}(?!\d))")
_GROUPED = {
    sign: re.compile(rf"\d{{1,3}}(?:\{sign}\d{{3}})+|\d{{1,3}}(?:\{sign}\d{{2}})*\{sign}\d{{3}}") for sign in ".,"
}
_DAMAGED = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d{1,3}")


def is_damaged_id(text: str) -> bool:
    """1.23457E+15: what a spreadsheet leaves of a long number. Its digits are gone."""
    return bool(_DAMAGED.fullmatch(text.strip()))


def decimal_sign(text: str) -> str | None:
    """The decimal sign that a cell proves, None where it fits both or is no number."""
    digits = _bare(text)[1]
    kinds = {char for char in digits if char in ".,"}
    if isinstance(text, Exact) or not kinds:
        return None
    last = max(kinds, key=digits.rindex)
    other = COMMA if last == POINT else POINT
    if len(kinds) == 2:
        return last if digits.count(last) == 1 else other
    whole, _sign, part = digits.rpartition(last)
    if last in whole:
        return other  # it stands twice: thousands
    is_open = len(part) == 3 and 1 <= len(whole) <= 3 and whole != "0"
    return None if is_open else last


def is_open(text: str) -> bool:
    """Whether a cell means two things: 149.000 is a number of either kind."""
    digits = _bare(text)[1]
    return not isinstance(text, Exact) and decimal_sign(text) is None and any(sign in digits for sign in ".,")


class Signs:
    """What the cells of one column have proved so far."""

    def __init__(self) -> None:
        self.proved: Counter[str] = Counter()
        self.open = 0

    def see(self, text: str) -> None:
        sign = decimal_sign(text)
        if sign:
            self.proved[sign] += 1
        elif is_open(text):
            self.open += 1

    @property
    def verdict(self) -> str | None:
        """POINT, COMMA, MIXED where cells prove both, None where none proves anything."""
        if len(self.proved) > 1:
            return MIXED
        return next(iter(self.proved), None)


def by_currency(text: str, currency: str) -> str | None:
    """The decimal sign of an open cell, where the currency has no three decimals: its sign parts thousands."""
    if money.EXPONENTS.get(currency, 2) == 3:
        return None
    last = next((char for char in reversed(_bare(text)[1]) if char in ".,"), None)
    return None if last is None else COMMA if last == POINT else POINT


def read(text: str, sign: str) -> Decimal | None:
    """The number that a cell means where `sign` is the decimal one; None where it is none, or is written otherwise.

    "Rp 149.000", "(12.50)" and "-12.50" are numbers; "12.50-" as well.
    """
    if isinstance(text, Exact):
        return Decimal(text)
    if len(text) > TEXT_MAX:
        return None
    is_negative, digits = _bare(text)
    if not digits:
        return None
    whole, _sign, part = digits.partition(sign)
    group = COMMA if sign == POINT else POINT
    if group in part or sign in part:
        return None
    if group in whole:
        if not _GROUPED[group].fullmatch(whole):
            return None
        whole = whole.replace(group, "")
    number = Decimal(f"{whole or '0'}.{part or '0'}")
    return -number if is_negative else number


def _bare(text: str) -> tuple[bool, str]:
    """(whether it is negative, the digits and their signs without currency and blanks; empty where it is no number)"""
    if not text.isascii():
        text = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)
    bare = text.strip().replace("\u2212", "-").removesuffix(",-").removesuffix(".-")
    bare = _SPACED.sub("", bare)
    if re.search(r"\d[\s'’`´]+\d", bare):
        return False, ""
    found = _WRITTEN.fullmatch(_BLANK.sub("", bare))
    if not found or bool(found[1]) != bool(found[6]):
        return False, ""
    signs = found[1] + found[2] + found[3] + found[5]
    return (bool(signs.strip("+")), found[4]) if len(signs) < 2 else (False, "")
