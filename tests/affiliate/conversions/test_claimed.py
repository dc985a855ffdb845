"""An accepted claim among the candidates: it counts only where nothing on the programme's ladder does."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from affiliate.conversions import rules
from affiliate.conversions.touches import Candidate, OrderFacts, Source
from tests.affiliate.conversions.cases import CASES, EARLY, PLACED, Case, of, own

WHOLE = 10_000


def offers(case: Case, community: int):
    """The case's offers, and the same programme offered to the claiming community."""
    given = case.offers()
    return [*given, replace(given[0], community_id=community, enrollment_id=990, enrolled_at=EARLY, ended_at=None)]


def claim_of(community: int, merchant: int) -> Candidate:
    return Candidate(Source.CLAIM, PLACED, merchant, community, code="7")


@pytest.mark.parametrize("case", [case for case in CASES if case.offers()], ids=lambda case: case.name)
def test_a_claim_takes_nothing_from_whoever_is_credited_and_all_of_what_nobody_has(case):
    before = rules.attribute(case.order, case.candidates(), case.offers())
    claim = claim_of(99, case.order.merchant_id)
    given = [*case.candidates(), claim]
    random.Random(5).shuffle(given)
    after = rules.attribute(case.order, given, offers(case, 99))
    told = next(one for one in after.evidence["candidates"] if one["source"] == "claim")
    if before.credits:
        assert after.credits == before.credits
        assert told["weight_bps"] == 0
        assert told["verdict"] in {"lower_rung", "other_programme"}
    elif told["verdict"] != "no_terms":
        assert [(one.candidate, one.weight_bps) for one in after.credits] == [(claim, WHOLE)]
        assert after.evidence["decided_by"] == "claim"


def test_a_claim_of_a_community_that_was_not_enrolled_then_credits_nobody():
    case = of("one click", own("A", 2), gives={})
    given = case.offers()
    late = replace(given[0], community_id=99, enrolled_at=PLACED.replace(year=PLACED.year + 1))
    verdict = rules.attribute(
        OrderFacts(case.order.merchant_id, PLACED), [claim_of(99, case.order.merchant_id)], [late]
    )
    assert (verdict.reason, verdict.credits) == ("not_enrolled", ())
