"""What comes in with an upload, and what is shown of uploads and products."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, pre_load, validate

from affiliate.catalogue.models import CatalogueUpload, Format, Product, ProductStatus, UploadMode, UploadStage
from affiliate.catalogue.rules import FIELDS
from affiliate.core import clock, money
from affiliate.core.i18n import _
from affiliate.core.web import PAGE_SIZE, PAGE_SIZE_MAX, Strict, money_json


class MappingField(fields.Field[dict[str, str]]):
    """{"sku": "kode", …} as JSON text: our field -> column heading."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, str]:
        try:
            read = json.loads(value)
        except (TypeError, ValueError, RecursionError):
            read = None
        if not isinstance(read, dict) or not all(isinstance(heading, str) for heading in read.values()):
            raise ValidationError(_("Give an object in JSON: our field and the heading of its column."))
        unknown = sorted(set(read) - set(FIELDS))
        if unknown:
            raise ValidationError(_("We have no such field: %(fields)s", fields=", ".join(unknown)[:200]))
        return read


class UploadForm(Strict):
    """The fields beside the file. Empty ones, as a form sends them, count as left out."""

    format = fields.Enum(Format, by_value=True, load_default=None)
    mode = fields.Enum(UploadMode, by_value=True, load_default=UploadMode.FULL)
    currency = fields.Str(load_default=None, validate=validate.OneOf(sorted(money.EXPONENTS)))
    mapping = MappingField(load_default=dict)

    @pre_load
    def _left_out(self, data: Mapping[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return {name: value for name, value in data.items() if value != ""}


class UploadFiles(Strict):
    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class UploadAccepted(Schema):
    id = fields.Int()
    url = fields.Str()


class UploadShown(Schema):
    id = fields.Int()
    stage = fields.Enum(UploadStage, by_value=True)
    format = fields.Enum(Format, by_value=True, allow_none=True)
    mode = fields.Enum(UploadMode, by_value=True)
    currency = fields.Str()
    size_bytes = fields.Int()
    bytes_read = fields.Int()
    rows_total = fields.Int()
    rows_ok = fields.Int()
    rows_failed = fields.Int()
    rows_skipped = fields.Int()
    created = fields.Int()
    changed = fields.Int()
    withdrawn = fields.Int()
    failure = fields.Str(allow_none=True)
    failure_text = fields.Str(allow_none=True)
    mapping = fields.Dict()
    headings = fields.List(fields.Str())
    received_at = fields.Str()
    finished_at = fields.Str(allow_none=True)
    errors_url = fields.Str()


class ProductsWanted(Strict):
    merchant = fields.Str(load_default=None)
    q = fields.Str(load_default="")
    sku = fields.Str(load_default=None)
    status = fields.Enum(ProductStatus, by_value=True, load_default=ProductStatus.LISTED)
    cursor = fields.Str(load_default=None)
    limit = fields.Int(load_default=PAGE_SIZE, validate=validate.Range(1, PAGE_SIZE_MAX))

    @post_load
    def _bounded(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return {**data, "q": data["q"][:200]}


class ProductShown(Schema):
    id = fields.Int()
    merchant = fields.Str()
    sku = fields.Str()
    group = fields.Str(allow_none=True)
    title = fields.Str()
    price = fields.Dict()
    sale_price = fields.Dict(allow_none=True)
    availability = fields.Str()
    status = fields.Str()
    url = fields.Str()
    image_url = fields.Str(allow_none=True)
    category = fields.Str(allow_none=True)
    brand = fields.Str(allow_none=True)


class ProductPage(Schema):
    items = fields.List(fields.Nested(ProductShown))
    next = fields.Str(allow_none=True)


def upload_json(upload: CatalogueUpload, *, failure_text: str | None, errors_url: str) -> dict[str, Any]:
    """An upload as programs see it."""
    counted = (
        "size_bytes", "bytes_read", "rows_total", "rows_ok", "rows_failed", "rows_skipped", "created", "changed",
        "withdrawn",
    )  # fmt: skip
    return {
        "id": upload.id,
        "stage": upload.stage,
        "format": upload.format,
        "mode": upload.mode,
        "currency": upload.currency,
        **{name: getattr(upload, name) for name in counted},
        "failure": upload.failure,
        "failure_text": failure_text,
        "mapping": upload.mapping,
        "headings": upload.headings,
        "received_at": clock.rfc3339(upload.received_at),
        "finished_at": clock.rfc3339(upload.finished_at) if upload.finished_at else None,
        "errors_url": errors_url,
    }


def product_json(product: Product, merchant_slug: str) -> dict[str, Any]:
    """A product as programs see it."""
    sale = product.sale_price_minor
    return {
        "id": product.id,
        "merchant": merchant_slug,
        "sku": product.sku,
        "group": product.group_key,
        "title": product.title,
        "price": money_json(product.price_minor, product.currency),
        "sale_price": None if sale is None else money_json(sale, product.currency),
        "availability": product.availability.value,
        "status": product.status.value,
        "url": product.url,
        "image_url": product.image_url,
        "category": product.category,
        "brand": product.brand,
    }
