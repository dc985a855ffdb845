"""A signed message to compare one's own code with: the same input must give the same signature. Pure."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from affiliate.core import money
from affiliate.core.signing import SECRET_PREFIX, standard_signature

# Published on purpose, so it signs nothing but this example.
SECRET = SECRET_PREFIX + base64.b64encode(b"contoh-rahasia-untuk-dicoba-saja").decode()
MESSAGE_ID = "msg_contoh_1"
AT = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
TOLD_AT = "2026-11-01T09:00:00Z"
TOKEN = "AAAAAAAAAAEBnzr0kIA0aGlzaXNub3Rhc2VjcmV0eA0a"  # noqa: S105  of no click


@dataclass(frozen=True, slots=True)
class Signed:
    """What is signed, and what must come out."""

    secret: str
    message_id: str
    timestamp: int
    body: str
    signature: str


def signed(currency: str, coupon: str | None = None) -> Signed:
    """The example in a store's own currency; with a coupon for stores that carry no token."""
    price = money.to_decimal(150_000 * 10 ** money.EXPONENTS[currency], currency)
    how = {"coupon": coupon} if coupon else {"click_token": TOKEN}
    line = {"line_id": "1", "sku": "Z-77", "quantity": 1, "unit_price": price}
    data = {"order_id": "A-1001", "version": 1, "currency": currency, "placed_at": TOLD_AT, **how, "test": True}
    message = {"type": "order.placed", "timestamp": TOLD_AT, "data": data | {"lines": [line]}}
    body = json.dumps(message, separators=(",", ":"))
    signature = standard_signature(SECRET, MESSAGE_ID, AT, body.encode())
    return Signed(SECRET, MESSAGE_ID, int(AT.timestamp()), body, signature)
