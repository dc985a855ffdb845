"""How shop systems sign their deliveries: one small module each."""

from __future__ import annotations

from affiliate.merchants.models import WebhookKind
from affiliate.orders.schemes import adobe, shopify, standard, woocommerce
from affiliate.orders.schemes.base import Scheme

SCHEMES: dict[WebhookKind, Scheme] = {
    WebhookKind.STANDARD: standard.SCHEME,
    WebhookKind.SHOPIFY: shopify.SCHEME,
    WebhookKind.WOOCOMMERCE: woocommerce.SCHEME,
    WebhookKind.ADOBE: adobe.SCHEME,
}
