"""Every reason why a row or a whole file was not taken: its stable code, and the sentence for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from affiliate.core.i18n import _l

_ROWS: dict[str, Any] = {
    "id_missing": _l("The product has no id of its own."),
    "id_too_long": _l("The id is longer than 120 characters."),
    "duplicate_id": _l("This id stands in the file before; the first row counts."),
    "title_missing": _l("The product has no title."),
    "link_missing": _l("The product has no link."),
    "link_unusable": _l("This is not a web address that starts with http:// or https://."),
    "link_too_long": _l("The link is longer than 2,000 characters."),
    "host_not_allowed": _l("The link leads to a site that is not among the store's own."),
    "price_missing": _l("The product has no price."),
    "price_not_a_number": _l("This is not a price that we can read."),
    "price_negative": _l("A price cannot be negative."),
    "price_ambiguous": _l("This could mean thousands or decimals. Write it without separators, such as 1500 or 1.50."),
    "price_too_precise": _l("The price has more decimals than its currency."),
    "price_too_large": _l("The price is larger than an amount can be."),
    "price_currency_unknown": _l("We do not know this currency."),
    "sale_price_currency": _l("The reduced price has another currency than the price."),
    "availability_unknown": _l("We do not know this availability. Use in stock, out of stock, preorder or backorder."),
    "row_unreadable": _l("This row could not be taken apart: a quotation mark is missing or a cell is far too long."),
    "too_many_cells": _l("This row has more cells than there are headings, so its columns have slipped."),
}
_FILES: dict[str, Any] = {
    "empty_file": _l("The file is empty."),
    "not_text": _l("This is not a catalogue but a picture, an archive or another binary file. Send XML, CSV or TSV."),
    "html_page": _l("This is a web page, not a catalogue. Save the feed itself and send that file."),
    "doctype_refused": _l(
        "The XML carries a DOCTYPE, which we refuse for safety. Leave it out and send the file again."
    ),
    "unknown_xml": _l(
        "This XML is not a Google Merchant feed: we expect RSS or Atom with one item or entry a product."
    ),
    "broken_xml": _l("The XML is broken at line %(line)s. Nothing was changed; please export the file again."),
    "item_too_large": _l("One product in the XML is larger than 4 MB. Nothing was changed."),
    "not_a_table": _l("This is neither XML nor a table with headings and at least two columns."),
    "unknown_columns": _l("We find no column with links or none with prices in this table: %(headings)s"),
    "mapping_needed": _l("We need your help: say below which column holds what, and the file is read again."),
    "other_format": _l("The content is of another kind than was named: it looks like %(found)s."),
    "no_rows": _l("The file holds no product for sale. Nothing was changed."),
    "no_good_rows": _l("No row of the file could be used, so nothing was changed. The reasons stand below."),
    "file_gone": _l("We no longer have this file. Nothing was changed; please send it again."),
    "gave_up": _l("Reading failed three times, so we stopped. Nothing was changed; please send the file again."),
}
FORMATS: dict[str, Any] = {
    "google_xml": _l("Google Merchant XML"),
    "google_tsv": _l("Google Merchant TSV"),
    "google_csv": _l("Google Merchant CSV"),
    "shopify_csv": _l("Shopify product CSV"),
    "plain_csv": _l("Plain table"),
}
FIELDS: dict[str, Any] = {
    "sku": _l("Id or SKU"),
    "title": _l("Title"),
    "url": _l("Link to the product"),
    "price": _l("Price"),
    "sale_price": _l("Reduced price"),
    "currency": _l("Currency"),
    "availability": _l("Availability"),
    "image_url": _l("Picture"),
    "brand": _l("Product brand"),
    "category": _l("Category"),
    "description": _l("Description"),
    "gtin": _l("Barcode (GTIN)"),
    "group_key": _l("Group of variants"),
}


def row_text(code: str) -> str:
    """The sentence of a row's problem."""
    return str(_ROWS[code])


def file_text(code: str, detail: Mapping[str, Any]) -> str:
    """The sentence of a whole file's refusal, with its line, columns or kind."""
    found = str(detail.get("found", ""))
    return str(_FILES[code]) % {"line": "", "headings": "", **detail, "found": FORMATS.get(found, found)}
