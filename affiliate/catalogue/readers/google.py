"""The names of Google's product data specification, as feeds in XML, TSV and CSV carry them."""

from __future__ import annotations

from collections.abc import Sequence

FIELD_NAMES: dict[str, tuple[str, ...]] = {
    "sku": ("id",),
    "group_key": ("item_group_id",),
    "title": ("title",),
    "description": ("description", "summary", "content"),
    "url": ("link",),
    "image_url": ("image_link",),
    "brand": ("brand",),
    "category": ("product_type", "google_product_category"),
    "gtin": ("gtin",),
    "price": ("price",),
    "sale_price": ("sale_price",),
    "availability": ("availability",),
}
_ALWAYS = frozenset({"id", "title", "link", "price"})


def name_of(heading: str) -> str:
    """A heading as the specification writes it: "g:Image Link" -> image_link."""
    return "_".join(heading.strip().lower().removeprefix("g:").split())


def columns_of(headings: Sequence[str]) -> dict[str, tuple[str, ...]] | None:
    """Our fields' columns where the headings are Google's, else None."""
    by_name: dict[str, str] = {}
    for heading in headings:
        by_name.setdefault(name_of(heading), heading)
    if not by_name.keys() >= _ALWAYS:
        return None
    return {field: tuple(by_name[name] for name in names if name in by_name) for field, names in FIELD_NAMES.items()}
