"""Readers: one small module a kind of catalogue file, all as streams of rows named by our fields.

`recognise.layout_of` says what a file is, by its content; `rows` reads it. Nothing here knows the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from affiliate.catalogue.models import Format
from affiliate.catalogue.readers import google_xml, shopify_csv, tables
from affiliate.catalogue.readers.rows import Layout, Row

_READERS: dict[Format, Callable[[BinaryIO, Layout], Iterator[Row]]] = {
    Format.GOOGLE_XML: google_xml.rows,
    Format.GOOGLE_TSV: tables.mapped_rows,
    Format.GOOGLE_CSV: tables.mapped_rows,
    Format.PLAIN_CSV: tables.mapped_rows,
    Format.SHOPIFY_CSV: shopify_csv.rows,
}


def rows(handle: BinaryIO, layout: Layout) -> Iterator[Row]:
    """Every row of an open file, in the order of the file. Raises Refused where the file as a whole cannot be used."""
    return _READERS[layout.format](handle, layout)
