"""What may be asked of the list of conversions, and how one is answered."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from affiliate.conversions.lists import Part
from affiliate.conversions.models import ConversionStatus
from affiliate.core import web
from affiliate.core.clock import rfc3339
from affiliate.core.wording import Line
from affiliate.identity.actors import Actor


class ListArgs(web.Strict):
    """Filters, and where the list goes on."""

    merchant = Line()
    community = Line()
    order = Line()
    status = fields.Enum(ConversionStatus, by_value=True)
    cursor = fields.Str()
    limit = fields.Int(load_default=web.PAGE_SIZE, validate=validate.Range(1, web.PAGE_SIZE_MAX))


class OrderArgs(web.Strict):
    """One order, by its store and the store's own number."""

    merchant = Line(required=True, metadata={"description": "slug of the merchant"})
    order = Line(required=True, metadata={"description": "the merchant's own order number"})


def conversion_json(row: Any, own: Part | None = None) -> dict[str, Any]:
    """One row of `lists.conversions`; `own` where the order is another community's first: what the reader has of it."""
    conversion, order, merchant, community, product, curator = row[:6]
    if own is not None:
        community, product, curator = own.community, None, None
    return {
        "order": order.ref,
        "merchant": merchant.slug,
        "community": community.slug if community else None,
        "curator": curator.handle if curator else None,
        "product": product.sku if product else None,
        "status": conversion.status.value,
        "reason": conversion.reason,
        "estimate": web.money_json(conversion.estimate_minor, conversion.currency),
        "decided_by": conversion.evidence.get("decided_by"),
        "clicked_at": rfc3339(conversion.clicked_at) if conversion.clicked_at and own is None else None,
        "placed_at": rfc3339(conversion.placed_at),
        "updated_at": rfc3339(conversion.updated_at),
    }


def link_json(row: Any, actor: Actor) -> dict[str, Any] | None:
    """The link of a row of `lists.conversions`; its words are its community's own, so only its people get them."""
    link = row[6]
    if link is None or not actor.sees_community(link.community_id):
        return None
    return {"code": link.code, "label": link.label, "sub_ids": link.sub_ids}
