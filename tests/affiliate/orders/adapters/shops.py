"""Orders as Shopify, WooCommerce and Adobe Commerce write them, and requests as they sign them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from typing import Any

from affiliate.merchants.models import WebhookKey, WebhookKind
from affiliate.orders import adapters
from affiliate.orders.adapters.reading import Reading, Shop

SHOP = Shop(1, "etl", b"k" * 32)
TOKEN = "AAAAAAAAAAEBmR2mF4AAAAAAAAAAAQABAgMEBQYHCAka"  # shaped as ours
_NUMBERS = itertools.count(1)

TOPIC_HEADERS = {
    WebhookKind.SHOPIFY: "x-shopify-topic",
    WebhookKind.WOOCOMMERCE: "x-wc-webhook-topic",
    WebhookKind.ADOBE: "x-adobe-commerce-webhook-event",
}
SIGNATURE_HEADERS = {
    WebhookKind.SHOPIFY: "x-shopify-hmac-sha256",
    WebhookKind.WOOCOMMERCE: "x-wc-webhook-signature",
    WebhookKind.ADOBE: "x-adobe-commerce-webhook-signature",
}
ID_HEADERS = {
    WebhookKind.SHOPIFY: "x-shopify-webhook-id",
    WebhookKind.WOOCOMMERCE: "x-wc-webhook-delivery-id",
    WebhookKind.ADOBE: "x-adobe-commerce-webhook-id",
}
ORDER_TOPICS = {
    WebhookKind.SHOPIFY: "orders/updated",
    WebhookKind.WOOCOMMERCE: "order.updated",
    WebhookKind.ADOBE: "sales_order_save_commit_after",
}


def body_of(content: Any) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def mac(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def headers(key: WebhookKey, body: bytes, *, topic: str | None = None, delivery: str | None = None) -> dict[str, str]:
    """Headers of a request that this shop system signs; every call is another delivery unless one is named."""
    return {
        SIGNATURE_HEADERS[key.kind]: mac(key.secret, body),
        TOPIC_HEADERS[key.kind]: ORDER_TOPICS[key.kind] if topic is None else topic,
        ID_HEADERS[key.kind]: delivery or f"delivery-{next(_NUMBERS)}",
        "content-type": "application/json",
    }


def send(client: Any, slug: str, key: WebhookKey, content: Any, **named: Any) -> Any:
    body = body_of(content)
    return client.post(f"/hooks/v1/{slug}/{key.kind.value}", data=body, headers=headers(key, body, **named))


def read(kind: WebhookKind, content: Any, topic: str | None = None, **more: str) -> Reading:
    given = {TOPIC_HEADERS[kind]: ORDER_TOPICS[kind] if topic is None else topic} | more
    return adapters.read(kind, body_of(content), given, SHOP)


def both(shop: str, customer: str | None = None, *, currencies: tuple[str, str] = ("IDR", "IDR")) -> dict[str, Any]:
    """A Shopify money set: what the shop gets and what the customer pays."""
    return {
        "shop_money": {"amount": shop, "currency_code": currencies[0]},
        "presentment_money": {"amount": customer or shop, "currency_code": currencies[1]},
    }


def shopify_line(line_id: int = 9007199254740993, **over: Any) -> dict[str, Any]:
    return {
        "id": line_id,
        "sku": "Z-77",
        "title": "Kebaya",
        "vendor": "Anggun",
        "quantity": 2,
        "price": "150000.00",
        "gift_card": False,
        "properties": [],
        "tax_lines": [],
        "discount_allocations": [],
    } | over


def shopify_order(*, minute: int = 0, **over: Any) -> dict[str, Any]:
    """An order that is placed and not paid, last changed `minute` minutes after nine."""
    return {
        "id": 9007199254740995,
        "name": "#1001",
        "created_at": "2026-11-01T16:00:00+07:00",
        "updated_at": f"2026-11-01T16:{minute:02}:00+07:00",
        "cancelled_at": None,
        "currency": "IDR",
        "presentment_currency": "IDR",
        "taxes_included": False,
        "test": False,
        "financial_status": "pending",
        "fulfillment_status": None,
        "note_attributes": [{"name": "etl", "value": TOKEN}],
        "landing_site": "/",
        "discount_codes": [],
        "customer": {"id": 115310627314723954, "email": "siti@contoh.test"},
        "email": "siti@contoh.test",
        "line_items": [shopify_line()],
        "shipping_lines": [{"price": "20000.00", "tax_lines": [], "discount_allocations": []}],
        "refunds": [],
    } | over


def shopify_refund(refund_id: int = 890088186047892319, **over: Any) -> dict[str, Any]:
    """One of two pieces goes back."""
    return {
        "id": refund_id,
        "order_id": 9007199254740995,
        "created_at": "2026-11-03T10:00:00+07:00",
        "refund_line_items": [
            {"line_item_id": 9007199254740993, "quantity": 1, "subtotal": 150000.0, "subtotal_set": both("150000.00")}
        ],
        "order_adjustments": [],
        "transactions": [],
        "total_duties_set": both("0.00"),
    } | over


def woo_line(line_id: int = 315, **over: Any) -> dict[str, Any]:
    return {
        "id": line_id,
        "name": "Kebaya &ndash; M",
        "sku": "Z-77",
        "quantity": 2,
        "subtotal": "300000.00",
        "subtotal_tax": "0.00",
        "total": "300000.00",
        "total_tax": "0.00",
    } | over


def woo_order(status: str = "processing", *, minute: int = 0, **over: Any) -> dict[str, Any]:
    return {
        "id": 727,
        "number": "727",
        "status": status,
        "currency": "IDR",
        "prices_include_tax": False,
        "date_created_gmt": "2026-11-01T09:00:00",
        "date_modified_gmt": f"2026-11-01T09:{minute:02}:00",
        "date_paid_gmt": None,
        "date_completed_gmt": None,
        "shipping_total": "20000.00",
        "shipping_tax": "0.00",
        "customer_id": 0,
        "billing": {"email": "siti@contoh.test"},
        "meta_data": [{"id": 1, "key": "_etl", "value": TOKEN}],
        "line_items": [woo_line()],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
    } | over


def adobe_item(item_id: str = "543", **over: Any) -> dict[str, Any]:
    return {
        "item_id": item_id,
        "parent_item_id": None,
        "product_type": "simple",
        "sku": "Z-77",
        "name": "Kebaya",
        "qty_ordered": "2.0000",
        "qty_refunded": "0.0000",
        "qty_canceled": "0.0000",
        "base_row_total": "300000.0000",
        "row_total": "300000.0000",
        "base_tax_amount": "0.0000",
        "base_discount_amount": "0.0000",
        "base_amount_refunded": "0.0000",
    } | over


def adobe_order(state: str = "new", *, minute: int = 0, **over: Any) -> dict[str, Any]:
    return {
        "entity_id": 181,
        "increment_id": "100000201",
        "state": state,
        "status": state,
        "base_currency_code": "IDR",
        "order_currency_code": "IDR",
        "created_at": "2026-11-01 09:00:00",
        "updated_at": f"2026-11-01 09:{minute:02}:00",
        "base_shipping_amount": "20000.0000",
        "customer_id": "136",
        "customer_email": "siti@contoh.test",
        "coupon_code": None,
        "extension_attributes": {"etl": TOKEN},
        "items": [adobe_item()],
    } | over
