"""What conversions hangs into other rooms' pages: from a store's order to how it was credited."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from affiliate.conversions import words
from affiliate.conversions.models import Conversion
from affiliate.core import slots
from affiliate.core.db import db
from affiliate.orders.models import Order


def order_credit(actor: Any, order: Order) -> Any:
    """Under a store's order: credited or not, why, and the way to the whole story. The page has asked for rights."""
    found = db.session.execute(sa.select(Conversion).where(Conversion.order_id == order.id)).scalar_one_or_none()
    if found is None:
        return None
    return slots.rendered("affiliate/conversions/_order_credit.html", conversion=found, order=order, words=words)
