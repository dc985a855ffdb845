"""How shop systems sign their deliveries: one small module each."""

from __future__ import annotations

from affiliate.merchants.models import WebhookKind
from affiliate.orders.schemes import adobe, shopify, standard, woocommerce
from affiliate.orders.schemes.base import Scheme

FROM_FILE = Scheme((), 0, lambda *_: False, lambda _headers, _body: "", lambda *_: "")  # nobody signs for a file
SCHEMES: dict[WebhookKind, Scheme] = {
    WebhookKind.STANDARD: standard.SCHEME,
    WebhookKind.SHOPIFY: shopify.SCHEME,
    WebhookKind.WOOCOMMERCE: woocommerce.SCHEME,
    WebhookKind.ADOBE: adobe.SCHEME,
}
