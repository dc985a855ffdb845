"""Catalogues of real shops, and hostile files, against independent readings of the same files."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy.orm import Session

from affiliate.catalogue.models import Format, UploadStage
from tests.affiliate.catalogue.files import (
    HEADS,
    HOST,
    errors,
    figures,
    fresh,
    hosts_of_rows,
    hosts_of_xml,
    listed,
    read,
    row,
    send,
    work,
)
from tests.factories import Make

GOOGLE = "{http://base.google.com/ns/1.0}"


@pytest.fixture
def catalogues(shared_data: Path) -> Path:
    return shared_data / "catalogues"


def _table(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle, delimiter=delimiter))


@pytest.mark.parametrize(
    ("name", "count", "currency"),
    [
        ("gmc_rss_florist_id_IDR.xml", 18, "IDR"),
        ("gmc_rss_bigcommerce_AU.xml", 251, "AUD"),
        ("gmc_atom_ekipland_RUB.xml", 385, "RUB"),
        ("gmc_rss_arabic_JOD.xml", 92, "JOD"),
    ],
)
def test_google_feeds_are_digested(
    session: Session, make: Make, catalogues: Path, name: str, count: int, currency: str
) -> None:
    body = (catalogues / name).read_bytes()
    merchant = make.merchant(allowed_hosts=hosts_of_xml(body))
    upload = read(session, merchant, body)
    assert errors(session, upload) == []
    assert figures(upload) == ("done", count, 0, count, 0, 0)
    assert upload.format is Format.GOOGLE_XML
    shelf = listed(session, merchant)
    exponent = 3 if currency == "JOD" else 2
    for item in etree.fromstring(body.lstrip(b"\xef\xbb\xbf")).iter("{*}item", "{*}entry"):
        product = shelf[item.findtext(f"{GOOGLE}id").strip()]
        amount, code = item.findtext(f"{GOOGLE}price").split()
        assert (product.price_minor, product.currency) == (Decimal(amount) * 10**exponent, code)
        assert code == currency
    assert figures(read(session, merchant, body)) == ("done", count, 0, 0, 0, 0)


def test_five_days_of_one_shop_change_exactly_what_changed(session: Session, make: Make, catalogues: Path) -> None:
    days = sorted((catalogues / "gmc_tsv_daily").glob("*.tsv"))
    assert len(days) == 5
    merchant = make.merchant(allowed_hosts=["www.lakeerieclothing.com"])
    kept = ("id", "title", "description", "link", "image_link", "availability", "price", "brand",
            "google_product_category", "item_group_id")  # fmt: skip
    before: dict[str, tuple[str, ...]] = {}
    for day in days:
        today = {cells["id"]: tuple(cells[name] for name in kept) for cells in _table(day, "\t")}
        upload = read(session, merchant, day.read_bytes())
        both = today.keys() & before.keys()
        expected = (
            len(today.keys() - before.keys()),
            sum(today[sku] != before[sku] for sku in both),
            len(before.keys() - today.keys()),
        )
        assert (upload.created, upload.changed, upload.withdrawn) == expected, day.name
        assert (upload.stage, upload.rows_failed, upload.rows_ok) == (UploadStage.DONE, 0, len(today))
        assert listed(session, merchant).keys() == today.keys()
        before = today


@pytest.mark.parametrize(
    "name",
    [
        "shopify_fan_merch_USD.csv",
        "shopify_official_apparel.csv",
        "shopify_official_jewelery.csv",
        "shopify_official_home-and-garden.csv",
        "shopify_kwpax.csv",
    ],
)
def test_shopify_exports_are_digested(session: Session, make: Make, catalogues: Path, name: str) -> None:
    rows = _table(catalogues / name)
    hidden = {cells["Handle"] for cells in rows if cells["Published"] == "false"}
    variants = [cells for cells in rows if cells["Variant Price"]]
    titles = {cells["Handle"]: cells["Title"] for cells in rows if cells["Title"]}
    merchant = make.merchant(currency="USD", shop_url="https://fans.test", allowed_hosts=["fans.test"])
    upload = read(session, merchant, (catalogues / name).read_bytes())
    sold = [cells for cells in variants if cells["Handle"] not in hidden]
    assert errors(session, upload) == []
    assert figures(upload) == ("done", len(sold), 0, len(sold), 0, 0)
    assert upload.rows_skipped == len(variants) - len(sold)
    shelf = list(listed(session, merchant).values())
    assert sorted((p.group_key, p.price_minor) for p in shelf) == sorted(
        (cells["Handle"], int(Decimal(cells["Variant Price"]) * 100)) for cells in sold
    )
    for product in shelf:
        assert product.url == f"https://fans.test/products/{product.group_key}"
        assert product.title.split() == titles[product.group_key or ""].split()


def test_a_tokopedia_export_is_read_by_proposed_columns(session: Session, make: Make, catalogues: Path) -> None:
    path = catalogues / "tokopedia_phones_IDR.csv"
    rows = _table(path)
    merchant = make.merchant(allowed_hosts=hosts_of_rows(rows, "url"))
    upload = read(session, merchant, path.read_bytes())
    assert figures(upload) == ("done", 93, 0, 93, 0, 0)
    shelf = listed(session, merchant)
    for cells in rows:
        rupiah = int(cells["finalPrice"].removeprefix("Rp").replace(".", ""))
        assert shelf[cells["id"]].price_minor == rupiah * 100


@pytest.mark.parametrize("folder", ["xml", "csv", "encodings"])
def test_hostile_files_end_with_a_stated_failure(session: Session, make: Make, shared_data: Path, folder: str) -> None:
    files = sorted(path for path in (shared_data / "hostile" / folder).rglob("*") if path.is_file())
    assert files
    for path in files:
        upload = read(session, make.merchant(), path.read_bytes())
        assert upload.stage is UploadStage.FAILED, path.name
        assert upload.failure not in {None, "gave_up"}, path.name
        assert upload.attempts == 1


def test_naughty_titles_are_products_or_row_errors(session: Session, make: Make, shared_data: Path) -> None:
    strings = json.loads((shared_data / "hostile" / "blns.json").read_text("utf-8"))
    merchant = make.merchant(allowed_hosts=[HOST])
    text = io.StringIO()
    csv.writer(text).writerows([HEADS, *(row(number, title=title) for number, title in enumerate(strings))])
    upload = read(session, merchant, text.getvalue().encode("utf-8", "surrogatepass"))
    assert upload.stage is UploadStage.DONE
    assert upload.rows_ok + upload.rows_failed == upload.rows_total == len(strings)
    assert {code for _line, _column, _value, code in errors(session, upload)} == {"title_missing"}
    assert len(listed(session, merchant)) == upload.rows_ok > 400


def test_other_shops_files_are_read_or_refused_by_name(session: Session, make: Make, catalogues: Path) -> None:
    sent = {
        path.name: send(session, make.merchant(), path.read_bytes())
        for path in sorted(catalogues.glob("*.*"))
        if path.stat().st_size < 500_000
    }
    work()
    for name, upload_id in sent.items():
        upload = fresh(session, upload_id)
        assert upload.stage in {UploadStage.DONE, UploadStage.FAILED}, name
        assert upload.failure != "gave_up", name
