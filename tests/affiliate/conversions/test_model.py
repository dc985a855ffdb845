"""Attribution against a model of thirty lines that shares nothing with it but the inputs: random journeys and rules."""

from __future__ import annotations

import os
import random
from datetime import timedelta
from fractions import Fraction

from affiliate.conversions import rules
from affiliate.merchants.models import AttributionModel, CouponRule, Rung
from affiliate.merchants.rules import ladder_fault
from tests.affiliate.conversions.cases import Case, Told, coupon, known, named, own, seen

ROUNDS = 3000
CLICKS = {"token", "visitor", "member", "customer"}
RUNG_OF = {"visitor": "remembered", "member": "remembered", "customer": "remembered"}


def model(case: Case) -> dict[int, int] | None:
    """Basis points by the number of the touch, or None where nobody is credited. One programme, all enrolled."""
    rung = {n: RUNG_OF.get(t.source.value, t.source.value) for n, t in enumerate(case.touches, 1)}
    age = {n: timedelta(days=t.days) for n, t in enumerate(case.touches, 1)}
    alive = [
        n
        for n, t in enumerate(case.touches, 1)
        if not t.over and timedelta(0) <= age[n] <= timedelta(days=case.window) and rung[n] in case.ladder.split()
    ]
    asked = case.ladder.split()
    mine = [n for n in alive if rung[n] == "token"]
    if case.rule == "fresh_click_wins" and mine and age[mine[0]] > timedelta(hours=24) and "coupon" in asked:
        asked = [word for word in asked if word != "coupon"]
        asked.insert(asked.index("token"), "coupon")
    top = next((word for word in asked if any(rung[n] == word for n in alive)), None)
    if top is None:
        return None
    if top in {"coupon", "reference"}:
        return {next(n for n in alive if rung[n] == top): 10_000}
    path = sorted((n for n in alive if case.touches[n - 1].source.value in CLICKS), key=lambda n: (-age[n], n))
    if case.model == "last_click":
        return {[n for n in path if rung[n] == top][-1]: 10_000}
    if case.model == "first_click":
        return {path[0]: 10_000}
    if case.model == "time_decay":
        raw = [2.0 ** (-age[n] / timedelta(days=7)) for n in path]
    elif case.model == "position" and len(path) > 2:
        raw = [Fraction(2, 5), *[Fraction(1, 5) / (len(path) - 2)] * (len(path) - 2), Fraction(2, 5)]
    else:
        raw = [Fraction(1)] * len(path)
    exact = [part * 10_000 / sum(raw) for part in raw]
    given = [int(part + Fraction(1, 10**9)) for part in exact]
    for place in sorted(range(len(path)), key=lambda k: (round(given[k] - exact[k], 6), k))[: 10_000 - sum(given)]:
        given[place] += 1
    return {n: part for n, part in zip(path, given, strict=True) if part}


def journey(dice: random.Random) -> Case:
    """A random history with a rule that a programme may have."""
    while True:
        rule, way = dice.choice(list(CouponRule)), dice.choice(list(AttributionModel))
        rungs = dice.sample(list(Rung), dice.randint(1, 4))
        if ladder_fault(rungs, rule, way) is None:
            break
    ages = [dice.choice([0, 0.5, 1, 1.5, 3, 7, 8.25, 14, 29.9, 30, 31, 60]) for _ in range(7)]
    touches: list[Told] = [seen(name, ages[place]) for place, name in enumerate("BCD") if dice.random() < 0.5]
    touches += [known(name, ages[place + 3]) for place, name in enumerate("EF") if dice.random() < 0.4]
    if dice.random() < 0.6:
        touches.append(own("A", ages[6], **dice.choice([{}, {}, {"visit": "bot"}])))
    if dice.random() < 0.4:
        touches.append(coupon("G", **dice.choice([{}, {}, {"fault": "coupon_not_valid"}])))
    if dice.random() < 0.3:
        touches.append(named("H"))
    dice.shuffle(touches)
    ladder = " ".join(rungs)
    return Case("random", tuple(touches), {}, None, way.value, ladder, rule.value, dice.choice([7, 30, 45]))


def test_random_journeys_come_to_what_the_model_says(record_property):
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(2**32))
    record_property("seed", seed)
    dice = random.Random(seed)
    credited = 0
    for number in range(ROUNDS):
        case, where = journey(dice), f"seed {seed}, journey {number}"
        expected, candidates = model(case), case.candidates()
        verdict = rules.attribute(case.order, candidates, case.offers())
        parts = {key_of(one, case): one["weight_bps"] for one in verdict.evidence["candidates"] if one["weight_bps"]}
        assert parts == (expected or {}), f"{where}: {case}"
        assert (verdict.reason is None) == (expected is not None), where
        assert sum(credit.weight_bps for credit in verdict.credits) == (10_000 if expected else 0), where
        losers = [one for one in verdict.evidence["candidates"] if not one["weight_bps"]]
        assert all(one["verdict"] != "won" for one in losers), where
        shuffled = candidates * dice.randint(1, 3)
        dice.shuffle(shuffled)
        assert rules.attribute(case.order, shuffled, case.offers()) == verdict, where
        credited += expected is not None
    assert ROUNDS / 3 < credited < ROUNDS, f"seed {seed}: {credited} of {ROUNDS} credited is no test of both"


def key_of(told: dict, case: Case) -> int:
    """The number of the touch in its case."""
    if told["link"]:
        return told["link"]
    return next(n for n, touch in enumerate(case.touches, 1) if touch.name == told["code"])


def test_the_model_is_told_apart_from_a_wrong_one():
    """Negative control: another window makes another outcome, so agreement means something."""
    case = Case("control", (own("A", 20),), {}, window=30)
    narrow = Case("control", (own("A", 20),), {}, window=7)
    assert model(case) == {1: 10_000}
    assert model(narrow) is None
    assert rules.attribute(case.order, case.candidates(), narrow.offers()).reason == "outside_window"
