"""A drop of a store's conversion rate below its own past, tested over cohorts of clicks by day. Pure.

The test is the one-sided CUSUM of the Poisson log-likelihood ratio (Page, "Continuous inspection schemes",
Biometrika 41, 1954; Lucas, "Counted data CUSUM's", Technometrics 27, 1985): a day on which E orders were to be
expected and x came adds `d·E + x·ln(1 − d)` for a supposed drop d, never below nought, and the sum is held
against a limit. Days that vary more than Poisson's are slowed down by the dispersion seen in the past.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

SUPPOSED_DROP = 0.1
LIMIT = 5.0  # an honest store crosses it about once in two years (ADR 0022)
PAST_DAYS = 56
WATCHED_DAYS = 28
ENOUGH_ORDERS = 200  # in the past


class Verdict(StrEnum):
    """What the figures allow us to say."""

    NOT_ENOUGH = "not_enough"
    USUAL = "usual"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Day:
    """The qualified clicks of one day and the orders they have brought so far."""

    clicks: int
    orders: int


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict with its inputs, so that a person can recompute it."""

    verdict: Verdict
    past_orders: int
    past_rate: float
    dispersion: float
    expected: float
    came: int
    score: float


def ripe(delays: Sequence[int], age_days: int) -> float:
    """Share of the orders a cohort will bring that have come at this age; `delays[n]` orders took n whole days."""
    total = sum(delays)
    return sum(delays[: age_days + 1]) / total if total else 1.0


def judge(days: Sequence[Day], delays: Sequence[int], everyone: Sequence[float] = ()) -> Finding:
    """Days oldest first, the last one just ended; `everyone` is what all other stores did of their own usual, a day.

    A drop shared by all (an outage of ours, a holiday) lowers what is expected; a common rise never raises it.
    """
    past, watched = days[:-WATCHED_DAYS][-PAST_DAYS:], days[-WATCHED_DAYS:]
    orders = sum(day.orders for day in past)
    shared = [min(1.0, share) for share in everyone] or [1.0] * len(days)
    weights = [day.clicks * ripe(delays, len(days) - 1 - place) * shared[place] for place, day in enumerate(days)]
    weight = sum(weights[:-WATCHED_DAYS][-PAST_DAYS:])
    if orders < ENOUGH_ORDERS or not weight or len(watched) < WATCHED_DAYS:
        return Finding(Verdict.NOT_ENOUGH, orders, 0.0, 1.0, 0.0, sum(day.orders for day in watched), 0.0)
    rate = orders / weight
    spread = dispersion(past, [rate * one for one in weights[:-WATCHED_DAYS][-PAST_DAYS:]])
    expected = [rate * one for one in weights[-WATCHED_DAYS:]]
    score = cusum([day.orders for day in watched], expected) / spread
    verdict = Verdict.DROP if score > LIMIT else Verdict.USUAL
    return Finding(verdict, orders, rate, spread, sum(expected), sum(day.orders for day in watched), score)


def cusum(came: Sequence[int], expected: Sequence[float]) -> float:
    """The score after the last day: the strongest evidence for a drop that began on any of these days and lasts."""
    score = 0.0
    for orders, usual in zip(came, expected, strict=True):
        score = max(0.0, score + SUPPOSED_DROP * usual + orders * math.log1p(-SUPPOSED_DROP))
    return score


def dispersion(past: Sequence[Day], expected: Sequence[float]) -> float:
    """Pearson's chi-square over its degrees of freedom (McCullagh, Nelder, 1989, §6.2.3); 1 while chance explains it.

    Chance: two standard deviations of a chi-square, so that an ordinary past does not dull the test.
    """
    terms = [(day.orders - usual) ** 2 / usual for day, usual in zip(past, expected, strict=True) if usual > 0]
    if len(terms) < 2:
        return 1.0
    spread = sum(terms) / (len(terms) - 1)
    return spread if spread > 1 + 2 * math.sqrt(2 / (len(terms) - 1)) else 1.0
