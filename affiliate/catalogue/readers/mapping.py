"""Which column of a plain table holds which of our fields: proposed from headings, then from their cells. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from affiliate.catalogue import prices
from affiliate.catalogue.rules import FIELDS, REQUIRED
from affiliate.core.mapping import by_heading, column, share

# The first that a file has is taken; English, then Indonesian as sellers write it.
_HEADINGS: dict[str, tuple[str, ...]] = {
    "sku": ("sku", "id", "product id", "item id", "product code", "item code", "code", "article id", "uniq id", "pid",
            "kode", "kode sku", "kode barang", "kode produk", "id produk", "id barang", "nomor barang"),
    "title": ("title", "name", "product name", "item name", "product title", "prod name", "nama", "nama barang",
              "nama produk", "judul", "judul produk", "produk", "barang"),
    "url": ("url", "link", "product url", "product link", "permalink", "deep link", "deeplink", "tautan",
            "tautan produk", "link produk", "url produk", "alamat produk", "halaman produk"),
    "price": ("price", "final price", "selling price", "current price", "regular price", "retail price", "unit price",
              "amount", "price idr", "harga", "harga jual", "harga satuan", "harga produk", "harga barang",
              "harga normal"),
    "sale_price": ("sale price", "discounted price", "special price", "promo price", "harga promo", "harga diskon",
                   "harga coret setelah diskon"),
    "currency": ("currency", "currency code", "mata uang"),
    "availability": ("availability", "stock status", "in stock", "stock", "quantity", "qty", "ketersediaan",
                     "status stok", "stok", "jumlah stok"),
    "image_url": ("image link", "image url", "image", "main image", "picture", "photo", "featured image url", "gambar",
                  "link gambar", "url gambar", "foto", "foto produk", "gambar produk"),
    "brand": ("brand", "manufacturer", "vendor", "merek", "merk", "brand produk"),
    "category": ("category", "product type", "product category", "categories", "kategori", "kategori produk", "jenis"),
    "description": ("description", "product description", "details", "deskripsi", "deskripsi produk", "keterangan",
                    "uraian"),
    "gtin": ("gtin", "ean", "barcode", "upc", "isbn", "kode batang"),
    "group_key": ("item group id", "group id", "parent sku", "parent id", "induk", "sku induk"),
}  # fmt: skip
_IMAGE = re.compile(r"^https?://\S+\.(?:jpe?g|png|webp|gif|avif)\b", re.IGNORECASE)
_LINK = re.compile(r"^https?://\S+$", re.IGNORECASE)
_MARKED_PRICE = re.compile(r"[$€£¥₹₽฿]|\brp\b|rp\.?\s*\d|\bidr\b", re.IGNORECASE)
_SURE_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Proposal:
    """`guessed`: required fields that only the content suggests, so that a person should look.

    `possible`: there is a column of links and one of amounts, without which no mapping makes a catalogue.
    """

    mapping: dict[str, str]
    guessed: tuple[str, ...]
    possible: bool


def propose(headings: Sequence[str], sample: Sequence[Sequence[str]]) -> Proposal:
    """Our field -> heading, for the headings of a table and some of its rows."""
    mapping = by_heading(headings, {field: _HEADINGS[field] for field in FIELDS})
    columns = {heading: column(index, sample) for index, heading in reversed(list(enumerate(headings))) if heading}
    free = [heading for heading in headings if heading in columns and heading not in mapping.values()]
    guessed: list[str] = []
    for field, fits, sure in _CONTENT:
        found = None if field in mapping else _best(free, columns, fits)
        if found:
            mapping[field] = found
            free.remove(found)
            if not sure:
                guessed.append(field)
    links = any(share(cells, _is_link) >= _SURE_SHARE for cells in columns.values())
    others = {heading for field, heading in mapping.items() if field != "price"}
    amounts = any(share(columns[heading], _is_amount) >= _SURE_SHARE for heading in columns.keys() - others)
    return Proposal(mapping, tuple(guessed), links and amounts)


def missing(mapping: Mapping[str, str]) -> list[str]:
    """Required fields that a mapping leaves open."""
    return [field for field in REQUIRED if not mapping.get(field)]


def _is_link(text: str) -> bool:
    return bool(_LINK.match(text)) and not _IMAGE.match(text)


def _is_image(text: str) -> bool:
    return bool(_IMAGE.match(text))


def _is_amount(text: str) -> bool:
    try:
        prices.parse(text, "IDR")
    except prices.PriceProblem as problem:
        return problem.code == "price_ambiguous"
    return True


def _is_marked_price(text: str) -> bool:
    return bool(_MARKED_PRICE.search(text)) and _is_amount(text)


def _is_words(text: str) -> bool:
    return " " in text and not _LINK.match(text) and not _is_amount(text)


def _is_key(text: str) -> bool:
    return len(text) <= 60 and " " not in text and not _LINK.match(text)


# field, what its cells look like, whether that is proof enough to read the file without asking
_CONTENT: tuple[tuple[str, Callable[[str], bool], bool], ...] = (
    ("url", _is_link, True),
    ("image_url", _is_image, True),
    ("price", _is_marked_price, True),
    ("price", _is_amount, False),
    ("title", _is_words, False),
    ("sku", _is_key, False),
)
_UNIQUE = frozenset({_is_key, _is_words})


def _best(free: Sequence[str], columns: Mapping[str, list[str]], fits: Callable[[str], bool]) -> str | None:
    """The first column that fits; keys and titles must differ from row to row."""
    for heading in free:
        cells = columns[heading]
        distinct = fits not in _UNIQUE or len(set(cells)) > len(cells) * _SURE_SHARE
        if distinct and share(cells, fits) >= _SURE_SHARE:
            return heading
    return None
