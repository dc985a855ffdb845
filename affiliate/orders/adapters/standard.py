"""Our own webhook: one event a delivery."""

from __future__ import annotations

from collections.abc import Mapping

from affiliate.orders.adapters.reading import Reading, Shop
from affiliate.orders.schemas import parse_standard


def read(body: bytes, _headers: Mapping[str, str], _shop: Shop) -> Reading:
    """What a standard delivery says. Raises Unreadable."""
    told = parse_standard(body)
    return Reading(told) if isinstance(told, str) else Reading(told.kind, (told,))
