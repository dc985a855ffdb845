"""Attribution: last click inside the programme's window. Pure: facts in, a credit or a named refusal out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from affiliate.merchants.rules import in_force

# Reasons, stable codes. A click that was no person's cannot earn; one that was merely repeated can.
NO_CLICK = "no_click"
BAD_TOKEN = "bad_token"  # noqa: S105  a reason, not a secret
OTHER_MERCHANT = "other_merchant"
AFTER_ORDER = "after_order"
OUTSIDE_WINDOW = "outside_window"
NOT_ENROLLED = "not_enrolled"
CLICK_NOT_QUALIFIED = "click_not_qualified"
NO_TERMS = "no_terms"
TEST_ORDER = "test_order"
CANCELLED = "cancelled"
WON = "won"
EARLIER_CLICK = "earlier_click"
NOBODYS_CLICK = frozenset({"bot", "head", "prefetch", "embedded", "no_agent"})
NOT_LOADED = "not_loaded"


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What attribution needs to know of an order. `brought_token`: it carried a click token, readable or not."""

    merchant_id: int
    placed_at: datetime
    brought_token: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """One click that might have caused the order. `visit` is qualified, not_loaded, or why the click was not."""

    link_id: int
    community_id: int
    merchant_id: int
    curator_id: int | None
    clicked_at: datetime
    nonce: int
    visit: str = "qualified"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of terms or of a split, in force from a moment on until a later one's."""

    id: int
    version: int
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """A community's enrollment in one of the merchant's programmes, with all versions of terms and split."""

    programme_id: int
    enrollment_id: int
    merchant_id: int
    community_id: int
    window_days: int
    enrolled_at: datetime
    ended_at: datetime | None
    terms: tuple[Version, ...]
    splits: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Credit:
    """The order is this candidate's, under these versions for life."""

    candidate: Candidate
    offer: Offer
    terms_id: int
    split_id: int
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Declined:
    """Nobody is credited. `candidate` is the click that came nearest, if the store's order brought one of its own."""

    reason: str
    candidate: Candidate | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Judged:
    candidate: Candidate
    verdict: str
    offer: Offer | None = None
    terms: Version | None = None
    split: Version | None = None


def attribute(order: OrderFacts, candidates: Sequence[Candidate], offers: Sequence[Offer]) -> Credit | Declined:
    """Credit the last click that counts; otherwise the reason of the last click that does not."""
    if not candidates:
        return Declined(BAD_TOKEN if order.brought_token else NO_CLICK, evidence={"candidates": []})
    latest_first = sorted(candidates, key=lambda one: (one.clicked_at, one.nonce), reverse=True)
    judged = [_judge(order, candidate, offers) for candidate in latest_first]
    winner = next((one for one in judged if one.verdict == WON), None)
    evidence = {"candidates": [_told(one, winner) for one in judged]}
    if winner and winner.offer and winner.terms and winner.split:
        return Credit(winner.candidate, winner.offer, winner.terms.id, winner.split.id, evidence)
    nearest = judged[0]
    known = None if nearest.verdict == OTHER_MERCHANT else nearest.candidate
    return Declined(nearest.verdict, known, evidence)


def _judge(order: OrderFacts, click: Candidate, offers: Sequence[Offer]) -> _Judged:
    if click.merchant_id != order.merchant_id:
        return _Judged(click, OTHER_MERCHANT)
    # Stores tell the moment of an order in whole seconds: a click within that second came before it.
    if click.clicked_at.replace(microsecond=0) > order.placed_at:
        return _Judged(click, AFTER_ORDER)
    if click.visit in NOBODYS_CLICK:
        return _Judged(click, CLICK_NOT_QUALIFIED)
    enrolled = [offer for offer in offers if _enrolled(offer, click)]
    if not enrolled:
        return _Judged(click, NOT_ENROLLED)
    return _judge_programme(order, click, enrolled)


def _enrolled(offer: Offer, click: Candidate) -> bool:
    if (offer.community_id, offer.merchant_id) != (click.community_id, click.merchant_id):
        return False
    return offer.enrolled_at <= click.clicked_at and (offer.ended_at is None or click.clicked_at < offer.ended_at)


def _judge_programme(order: OrderFacts, click: Candidate, enrolled: Sequence[Offer]) -> _Judged:
    """Of the programmes with terms in force at the order, the newest enrollment; then its window."""
    moment = max(order.placed_at, click.clicked_at)  # they differ within a second at most
    for offer in sorted(enrolled, key=lambda one: (one.enrolled_at, one.enrollment_id), reverse=True):
        terms, split = in_force(offer.terms, moment), in_force(offer.splits, moment)
        if terms and split:
            inside = order.placed_at - click.clicked_at <= timedelta(days=offer.window_days)
            return _Judged(click, WON if inside else OUTSIDE_WINDOW, offer, terms, split)
    return _Judged(click, NO_TERMS)


def _told(judged: _Judged, winner: _Judged | None) -> dict[str, Any]:
    """A candidate as evidence, for people and programs."""
    click, offer = judged.candidate, judged.offer
    late = judged.verdict == WON and judged is not winner
    return {
        "source": "token",
        "link": click.link_id,
        "community": click.community_id,
        "clicked_at": click.clicked_at.isoformat().replace("+00:00", "Z"),
        "visit": click.visit,
        "verdict": EARLIER_CLICK if late else judged.verdict,
        "programme": offer.programme_id if offer else None,
        "window_days": offer.window_days if offer else None,
    }
