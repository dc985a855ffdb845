"""What forms and programs may say about links, and how we answer programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from affiliate.core.clock import rfc3339
from affiliate.core.i18n import _l
from affiliate.core.web import PAGE_SIZE, PAGE_SIZE_MAX, Strict
from affiliate.core.wording import Line
from affiliate.links import rules
from affiliate.links.figures import Figures
from affiliate.links.lists import Given

ADDRESS_TYPED_MAX = 4000  # percent-encoding and our own clean-up come after it
_address = validate.Length(1, ADDRESS_TYPED_MAX, error=_l("Paste the address of a page of the store."))
_label = validate.Length(max=rules.LABEL_LENGTH_MAX, error=_l("Use at most 120 characters."))


def _sub_id(text: str) -> None:
    if text and not rules.is_sub_id(text):
        raise ValidationError(str(_l("Use up to 72 letters, digits and . _ ~ - without blanks.")))


class CodeField(Line):
    """A code as people type it: capitals are small letters."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return super()._deserialize(value, attr, data, **kwargs).lower()


class LinkForm(Strict):
    """POST /portal/…/links; what is left empty was not said."""

    url = Line(required=True, validate=_address)
    merchant = Line(load_default="")
    label = Line(load_default="", validate=_label)
    code = CodeField(load_default="")
    channel = Line(load_default="", validate=_sub_id)
    sub1 = Line(load_default="", validate=_sub_id)
    sub2 = Line(load_default="", validate=_sub_id)
    sub3 = Line(load_default="", validate=_sub_id)

    @post_load
    def gather(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """The sub-ids under one name, as LinkIn has them."""
        return data | {"sub_ids": {name: text for name in rules.SUB_IDS if (text := data.pop(name))}}


class SubIds(Strict):
    """channel, sub1, sub2, sub3: each up to 72 characters, each may be left out."""

    channel = Line(validate=_sub_id)
    sub1 = Line(validate=_sub_id)
    sub2 = Line(validate=_sub_id)
    sub3 = Line(validate=_sub_id)

    @post_load
    def without_blanks(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return {name: text for name, text in data.items() if text}


class LinkIn(Strict):
    """POST …/links"""

    url = Line(required=True, validate=_address, metadata={"description": "any page on the store's allowed hosts"})
    merchant = Line(
        load_default=None, allow_none=True, metadata={"description": "slug; needed where several stores share a host"}
    )
    label = Line(load_default="", validate=_label, metadata={"description": "for your own lists"})
    sub_ids = fields.Nested(
        SubIds, load_default=dict, metadata={"description": "come back with each order of this link"}
    )
    code = CodeField(
        load_default=None, allow_none=True, metadata={"description": "4 to 20 of a-z and 0-9; drawn when left out"}
    )


class LinksArgs(Strict):
    cursor = fields.Str()
    limit = fields.Int(load_default=PAGE_SIZE, validate=validate.Range(1, PAGE_SIZE_MAX))


class QrArgs(Strict):
    size = fields.Int(load_default=480, metadata={"description": "PNG only: at least so many pixels, up to 2000"})


class TrackingLinkOut(Schema):
    id = fields.Int()
    code = fields.Str()
    url = fields.Str(metadata={"description": "what to give out"})
    qr = fields.Str(metadata={"description": "SVG; .png?size= beside it; with your key"})
    merchant = fields.Str()
    target = fields.Str(metadata={"description": "where it leads, without the click token"})
    product = fields.Int(allow_none=True, metadata={"description": "of a pick's link"})
    label = fields.Str()
    sub_ids = fields.Dict(keys=fields.Str(), values=fields.Str())
    clicks = fields.Int(metadata={"description": "people's visits so far"})
    orders = fields.Int(metadata={"description": "orders so far, without declined ones"})
    created_at = fields.Str()
    withdrawn_at = fields.Str(allow_none=True)


class TrackingLinksOut(Schema):
    items = fields.List(fields.Nested(TrackingLinkOut))
    next = fields.Str(allow_none=True)


def link_json(given: Given, figures: Mapping[int, Figures], *, public_url: str, qr_url: str) -> dict[str, Any]:
    link, seen = given.link, figures.get(given.link.id, Figures())
    return {
        "id": link.id,
        "code": link.code,
        "url": f"{public_url}/go/{link.code}",
        "qr": qr_url,
        "merchant": given.merchant.slug,
        "target": given.target,
        "product": link.product_id,
        "label": link.label,
        "sub_ids": link.sub_ids,
        "clicks": seen.clicks,
        "orders": seen.orders,
        "created_at": rfc3339(link.created_at),
        "withdrawn_at": rfc3339(link.withdrawn_at) if link.withdrawn_at else None,
    }
