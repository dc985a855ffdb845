"""Attribution: who caused an order, by which rule, and why nobody else. Pure: facts in, credits and evidence out.

1. Every candidate is judged alone (`judging`): before the order, inside the window, of a community enrolled then …
2. The strongest one that counts (own click, coupon, latest remembered click, declared reference, then an
   accepted claim) names the programme;
   candidates of another programme of the store lose.
3. The programme's policy in force when the order was placed decides among the rest (`ladder`, `weights`).
4. Every candidate stands in the evidence with its verdict; the same facts in any order, repeated, give the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from affiliate.conversions import ladder, reasons
from affiliate.conversions.evidence import evidence_of
from affiliate.conversions.judging import Judged, judge
from affiliate.conversions.touches import PROOF, Candidate, Offer, OrderFacts, Policy, distinct
from affiliate.merchants.rules import in_force

_NAMES_NOBODY = frozenset({reasons.COUPON_UNKNOWN, reasons.REFERENCE_UNKNOWN})


@dataclass(frozen=True, slots=True)
class Credit:
    """One community's, curator's and link's part of an order, under this split for life."""

    candidate: Candidate
    offer: Offer
    split_id: int
    weight_bps: int


@dataclass(frozen=True, slots=True)
class Attribution:
    """The verdict on one order: credits, the largest first, or a reason.

    `nearest` is the candidate that came nearest where nobody is credited. `lost` has one candidate, the latest, of each
    community that has nothing of the order. `evidence` is plain values, kept as they are.
    """

    reason: str | None
    credits: tuple[Credit, ...] = ()
    terms_id: int | None = None
    policy: Policy | None = None
    nearest: Candidate | None = None
    lost: tuple[Judged, ...] = ()
    evidence: dict[str, Any] = field(default_factory=dict)


def attribute(order: OrderFacts, candidates: Sequence[Candidate], offers: Sequence[Offer]) -> Attribution:
    """Credit an order, or say why not."""
    judged = [judge(order, one, offers) for one in distinct(list(candidates))]
    anchor = _strongest([one for one in judged if one.counts])
    if anchor is None:
        return _declined(order, judged, None)
    assert anchor.offer is not None  # what counts has its offer
    policy = policy_of(anchor.offer, order)
    judged = [_in_programme(order, one, anchor.offer.programme_id, offers) for one in judged]
    deciding, decided = ladder.decide(order, [one for one in judged if one.counts], policy)
    in_turn = iter(decided)
    judged = [next(in_turn) if one.counts else one for one in judged]
    credits = _credits(judged)
    if deciding is None:
        return _declined(order, judged, anchor.offer)
    terms = next(one.terms for one in judged if one.counts)
    assert terms is not None  # what counts has its terms
    evidence = evidence_of(judged, anchor.offer, policy, deciding)
    credited = {credit.candidate.community_id for credit in credits}
    return Attribution(None, credits, terms.id, policy, None, _lost(judged, credited), evidence)


def policy_of(offer: Offer, order: OrderFacts) -> Policy:
    """The programme's policy at the order; where it has not said any, the last click wins."""
    return in_force(offer.policies, order.placed_at) or Policy(None, 0, offer.enrolled_at)


def _strongest(judged: Sequence[Judged]) -> Judged | None:
    """By proof, then the latest."""
    by_proof = sorted(judged, key=lambda one: one.candidate.order_in_time, reverse=True)
    return min(by_proof, key=lambda one: PROOF.index(one.candidate.rung), default=None)


def _in_programme(order: OrderFacts, one: Judged, programme_id: int, offers: Sequence[Offer]) -> Judged:
    """A candidate as the deciding programme sees it: its community may be enrolled in several of a store's."""
    if not one.counts or (one.offer and one.offer.programme_id == programme_id):
        return one
    here = judge(order, one.candidate, [offer for offer in offers if offer.programme_id == programme_id])
    return here if here.counts else one.loses(reasons.OTHER_PROGRAMME)


def _credits(judged: Sequence[Judged]) -> tuple[Credit, ...]:
    """One credit a link and curator, whose touches are summed; the largest first, of equal ones the earliest."""
    found: dict[tuple[Any, ...], Credit] = {}
    for one in judged:
        if not one.weight_bps or one.offer is None or one.split is None:
            continue
        who = one.candidate
        key = (who.community_id, who.link_id, who.curator_id, one.offer.enrollment_id)
        before = found[key].weight_bps if key in found else 0
        # The latest touch stands for its link: its click is what people look for.
        found[key] = Credit(who, one.offer, one.split.id, before + one.weight_bps)
    return tuple(sorted(found.values(), key=lambda credit: (-credit.weight_bps, credit.candidate.order_in_time)))


def _declined(order: OrderFacts, judged: Sequence[Judged], offer: Offer | None) -> Attribution:
    """The reason of the strongest candidate that named somebody, or a mark that is not ours."""
    named = [one for one in judged if one.verdict not in _NAMES_NOBODY]
    nearest = _strongest(named)
    reason = nearest.verdict if nearest else reasons.NO_CLICK
    known = nearest.candidate if nearest and reason != reasons.OTHER_MERCHANT else None
    offer = offer or (nearest.offer if nearest else None)
    policy = policy_of(offer, order) if offer else None
    lost = _lost(judged, {known.community_id if known else None})
    return Attribution(reason, (), None, policy, known, lost, evidence_of(judged, offer, policy))


def _lost(judged: Sequence[Judged], others: set[int | None]) -> tuple[Judged, ...]:
    """The latest candidate of each community that is not among the others, in order of time."""
    latest = {
        one.candidate.community_id: one
        for one in judged
        if one.candidate.community_id not in others | {None} and one.verdict != reasons.OTHER_MERCHANT
    }
    return tuple(latest.values())
