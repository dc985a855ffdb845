"""Each kind of file: how it is recognised, and which rows it gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from affiliate.catalogue import readers
from affiliate.catalogue.models import Format
from affiliate.catalogue.readers.google_xml import ITEM_MAX_BYTES
from affiliate.catalogue.readers.recognise import Recognised, recognise
from affiliate.catalogue.readers.rows import BrokenRow, RawRow, Refused, Row, UnlistedRow

GOOGLE = "id\ttitle\tlink\tprice\n1\tKebaya\thttps://toko.test/1\t5 USD\n"
ITEM = "<{p}id>1</{p}id><{p}title>Kebaya</{p}title><{p}link>https://toko.test/1</{p}link><{p}price>5 USD</{p}price>"
SHOPIFY_HEADS = (
    "Handle,Title,Vendor,Type,Published,Option1 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,"
    "Variant Inventory Policy,Variant Price,Image Src,Gift Card,Status"
)
RSS_OPEN = '<rss xmlns:g="http://base.google.com/ns/1.0"><channel><title>T</title><link>https://toko.test</link>'
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">
<link href="https://x.test"/><entry><id>https://toko.test/atom</id><g:id>1</g:id><title>Kebaya</title>
<link href="https://toko.test/1"/><g:price>5 USD</g:price><g:shipping><g:price>1 USD</g:price></g:shipping></entry>
</feed>
"""


def _recognised(tmp_path: Path, content: str | bytes, **over: Any) -> Recognised:
    path = tmp_path / "berkas"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    options = {"wanted": None, "given": {}, "remembered": lambda _headings: None, "shop_url": "https://toko.test/"}
    return recognise(path, **{**options, **over})


def _rows(tmp_path: Path, content: str | bytes, **over: Any) -> list[Row]:
    layout = _recognised(tmp_path, content, **over).layout
    with (tmp_path / "berkas").open("rb") as handle:
        return list(readers.rows(handle, layout))


def _refusal(tmp_path: Path, content: str | bytes, **over: Any) -> str:
    with pytest.raises(Refused) as refused:
        _rows(tmp_path, content, **over)
    return refused.value.code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"\n \n", "empty_file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not_text"),
        ("<!doctype html><html><body>Toko</body></html>", "html_page"),
        ('<?xml version="1.0"?>\n<!-- x --><!DOCTYPE a [<!ENTITY b "c">]><rss/>', "doctype_refused"),
        ("<yml_catalog><offer/></yml_catalog>", "unknown_xml"),
        ("<", "unknown_xml"),
        ("<rss><channel><item><id>1</id></channel>", "broken_xml"),
        ("<rss><channel><item><id>&undefined;</id></item></channel></rss>", "broken_xml"),
        ("selamat pagi\n", "not_a_table"),
        ('{"a": 1}', "not_a_table"),
        ("id,title,link,price\n", "no_rows"),
        ("a,b,c\n1,2,3\n", "unknown_columns"),
        ("kode,nama,harga\n1,Kebaya,5000\n", "unknown_columns"),
        ("kode,nama,tautan\n1,Kebaya,https://toko.test/1\n", "unknown_columns"),
    ],
)
def test_what_is_no_catalogue_is_refused_by_name(tmp_path: Path, content: str | bytes, code: str) -> None:
    assert _refusal(tmp_path, content) == code


@pytest.mark.parametrize(
    ("content", "format"),
    [
        (GOOGLE, Format.GOOGLE_TSV),
        (GOOGLE.replace("\t", ","), Format.GOOGLE_CSV),
        (GOOGLE.replace("\t", "|"), Format.GOOGLE_CSV),
        (GOOGLE.encode("utf-16"), Format.GOOGLE_TSV),
        (GOOGLE.encode("utf-8-sig"), Format.GOOGLE_TSV),
        ("# Required | an id,# Required | a name,x,y\n" + GOOGLE.replace("\t", ","), Format.GOOGLE_CSV),
        (f"{SHOPIFY_HEADS}\nkebaya,Kebaya,,,,,,,,,5,,,\n", Format.SHOPIFY_CSV),
        ("kode;nama;tautan;harga\n1;Kebaya;https://toko.test/1;5000\n", Format.PLAIN_CSV),
        (f"<rss><channel><item>{ITEM.format(p='')}</item></channel></rss>", Format.GOOGLE_XML),
    ],
)
def test_the_format_is_known_by_the_content(tmp_path: Path, content: str | bytes, format: Format) -> None:
    assert _recognised(tmp_path, content).layout.format is format
    [row] = _rows(tmp_path, content)
    assert isinstance(row, RawRow)
    assert row.cells["title"] == "Kebaya"


def test_a_named_format_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    assert _refusal(tmp_path, GOOGLE, wanted=Format.SHOPIFY_CSV) == "other_format"
    assert _refusal(tmp_path, "<rss/>", wanted=Format.GOOGLE_TSV) == "other_format"
    assert _recognised(tmp_path, GOOGLE, wanted=Format.GOOGLE_CSV).layout.format is Format.GOOGLE_TSV


@pytest.mark.parametrize(
    "feed",
    [
        f"{RSS_OPEN}<item>{ITEM.format(p='g:')}</item></channel></rss>",
        f"<channel><item>{ITEM.format(p='')}</item></channel>",
        f"\ufeff\n<?xml version='1.0'?><rss><channel><item>{ITEM.format(p='')}</item></channel></rss>",
        f"<rss><channel><item>{ITEM.format(p='g:')}</item></channel></rss>",
        ATOM,
    ],
    ids=["rss", "no namespace", "bom and blank lines", "prefix without namespace", "atom"],
)
def test_feeds_in_every_dress_give_the_same_product(tmp_path: Path, feed: str) -> None:
    [row] = _rows(tmp_path, feed)
    assert isinstance(row, RawRow)
    found = {field: row.cells[field] for field in ("sku", "title", "url", "price")}
    assert found == {"sku": "1", "title": "Kebaya", "url": "https://toko.test/1", "price": "5 USD"}


