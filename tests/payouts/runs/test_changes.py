"""What an approver's eye is led to."""

from __future__ import annotations

import pytest

from payouts.runs.changes import Change, Paid, changes

HERE, THERE = "SITI · BCA (014) · 0012", "SITI · BRI (002) · 9999"


@pytest.mark.parametrize(
    ("now", "before", "indebted", "expected"),
    [
        (Paid("a", 100, HERE), None, False, [Change.FIRST]),
        (Paid("a", 100, ""), None, False, [Change.NO_PAYEE, Change.FIRST]),
        (Paid("a", 100, HERE), Paid("a", 90, HERE), False, []),
        (Paid("a", 100, THERE), Paid("a", 90, HERE), False, [Change.NEW_PAYEE]),
        (Paid("a", 100, HERE), Paid("a", 90, ""), False, [Change.NEW_PAYEE]),
        (Paid("a", 270, HERE), Paid("a", 90, HERE), False, [Change.JUMP]),
        (Paid("a", 269, HERE), Paid("a", 90, HERE), False, []),
        (Paid("a", 100, HERE), Paid("a", 90, HERE), True, [Change.AFTER_DEBT]),
    ],
)
def test_changes_since_the_last_payout(now, before, indebted, expected):
    found = changes([now], {"a": before} if before else {}, frozenset({"a"} if indebted else ()))
    assert found == {"a": expected}
