"""How a file is to be read: columns, decimal sign, order of dates, words of states. Decided once for the whole file.

What the file's cells prove is not asked; what they leave open only a person says, and is never guessed. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from affiliate.core import dates, money, numbers
from affiliate.core.mapping import words
from affiliate.orders.files import fields

WORDS_MAX = 200  # different words of one status column; more is no such column
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person said, or the first proposal. `statuses`: word -> state."""

    decimal: str = AUTO  # or "." or ","
    dates: str = AUTO  # or day_first, month_first
    without_status: str = fields.COMPLETED
    statuses: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Choices:
        return cls(**{name: kept[name] for name in cls.__slots__ if name in kept})


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that reading a row needs. `at`: the moment of the file itself."""

    headings: Sequence[str]
    places: Mapping[str, int]
    signs: Mapping[str, str]
    orders: Mapping[str, str]
    choices: Choices
    currency: str
    zone: ZoneInfo
    at: datetime

    def heading(self, name: str) -> str:
        return self.headings[self.places[name]] if name in self.places else ""

    def cell(self, cells: Sequence[str], name: str) -> str:
        """The cell of a field as it stands, empty where there is none."""
        place = self.places.get(name)
        return "" if place is None or place >= len(cells) else cells[place]


class Scan:
    """One pass over all rows: what they prove, which words they use, which rows belong to which order."""

    def __init__(self, headings: Sequence[str], mapping: Mapping[str, str]) -> None:
        self.places = {name: headings.index(heading) for name, heading in mapping.items() if heading in headings}
        self._signs = {name: numbers.Signs() for name in fields.NUMBERS if name in self.places}
        self._orders = {name: dates.Orders() for name in fields.DATES if name in self.places}
        self._open_signs: dict[str, Counter[str]] = {name: Counter() for name in self._signs}
        self.words: Counter[str] = Counter()
        self.currencies: set[str] = set()
        self.rows: dict[str, list[int]] = {}
        self._last = ""

    def see(self, line: int, cells: Sequence[str]) -> None:
        for name, signs in self._signs.items():
            cell = self._cell(cells, name)
            if cell and not cell.isdigit():  # most are plain, and prove nothing
                signs.see(cell)
                if signs.open and (sign := numbers.by_currency(cell, "IDR")) and numbers.is_open(cell):
                    self._open_signs[name][sign] += 1
        for name, orders in self._orders.items():
            if cell := self._cell(cells, name):
                orders.see(cell)
        if word := words(self._cell(cells, "status")):
            self.words[word] += 1
        if (currency := self._cell(cells, "currency").strip().upper()) in money.EXPONENTS:
            self.currencies.add(currency)
        self._last = own = self._cell(cells, "order_ref").strip() or self._last
        original = self._cell(cells, "original_ref").strip()
        self.rows.setdefault(original if original and self._takes_back(cells) else own, []).append(line)

    def _takes_back(self, cells: Sequence[str]) -> bool:
        amounts = ("quantity", "line_total", "unit_price", "order_total")
        return any(self._cell(cells, name).strip().startswith(("-", "(", "\u2212")) for name in amounts)

    def _cell(self, cells: Sequence[str], name: str) -> str:
        place = self.places.get(name)
        return "" if place is None or place >= len(cells) else cells[place]

    def signs(self, choices: Choices, currency: str) -> tuple[dict[str, str], list[str]]:
        """(decimal sign by field, fields of which nobody can know it)"""
        if choices.decimal != AUTO:
            return dict.fromkeys(self._signs, choices.decimal), []
        found: dict[str, str] = {}
        unclear: list[str] = []
        three = any(money.EXPONENTS[one] == 3 for one in self.currencies or {currency})
        for name, signs in self._signs.items():
            sign, guesses = signs.verdict, self._open_signs[name]
            if sign is None and signs.open:
                is_sure = len(guesses) == 1 and (name == "quantity" or not three)
                sign = next(iter(guesses)) if is_sure else numbers.MIXED
            if sign == numbers.MIXED:
                unclear.append(name)
            found[name] = numbers.POINT if sign in (None, numbers.MIXED) else str(sign)
        return found, unclear

    def orders(self, choices: Choices) -> tuple[dict[str, str], list[str]]:
        """(order of day and month by field, fields of which nobody can know it)"""
        if choices.dates != AUTO:
            return dict.fromkeys(self._orders, choices.dates), []
        unclear = [
            name for name, one in self._orders.items() if one.verdict == dates.MIXED or (one.open and not one.verdict)
        ]
        return {name: one.verdict or dates.DAY_FIRST for name, one in self._orders.items()}, unclear

    def unknown_words(self, choices: Choices) -> list[str]:
        """Words of the status column that neither we nor a person ever translated, commonest first."""
        return [
            word for word, _count in self.words.most_common()
            if word not in choices.statuses and fields.state_of(word) is None
        ]  # fmt: skip


def plan(
    scan: Scan, headings: Sequence[str], choices: Choices, *, currency: str, zone: str, at: datetime
) -> tuple[Plan, dict[str, Any]]:
    """How the file is read, and the questions that must be answered before."""
    signs, unclear_signs = scan.signs(choices, currency)
    orders, unclear_dates = scan.orders(choices)
    unknown = scan.unknown_words(choices)
    asked = {
        "missing": fields.missing({name: headings[place] for name, place in scan.places.items()}),
        "decimal": [headings[scan.places[name]] for name in unclear_signs],
        "dates": [headings[scan.places[name]] for name in unclear_dates],
        "statuses": unknown[:WORDS_MAX],
    }
    made = Plan(headings, scan.places, signs, orders, choices, currency, ZoneInfo(zone), at)
    return made, {name: found for name, found in asked.items() if found}
