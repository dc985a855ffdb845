"""One row of a catalogue file: a product, or the reasons why not. Pure."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import nh3

from affiliate.catalogue import prices
from affiliate.catalogue.addresses import AddressProblem, image_link, product_link
from affiliate.catalogue.models import Availability
from affiliate.core import wording
from affiliate.core.money import EXPONENTS

_Refuse = Callable[[str, str], None]  # field, code

SKU_MAX = 120
TITLE_MAX = 500
DESCRIPTION_MAX = 5000
REQUIRED = ("sku", "title", "url", "price")
FIELDS = (*REQUIRED, "sale_price", "currency", "availability", "image_url", "brand", "category", "description",
          "gtin", "group_key")  # fmt: skip

_CLEANER = nh3.Cleaner(tags=set())
# What cannot be stored, and the marks that turn the direction of the rest of a page.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_BLOCK_TAGS = re.compile(r"<(?=/?(?:br|p|li|div|tr|td|h[1-6]|ul|ol)\b)", re.IGNORECASE)
_NOTHING = frozenset({"", "null", "none", "nil", "n/a", "na", "-", "–", "undefined"})
_SPELLINGS = {
    Availability.IN_STOCK: """
        in stock|instock|in_stock|available|available for order|limited availability|limitedavailability|yes|true|y
        |tersedia|ada|ready|ready stock|ready stok|stok tersedia|stok ada|ya|online only|onlineonly|в наличии|متوفر
    """,
    Availability.OUT_OF_STOCK: """
        out of stock|outofstock|out_of_stock|sold out|soldout|sold_out|unavailable|not available|discontinued|no|false|n
        |habis|stok habis|kosong|stok kosong|tidak tersedia|terjual habis|tidak|нет в наличии|غير متوفر
    """,
    Availability.PREORDER: "preorder|pre-order|pre order|pre_order|presale|presell|pra-pesan|prapesan|po",
    Availability.BACKORDER: "backorder|back-order|back order|back_order|on backorder|indent|inden",
}
_AVAILABILITY = {
    spelling.strip(): kind for kind, text in _SPELLINGS.items() for spelling in " ".join(text.split()).split("|")
}


@dataclass(frozen=True, slots=True)
class Context:
    """What a row is judged by: the currency of prices that name none, and the merchant's own hosts."""

    currency: str
    allowed_hosts: frozenset[str]


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A good row, as it is stored."""

    sku: str
    group_key: str | None
    title: str
    description: str
    url: str
    image_url: str | None
    brand: str | None
    category: str | None
    gtin: str | None
    price_minor: int
    sale_price_minor: int | None
    currency: str
    availability: str

    def columns(self) -> dict[str, Any]:
        """The fields by name."""
        return {name: getattr(self, name) for name in self.__slots__}

    def content_hash(self) -> str:
        """Equal exactly where nothing of the product differs."""
        return hashlib.sha256(json.dumps(self.columns(), sort_keys=True).encode()).hexdigest()

    def search_text(self) -> str:
        """What a search looks through, in lower case."""
        return " ".join(filter(None, (self.title, self.brand, self.category, self.sku))).lower()


class Problem(NamedTuple):
    """Why a field of a row cannot be used."""

    field: str
    value: str
    code: str


def product_row(cells: Mapping[str, str], context: Context) -> ProductRow | tuple[Problem, ...]:
    """The product of a row whose cells are named by our fields, or every problem of it."""
    problems: list[Problem] = []

    def refuse(field: str, code: str) -> None:
        problems.append(Problem(field, cells.get(field, ""), code))

    sku, title = one_line(cells.get("sku", "")), plain_text(cells.get("title", ""), TITLE_MAX)
    if not sku or len(sku) > SKU_MAX:
        refuse("sku", "id_too_long" if sku else "id_missing")
    if not title:
        refuse("title", "title_missing")
    url = _link(cells, context, refuse)
    price = _price(cells, "price", _currency(cells, context, refuse), refuse)
    sale = _sale_price(cells, price, refuse)
    availability = availability_of(cells.get("availability", ""))
    if availability is None:
        refuse("availability", "availability_unknown")
    if problems or url is None or price is None or availability is None:
        return tuple(problems)
    return ProductRow(
        sku=sku,
        group_key=_optional(cells, "group_key", 200),
        title=title,
        description=plain_text(cells.get("description", ""), DESCRIPTION_MAX),
        url=url,
        image_url=image_link(cells.get("image_url", "")),
        brand=_optional(cells, "brand", 200),
        category=_optional(cells, "category", 500),
        gtin=_gtin(cells.get("gtin", "")),
        price_minor=price.minor,
        sale_price_minor=sale,
        currency=price.currency,
        availability=availability.value,
    )


def one_line(text: str) -> str:
    """An id, heading or cell as it is compared and kept: without control characters and needless blanks."""
    return " ".join(text.split()) if text.isascii() and text.isprintable() else wording.one_line(text)


def plain_text(text: str, limit: int) -> str:
    """Text without markup, control characters and runs of blanks, cut at `limit`."""
    if not text.isprintable():
        text = _CONTROLS.sub(" ", text)
    if "<" in text or "&" in text:
        text = html.unescape(_CLEANER.clean(_BLOCK_TAGS.sub(" <", text)))
        text = _CONTROLS.sub(" ", text)  # an entity may have hidden one
    return " ".join(text.split())[:limit].rstrip()


def availability_of(text: str) -> Availability | None:
    """Availability in its usual spellings, as a schema.org address or as a number of pieces; nothing is in stock."""
    word = " ".join(_CONTROLS.sub("", text).lower().split())
    if word in _NOTHING:
        return Availability.IN_STOCK
    word = re.sub(r"^https?://schema\.org/", "", word)
    if re.fullmatch(r"-?\d{1,9}([.,]0+)?", word):
        return Availability.IN_STOCK if re.match(r"0*[1-9]", word) else Availability.OUT_OF_STOCK
    return _AVAILABILITY.get(word)


def _link(cells: Mapping[str, str], context: Context, refuse: _Refuse) -> str | None:
    text = cells.get("url", "").strip()
    if not text:
        refuse("url", "link_missing")
        return None
    try:
        return product_link(text, context.allowed_hosts)
    except AddressProblem as problem:
        refuse("url", problem.code)
        return None


def _currency(cells: Mapping[str, str], context: Context, refuse: _Refuse) -> str:
    named = cells.get("currency", "").strip().upper()
    if named.lower() in _NOTHING:
        return context.currency
    named = "IDR" if named in {"RP", "RUPIAH"} else named
    if named not in EXPONENTS:
        refuse("currency", "price_currency_unknown")
        return context.currency
    return named


def _price(cells: Mapping[str, str], field: str, currency: str, refuse: _Refuse) -> prices.Price | None:
    text = cells.get(field, "").strip()
    if not text:
        refuse(field, "price_missing")
        return None
    try:
        return prices.parse(text, currency)
    except prices.PriceProblem as problem:
        refuse(field, problem.code)
        return None


def _sale_price(cells: Mapping[str, str], price: prices.Price | None, refuse: _Refuse) -> int | None:
    """The reduced price in minor units where it really is lower."""
    if price is None or cells.get("sale_price", "").strip().lower() in _NOTHING:
        return None
    sale = _price(cells, "sale_price", price.currency, refuse)
    if sale is None:
        return None
    if sale.currency != price.currency:
        refuse("sale_price", "sale_price_currency")
        return None
    return sale.minor if 0 < sale.minor < price.minor else None


def _optional(cells: Mapping[str, str], field: str, limit: int) -> str | None:
    text = plain_text(cells.get(field, ""), limit)
    return None if text.lower() in _NOTHING else text


def _gtin(text: str) -> str | None:
    digits = re.sub(r"[\s-]", "", text)
    return digits if re.fullmatch(r"[0-9]{8,14}", digits) else None
