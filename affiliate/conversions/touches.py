"""What attribution looks at, as plain values: the order, everything that might have caused it, and what is offered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from affiliate.merchants.models import AttributionModel, CouponRule, Rung
from affiliate.merchants.rules import LADDER


class Source(StrEnum):
    """How we know of a candidate, the strongest proof first."""

    TOKEN = "token"  # noqa: S105  the click whose signed mark the order brought back
    VISITOR = "visitor"  # another click of the visitor whose mark it was
    MEMBER = "member"  # a click of a signed-in member
    CUSTOMER = "customer"  # a click of a visitor whom an order of the same customer has made known
    COUPON = "coupon"
    REFERENCE = "reference"
    CLAIM = "claim"  # a missing order that the store, or the platform's admin, has acknowledged


class Agreed(StrEnum):
    """What stands below every programme's ladder: it decides only where nothing on the ladder counts."""

    CLAIM = "claim"


Step = Rung | Agreed
PROOF: tuple[Step, ...] = (*LADDER, Agreed.CLAIM)

RUNG: dict[Source, Step] = {
    Source.TOKEN: Rung.TOKEN,
    Source.VISITOR: Rung.REMEMBERED,
    Source.MEMBER: Rung.REMEMBERED,
    Source.CUSTOMER: Rung.REMEMBERED,
    Source.COUPON: Rung.COUPON,
    Source.REFERENCE: Rung.REFERENCE,
    Source.CLAIM: Agreed.CLAIM,
}
CLICK_RUNGS: frozenset[Step] = frozenset({Rung.TOKEN, Rung.REMEMBERED})
STRENGTH = {source: place for place, source in enumerate(Source)}


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What attribution needs to know of an order."""

    merchant_id: int
    placed_at: datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that might have caused the order: a click, a coupon, a reference, a claim.

    `at` is the click's moment, or the order's for a coupon, a reference and a claim. `fault` is what is known against
    it before any judging (bad_token, coupon_unknown …); then there may be no community. `visit` is qualified,
    not_loaded, or why the click was not.
    """

    source: Source
    at: datetime
    merchant_id: int | None = None
    community_id: int | None = None
    curator_id: int | None = None
    link_id: int | None = None
    nonce: int | None = None
    visit: str | None = None
    code: str | None = None
    fault: str | None = None

    @property
    def rung(self) -> Step:
        return RUNG[self.source]

    @property
    def is_click(self) -> bool:
        return self.rung in CLICK_RUNGS

    @property
    def key(self) -> tuple[Any, ...]:
        """The same for one click, however we know of it."""
        clicked = self.is_click and self.nonce is not None
        return (self.at, self.nonce) if clicked else (self.source, self.code or "")

    @property
    def order_in_time(self) -> tuple[Any, ...]:
        """A total order: moment, click before coupon before reference, then the click's own number."""
        return (self.at, STRENGTH[self.source] if not self.is_click else 0, self.nonce or 0, self.code or "")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of terms or of a split, in force from a moment on until a later one's."""

    id: int
    version: int
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of how a programme credits orders; version 0 is what holds where a programme has said nothing."""

    id: int | None
    version: int
    valid_from: datetime
    model: AttributionModel = AttributionModel.LAST_CLICK
    ladder: tuple[Rung, ...] = LADDER
    coupon_rule: CouponRule = CouponRule.CLICK_WINS


@dataclass(frozen=True, slots=True)
class Offer:
    """A community's enrollment in one of the merchant's programmes, with all versions of what was offered."""

    programme_id: int
    enrollment_id: int
    merchant_id: int
    community_id: int
    window_days: int
    enrolled_at: datetime
    ended_at: datetime | None
    terms: tuple[Version, ...]
    splits: tuple[Version, ...]
    policies: tuple[Policy, ...] = ()


def distinct(candidates: list[Candidate]) -> list[Candidate]:
    """Each candidate once, by its strongest proof, in order of time; the order they are given in does not matter."""
    found: dict[tuple[Any, ...], Candidate] = {}
    for one in sorted(candidates, key=lambda one: (STRENGTH[one.source], one.order_in_time)):
        found.setdefault(one.key, one)
    return sorted(found.values(), key=lambda one: one.order_in_time)
