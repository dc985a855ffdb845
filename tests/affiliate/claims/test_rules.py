"""Rules of claims, as tables."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from affiliate.claims import rules
from affiliate.claims.rules import Flag, Turn

TODAY = date(2026, 11, 1)
NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("A-1", "a-1"), ("#1001", "1001"), (" # 10 01 ", "1001"), ("##x", "x"), ("#", ""), ("ＡB", "ａb")],
)
def test_an_order_number_is_what_people_mean_by_it(typed, meant):
    assert rules.key_of(typed) == meant


@pytest.mark.parametrize(("days", "may"), [(-1, False), (0, True), (1, True), (60, True), (61, False)])
def test_an_order_can_be_claimed_from_its_day_on_for_sixty_days(days, may):
    assert rules.may_be_filed(TODAY - timedelta(days=days), TODAY) is may


@pytest.mark.parametrize(
    ("status", "late", "turn"),
    [
        ("open", False, Turn.STORE), ("open", True, Turn.ADMIN), ("appealed", False, Turn.ADMIN),
        ("appealed", True, Turn.ADMIN), ("accepted", True, Turn.NOBODY), ("declined", False, Turn.NOBODY),
    ],
)  # fmt: skip
def test_whose_turn_it_is(status, late, turn):
    due = rules.due_at(NOW)
    assert rules.turn(status, due, due if late else due - timedelta(seconds=1)) is turn


@pytest.mark.parametrize(
    ("start", "enrolled", "expected"),
    [
        (NOW - timedelta(days=3), NOW - timedelta(days=90), NOW - timedelta(days=3)),
        (NOW - timedelta(days=3), NOW - timedelta(days=2), NOW - timedelta(days=2) + timedelta(seconds=1)),
        (NOW, NOW, NOW),
    ],
)
def test_a_claimed_order_is_placed_at_its_days_first_moment_that_can_count(start, enrolled, expected):
    assert rules.placed_at(start, enrolled, NOW) == expected


QUIET = {"clicks": 3, "amount_minor": 100, "usual_minor": 100, "same_pictures": 0, "other_claims": 0}


@pytest.mark.parametrize(
    ("over", "flags"),
    [
        ({}, []),
        ({"clicks": 0}, [Flag.NO_CLICK]),
        ({"amount_minor": 500}, []),
        ({"amount_minor": 501}, [Flag.UNUSUAL_AMOUNT]),
        ({"amount_minor": 501, "usual_minor": None}, []),
        ({"same_pictures": 1, "other_claims": 2}, [Flag.SAME_PICTURE, Flag.CLAIMED_BY_ANOTHER]),
    ],
)
def test_what_is_odd_about_a_claim(over, flags):
    assert rules.flags(**QUIET | over) == flags
