"""Does one candidate count? Pure: looked at alone, against what its community was offered then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from affiliate.conversions import reasons
from affiliate.conversions.touches import Candidate, Offer, OrderFacts, Version
from affiliate.merchants.rules import in_force


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate with its verdict, the enrollment and versions it counts under, and its part in basis points."""

    candidate: Candidate
    verdict: str
    offer: Offer | None = None
    terms: Version | None = None
    split: Version | None = None
    weight_bps: int = 0

    @property
    def counts(self) -> bool:
        return self.verdict == reasons.WON

    def loses(self, reason: str) -> Judged:
        return replace(self, verdict=reason, weight_bps=0)

    def gets(self, weight_bps: int) -> Judged:
        return replace(self, weight_bps=weight_bps) if weight_bps else self.loses(reasons.TOO_SMALL)


def judge(order: OrderFacts, one: Candidate, offers: Sequence[Offer]) -> Judged:
    """`won` for a candidate that could cause the order by itself; otherwise the first reason against it."""
    if one.fault:
        return Judged(one, one.fault)
    if one.merchant_id != order.merchant_id:
        return Judged(one, reasons.OTHER_MERCHANT)
    # Stores tell the moment of an order in whole seconds: a click within that second came before it.
    if one.at.replace(microsecond=0) > order.placed_at:
        return Judged(one, reasons.AFTER_ORDER)
    if one.visit in reasons.NOBODYS_CLICK:
        return Judged(one, reasons.CLICK_NOT_QUALIFIED)
    enrolled = [offer for offer in offers if _enrolled(offer, one)]
    if not enrolled:
        return Judged(one, reasons.NOT_ENROLLED)
    return _judge_programme(order, one, enrolled)


def _enrolled(offer: Offer, one: Candidate) -> bool:
    if (offer.community_id, offer.merchant_id) != (one.community_id, one.merchant_id):
        return False
    return offer.enrolled_at <= one.at and (offer.ended_at is None or one.at < offer.ended_at)


def _judge_programme(order: OrderFacts, one: Candidate, enrolled: Sequence[Offer]) -> Judged:
    """Of the programmes with terms in force at the order, the newest enrollment; then its window."""
    moment = max(order.placed_at, one.at)  # they differ within a second at most
    for offer in sorted(enrolled, key=lambda each: (each.enrolled_at, each.enrollment_id), reverse=True):
        terms, split = in_force(offer.terms, moment), in_force(offer.splits, moment)
        if terms and split:
            inside = order.placed_at - one.at <= timedelta(days=offer.window_days)
            return Judged(one, reasons.WON if inside else reasons.OUTSIDE_WINDOW, offer, terms, split)
    return Judged(one, reasons.NO_TERMS)
