"""What may be asked of the list of commissions, and how one is answered."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from affiliate.commissions.lists import Listed
from affiliate.core import web
from affiliate.core.clock import rfc3339
from affiliate.core.wording import Line


class ListArgs(web.Strict):
    """Filters, and where the list goes on."""

    merchant = Line()
    community = Line()
    order = Line()
    cursor = fields.Str()
    limit = fields.Int(load_default=web.PAGE_SIZE, validate=validate.Range(1, web.PAGE_SIZE_MAX))


def commission_json(listed: Listed) -> dict[str, Any]:
    commission, code = listed.commission, listed.commission.currency
    return {
        "id": commission.id,
        "order": listed.order.ref,
        "merchant": listed.merchant.slug,
        "community": listed.community.slug,
        "currency": code,
        "earned": web.money_json(listed.earned_minor, code),
        "by": [
            {"owner": part.owner, "role": part.role.value, "amount": web.money_json(part.amount_minor, code)}
            for part in listed.parts
        ],
        "available_on": rfc3339(commission.available_on),
        "needs_funding": commission.needs_funding,
    }
