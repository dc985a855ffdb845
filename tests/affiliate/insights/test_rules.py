"""Periods and ratios."""

from __future__ import annotations

from datetime import date

import pytest

from affiliate.insights.rules import Period, chosen_days, filled, monday_of, period, ratio_bps

TODAY = date(2026, 11, 22)  # a Sunday


def test_a_period_counts_today_in():
    week = period(TODAY, 7)
    assert (week.first, week.last) == (date(2026, 11, 16), TODAY)
    assert len(week.days) == 7
    assert Period(TODAY, TODAY).days == [TODAY]


@pytest.mark.parametrize(
    ("text", "days"), [("7", 7), ("30", 30), ("90", 90), (None, 30), ("", 30), ("8", 30), ("-7", 30), ("７", 30)]
)
def test_what_an_address_does_not_know_is_not_chosen(text, days):
    assert chosen_days(text) == days


def test_days_without_anything_are_there_with_zero():
    days = period(TODAY, 3).days
    assert filled({TODAY: 4}, days) == [(days[0], 0), (days[1], 0), (TODAY, 4)]


@pytest.mark.parametrize(
    ("part", "whole", "bps"), [(0, 0, None), (1, 0, None), (0, 5, 0), (1, 3, 3333), (5, 5, 10_000)]
)
def test_a_ratio_of_nothing_is_nothing(part, whole, bps):
    assert ratio_bps(part, whole) == bps


@pytest.mark.parametrize(("day", "monday"), [(22, 16), (16, 16), (17, 16), (23, 23)])
def test_weeks_begin_on_monday(day, monday):
    assert monday_of(date(2026, 11, day)) == date(2026, 11, monday)
