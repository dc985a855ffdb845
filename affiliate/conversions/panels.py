"""What conversions hangs into other rooms' pages: from a store's order to how it was credited."""

from __future__ import annotations

from typing import Any

from affiliate.conversions import story, words
from affiliate.core import slots
from affiliate.core.db import db
from affiliate.orders.models import Order


def order_credit(actor: Any, order: Order) -> Any:
    """Under a store's order: who brought it, or why nobody, and the way to the whole story."""
    found = story.by_order(db.session, actor, order.id)
    return slots.rendered(
        "affiliate/conversions/_order_credit.html",
        conversion=found.conversion,
        told=story.told(db.session, found),
        order=order,
        words=words,
    )
