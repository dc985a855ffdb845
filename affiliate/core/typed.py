"""Amounts and percentages as people type them: Rp1.500.000, 1.500.000,50, 12,500.75; 7,5 %. Pure."""

from __future__ import annotations

import re

from affiliate.core import money

_SYMBOL = re.compile(r"^[^\d.,-]+")
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*")
_PERCENT = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,2}))?%?")
_LONGEST = 40


def amount(text: str, currency: str) -> int | None:
    """Minor units of a typed amount, or None for what cannot be read without guessing.

    The last of two kinds of separators is the decimal one; a single one before exactly three digits groups thousands,
    unless the currency has three decimals.
    """
    cleaned = "".join(text[:_LONGEST].split()).removesuffix(",-")
    cleaned = _SYMBOL.sub("", cleaned)
    whole, decimals = _parts(cleaned, money.exponent(currency))
    if "." in whole or "," in whole:
        if not _GROUPED.fullmatch(whole):
            return None
        whole = whole.replace(".", "").replace(",", "")
    try:
        return money.from_decimal(f"{whole}.{decimals}" if decimals else whole, currency)
    except money.MoneyError:
        return None


def percent(text: str) -> int | None:
    """Basis points of a typed percentage from 0 to 100 with at most two decimals, or None: "12,5 %" is 1250."""
    match = _PERCENT.fullmatch("".join(text[:_LONGEST].split()))
    if match is None:
        return None
    bps = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))
    return bps if bps <= money.BPS else None


def _parts(text: str, places: int) -> tuple[str, str]:
    """Whole part (perhaps grouped) and decimals."""
    last = max(text.rfind("."), text.rfind(","))
    if last < 0:
        return text, ""
    mark, rest = text[last], text[last + 1 :]
    other = "," if mark == "." else "."
    if text.count(mark) > 1 or (other not in text and len(rest) == 3 and places != 3):
        return text, ""
    return text[:last], rest
