"""Who decides: the topmost rung of the programme's ladder on which a candidate counts, and what becomes of the rest.

An accepted claim stands below every ladder. A click rung (the order's own click, a remembered one) shares the order
among all clicks that count, by the programme's model; any other has all of it. Every loser gets the reason why.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from affiliate.conversions import reasons, weights
from affiliate.conversions.judging import Judged
from affiliate.conversions.touches import CLICK_RUNGS, Agreed, OrderFacts, Policy, Step
from affiliate.core import money
from affiliate.merchants.models import AttributionModel, CouponRule, Rung

FRESH = timedelta(hours=24)  # under fresh_click_wins, an older click of the order's own loses against a coupon


def decide(order: OrderFacts, counting: Sequence[Judged], policy: Policy) -> tuple[Step | None, list[Judged]]:
    """The rung that decides, and the candidates (those that count, in order of time) with their verdicts and weights.

    Where none of them stands on a rung of the ladder, all are rung_off and nobody is credited.
    """
    on_ladder = [one for one in counting if _is_on(one, policy)]
    rungs = rungs_for(order, on_ladder, policy)
    present = {one.candidate.rung for one in on_ladder}
    deciding = next((rung for rung in rungs if rung in present), None)
    if deciding is None:
        return None, [one.loses(reasons.RUNG_OFF) for one in counting]
    parts = _parts(on_ladder, deciding, policy.model)
    winner = next(one for one in on_ladder if parts.get(id(one)))
    return deciding, [_concluded(one, parts.get(id(one)), winner, deciding, policy) for one in counting]


def _is_on(one: Judged, policy: Policy) -> bool:
    return one.candidate.rung in (*policy.ladder, Agreed.CLAIM)


def rungs_for(order: OrderFacts, counting: Sequence[Judged], policy: Policy) -> list[Step]:
    """The ladder as it holds for this order: under fresh_click_wins a coupon goes before an own click that is old."""
    rungs: list[Step] = [*policy.ladder, Agreed.CLAIM]
    own = next((one for one in counting if one.candidate.rung is Rung.TOKEN), None)
    by_age = policy.coupon_rule is CouponRule.FRESH_CLICK_WINS and Rung.COUPON in rungs
    if own and by_age and order.placed_at - own.candidate.at > FRESH:
        rungs.remove(Rung.COUPON)
        rungs.insert(rungs.index(Rung.TOKEN), Rung.COUPON)
    return rungs


def _parts(on_ladder: Sequence[Judged], deciding: Step, model: AttributionModel) -> dict[int, int]:
    """Basis points by candidate, of those that take part."""
    if deciding not in CLICK_RUNGS:
        return {id(next(one for one in on_ladder if one.candidate.rung is deciding)): money.BPS}
    touches = [one for one in on_ladder if one.candidate.is_click]
    if model is AttributionModel.LAST_CLICK:
        # The mark on the order is the store's own word about the last click; a pseudonym's other clicks are not.
        last = [one for one in touches if one.candidate.rung is deciding][-1]
        return {id(one): money.BPS if one is last else 0 for one in touches}
    given = weights.shares(model, [one.candidate.at for one in touches])
    return {id(one): part for one, part in zip(touches, given, strict=True)}


def _concluded(one: Judged, part: int | None, winner: Judged, deciding: Step, policy: Policy) -> Judged:
    if not _is_on(one, policy):
        return one.loses(reasons.RUNG_OFF)
    if part:
        return one.gets(part)
    if part is not None and policy.model not in {AttributionModel.LAST_CLICK, AttributionModel.FIRST_CLICK}:
        return one.loses(reasons.TOO_SMALL)
    return one.loses(_lost(one, winner, deciding, policy.model))


def _lost(one: Judged, winner: Judged, deciding: Step, model: AttributionModel) -> str:
    """Why a candidate that counts has nothing of the order."""
    if one.candidate.is_click and deciding in CLICK_RUNGS:
        if one.candidate.order_in_time < winner.candidate.order_in_time:
            return reasons.EARLIER_CLICK
        brought = deciding is Rung.TOKEN and model is AttributionModel.LAST_CLICK
        return reasons.NOT_ON_ORDER if brought else reasons.LATER_CLICK
    if one.candidate.is_click and deciding is Rung.COUPON:
        return reasons.COUPON_WON
    if one.candidate.rung is Rung.COUPON and deciding in CLICK_RUNGS:
        return reasons.CLICK_WON
    return reasons.LOWER_RUNG
