"""Attribution as a table: what led to an order, how the programme credits, and what becomes of each candidate.

A candidate is named after its community: "A", or "A2" for a second one of A. Ages are days before the order. In the
outcome a number is a part in basis points, a word the reason of a loser; `declined` is the reason of an order that
nobody is credited for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from affiliate.conversions.touches import Candidate, Offer, OrderFacts, Policy, Source, Version
from affiliate.merchants.models import AttributionModel, CouponRule, Rung

PLACED = datetime(2026, 10, 20, 3, 0, tzinfo=UTC)
EARLY = datetime(2026, 1, 1, tzinfo=UTC)
STORE, OTHER_STORE = 5, 6
WHOLE = 10_000
COUPON_FIRST = "coupon token remembered reference"


@dataclass(frozen=True)
class Told:
    """One candidate of a case."""

    name: str
    source: Source
    days: float = 0
    over: dict[str, Any] = field(default_factory=dict)

    @property
    def community(self) -> int:
        return ord(self.name[0])

    def candidate(self, number: int) -> Candidate:
        is_click = self.source not in {Source.COUPON, Source.REFERENCE}
        values: dict[str, Any] = {
            "merchant_id": STORE,
            "community_id": self.community,
            "link_id": number if is_click else None,
            "nonce": number if is_click else None,
            "visit": "qualified" if is_click else None,
            "code": None if is_click else self.name,
            **self.over,
        }
        return Candidate(self.source, PLACED - timedelta(days=self.days), **values)


def own(name: str, days: float, **over: Any) -> Told:
    return Told(name, Source.TOKEN, days, over)


def seen(name: str, days: float, **over: Any) -> Told:
    return Told(name, Source.VISITOR, days, over)


def known(name: str, days: float, **over: Any) -> Told:
    return Told(name, Source.CUSTOMER, days, over)


def member(name: str, days: float, **over: Any) -> Told:
    return Told(name, Source.MEMBER, days, over)


def coupon(name: str, **over: Any) -> Told:
    return Told(name, Source.COUPON, 0, over)


def named(name: str, **over: Any) -> Told:
    return Told(name, Source.REFERENCE, 0, over)


@dataclass(frozen=True)
class Case:
    """One row of the table. `enrolled` and `programme` are for communities that differ from the rest."""

    name: str
    touches: tuple[Told, ...]
    outcome: dict[str, int | str]
    declined: str | None = None
    model: str = "last_click"
    ladder: str = "token coupon remembered reference"
    rule: str = "click_wins"
    window: int = 30
    enrolled: dict[str, tuple[float, float | None]] = field(default_factory=dict)  # days before: from, until
    programme: dict[str, tuple[int, ...]] = field(default_factory=dict)
    terms: bool = True
    policies: tuple[Policy, ...] | None = None

    def offers(self) -> list[Offer]:
        found = []
        for community in sorted({told.name[0] for told in self.touches}):
            begun, ended = self.enrolled.get(community, (400, None))
            for number in self.programme.get(community, (1,)):
                found.append(
                    Offer(
                        programme_id=number,
                        enrollment_id=number * 1000 + ord(community),
                        merchant_id=STORE,
                        community_id=ord(community),
                        window_days=self.window,
                        enrolled_at=PLACED - timedelta(days=begun),
                        ended_at=None if ended is None else PLACED - timedelta(days=ended),
                        terms=(Version(number * 10, 1, EARLY),) if self.terms else (),
                        splits=(Version(number * 100 + ord(community), 1, EARLY),),
                        policies=self.policies if self.policies is not None else (self.policy(),),
                    )
                )
        return found

    def policy(self, version: int = 1, valid_from: datetime = EARLY) -> Policy:
        ladder = tuple(Rung(word) for word in self.ladder.split())
        return Policy(version, version, valid_from, AttributionModel(self.model), ladder, CouponRule(self.rule))

    def candidates(self) -> list[Candidate]:
        return [told.candidate(number) for number, told in enumerate(self.touches, 1)]

    @property
    def order(self) -> OrderFacts:
        return OrderFacts(STORE, PLACED)


def of(name: str, *touches: Told, declined: str | None = None, gives: dict[str, int | str] | None = None, **over: Any):
    return Case(name, touches, gives or {}, declined, **over)


LINEAR, POSITION, DECAY, FIRST = ({"model": model} for model in ("linear", "position", "time_decay", "first_click"))
SECOND = 1 / 86_400
LATE_POLICY = Policy(2, 2, PLACED + timedelta(seconds=1), AttributionModel.FIRST_CLICK)
THEN_POLICY = Policy(1, 1, PLACED, AttributionModel.FIRST_CLICK)

CASES = [
    # -- one candidate: what counts, and the edges ---------------------------------------------------------------------
    of("own click counts", own("A", 1), gives={"A": WHOLE}),
    of("own click at the order's moment", own("A", 0), gives={"A": WHOLE}),
    of("own click within the order's second", own("A", -0.9 * SECOND), gives={"A": WHOLE}),
    of("own click a second after the order", own("A", -SECOND), declined="after_order", gives={"A": "after_order"}),
    of("own click on the window's last moment", own("A", 30), gives={"A": WHOLE}),
    of("own click older than the window: expired", own("A", 30 + SECOND), declined="outside_window",
       gives={"A": "outside_window"}),
    of("a window of one day", own("A", 1 + SECOND), window=1, declined="outside_window", gives={"A": "outside_window"}),
    of("own click to another store: foreign", own("A", 1, merchant_id=OTHER_STORE), declined="other_merchant",
       gives={"A": "other_merchant"}),
    of("a tampered mark", own("A", 0, fault="bad_token", community_id=None, nonce=None, link_id=None),
       declined="bad_token", gives={"A": "bad_token"}),
    of("nothing at all", declined="no_click"),
    of("a repeated own click counts", own("A", 1, visit="repeated"), gives={"A": WHOLE}),
    of("an own click that is not loaded yet counts", own("A", 1, visit="not_loaded"), gives={"A": WHOLE}),
    of("a bot's click", own("A", 1, visit="bot"), declined="click_not_qualified", gives={"A": "click_not_qualified"}),
    of("a click inside a frame", own("A", 1, visit="embedded"), declined="click_not_qualified",
       gives={"A": "click_not_qualified"}),
    of("a prefetched click", own("A", 1, visit="prefetch"), declined="click_not_qualified",
       gives={"A": "click_not_qualified"}),
    of("enrolled just when it clicked", own("A", 1), enrolled={"A": (1, None)}, gives={"A": WHOLE}),
    of("enrolled after the click", own("A", 1), enrolled={"A": (0.5, None)}, declined="not_enrolled",
       gives={"A": "not_enrolled"}),
    of("left before the click", own("A", 1), enrolled={"A": (90, 2)}, declined="not_enrolled",
       gives={"A": "not_enrolled"}),
    of("left just when it clicked", own("A", 1), enrolled={"A": (90, 1)}, declined="not_enrolled",
       gives={"A": "not_enrolled"}),
    of("left between click and order", own("A", 2), enrolled={"A": (90, 1)}, gives={"A": WHOLE}),
    of("a programme without terms", own("A", 1), terms=False, declined="no_terms", gives={"A": "no_terms"}),
    # -- the ladder: each rung alone -----------------------------------------------------------------------------------
    of("a coupon alone", coupon("A"), gives={"A": WHOLE}),
    of("a coupon that nobody has", coupon("A", fault="coupon_unknown", community_id=None), declined="no_click",
       gives={"A": "coupon_unknown"}),
    of("a coupon that is over", coupon("A", fault="coupon_not_valid"), declined="coupon_not_valid",
       gives={"A": "coupon_not_valid"}),
    of("a coupon of a community that left", coupon("A"), enrolled={"A": (90, 1)}, declined="not_enrolled",
       gives={"A": "not_enrolled"}),
    of("a remembered click alone", known("A", 3), gives={"A": WHOLE}),
    of("a member's click alone", member("A", 3), gives={"A": WHOLE}),
    of("of two remembered clicks the later", known("A", 3), known("B", 5), gives={"A": WHOLE, "B": "earlier_click"}),
    of("a remembered click outside the window", known("A", 31), declined="outside_window",
       gives={"A": "outside_window"}),
    of("a declared reference alone", named("A"), gives={"A": WHOLE}),
    of("a reference that we do not know", named("A", fault="reference_unknown", community_id=None), declined="no_click",
       gives={"A": "reference_unknown"}),
    of("a reference to another store's link", named("A", merchant_id=OTHER_STORE), declined="other_merchant",
       gives={"A": "other_merchant"}),
    # -- the ladder: several rungs -------------------------------------------------------------------------------------
    of("all rungs: the own click", own("A", 2), coupon("B"), known("C", 1), named("D"),
       gives={"A": WHOLE, "B": "click_won", "C": "not_on_order", "D": "lower_rung"}),
    of("no own click: the coupon", coupon("B"), known("C", 1), named("D"),
       gives={"B": WHOLE, "C": "coupon_won", "D": "lower_rung"}),
    of("neither click nor coupon: the remembered one", known("C", 1), named("D"),
       gives={"C": WHOLE, "D": "lower_rung"}),
    of("an expired mark falls to the coupon", own("A", 31), coupon("B"), gives={"A": "outside_window", "B": WHOLE}),
    of("a tampered mark falls to the coupon",
       own("A", 0, fault="bad_token", community_id=None, nonce=None, link_id=None), coupon("B"),
       gives={"A": "bad_token", "B": WHOLE}),
    of("a foreign mark falls to the remembered click", own("A", 1, merchant_id=OTHER_STORE), known("B", 4),
       gives={"A": "other_merchant", "B": WHOLE}),
    of("a tampered mark falls to the reference",
       own("A", 0, fault="bad_token", community_id=None, nonce=None, link_id=None), named("B"),
       gives={"A": "bad_token", "B": WHOLE}),
    of("an unknown coupon does not stand in the way", coupon("A", fault="coupon_unknown", community_id=None),
       known("B", 4), gives={"A": "coupon_unknown", "B": WHOLE}),
    of("all that fails: the own mark's reason", own("A", 31), coupon("B", fault="coupon_not_valid"), known("C", 40),
       declined="outside_window", gives={"A": "outside_window", "B": "coupon_not_valid", "C": "outside_window"}),
    of("a ladder that asks the store's word first", own("A", 1), named("B"), ladder="reference token coupon remembered",
       gives={"A": "lower_rung", "B": WHOLE}),
    of("a ladder that asks the memory before the coupon", coupon("A"), known("B", 2),
       ladder="token remembered coupon reference", gives={"A": "click_won", "B": WHOLE}),
    of("a ladder that asks the memory first", own("A", 1), known("B", 2), ladder="remembered token coupon reference",
       gives={"A": "later_click", "B": WHOLE}),
    of("references are not looked at", named("A"), ladder="token coupon remembered", declined="rung_off",
       gives={"A": "rung_off"}),
    of("coupons are not looked at", coupon("A"), known("B", 2), ladder="token remembered",
       gives={"A": "rung_off", "B": WHOLE}),
    of("memory is not looked at", own("A", 2), seen("B", 1), ladder="token coupon",
       gives={"A": WHOLE, "B": "rung_off"}),
    # -- the coupon against the click ----------------------------------------------------------------------------------
    of("click_wins: an old click wins", own("A", 29), coupon("B"), gives={"A": WHOLE, "B": "click_won"}),
    of("coupon_wins: a fresh click loses", own("A", SECOND), coupon("B"), rule="coupon_wins", ladder=COUPON_FIRST,
       gives={"A": "coupon_won", "B": WHOLE}),
    of("coupon_wins without a coupon: the click", own("A", 1), rule="coupon_wins", ladder=COUPON_FIRST,
       gives={"A": WHOLE}),
    of("coupon_wins, but the coupon is over", own("A", 1), coupon("B", fault="coupon_not_valid"), rule="coupon_wins",
       ladder=COUPON_FIRST, gives={"A": WHOLE, "B": "coupon_not_valid"}),
    of("fresh_click_wins: of the last day", own("A", 1), coupon("B"), rule="fresh_click_wins",
       gives={"A": WHOLE, "B": "click_won"}),
    of("fresh_click_wins: a second older", own("A", 1 + SECOND), coupon("B"), rule="fresh_click_wins",
       gives={"A": "coupon_won", "B": WHOLE}),
    of("fresh_click_wins: old, but alone", own("A", 9), rule="fresh_click_wins", gives={"A": WHOLE}),
    of("coupon and click of one community", own("A", 9), coupon("A2"), rule="fresh_click_wins",
       gives={"A": "coupon_won", "A2": WHOLE}),
    # -- the models ----------------------------------------------------------------------------------------------------
    of("last click: earlier and later ones lose", seen("A", 5), own("B", 3), seen("C", 1),
       gives={"A": "earlier_click", "B": WHOLE, "C": "not_on_order"}),
    of("first click", seen("A", 5), own("B", 3), seen("C", 1), **FIRST,
       gives={"A": WHOLE, "B": "later_click", "C": "later_click"}),
    of("first click: one outside the window is none", seen("A", 31), own("B", 3), **FIRST,
       gives={"A": "outside_window", "B": WHOLE}),
    of("linear: two", seen("A", 5), own("B", 3), **LINEAR, gives={"A": 5000, "B": 5000}),
    of("linear: three, the remainder to the first", seen("A", 5), own("B", 3), known("C", 1), **LINEAR,
       gives={"A": 3334, "B": 3333, "C": 3333}),
    of("linear: seven", *(seen(name, 8 - place) for place, name in enumerate("ABCDEF")), own("G", 1), **LINEAR,
       gives={"A": 1429, "B": 1429, "C": 1429, "D": 1429, "E": 1428, "F": 1428, "G": 1428}),
    of("linear: alone", own("A", 3), **LINEAR, gives={"A": WHOLE}),
    of("linear: a bot's click has no part", seen("A", 5, visit="bot"), own("B", 3), **LINEAR,
       gives={"A": "click_not_qualified", "B": WHOLE}),
    of("linear: one that was not enrolled has no part", seen("A", 5), own("B", 3), enrolled={"A": (4, None)}, **LINEAR,
       gives={"A": "not_enrolled", "B": WHOLE}),
    of("linear: two clicks of one community count twice", seen("A", 5), seen("A2", 4), own("B", 3), **LINEAR,
       gives={"A": 3334, "A2": 3333, "B": 3333}),
    of("linear: without an own click the memory shares", known("A", 5), known("B", 3), **LINEAR,
       gives={"A": 5000, "B": 5000}),
    of("position: alone", own("A", 3), **POSITION, gives={"A": WHOLE}),
    of("position: two share evenly", seen("A", 5), own("B", 3), **POSITION, gives={"A": 5000, "B": 5000}),
    of("position: three", seen("A", 5), seen("B", 4), own("C", 3), **POSITION, gives={"A": 4000, "B": 2000, "C": 4000}),
    of("position: five", seen("A", 5), seen("B", 4), seen("C", 3), seen("D", 2), own("E", 1), **POSITION,
       gives={"A": 4000, "B": 667, "C": 667, "D": 666, "E": 4000}),
    of("time decay: a week is half", seen("A", 8), own("B", 1), **DECAY, gives={"A": 3333, "B": 6667}),
    of("time decay: of one moment the same", seen("A", 1), own("B", 1), **DECAY, gives={"A": 5000, "B": 5000}),
    of("time decay: nothing is left after a year", seen("A", 365), own("B", 1), window=365, **DECAY,
       gives={"A": "too_small", "B": WHOLE}),
    of("a coupon has all, whatever the model", own("A", 5), seen("B", 3), coupon("C"), rule="coupon_wins",
       ladder=COUPON_FIRST, **LINEAR, gives={"A": "coupon_won", "B": "coupon_won", "C": WHOLE}),
    of("a reference has no part of a shared order", seen("A", 5), own("B", 3), named("C"), **LINEAR,
       gives={"A": 5000, "B": 5000, "C": "lower_rung"}),
    # -- programmes and versions ---------------------------------------------------------------------------------------
    of("another programme's click loses", seen("A", 5), own("B", 3), programme={"A": (2,)}, **LINEAR,
       gives={"A": "other_programme", "B": WHOLE}),
    of("a community in both programmes takes part", seen("A", 5), own("B", 3), programme={"A": (1, 2)}, **LINEAR,
       gives={"A": 5000, "B": 5000}),
    of("a coupon of another programme loses even under coupon_wins", own("A", 3), coupon("B"), programme={"B": (2,)},
       rule="coupon_wins", ladder=COUPON_FIRST, gives={"A": WHOLE, "B": "other_programme"}),
    of("a policy of after the order does not hold", seen("A", 5), own("B", 3), policies=(LATE_POLICY,),
       gives={"A": "earlier_click", "B": WHOLE}),
    of("a policy of the order's own moment holds", seen("A", 5), own("B", 3), policies=(THEN_POLICY, LATE_POLICY),
       gives={"A": WHOLE, "B": "later_click"}),
    of("no policy at all: the last click", seen("A", 5), own("B", 3), policies=(),
       gives={"A": "earlier_click", "B": WHOLE}),
]  # fmt: skip
