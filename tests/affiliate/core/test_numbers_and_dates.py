"""A column of numbers or dates is read one way, and says so when it cannot know which."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from affiliate.core import dates, numbers
from affiliate.core.records import Exact

JAKARTA = ZoneInfo("Asia/Jakarta")


@pytest.mark.parametrize(
    ("text", "sign", "number"),
    [
        ("149000", ".", "149000"), ("149.000", ",", "149000"), ("149.000,00", ",", "149000.00"),
        ("1,234.50", ".", "1234.50"), ("Rp 149.000", ",", "149000"), ("Rp149.000,-", ",", "149000"),
        ("? 648", ".", "648"), ("(12.50)", ".", "-12.50"), ("-12.50", ".", "-12.50"), ("12,50-", ",", "-12.50"),
        ("\u221212.50", ".", "-12.50"), ("1 234,50 €", ",", "1234.50"), ("1'234.50", ".", "1234.50"),
        ("12,34,567.00", ".", "1234567.00"), ("IDR 5", ",", "5"), (".5", ".", "0.5"), ("٣٤", ".", "34"),
    ],
)  # fmt: skip
def test_a_number_is_read_by_the_columns_sign(text, sign, number):
    assert numbers.read(text, sign) == Decimal(number)


@pytest.mark.parametrize(
    "text", ["", "x", "1.2.3,4,5", "1,23.50", "12.5.", "1e5", "--3", "12 34 x 5 .,", "9" * 61, "One", "1,2345"]
)
def test_what_is_no_number_of_this_sign_is_none(text):
    assert numbers.read(text, ".") is None


@pytest.mark.parametrize(
    ("cells", "verdict", "still_open"),
    [
        (["149000", "5"], None, 0),
        (["149.000", "1.234"], None, 2),
        (["149.000", "12,5"], ",", 1),
        (["1.234.567"], ",", 0),
        (["1,234.50", "1.5"], ".", 0),
        (["1,234.50", "1.234,50"], numbers.MIXED, 0),
        ([Exact("1.234"), "149.000"], None, 1),
        (["0.125"], ".", 0),
    ],
)
def test_the_sign_is_proved_by_the_cells_that_mean_one_thing(cells, verdict, still_open):
    signs = numbers.Signs()
    for cell in cells:
        signs.see(cell)
    assert (signs.verdict, signs.open) == (verdict, still_open)


def test_three_digits_behind_a_sign_are_thousands_where_the_currency_has_no_three_decimals():
    assert numbers.by_currency("149.000", "IDR") == ","
    assert numbers.by_currency("149,000", "JPY") == "."
    assert numbers.by_currency("1.234", "KWD") is None


@pytest.mark.parametrize(
    ("text", "damaged"),
    [
        ("1.23457E+15", True),
        ("1,23457E+15", True),
        ("2E+5", True),
        ("1E15", False),
        ("INV-1E+15", False),
        ("12", False),
    ],
)
def test_what_a_spreadsheet_leaves_of_a_long_id_is_known(text, damaged):
    assert numbers.is_damaged_id(text) is damaged


@pytest.mark.parametrize(
    ("text", "order", "moment"),
    [
        ("2026-11-01", "day_first", datetime(2026, 11, 1, 16, 59, 59, tzinfo=UTC)),
        ("2026-11-01 08:30:00", "month_first", datetime(2026, 11, 1, 1, 30, tzinfo=UTC)),
        ("2026-11-01T08:30:00Z", "day_first", datetime(2026, 11, 1, 8, 30, tzinfo=UTC)),
        ("2026-11-01 08:30:00.123 +0900", "day_first", datetime(2026, 10, 31, 23, 30, tzinfo=UTC)),
        ("20261101", "day_first", datetime(2026, 11, 1, 16, 59, 59, tzinfo=UTC)),
        ("4/30/22", "month_first", datetime(2022, 4, 30, 16, 59, 59, tzinfo=UTC)),
        ("05/04/2026 7:05 PM", "day_first", datetime(2026, 4, 5, 12, 5, tzinfo=UTC)),
        ("05/04/2026 7:05 PM", "month_first", datetime(2026, 5, 4, 12, 5, tzinfo=UTC)),
        ("1 Mei 2026", "month_first", datetime(2026, 5, 1, 16, 59, 59, tzinfo=UTC)),
        ("31 Agustus 2026 10:00 WIB", "day_first", datetime(2026, 8, 31, 3, tzinfo=UTC)),
        ("Dec 1, 2026", "day_first", datetime(2026, 12, 1, 16, 59, 59, tzinfo=UTC)),
        ("12 AM", "day_first", None), ("31/02/2026", "day_first", None), ("1/13/2026", "day_first", None),
        ("0000-00-00 00:00:00", "day_first", None), ("2026-11-01 25:00", "day_first", None), ("x", "day_first", None),
        ("1999-12-31", "day_first", None), ("11/11/2026 13:00 PM", "day_first", None),
    ],
)  # fmt: skip
def test_a_day_is_read_by_the_columns_order_and_the_stores_zone(text, order, moment):
    found = dates.read(text, order)
    assert (found and found.moment(JAKARTA)) == moment


@pytest.mark.parametrize(
    ("cells", "verdict", "still_open"),
    [
        (["01/02/2026", "03/03/2026"], None, 1),
        (["01/02/2026", "13/02/2026"], "day_first", 1),
        (["01/02/2026", "02/13/2026"], "month_first", 1),
        (["13/02/2026", "02/13/2026"], dates.MIXED, 0),
        (["2026-01-02", "1 Mei 2026"], None, 0),
    ],
)
def test_the_order_is_proved_by_the_cells_that_mean_one_thing(cells, verdict, still_open):
    orders = dates.Orders()
    for cell in cells:
        orders.see(cell)
    assert (orders.verdict, orders.open) == (verdict, still_open)
