"""Which line of terms counts for which goods. Pure; used for the estimate on a shelf and for what is booked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol, TypeVar

from affiliate.core import money
from affiliate.merchants.models import RateKind, RateScope

SPECIFICITY = {RateScope.SKU: 3, RateScope.BRAND: 2, RateScope.CATEGORY: 1, RateScope.ALL: 0}
_PATH = re.compile(r"\s*[>/]\s*")


class Goods(Protocol):
    """What terms look at."""

    @property
    def sku(self) -> str | None: ...
    @property
    def brand(self) -> str | None: ...
    @property
    def category(self) -> str | None: ...


class RateLike(Protocol):
    """One line of terms."""

    @property
    def scope(self) -> RateScope: ...
    @property
    def match(self) -> str | None: ...
    @property
    def kind(self) -> RateKind: ...
    @property
    def currency(self) -> str | None: ...


class PayingRate(Protocol):
    """What a line of terms pays."""

    @property
    def kind(self) -> RateKind: ...
    @property
    def rate_bps(self) -> int | None: ...
    @property
    def amount_minor(self) -> int | None: ...


AnyRate = TypeVar("AnyRate", bound=RateLike)


def ranked(rates: Sequence[AnyRate], goods: Goods, currency: str) -> list[AnyRate]:
    """The rates that match, the one that counts first: most specific scope, then the order they are given in.

    A fixed amount of another currency does not apply.
    """
    usable = [rate for rate in rates if rate.kind is RateKind.PERCENT or rate.currency == currency]
    return sorted((rate for rate in usable if matches(rate, goods)), key=lambda rate: -SPECIFICITY[rate.scope])


def matches(rate: RateLike, goods: Goods) -> bool:
    """Case-insensitive; a category also matches as the leading part of a path such as "Shoes > Boots"."""
    if rate.scope is RateScope.ALL:
        return True
    said = {RateScope.SKU: goods.sku, RateScope.BRAND: goods.brand, RateScope.CATEGORY: goods.category}[rate.scope]
    if said is None or rate.match is None:
        return False
    own, wanted = said.strip().casefold(), rate.match.strip().casefold()
    if rate.scope is not RateScope.CATEGORY:
        return own == wanted
    path, leading = _PATH.split(own), _PATH.split(wanted)
    return path[: len(leading)] == leading


def one_piece_pays(rate: PayingRate, price_minor: int) -> int:
    """Minor units that the sale of one piece at this price pays by this rate: the estimate on a shelf, an example."""
    if rate.kind is RateKind.PERCENT:
        return money.apply_rate(price_minor, rate.rate_bps or 0)
    return rate.amount_minor or 0
