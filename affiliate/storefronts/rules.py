"""Pure rules of the shelf: in which order picks stand, and what one sale of a product would bring the community."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from affiliate.core import money
from affiliate.merchants.matching import one_piece_pays, ranked
from affiliate.merchants.models import RateKind, RateScope


@dataclass(frozen=True, slots=True)
class Goods:
    """What the terms look at: `minor` is what a buyer pays now, in minor units."""

    sku: str
    brand: str | None
    category: str | None
    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class OfferedRate:
    """One line of the terms in force, in the order in which they stand there."""

    scope: RateScope
    match: str | None
    kind: RateKind
    rate_bps: int | None
    amount_minor: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Offer:
    """A store's rates now, and the platform's part of a commission; the rest is the community's and its curator's."""

    rates: tuple[OfferedRate, ...]
    platform_bps: int


def sale_brings(goods: Goods, offer: Offer) -> int | None:
    """Minor units that one sold piece brings the community and its curator; None where no rate speaks of it.

    An estimate for the shelf: the order's own price, discounts and tax decide what is booked.
    """
    rate = next(iter(ranked(offer.rates, goods, goods.currency)), None)
    if rate is None:
        return None
    commission = one_piece_pays(rate, goods.minor)
    return money.split(commission, (offer.platform_bps, money.BPS - offer.platform_bps))[1]


def stepped(order: Sequence[int], pick_id: int, places: int) -> list[int]:
    """The order with one pick moved (−1 is one up), stopping at either end. Raises ValueError for a stranger."""
    place = max(0, min(len(order) - 1, order.index(pick_id) + places))
    rest = [other for other in order if other != pick_id]
    return [*rest[:place], pick_id, *rest[place:]]


def behind(order: Sequence[int], pick_id: int, after: int | None) -> list[int]:
    """The order with one pick put behind another, or first where `after` is None. Raises ValueError for a stranger."""
    if pick_id not in order:
        raise ValueError(f"{pick_id} does not stand here")
    rest = [other for other in order if other != pick_id]
    place = 0 if after is None else rest.index(after) + 1
    return [*rest[:place], pick_id, *rest[place:]]
