"""What people type about terms and splits, as the API's values; errors by the names of the form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale

from affiliate.core import money
from affiliate.core.errors import Invalid
from affiliate.merchants import forms
from affiliate.merchants.models import Rate, RateKind, RateScope

NOW = datetime(2026, 11, 1, 20, 30, 5, 123456, tzinfo=UTC)  # already the 2nd in Jakarta


def form(*rows: tuple[str, str, str, str], start: int = 0) -> dict[str, str]:
    return {
        f"{part}-{number}": value
        for number, row in enumerate(rows, start)
        for part, value in zip(forms.ROW_PARTS, row, strict=True)
    }


def rates(*rows: tuple[str, str, str, str], currency: str = "IDR") -> list[dict]:
    return forms.rates(forms.rows(form(*rows)), currency)


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        (("all", "", "percent", "12,5 %"), {"scope": RateScope.ALL, "match": None, "bps": 1250, "amount": None}),
        (("brand", " Acme ", "percent", "7"), {"scope": RateScope.BRAND, "match": "Acme", "bps": 700}),
        (("sku", "Z-1", "per_item", "Rp5.000"), {"kind": RateKind.PER_ITEM, "bps": None, "amount": "5000.00"}),
        (("category", "Kebaya", "per_order", "1.500,50"), {"kind": RateKind.PER_ORDER, "amount": "1500.50"}),
        (("all", "", "per_item", "0.01 USD"), {"amount": {"amount": "0.01", "currency": "USD"}}),
    ],
)
def test_a_row_is_read_as_the_api_takes_it(app: Flask, row, kept):
    (rate,) = rates(row)
    assert {name: rate[name] for name in kept} == kept


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (("all", "", "percent", "sepuluh"), {"value-7"}), (("all", "", "percent", "101"), {"value-7"}),
        (("all", "", "percent", "-1"), {"value-7"}), (("all", "Kebaya", "percent", "10"), {"match-7"}),
        (("brand", "", "percent", "10"), {"match-7"}), (("brand", "Acme", "percent", ""), {"value-7"}),
        (("emperor", "", "percent", "10"), {"scope-7"}), (("all", "", "emperor", "10"), {"kind-7"}),
        (("sku", "x" * 201, "percent", "10"), {"match-7"}),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named_as_the_form_names_it(app: Flask, row, wrong):
    with pytest.raises(Invalid) as refused:
        forms.rates(forms.rows(form(row, start=7)), "IDR")
    assert set(refused.value.fields) == wrong


def test_rows_that_say_nothing_are_left_out_and_numbers_may_have_gaps():
    given = form(("all", "", "percent", "10"), ("brand", "", "percent", "  "), ("sku", "A", "percent", "5"))
    given |= {"value-x": "1", "value-99999": "1", "csrf_token": "x", "scope": "all", "more": "1"}
    assert [row["row"] for row in forms.rows(given)] == ["0", "2"]


def test_no_rate_at_all_is_refused(app: Flask):
    with pytest.raises(Invalid) as refused:
        forms.rates([], "IDR")
    assert set(refused.value.fields) == {"rates"}


@pytest.mark.parametrize("code", ["id", "en"])
@pytest.mark.parametrize("currency", ["IDR", "USD", "JPY", "KWD", "EUR"])
def test_a_kept_amount_comes_back_as_it_was_when_typed_again(app: Flask, code, currency):
    for minor in (0, 1, 150, 123456, 500_000, 987654321):
        rate = Rate(scope=RateScope.ALL, kind=RateKind.PER_ITEM, amount_minor=minor, currency=currency)
        with force_locale(code):
            text = forms.typed_amount(rate, currency)
            (again,) = rates(("all", "", "per_item", text), currency=currency)
        assert money.from_decimal(again["amount"], currency) == minor, text


@pytest.mark.parametrize("code", ["id", "en"])
@pytest.mark.parametrize("bps", [0, 1, 5, 50, 725, 1000, 1250, 9999, 10_000])
def test_a_kept_percentage_comes_back_too(app: Flask, code, bps):
    with force_locale(code):
        (again,) = rates(("all", "", "percent", forms.typed_percent(bps)))
    assert again["bps"] == bps


def test_an_amount_of_another_currency_keeps_its_currency(app: Flask):
    rate = Rate(scope=RateScope.ALL, kind=RateKind.PER_ITEM, amount_minor=1, currency="USD")
    (again,) = rates(("all", "", "per_item", forms.typed_amount(rate, "IDR")))
    assert again["amount"] == {"amount": "0.01", "currency": "USD"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", datetime(2026, 11, 1, 20, 30, 5, tzinfo=UTC)),
        ("2026-11-02", datetime(2026, 11, 1, 20, 30, 5, tzinfo=UTC)),  # today, there: at once
        ("2026-11-03", datetime(2026, 11, 2, 17, 0, tzinfo=UTC)),
        (" 2026-12-25 ", datetime(2026, 12, 24, 17, 0, tzinfo=UTC)),
    ],
)
def test_a_day_begins_in_the_programmes_zone(text, expected):
    assert forms.begins(text, "Asia/Jakarta", now=NOW) == expected


@pytest.mark.parametrize(
    "text", ["2026-11-01", "besok", "2026-02-30", "2200-01-01", "0001-01-01", "٢٠٢٦-١١-٠٣x", "x" * 999]
)
def test_any_other_day_is_refused(text):
    with pytest.raises(Invalid) as refused:
        forms.begins(text, "Asia/Jakarta", now=NOW)
    assert set(refused.value.fields) == {"valid_from"}


def test_an_example_is_split_to_the_last_unit(app: Flask):
    from affiliate.merchants.models import Split

    split = Split(platform_bps=1000, community_bps=6001, curator_bps=2999, evangelist_bps=0)
    rate = Rate(scope=RateScope.ALL, kind=RateKind.PERCENT, rate_bps=333)
    told = forms.shares([rate], split, "IDR")
    assert told is not None
    assert told[0] == ("all", 999_000)
    assert sum(part for _name, part in told[1:]) == 999_000
    assert forms.shares([], split, "IDR") is None


def test_a_part_of_a_form_without_a_name_says_nothing():
    """As werkzeug reads a multipart body whose part names itself nothing."""
    given: dict[Any, str] = {**form(("all", "", "percent", "10")), None: "x"}
    assert [row["row"] for row in forms.rows(given)] == ["0"]
