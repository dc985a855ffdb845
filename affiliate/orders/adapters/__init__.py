"""What each shop system's deliveries say, as the same order events: one small module a system."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from affiliate.merchants.models import WebhookKind
from affiliate.orders.adapters import adobe, file, shopify, standard, woocommerce
from affiliate.orders.adapters.reading import Reading, Shop

ADAPTERS: dict[WebhookKind, Callable[[bytes, Mapping[str, str], Shop], Reading]] = {
    WebhookKind.STANDARD: standard.read,
    WebhookKind.SHOPIFY: shopify.read,
    WebhookKind.WOOCOMMERCE: woocommerce.read,
    WebhookKind.ADOBE: adobe.read,
    WebhookKind.FILE: file.read,
}


def read(kind: WebhookKind, body: bytes, headers: Mapping[str, str], shop: Shop) -> Reading:
    """What a delivery says. Raises Unreadable with the field."""
    return ADAPTERS[kind](body, headers, shop)
