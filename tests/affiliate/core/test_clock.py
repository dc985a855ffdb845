"""Days are counted in the programme's zone; stored times are UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from affiliate.core import clock
from affiliate.core.db import UTCDateTime


def test_a_hold_ends_at_the_start_of_a_local_day():
    late = datetime(2026, 11, 1, 18, 0, tzinfo=UTC)  # 2 November, 01.00 in Jakarta
    assert clock.after_days(late, 14, "Asia/Jakarta") == datetime(2026, 11, 15, 17, 0, tzinfo=UTC)
    assert clock.after_days(late, 0, "Asia/Jakarta") == datetime(2026, 11, 1, 17, 0, tzinfo=UTC)


def test_summer_time_changes_the_offset_not_the_day():
    before = datetime(2026, 10, 20, 12, 0, tzinfo=UTC)
    assert clock.after_days(before, 10, "Europe/Berlin") == datetime(2026, 10, 29, 23, 0, tzinfo=UTC)


def test_times_in_json_end_in_z():
    assert clock.rfc3339(datetime(2026, 11, 1, 10, tzinfo=UTC)) == "2026-11-01T10:00:00Z"


def test_a_naive_time_is_never_stored():
    with pytest.raises(ValueError, match="aware"):
        UTCDateTime().process_bind_param(datetime(2026, 1, 1), None)  # noqa: DTZ001  that is the point
