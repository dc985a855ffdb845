"""What may be asked of the list of conversions, and how one is answered."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

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


def conversion_json(row: Any) -> dict[str, Any]:
    conversion, order, merchant, community, product, curator = row[:6]
    return {
        "order": order.ref,
        "merchant": merchant.slug,
        "community": community.slug if community else None,
        "curator": curator.handle if curator else None,
        "product": product.sku if product else None,
        "status": conversion.status.value,
        "reason": conversion.reason,
        "estimate": web.money_json(conversion.estimate_minor, conversion.currency),
        "clicked_at": rfc3339(conversion.clicked_at) if conversion.clicked_at else None,
        "placed_at": rfc3339(conversion.placed_at),
        "updated_at": rfc3339(conversion.updated_at),
    }


def link_json(row: Any, actor: Actor) -> dict[str, Any] | None:
    """The link of a row of `lists.conversions`; its words are its community's own, so only its people get them."""
    link = row[6]
    if link is None or not actor.sees_community(link.community_id):
        return None
    return {"code": link.code, "label": link.label, "sub_ids": link.sub_ids}
