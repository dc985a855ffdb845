"""Attribution: every row of the table, and what holds for all of them."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from affiliate.conversions import ladder, rules
from affiliate.conversions.rules import Attribution
from affiliate.conversions.touches import Source, Version
from affiliate.merchants.models import Rung
from tests.affiliate.conversions.cases import CASES, EARLY, PLACED, WHOLE, Case, known, of, own, seen


def settled(case: Case, *, again: int = 1, dice: random.Random | None = None) -> Attribution:
    candidates = case.candidates() * again
    if dice:
        dice.shuffle(candidates)
    return rules.attribute(case.order, candidates, case.offers())


def outcome(case: Case, verdict: Attribution) -> dict[str, int | str]:
    """By the names of the case: parts of the winners, reasons of the losers."""
    found = {}
    for number, told in enumerate(case.touches, 1):
        (one,) = (
            one
            for one in verdict.evidence["candidates"]
            if one["source"] == told.source.value and (one["link"] == number or one["link"] is None)
            and one["code"] in {None, told.name}
        )  # fmt: skip
        found[told.name] = one["weight_bps"] or one["verdict"]
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_row_of_the_table(case):
    verdict = settled(case)
    assert (verdict.reason, outcome(case, verdict)) == (case.declined, case.outcome)
    assert sum(credit.weight_bps for credit in verdict.credits) == (0 if case.declined else WHOLE)


def test_the_table_is_as_long_as_was_promised():
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)
    told = {word for case in CASES for word in case.outcome.values() if isinstance(word, str)}
    assert len(told) >= 18, "every reason of a loser stands in some row"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_neither_order_nor_repetition_matters(case):
    assert settled(case, again=3, dice=random.Random(7)) == settled(case)


def test_one_click_known_in_two_ways_is_one_by_its_strongest_proof():
    case = of("twice known", own("A", 2), gives={})
    click = case.candidates()[0]
    verdict = rules.attribute(case.order, [replace(click, source=Source.CUSTOMER), click], case.offers())
    assert [one["source"] for one in verdict.evidence["candidates"]] == ["token"]


def test_of_several_versions_the_latest_that_has_begun_counts():
    case = of("versions", own("A", 1))
    terms = (Version(21, 1, EARLY), Version(22, 2, PLACED), Version(23, 3, PLACED + timedelta(seconds=1)))
    offers = [replace(case.offers()[0], terms=terms)]
    assert rules.attribute(case.order, case.candidates(), offers).terms_id == 22


def test_terms_of_the_same_second_hold_for_a_click_within_it():
    moment = PLACED + timedelta(milliseconds=300)
    case = of("same second", own("A", -0.5 / 86_400))
    offer = replace(
        case.offers()[0], enrolled_at=moment, terms=(Version(21, 1, moment),), splits=(Version(31, 1, moment),)
    )
    assert rules.attribute(case.order, case.candidates(), [offer]).reason is None


def test_of_several_programmes_the_newest_enrollment_with_terms_counts():
    case = of("programmes", own("A", 1), programme={"A": (1, 2, 3)})
    old, newer, empty = case.offers()
    newer = replace(newer, enrolled_at=EARLY + timedelta(days=1))
    empty = replace(empty, enrolled_at=EARLY + timedelta(days=2), terms=())
    old = replace(old, enrolled_at=EARLY)
    for offers in itertools.permutations((old, newer, empty)):
        (credit,) = rules.attribute(case.order, case.candidates(), offers).credits
        assert credit.offer == newer


def test_a_declined_order_names_who_came_nearest_unless_it_was_another_stores():
    assert settled(of("near", own("A", 1, visit="bot"))).nearest.community_id == ord("A")
    assert settled(of("foreign", own("A", 1, merchant_id=6))).nearest is None


def test_touches_of_one_link_are_one_credit_and_the_largest_comes_first():
    case = of("one link", seen("A", 5, link_id=9), seen("A2", 4, link_id=9), own("B", 3), model="linear")
    verdict = settled(case)
    assert [(credit.candidate.community_id, credit.weight_bps) for credit in verdict.credits] == [
        (ord("A"), 6667), (ord("B"), 3333),
    ]  # fmt: skip


def test_each_community_that_lost_is_told_once_by_its_latest():
    case = of("losers", known("A", 9), known("A2", 8), known("B", 7), own("C", 3))
    lost = settled(case).lost
    assert [(one.candidate.community_id, one.verdict) for one in lost] == [
        (ord("A"), "earlier_click"), (ord("B"), "earlier_click"),
    ]  # fmt: skip
    assert lost[0].candidate.nonce == 2


def test_the_evidence_tells_the_rule_that_decided():
    case = of("rule", seen("A", 5), own("B", 3), model="linear", window=45)
    evidence = settled(case).evidence
    assert evidence["decided_by"] == "token"
    assert evidence["rule"] == {
        "programme": 1, "window_days": 45, "version": 1, "model": "linear", "coupon_rule": "click_wins",
        "ladder": ["token", "coupon", "remembered", "reference"],
    }  # fmt: skip
    assert [one["community"] for one in evidence["candidates"]] == [ord("B"), ord("A")]


def test_only_an_old_own_click_moves_the_coupon_up():
    case = of("rungs", own("A", 2), rule="fresh_click_wins")
    own_click = rules.judge(case.order, case.candidates()[0], case.offers())
    assert ladder.rungs_for(case.order, [own_click], case.policy())[0] is Rung.COUPON
    assert ladder.rungs_for(case.order, [], case.policy())[0] is Rung.TOKEN
