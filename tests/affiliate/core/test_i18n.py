"""Amounts, numbers and rates as people write them; plurals; which language answers whom."""

from __future__ import annotations

import pytest
from flask import Flask, render_template_string

from affiliate.core.i18n import format_bps, format_money, format_number, merged_catalogue

NO_BREAK = "\u00a0"


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "text"),
    [
        (150_000_000, "IDR", "id", "Rp1.500.000"),
        (150_000_000, "IDR", "en", "Rp1.500.000"),
        (150_000_050, "IDR", "id", "Rp1.500.000,50"),
        (5, "IDR", "id", "Rp0,05"),
        (0, "IDR", "id", "Rp0"),
        (-34_740_000, "IDR", "id", "−Rp347.400"),
        (1250, "USD", "en", "$12.50"),
        (-1250, "USD", "en", "−$12.50"),
        (1250, "USD", "id", "US$12,50"),
        (1500, "JPY", "en", "¥1,500"),
        (1500, "KWD", "en", "KWD1.500"),
    ],
)
def test_amounts(minor, currency, locale, text):
    assert format_money(minor, currency, locale=locale) == text


@pytest.mark.parametrize(("code", "number", "rate"), [("id", "1.234.567", "12,5"), ("en", "1,234,567", "12.5")])
def test_numbers_and_rates_follow_the_language(app: Flask, code, number, rate):
    with app.test_request_context("/", headers={"Accept-Language": code}):
        assert format_number(1_234_567) == number
        assert format_bps(1250) == f"{rate}{NO_BREAK}%"
        assert format_number(-3) == "−3"


@pytest.mark.parametrize(
    ("code", "forms", "texts"),
    [("id", 1, ["0 klik", "1 klik", "2 klik"]), ("en", 2, ["0 clicks", "1 click", "2 clicks"])],
)
def test_each_language_has_its_own_plurals(app: Flask, code, forms, texts):
    assert merged_catalogue(code).num_plurals == forms
    text = '{{ ngettext("%(count)s click", "%(count)s clicks", n, count=n) }}'
    with app.test_request_context("/", headers={"Accept-Language": code}):
        assert [render_template_string(text, n=n) for n in (0, 1, 2)] == texts


def test_what_goes_into_a_text_is_escaped(app: Flask):
    with app.test_request_context("/"):
        page = render_template_string('{{ _("Good day, %(name)s", name="<b>Sari</b>") }}')
    assert "&lt;b&gt;" in page
    assert "<b>" not in page


def shown(client, **headers) -> str:
    page = client.get("/sign-in", headers=headers).text
    return page.split('<html lang="')[1][:2]


def test_the_browser_speaks_for_a_visitor_and_indonesian_for_nobody(client):
    assert shown(client) == "id"
    assert shown(client, **{"Accept-Language": "de-DE,de;q=0.9"}) == "id"
    assert shown(client, **{"Accept-Language": "en-GB,en;q=0.9,id;q=0.5"}) == "en"
    assert shown(client, **{"Accept-Language": "nonsense;;q=2"}) == "id"
