"""Comparing a store's statement with our orders: missing, extra, different, agreed, and the sums of both. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from affiliate.core import money

COMPLETED = "completed"


class Kind(StrEnum):
    """How an order's two tellings differ."""

    MISSING = "missing"  # with us
    EXTRA = "extra"  # with us
    DIFFERENT = "different"


class Field(StrEnum):
    """What two tellings of one order may disagree on."""

    CURRENCY = "currency"
    AMOUNT = "amount"
    STATUS = "status"
    REFUNDED = "refunded"
    COMMISSION = "commission"


@dataclass(frozen=True, slots=True)
class Line:
    """One order as one side tells it; a statement need not speak of commission."""

    currency: str
    amount_minor: int
    status: str
    refunded_minor: int = 0
    commission_minor: int | None = None
    click_token: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One task: an order, its kind, and where they differ; `certain` where it carries our own click token."""

    order_key: str
    kind: Kind
    fields: tuple[Field, ...] = ()
    certain: bool = False


@dataclass(frozen=True, slots=True)
class Sums:
    """Both sides of one currency in minor units."""

    told_minor: int = 0
    ours_minor: int = 0

    @property
    def difference_minor(self) -> int:
        return self.told_minor - self.ours_minor


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a statement shows; `rounded` are agreed orders whose figures differ by the store's rounding alone."""

    differences: tuple[Difference, ...]
    agreed: tuple[str, ...]
    rounded: tuple[str, ...]
    sums: Mapping[str, Sums]


def compare(told: Mapping[str, Line], ours: Mapping[str, Line]) -> Comparison:
    """Both by order key. Of ours, an order that was never completed is no sale the store left out."""
    differences: list[Difference] = []
    agreed: list[str] = []
    rounded: list[str] = []
    for key in sorted(told.keys() | ours.keys()):
        theirs, mine = told.get(key), ours.get(key)
        if mine is None and theirs is not None:
            differences.append(Difference(key, Kind.MISSING, certain=theirs.click_token is not None))
        elif theirs is None and mine is not None:
            if mine.status == COMPLETED:
                differences.append(Difference(key, Kind.EXTRA))
        elif theirs is not None and mine is not None:
            if fields := tuple(_disagreed(theirs, mine)):
                differences.append(Difference(key, Kind.DIFFERENT, fields))
            else:
                agreed.append(key)
                if _figures(theirs) != _figures(mine):
                    rounded.append(key)
    return Comparison(tuple(differences), tuple(agreed), tuple(rounded), _sums(told, ours))


def is_rounding(told_minor: int, ours_minor: int, currency: str) -> bool:
    """A whole number of major units, less than one from ours: rupiah told without sen."""
    unit: int = 10 ** money.exponent(currency)
    return told_minor % unit == 0 and abs(told_minor - ours_minor) < unit


def _disagreed(told: Line, ours: Line) -> Iterator[Field]:
    if told.currency != ours.currency:
        yield Field.CURRENCY
    elif not _same(told.amount_minor, ours.amount_minor, told.currency):
        yield Field.AMOUNT
    if told.status != ours.status:
        yield Field.STATUS
    if told.currency != ours.currency:
        return
    if not _same(told.refunded_minor, ours.refunded_minor, told.currency):
        yield Field.REFUNDED
    if told.commission_minor is not None and not _same(
        told.commission_minor, ours.commission_minor or 0, told.currency
    ):
        yield Field.COMMISSION


def _same(told_minor: int, ours_minor: int, currency: str) -> bool:
    return told_minor == ours_minor or is_rounding(told_minor, ours_minor, currency)


def _figures(line: Line) -> tuple[int, int]:
    return line.amount_minor, line.refunded_minor


def _sums(told: Mapping[str, Line], ours: Mapping[str, Line]) -> dict[str, Sums]:
    """Every told line; of ours those told or completed, so that the lists explain the difference to the last sen."""
    here = [line for key, line in ours.items() if key in told or line.status == COMPLETED]
    currencies = sorted({line.currency for line in [*told.values(), *here]})
    return {
        currency: Sums(
            sum(line.amount_minor for line in told.values() if line.currency == currency),
            sum(line.amount_minor for line in here if line.currency == currency),
        )
        for currency in currencies
    }
