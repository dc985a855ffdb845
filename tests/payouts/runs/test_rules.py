"""Who is due, the digest, and cut-offs, as tables of cases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from payouts.runs import rules
from payouts.runs.rules import Due, LeftOut, Line, Position, Reason

CUTOFF = datetime(2026, 11, 15, 16, 59, 59, 999999, tzinfo=UTC)
LINES = [Line("community:3", 5000, "manual", "SITI · BCA (014) · 0012"), Line("curator:1", 700, "manual", "")]


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (Position("community:1", 100), Due("community:1", 100)),
        (Position("member:1", 100, held_minor=50, unfunded_minor=9), Due("member:1", 100)),
        (Position("curator:1", 99), LeftOut("curator:1", Reason.BELOW_MINIMUM, 99)),
        (Position("community:1", 0, held_minor=500), LeftOut("community:1", Reason.HELD, 500)),
        (Position("community:1", 0, unfunded_minor=70), LeftOut("community:1", Reason.NOT_FUNDED, 70)),
        (Position("community:1", -40, held_minor=500), LeftOut("community:1", Reason.DEBT, -40)),
        (Position("community:1", 300, open_minor=1000), LeftOut("community:1", Reason.OPEN_PAYOUT, 1300)),
        (Position("community:1", 0), None),
        (Position("platform", 5000), None),
        (Position("merchant:1", 5000), None),
    ],
)
def test_everybody_with_money_is_due_or_has_a_reason(position, expected):
    plan = rules.plan([position], minimum_minor=100)
    assert [*plan.due, *plan.left_out] == ([expected] if expected else [])


def test_without_a_minimum_nothing_is_still_not_paid():
    assert rules.plan([Position("community:1", 0)], minimum_minor=0).due == ()
    assert rules.plan([Position("community:1", 1)], minimum_minor=0).total_minor == 1


def test_lists_are_sorted_by_owner():
    plan = rules.plan(
        [Position("curator:2", 5), Position("community:9", 5), Position("curator:1", -5)], minimum_minor=0
    )
    assert [row.owner for row in plan.due] == ["community:9", "curator:2"]
    assert plan.owners == {"community:9", "curator:1", "curator:2"}


def test_digest_does_not_depend_on_order():
    assert rules.digest("IDR", CUTOFF, LINES) == rules.digest("IDR", CUTOFF, LINES[::-1])


@pytest.mark.parametrize(
    "other",
    [
        ("USD", CUTOFF, LINES),
        ("IDR", CUTOFF.replace(microsecond=0), LINES),
        ("IDR", CUTOFF, LINES[:1]),
        ("IDR", CUTOFF, [LINES[0], Line("curator:1", 701, "manual", "")]),
        ("IDR", CUTOFF, [LINES[0], Line("curator:1", 700, "bank_file", "")]),
        ("IDR", CUTOFF, [LINES[0], Line("curator:1", 700, "manual", "ANDI")]),
        ("IDR", CUTOFF, [LINES[0], Line("curator:2", 700, "manual", "")]),
    ],
)
def test_digest_sees_every_change(other):
    assert rules.digest(*other) != rules.digest("IDR", CUTOFF, LINES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-15", CUTOFF),
        ("2026-11-15T10:00:00Z", datetime(2026, 11, 15, 10, tzinfo=UTC)),
        ("2026-11-15T17:00:00+07:00", datetime(2026, 11, 15, 10, tzinfo=UTC)),
        ("2026-11-15T10:00:00.5Z", datetime(2026, 11, 15, 10, 0, 0, 500000, tzinfo=UTC)),
        ("2026-11-15T10:00:00", None),
        ("2026-02-30", None),
        ("2026-W48-7", None),
        ("15/11/2026", None),
        ("", None),
        ("0001-01-01", None),
        ("9999-12-31", None),
        ("9999-12-31T23:59:59-23:59", None),
        ("1999-06-01", None),
        ("２０２６-11-15", None),
    ],
)
def test_a_cutoff_is_a_moment_or_the_end_of_a_day_in_jakarta(text, expected):
    assert rules.read_cutoff(text) == expected
