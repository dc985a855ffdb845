"""One row: a product, or every reason why not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.catalogue import problems
from affiliate.catalogue.models import Availability
from affiliate.catalogue.rules import (
    DESCRIPTION_MAX,
    FIELDS,
    TITLE_MAX,
    Context,
    ProductRow,
    availability_of,
    plain_text,
    product_row,
)

CONTEXT = Context("IDR", frozenset({"toko.test"}))
GOOD = {"sku": "K-1", "title": "Kebaya", "url": "https://toko.test/p/1", "price": "Rp150.000"}
ROOM = Path(problems.__file__).parent


def _row(**over: str) -> ProductRow:
    result = product_row({**GOOD, **over}, CONTEXT)
    assert isinstance(result, ProductRow), result
    return result


def _problems(**over: str) -> list[tuple[str, str, str]]:
    result = product_row({**GOOD, **over}, CONTEXT)
    assert isinstance(result, tuple)
    return [tuple(problem) for problem in result]


def test_a_row_becomes_a_product() -> None:
    row = _row(
        sale_price="Rp120.000", brand="Batik&amp;Co", category="Baju > Kebaya", gtin="8991 2345 67890",
        image_url="https://cdn.test/1.jpg", group_key="K", description="<p>Halus<br>dan ringan</p>",
    )  # fmt: skip
    assert (row.price_minor, row.sale_price_minor, row.currency) == (15000000, 12000000, "IDR")
    assert (row.brand, row.category, row.gtin, row.group_key) == ("Batik&Co", "Baju > Kebaya", "8991234567890", "K")
    assert row.description == "Halus dan ringan"
    assert row.availability == "in_stock"
    assert row.search_text() == "kebaya batik&co baju > kebaya k-1"


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({"sku": " "}, ("sku", " ", "id_missing")),
        ({"sku": "x" * 121}, ("sku", "x" * 121, "id_too_long")),
        ({"title": "<b> </b>"}, ("title", "<b> </b>", "title_missing")),
        ({"url": ""}, ("url", "", "link_missing")),
        ({"url": "https://evil.test/"}, ("url", "https://evil.test/", "host_not_allowed")),
        ({"price": ""}, ("price", "", "price_missing")),
        ({"price": "NaN"}, ("price", "NaN", "price_not_a_number")),
        ({"price": "-1"}, ("price", "-1", "price_negative")),
        ({"sale_price": "1,500"}, ("sale_price", "1,500", "price_ambiguous")),
        ({"sale_price": "$1"}, ("sale_price", "$1", "sale_price_currency")),
        ({"currency": "Taler"}, ("currency", "Taler", "price_currency_unknown")),
        ({"availability": "vielleicht"}, ("availability", "vielleicht", "availability_unknown")),
    ],
)
def test_one_wrong_cell_is_named(over: dict[str, str], expected: tuple[str, str, str]) -> None:
    assert _problems(**over) == [expected]


def test_all_wrong_cells_of_a_row_are_named_at_once() -> None:
    codes = [code for _field, _value, code in _problems(sku="", title="", url="x", price="x")]
    assert codes == ["id_missing", "title_missing", "link_unusable", "price_not_a_number"]


@pytest.mark.parametrize("sale", ["", "null", "None", "-", "Rp150.000", "Rp160.000", "0"])
def test_a_reduced_price_that_reduces_nothing_is_left_out(sale: str) -> None:
    assert _row(sale_price=sale).sale_price_minor is None


def test_a_currency_column_holds_for_prices_that_name_none() -> None:
    assert _row(price="12.50", currency="usd").currency == "USD"
    assert _row(price="12.50 EUR", currency="usd").currency == "EUR"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in stock", Availability.IN_STOCK), ("IN_STOCK", Availability.IN_STOCK), ("Available", Availability.IN_STOCK),
        ("https://schema.org/InStock", Availability.IN_STOCK), ("Tersedia", Availability.IN_STOCK),
        ("12", Availability.IN_STOCK), ("", Availability.IN_STOCK), ("0", Availability.OUT_OF_STOCK),
        ("-3", Availability.OUT_OF_STOCK), ("Habis", Availability.OUT_OF_STOCK),
        ("out of stock", Availability.OUT_OF_STOCK), ("Pre-Order", Availability.PREORDER),
        ("backorder", Availability.BACKORDER), ("Indent", Availability.BACKORDER), ("mungkin", None),
    ],
)  # fmt: skip
def test_availability_in_its_usual_spellings(text: str, expected: Availability | None) -> None:
    assert availability_of(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b & c > d", "a < b & c > d"),
        ("<script>alert(1)</script>Kebaya", "Kebaya"),
        ("<p>Satu</p><p>Dua</p>", "Satu Dua"),
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("<img src=x onerror=alert(1)>Batik", "Batik"),
        ("\x00Ke\x07baya\u2003merah\n", "Ke baya merah"),
        ("aman \ud800 saja", "aman saja"),
    ],
)
def test_markup_and_control_characters_are_cleaned_away(text: str, expected: str) -> None:
    assert plain_text(text, 100) == expected


@given(st.text(alphabet=st.characters()))
def test_any_title_gives_storable_text_or_is_missing(text: str) -> None:
    result = product_row({**GOOD, "title": text, "description": text, "brand": text}, CONTEXT)
    if isinstance(result, ProductRow):
        assert 0 < len(result.title) <= TITLE_MAX
        assert "\x00" not in result.title + result.description + (result.brand or "")
        result.content_hash().encode()
        result.search_text().encode()
    else:
        assert [problem.code for problem in result] == ["title_missing"]


def test_long_texts_are_cut() -> None:
    row = _row(title="a" * 9000, description="b" * 9000, brand="c" * 9000)
    assert (len(row.title), len(row.description), len(row.brand or "")) == (TITLE_MAX, DESCRIPTION_MAX, 200)


def test_naughty_strings_are_good_titles_or_missing_ones(shared_data: Path) -> None:
    strings = json.loads((shared_data / "hostile" / "blns.json").read_text("utf-8"))
    results = [product_row({**GOOD, "title": text}, CONTEXT) for text in strings]
    good = [result for result in results if isinstance(result, ProductRow)]
    assert len(good) > 400
    titles = {row.title for row in good}
    assert "undefined" in titles
    assert not {title for title in titles if "\x00" in title or title != " ".join(title.split())}


def test_equal_content_has_an_equal_hash_and_any_difference_another() -> None:
    assert _row().content_hash() == _row().content_hash()
    changes = {
        "title": "x",
        "brand": "x",
        "price": "1",
        "availability": "habis",
        "description": "x",
        "gtin": "12345678",
    }
    assert (
        len({_row(**{field: value}).content_hash() for field, value in changes.items()} | {_row().content_hash()}) == 7
    )


def test_every_code_that_the_room_can_give_has_a_sentence() -> None:
    source = "\n".join(path.read_text() for path in ROOM.rglob("*.py") if path.name != "problems.py")
    call = r'(?:PriceProblem|AddressProblem|Refused|refuse)\((?:session, upload_id, |"\w+", )?"(\w+)"'
    raised = set(re.findall(call, source)) - set(FIELDS)
    assert {"gave_up", "broken_xml", "price_ambiguous", "host_not_allowed", "link_missing"} <= raised
    assert [code for code in raised if not _sentence(code)] == []


def _sentence(code: str) -> str:
    try:
        return problems.row_text(code)
    except KeyError:
        return problems.file_text(code, {})


def test_every_field_has_a_name_for_people() -> None:
    assert set(problems.FIELDS) == set(FIELDS)
