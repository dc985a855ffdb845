"""From order lines and rates to a commission, and from a commission to its owners. Pure, whole minor units only.

Each line earns by one rate: the most specific scope that matches (sku, brand, category, all), within it the earliest
position. A percentage is rounded half-even once a line; lines are summed, never rounded again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from affiliate.commissions.models import ShareRole
from affiliate.core import money
from affiliate.merchants.matching import ranked
from affiliate.merchants.models import RateKind, RateScope

NOTHING_LEFT = "nothing_left"
NO_RATE = "no_rate"


@dataclass(frozen=True, slots=True)
class Line:
    """One order line. net = quantity × unit − discount − tax; `refunded_minor` is what went back of it."""

    ref: str
    sku: str | None
    title: str | None
    category: str | None
    brand: str | None
    quantity: int
    refunded_quantity: int
    unit_price_minor: int
    discount_minor: int
    tax_minor: int
    net_minor: int
    refunded_minor: int

    @property
    def left_minor(self) -> int:
        """What stays sold of the net."""
        return max(0, self.net_minor - self.refunded_minor)

    @property
    def units_left(self) -> int:
        return max(0, self.quantity - self.refunded_quantity) if self.left_minor else 0


@dataclass(frozen=True, slots=True)
class RateLine:
    """One line of terms. Percent has `rate_bps`, the others `amount_minor` of `currency`."""

    position: int
    scope: RateScope
    match: str | None
    kind: RateKind
    rate_bps: int | None
    amount_minor: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line with the rate that won, those it beat, and what it earns. `exact` is the product before rounding."""

    line: Line
    rate: RateLine | None
    beaten: tuple[RateLine, ...]
    exact: str
    commission_minor: int
    excluded: str | None


@dataclass(frozen=True, slots=True)
class PricedOrder:
    """All lines, the rates that pay once an order, and the sum."""

    lines: tuple[PricedLine, ...]
    once: tuple[RateLine, ...]
    total_minor: int


@dataclass(frozen=True, slots=True)
class Weights:
    """A split's version: basis points that sum to 10,000."""

    platform_bps: int
    community_bps: int
    curator_bps: int
    evangelist_bps: int


@dataclass(frozen=True, slots=True)
class Share:
    """One owner's part. `weight_bps` already holds the weights of owners that there are not."""

    owner: str
    role: ShareRole
    weight_bps: int
    amount_minor: int


def price(lines: Sequence[Line], rates: Sequence[RateLine], currency: str) -> PricedOrder:
    """What an order earns as it stands. A fixed amount of another currency than the order's does not apply."""
    in_order = sorted(rates, key=lambda rate: rate.position)
    priced = tuple(_price_line(line, ranked(in_order, line, currency)) for line in lines)
    once: dict[int, RateLine] = {}
    for one in priced:
        if one.rate and one.rate.kind is RateKind.PER_ORDER and one.line.left_minor:
            once.setdefault(one.rate.position, one.rate)
    whole = sum(one.commission_minor for one in priced) + sum(rate.amount_minor or 0 for rate in once.values())
    return PricedOrder(priced, tuple(once.values()), whole)


def _price_line(line: Line, matching: Sequence[RateLine]) -> PricedLine:
    if not matching:
        return PricedLine(line, None, (), "0", 0, NO_RATE)
    best, *beaten = matching
    if not line.left_minor:
        return PricedLine(line, best, tuple(beaten), "0", 0, NOTHING_LEFT)
    exact, amount = _earned(line, best)
    return PricedLine(line, best, tuple(beaten), exact, amount, None)


def _earned(line: Line, rate: RateLine) -> tuple[str, int]:
    """(product before rounding, minor units) of one line; a rate that pays once an order earns on no line."""
    if rate.kind is RateKind.PERCENT:
        bps = rate.rate_bps or 0
        whole, part = divmod(line.left_minor * bps, money.BPS)
        exact = f"{whole}.{part:04d}".rstrip("0").rstrip(".")
        return exact, money.apply_rate(line.left_minor, bps)
    if rate.kind is RateKind.PER_ITEM:
        amount = (rate.amount_minor or 0) * line.units_left
        return str(amount), amount
    return "0", 0


def share_out(total_minor: int, weights: Weights, *, community_id: int, curator_id: int | None) -> tuple[Share, ...]:
    """Split by the weights (largest remainder). Where no curator or evangelist is known, the community has theirs."""
    curator_bps = weights.curator_bps if curator_id is not None else 0
    community_bps = money.BPS - weights.platform_bps - curator_bps
    holders = [
        ("platform", ShareRole.PLATFORM, weights.platform_bps),
        (f"community:{community_id}", ShareRole.COMMUNITY, community_bps),
        (f"curator:{curator_id}", ShareRole.CURATOR, curator_bps),
    ]
    present = [holder for holder in holders if holder[2]]
    parts = money.split(total_minor, [bps for _owner, _role, bps in present])
    return tuple(Share(owner, role, bps, part) for (owner, role, bps), part in zip(present, parts, strict=True))


def differences(target: Mapping[str, int], booked: Mapping[str, int]) -> list[dict[str, int]]:
    """What to append so that `booked` becomes `target`, per owner: what takes back first, then what gives.

    Two steps only where one owner gives and another gets; none where nothing is to do. No step sums to zero.
    """
    owners = list(dict.fromkeys([*booked, *target]))
    moved = {owner: target.get(owner, 0) - booked.get(owner, 0) for owner in owners}
    back = {owner: amount for owner, amount in moved.items() if amount < 0}
    more = {owner: amount for owner, amount in moved.items() if amount > 0}
    return [step for step in (back, more) if step]