def test_a_feed_gives_rows_as_it_is_read_and_breaks_only_where_it_is_broken(tmp_path: Path) -> None:
    item = f"<item>{ITEM.format(p='')}</item>\n"
    feed = f"<rss><channel>\n{item * 3000}<item>"
    layout = _recognised(tmp_path, feed).layout
    with (tmp_path / "berkas").open("rb") as handle:
        stream = readers.rows(handle, layout)
        assert [row.line for row in (next(stream), next(stream))] == [2, 3]
        with pytest.raises(Refused) as refused:
            list(stream)
    assert refused.value.detail["line"] == 3002


def test_a_late_doctype_and_a_monstrous_item_are_refused(tmp_path: Path) -> None:
    late = "<!--" + "x" * 70_000 + "--><!DOCTYPE rss><rss><channel><item><id>1</id></item></channel></rss>"
    assert _refusal(tmp_path, "<?xml version='1.0'?>" + late) in {"doctype_refused", "unknown_xml"}
    monster = "<rss><channel><item>" + "<a>b</a>" * (ITEM_MAX_BYTES // 6) + "</item></channel></rss>"
    assert _refusal(tmp_path, monster) == "item_too_large"


def test_rows_of_a_table_know_their_lines_and_headings(tmp_path: Path) -> None:
    heads = "id,title,link,price,product_type,google_product_category"
    text = heads + '\n1,"a\nb",u,5,,Baju\n\n,,,\n2,c,u,5\n3,d,u,5,x,y,lebih\n'
    rows = _rows(tmp_path, text)
    assert [row.line for row in rows] == [2, 6, 7]
    first, second, third = rows
    assert isinstance(first, RawRow)
    assert (first.cells["category"], first.headings["category"]) == ("Baju", "google_product_category")
    assert isinstance(second, RawRow)
    assert second.cells["category"] == ""
    assert third == BrokenRow(7, "lebih", "too_many_cells")


def test_an_open_quotation_mark_costs_its_row_and_not_the_file(tmp_path: Path) -> None:
    text = GOOGLE.replace("\t", ",") + '2,"' + "x" * 140_000 + "\n3,Sarung,https://toko.test/3,5\n"
    rows = _rows(tmp_path, text)
    assert [type(row) for row in rows] == [RawRow, BrokenRow, RawRow]
    assert [row.line for row in rows] == [2, 3, 4]


def test_variants_of_a_handle_inherit_and_pictures_are_no_products(tmp_path: Path) -> None:
    text = "\n".join(
        [
            SHOPIFY_HEADS,
            "kebaya,Kebaya,Ibu,Baju,true,Small,,shopify,3,deny,50,https://cdn.test/1.jpg,false,active",
            "kebaya,,,,,Large,KB-L,shopify,0,deny,60,https://cdn.test/2.jpg,,",
            "kebaya,,,,,,,,,,,https://cdn.test/3.jpg,,",
            "sarung,Sarung,Ibu,Kain,true,Default Title,,shopify,0,continue,40,,false,active",
        ]
    )
    rows = _rows(tmp_path, text)
    assert all(isinstance(row, RawRow) for row in rows)
    small, large, sarung = (row.cells for row in rows if isinstance(row, RawRow))
    assert (small["sku"], large["sku"], sarung["sku"]) == ("kebaya/Small", "KB-L", "sarung")
    assert (large["title"], large["brand"], large["category"]) == ("Kebaya", "Ibu", "Baju")
    assert large["group_key"] == small["group_key"] == "kebaya"
    assert (small["url"], small["price"]) == ("https://toko.test/products/kebaya", "50")
    assert large["image_url"] == "https://cdn.test/2.jpg"
    assert [cells["availability"] for cells in (small, large, sarung)] == ["in stock", "out of stock", "backorder"]


@pytest.mark.parametrize("end", ["false,active", "true,draft", "true,archived", "true,active,gift"])
def test_what_a_shop_does_not_sell_is_left_out(tmp_path: Path, end: str) -> None:
    published, status, *gift = end.split(",")
    text = f"{SHOPIFY_HEADS}\na,A,,,{published},,,,,,5,,{'true' if gift else ''},{status}\nb,B,,,true,,,,,,5,,,active\n"
    rows = _rows(tmp_path, text)
    assert rows[0] == UnlistedRow(2)
    assert isinstance(rows[1], RawRow)


def test_one_sku_on_several_variants_is_told_apart_by_options(tmp_path: Path) -> None:
    lines = [f"a,{'A' if size == 'S' else ''},,,,{size},SAMA,,,,5,,," for size in ("S", "M")]
    rows = _rows(tmp_path, "\n".join([SHOPIFY_HEADS, *lines]))
    assert [row.cells["sku"] for row in rows if isinstance(row, RawRow)] == ["a/S", "a/M"]


def test_a_long_handle_gives_a_short_and_stable_id(tmp_path: Path) -> None:
    text = f"{SHOPIFY_HEADS}\n{'a' * 200},A,,,,{{}},,,,,5,,,\n"
    ids = {_rows(tmp_path, text.format(size))[0].cells["sku"] for size in ("S", "M", "S")}  # type: ignore[union-attr]
    assert len(ids) == 2
    assert {len(sku) for sku in ids} == {120}
