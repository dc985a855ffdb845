"""Shopify's product CSV: consecutive rows of one Handle are the variants and pictures of one product.

A variant is known by its own SKU, else by handle and options; it has no address of its own in the export, so that
it leads to the product's page. What the shop does not sell now (drafts, unpublished, gift cards) is left out.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import BinaryIO
from urllib.parse import quote

from affiliate.catalogue.readers.rows import Layout, RawRow, Row, UnlistedRow
from affiliate.catalogue.readers.tables import broken_row
from affiliate.catalogue.rules import SKU_MAX
from affiliate.core.records import Record, headings_of, records
from affiliate.core.streams import text_lines

GROUP_MAX = 5000  # more rows of one handle are read as a further group
_INTEGER = re.compile(r"-?[0-9]{1,12}")
ALWAYS = frozenset({"handle", "title", "variant price"})
_INHERITED = ("title", "body (html)", "vendor", "type", "product category", "status", "published", "gift card",
              "image src")  # fmt: skip
_HEADINGS = {
    "sku": "variant sku", "group_key": "handle", "title": "title", "description": "body (html)", "url": "handle",
    "image_url": "image src", "brand": "vendor", "category": "type", "gtin": "variant barcode",
    "price": "variant price", "availability": "variant inventory qty",
}  # fmt: skip


def columns_known(headings: Sequence[str]) -> bool:
    """True for the headings of a Shopify export."""
    return {heading.lower() for heading in headings} >= ALWAYS


def rows(handle: BinaryIO, layout: Layout) -> Iterator[Row]:
    found = records(text_lines(handle, layout.encoding), layout.delimiter)
    written = headings_of(next(found))
    lower = [heading.lower() for heading in written]
    names = {field: _as_written(name, written, lower) for field, name in _HEADINGS.items()}
    place = lower.index("handle")
    last = ""

    def handle_of(record: Record) -> str:
        nonlocal last
        if not record.broken:  # a broken row does not part the group it stands in
            last = record.cells[place].strip() if place < len(record.cells) else ""
        return last

    for name, group in groupby(found, handle_of):
        while part := list(islice(group, GROUP_MAX)):
            yield from _group(name, part, lower, names, layout.shop_url)


def _as_written(name: str, written: Sequence[str], lower: Sequence[str]) -> str:
    return written[lower.index(name)] if name in lower else name.title()


def _group(
    handle: str, part: Sequence[Record], lower: Sequence[str], names: dict[str, str], shop_url: str
) -> Iterator[Row]:
    whole: list[tuple[int, dict[str, str]]] = []
    for record in part:
        wrong = broken_row(record, len(lower))
        if wrong:
            yield wrong
        else:
            whole.append((record.line, dict(zip(lower, record.cells, strict=False))))
    shared = {name: _first(whole, name) for name in _INHERITED}
    variants = [(line, row) for line, row in whole if row.get("variant price", "").strip() or row.get("title")]
    repeated = Counter(row.get("variant sku", "").strip() for _line, row in variants)
    for line, row in variants:
        if not _for_sale(shared):
            yield UnlistedRow(line)
        else:
            own = row.get("variant sku", "").strip()
            sku = own if own and repeated[own] == 1 else _option_key(handle, row)
            yield RawRow(line, _cells(sku, handle, row, shared, shop_url), names)


def _first(whole: Sequence[tuple[int, dict[str, str]]], name: str) -> str:
    return next((row[name] for _line, row in whole if row.get(name, "").strip()), "")


def _for_sale(shared: dict[str, str]) -> bool:
    return (
        shared["status"].strip().lower() in {"", "active"}
        and shared["published"].strip().lower() != "false"
        and shared["gift card"].strip().lower() != "true"
    )


def _option_key(handle: str, row: dict[str, str]) -> str:
    """handle, or handle/Small/Red: stable from file to file, cut with a digest where it would be too long."""
    options = [row.get(f"option{number} value", "").strip() for number in (1, 2, 3)]
    chosen = [option for option in options if option and option != "Default Title"]
    key = "/".join([handle, *chosen])
    if len(key) <= SKU_MAX or not handle:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    return f"{key[: SKU_MAX - 17]}~{digest}"


def _cells(sku: str, handle: str, row: dict[str, str], shared: dict[str, str], shop_url: str) -> dict[str, str]:
    variant = row.get("variant id", "").strip()
    address = f"{shop_url.rstrip('/')}/products/{quote(handle)}" if handle else ""
    return {
        "sku": sku,
        "group_key": handle,
        "title": shared["title"],
        "description": shared["body (html)"],
        "url": f"{address}?variant={variant}" if variant.isdigit() and address else address,
        "image_url": row.get("variant image") or row.get("image src") or shared["image src"],
        "brand": shared["vendor"],
        "category": shared["type"] or shared["product category"],
        "gtin": row.get("variant barcode", ""),
        "price": row.get("variant price", ""),
        "availability": _availability(row),
    }


def _availability(row: dict[str, str]) -> str:
    """Stock counts only where Shopify tracks it; selling on without stock is a back order."""
    quantity = row.get("variant inventory qty", "").strip()
    if not row.get("variant inventory tracker", "").strip() or not _INTEGER.fullmatch(quantity) or int(quantity) > 0:
        return "in stock"
    return "backorder" if row.get("variant inventory policy", "").strip() == "continue" else "out of stock"
