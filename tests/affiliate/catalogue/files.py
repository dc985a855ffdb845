"""Catalogue files of invented shops, and a worker that reads them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import current_app
from lxml import etree
from sqlalchemy.orm import Session

from affiliate.catalogue import jobs, service, storage
from affiliate.catalogue.models import CatalogueUpload, Product, ProductStatus, UploadMode, UploadRowError
from affiliate.merchants.models import Merchant
from tests.conftest import NOW
from tests.factories import ROBOT

HEADS = ("id", "title", "link", "price", "availability")
HOST = "toko.test"


def tsv(*rows: Sequence[str], heads: Sequence[str] = HEADS) -> bytes:
    return "\n".join("\t".join(row) for row in (heads, *rows)).encode()


def row(number: int | str, **over: str) -> tuple[str, ...]:
    """A good row of Google's columns."""
    values = {
        "id": f"B-{number}",
        "title": f"Kebaya {number}",
        "link": f"https://{HOST}/p/{number}",
        "price": "150000 IDR",
        "availability": "in stock",
        **over,
    }
    return tuple(values[head] for head in HEADS)


def send(session: Session, merchant: Merchant, body: bytes, **over: Any) -> int:
    """The id of an upload with this content, received but not yet read."""
    stored = storage.store(io.BytesIO(body), current_app.config["ETALASE"].upload_dir)
    options = {"format": None, "mode": UploadMode.FULL, "currency": None, "mapping": {}, "filename": "katalog.txt"}
    upload = service.receive(session, merchant, stored, actor=ROBOT, now=NOW, **{**options, **over})
    session.commit()
    return upload.id


def work(now: datetime = NOW) -> int:
    """Everything that is due is worked; how many calls that took."""
    calls = 0
    while jobs.run(now):
        calls += 1
        assert calls < 500, "the job finds work for ever"
    return calls


def read(session: Session, merchant: Merchant, body: bytes, **over: Any) -> CatalogueUpload:
    """An upload that was sent and read."""
    upload_id = send(session, merchant, body, **over)
    work()
    return fresh(session, upload_id)


def fresh(session: Session, upload_id: int) -> CatalogueUpload:
    return session.execute(
        sa.select(CatalogueUpload).where(CatalogueUpload.id == upload_id).execution_options(populate_existing=True)
    ).scalar_one()


def figures(upload: CatalogueUpload) -> tuple[str, int, int, int, int, int]:
    """(stage, ok, failed, created, changed, withdrawn)"""
    return (
        upload.stage.value, upload.rows_ok, upload.rows_failed, upload.created, upload.changed, upload.withdrawn,
    )  # fmt: skip


def listed(session: Session, merchant: Merchant) -> dict[str, Product]:
    found = session.execute(
        sa.select(Product)
        .where(Product.merchant_id == merchant.id, Product.status == ProductStatus.LISTED)
        .execution_options(populate_existing=True)
    ).scalars()
    return {product.sku: product for product in found}


def errors(session: Session, upload: CatalogueUpload) -> list[tuple[int, str, str, str]]:
    """(line, column, value, code) of every error, in the order of the lines."""
    found = session.execute(
        sa.select(UploadRowError)
        .where(UploadRowError.upload_id == upload.id)
        .order_by(UploadRowError.line, UploadRowError.id)
    ).scalars()
    return [(error.line, error.column, error.value, error.code) for error in found]


def hosts_of_xml(body: bytes) -> list[str]:
    """Every host that a feed's links lead to, found by another way than the reader's."""
    tree = etree.fromstring(body)
    links = [element.text or "" for element in tree.iter("{*}link") if element.getparent().tag != "channel"]
    return sorted({urlsplit(link.strip()).hostname or "" for link in links} - {""})


def hosts_of_rows(rows: Sequence[Mapping[str, str]], column: str) -> list[str]:
    return sorted({urlsplit(cells[column]).hostname or "" for cells in rows} - {""})
