"""The shop systems' own samples, delivered with valid signatures, and what must come of each.

The tables were worked out by hand from the samples, not by our code. Amounts are as people write them; a dash is
nothing. `total` is what the customer pays for lines and shipping, tax included; `net` is what a commission is reckoned
from. Where a sample's own sums disagree with its lines (Shopify's old test orders), the lines are believed.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from affiliate.core import clock, money
from affiliate.merchants.models import WebhookKind
from affiliate.orders import service
from affiliate.orders.models import Delivery, Order, OrderEvent, OrderLine, OrderRefund
from tests.affiliate.orders.adapters.shops import send

FOLDERS = {WebhookKind.SHOPIFY: "shopify", WebhookKind.WOOCOMMERCE: "woocommerce", WebhookKind.ADOBE: "magento"}

ORDERS = """
kind        | sample                                 | topic                       | order              | status    | placed               | completed            | total   | shipping | net    | refunded | coupon | test
shopify     | 2025-01/orders_create.json             | orders/create               | 820982911946154500 | cancelled | 2022-01-01T00:00:00Z | -                    | 379.97  | 10.00    | 369.97 | 0.00     | -      | yes
shopify     | 2025-01/orders_paid.json               | orders/paid                 | 820982911946154500 | cancelled | 2022-01-01T00:00:00Z | -                    | 379.97  | 10.00    | 369.97 | 0.00     | -      | yes
shopify     | 2025-01/orders_fulfilled.json          | orders/fulfilled            | 820982911946154500 | cancelled | 2022-01-01T00:00:00Z | -                    | 379.97  | 10.00    | 369.97 | 0.00     | -      | yes
shopify     | 2025-01/orders_partially_fulfilled.json| orders/partially_fulfilled  | 820982911946154500 | cancelled | 2022-01-01T00:00:00Z | -                    | 379.97  | 10.00    | 369.97 | 0.00     | -      | yes
shopify     | 2025-01/orders_updated.json            | orders/updated              | 820982911946154500 | cancelled | 2022-01-01T00:00:00Z | -                    | 379.97  | 10.00    | 369.97 | 0.00     | -      | yes
shopify     | 2025-01/orders_cancelled.json          | orders/cancelled            | 820982911946154500 | cancelled | 2022-01-01T00:00:00Z | -                    | 379.97  | 10.00    | 369.97 | 0.00     | -      | yes
shopify     | admin_api_order.json:order             | orders/create               | 450789469          | placed    | 2008-01-10T16:00:00Z | -                    | 608.94  | 0.00     | 597.00 | 0.00     | TENOFF | no
woocommerce | docs_order_1.json                      | order.created               | 727                | paid      | 2017-03-22T19:28:02Z | -                    | 29.35   | 10.00    | 18.00  | 0.00     | -      | no
woocommerce | docs_order_2.json                      | order.updated               | 727                | paid      | 2017-03-22T19:28:02Z | -                    | 29.35   | 10.00    | 18.00  | 0.00     | -      | no
woocommerce | docs_order_3.json:0                    | order.updated               | 727                | paid      | 2017-03-22T19:28:02Z | -                    | 29.35   | 10.00    | 18.00  | 0.00     | -      | no
woocommerce | docs_order_3.json:1                    | order.updated               | 723                | completed | 2017-03-21T19:16:00Z | 2017-03-21T19:54:51Z | 39.00   | 10.00    | 10.00  | 19.00    | -      | no
woocommerce | docs_order_4.json                      | order.updated               | 727                | completed | 2017-03-22T19:28:02Z | 2017-03-22T19:30:35Z | 29.35   | 10.00    | 18.00  | 0.00     | -      | no
woocommerce | docs_order_5.json                      | order.updated               | 727                | completed | 2017-03-22T19:28:02Z | 2017-03-22T19:30:35Z | 29.35   | 10.00    | 18.00  | 0.00     | -      | no
woocommerce | order.json:data                        | order.updated               | 963                | paid      | 2018-04-03T23:05:12Z | -                    | 31.20   | 0.00     | 30.00  | 0.00     | 30$off | no
woocommerce | order-details-partially-refunded.json:data | order.updated           | 324                | completed | 2019-06-06T17:17:55Z | 2019-06-06T17:18:38Z | 304.45  | 54.25    | 225.90 | 24.30    | -      | no
woocommerce | order-fully-refunded.json:data         | order.updated               | 609                | paid      | 2017-08-24T20:56:57Z | -                    | 223.71  | 43.71    | 0.00   | 180.00   | -      | no
woocommerce | order-with-attribution-info.json:data  | order.updated               | 459                | paid      | 2023-03-29T03:21:20Z | -                    | 28.00   | 10.00    | 18.00  | 0.00     | -      | no
woocommerce | order-with-charge.json:data            | order.updated               | 211                | paid      | 2022-01-28T13:59:07Z | -                    | 33.30   | 15.30    | 17.65  | 0.00     | -      | no
woocommerce | order-with-subscription-renewal.json:data | order.updated            | 526                | paid      | 2023-04-18T17:16:08Z | -                    | 14.50   | 0.00     | 14.50  | 0.00     | -      | no
woocommerce | orders-load-all.json:data:0            | order.updated               | 963                | paid      | 2018-04-03T23:05:12Z | -                    | 31.20   | 0.00     | 30.00  | 0.00     | 30$off | no
woocommerce | orders-load-all.json:data:1            | order.updated               | 961                | paid      | 2018-04-03T20:54:21Z | -                    | 20.00   | 0.00     | 20.00  | 0.00     | -      | no
woocommerce | orders-load-all.json:data:2            | order.updated               | 960                | paid      | 2018-04-03T20:52:38Z | -                    | 20.00   | 0.00     | 20.00  | 0.00     | -      | no
woocommerce | orders-load-all.json:data:3            | order.updated               | 560                | paid      | 2019-10-01T19:31:17Z | -                    | 1198.50 | 290.40   | 683.10 | 225.00   | -      | no
adobe       | sale_order_100000201.json:0:result     | sales_order_save_commit_after | 100000201        | placed    | 2013-05-25T21:37:05Z | -                    | 387.27  | 12.31    | 344.00 | 0.00     | -      | no
adobe       | sale_order_145000008.json:0:result     | sales_order_save_commit_after | 145000008        | placed    | 2017-06-30T12:48:31Z | -                    | 243.56  | 0.00     | 225.00 | 0.00     | -      | no
"""

LINES = """
sample                                 | line               | sku                           | pieces | unit price | discount | tax   | net    | refunded
2025-01/orders_create.json             | 487817672276298560 | SKU2006-001                   | 1      | 89.99      | 0.00     | 0.00  | 89.99  | 0.00
2025-01/orders_create.json             | 976318377106520300 | SKU2006-020                   | 1      | 159.99     | 0.00     | 0.00  | 159.99 | 0.00
2025-01/orders_create.json             | 315789986012684400 | SKU2006-035                   | 1      | 119.99     | 0.00     | 0.00  | 119.99 | 0.00
admin_api_order.json:order             | 466157049          | IPOD2008GREEN                 | 1      | 202.98     | 0.00     | 3.98  | 199.00 | 0.00
admin_api_order.json:order             | 518995019          | IPOD2008RED                   | 1      | 202.98     | 0.00     | 3.98  | 199.00 | 0.00
admin_api_order.json:order             | 703073504          | IPOD2008BLACK                 | 1      | 202.98     | 0.00     | 3.98  | 199.00 | 0.00
docs_order_1.json                      | 315                | -                             | 2      | 3.23       | 0.01     | 0.45  | 6.00   | 0.00
docs_order_1.json                      | 316                | Bar3                          | 1      | 12.90      | 0.00     | 0.90  | 12.00  | 0.00
docs_order_3.json:1                    | 311                | -                             | 1      | 9.00       | 0.00     | 0.00  | 9.00   | 5.90
docs_order_3.json:1                    | 313                | -                             | 1      | 20.00      | 0.00     | 0.00  | 20.00  | 13.10
order.json:data                        | 890                | -                             | 2      | 26.00      | 20.80    | 1.20  | 30.00  | 0.00
order.json:data                        | 891                | 5555-A                        | 1      | 10.40      | 10.40    | 0.00  | 0.00   | 0.00
order-details-partially-refunded.json:data | 38             | POSTER-SHIP-YOUR-IDEA         | 1      | 13.50      | 0.00     | 0.00  | 13.50  | 1.31
order-details-partially-refunded.json:data | 39             | POSTER-WOO-LOGO               | 2      | 13.50      | 0.00     | 0.00  | 27.00  | 2.62
order-details-partially-refunded.json:data | 40             | POSTER-PREMIUM-QUALITY        | 3      | 10.80      | 0.00     | 0.00  | 32.40  | 3.15
order-details-partially-refunded.json:data | 41             | POSTER-WOO-NINJA              | 4      | 13.50      | 0.00     | 0.00  | 54.00  | 5.25
order-details-partially-refunded.json:data | 42             | WOO-ALBUM-1                   | 5      | 8.10       | 0.00     | 0.00  | 40.50  | 3.93
order-details-partially-refunded.json:data | 43             | WOO-ALBUM-3                   | 6      | 8.10       | 0.00     | 0.00  | 48.60  | 4.72
order-details-partially-refunded.json:data | 44             | WOO-SINGLE-2                  | 7      | 1.80       | 0.00     | 0.00  | 12.60  | 1.22
order-details-partially-refunded.json:data | 45             | WOO-SINGLE-1                  | 8      | 2.70       | 0.00     | 0.00  | 21.60  | 2.10
order-fully-refunded.json:data         | 667                | -                             | 2      | 90.00      | 0.00     | 0.00  | 180.00 | 180.00
order-with-attribution-info.json:data  | 921                | Woo-beanie-logo               | 1      | 18.00      | 0.00     | 0.00  | 18.00  | 0.00
order-with-charge.json:data            | 302                | woo-beanie                    | 1      | 18.00      | 0.00     | 0.35  | 17.65  | 0.00
2025-01/orders_paid.json               | 487817672276298560 | SKU2006-001                   | 1      | 89.99      | 0.00     | 0.00  | 89.99  | 0.00
2025-01/orders_paid.json               | 976318377106520300 | SKU2006-020                   | 1      | 159.99     | 0.00     | 0.00  | 159.99 | 0.00
2025-01/orders_paid.json               | 315789986012684400 | SKU2006-035                   | 1      | 119.99     | 0.00     | 0.00  | 119.99 | 0.00
2025-01/orders_fulfilled.json          | 487817672276298560 | SKU2006-001                   | 1      | 89.99      | 0.00     | 0.00  | 89.99  | 0.00
2025-01/orders_fulfilled.json          | 976318377106520300 | SKU2006-020                   | 1      | 159.99     | 0.00     | 0.00  | 159.99 | 0.00
2025-01/orders_fulfilled.json          | 315789986012684400 | SKU2006-035                   | 1      | 119.99     | 0.00     | 0.00  | 119.99 | 0.00
2025-01/orders_partially_fulfilled.json | 487817672276298560 | SKU2006-001                   | 1      | 89.99      | 0.00     | 0.00  | 89.99  | 0.00
2025-01/orders_partially_fulfilled.json | 976318377106520300 | SKU2006-020                   | 1      | 159.99     | 0.00     | 0.00  | 159.99 | 0.00
2025-01/orders_partially_fulfilled.json | 315789986012684400 | SKU2006-035                   | 1      | 119.99     | 0.00     | 0.00  | 119.99 | 0.00
2025-01/orders_updated.json            | 487817672276298560 | SKU2006-001                   | 1      | 89.99      | 0.00     | 0.00  | 89.99  | 0.00
2025-01/orders_updated.json            | 976318377106520300 | SKU2006-020                   | 1      | 159.99     | 0.00     | 0.00  | 159.99 | 0.00
2025-01/orders_updated.json            | 315789986012684400 | SKU2006-035                   | 1      | 119.99     | 0.00     | 0.00  | 119.99 | 0.00
2025-01/orders_cancelled.json          | 487817672276298560 | SKU2006-001                   | 1      | 89.99      | 0.00     | 0.00  | 89.99  | 0.00
2025-01/orders_cancelled.json          | 976318377106520300 | SKU2006-020                   | 1      | 159.99     | 0.00     | 0.00  | 159.99 | 0.00
2025-01/orders_cancelled.json          | 315789986012684400 | SKU2006-035                   | 1      | 119.99     | 0.00     | 0.00  | 119.99 | 0.00
docs_order_2.json                      | 315                | -                             | 2      | 3.23       | 0.01     | 0.45  | 6.00   | 0.00
docs_order_2.json                      | 316                | Bar3                          | 1      | 12.90      | 0.00     | 0.90  | 12.00  | 0.00
docs_order_3.json:0                    | 315                | -                             | 2      | 3.23       | 0.01     | 0.45  | 6.00   | 0.00
docs_order_3.json:0                    | 316                | Bar3                          | 1      | 12.90      | 0.00     | 0.90  | 12.00  | 0.00
docs_order_4.json                      | 315                | -                             | 2      | 3.23       | 0.01     | 0.45  | 6.00   | 0.00
docs_order_4.json                      | 316                | Bar3                          | 1      | 12.90      | 0.00     | 0.90  | 12.00  | 0.00
docs_order_5.json                      | 315                | -                             | 2      | 3.23       | 0.01     | 0.45  | 6.00   | 0.00
docs_order_5.json                      | 316                | Bar3                          | 1      | 12.90      | 0.00     | 0.90  | 12.00  | 0.00
order-with-subscription-renewal.json:data | 1052               | woo-polo                      | 1      | 14.50      | 0.00     | 0.00  | 14.50  | 0.00
orders-load-all.json:data:0            | 890                | -                             | 2      | 26.00      | 20.80    | 1.20  | 30.00  | 0.00
orders-load-all.json:data:0            | 891                | 5555-A                        | 1      | 10.40      | 10.40    | 0.00  | 0.00   | 0.00
orders-load-all.json:data:1            | 888                | -                             | 1      | 20.00      | 0.00     | 0.00  | 20.00  | 0.00
orders-load-all.json:data:2            | 886                | -                             | 1      | 20.00      | 0.00     | 0.00  | 20.00  | 0.00
orders-load-all.json:data:3            | 58                 | T-SHIRT-HAPPY-NINJA           | 3      | 16.20      | 0.00     | 0.00  | 48.60  | 12.04
orders-load-all.json:data:3            | 59                 | HOODIE-HAPPY-NINJA            | 10     | 31.50      | 0.00     | 0.00  | 315.00 | 78.05
orders-load-all.json:data:3            | 60                 | T-SHIRT-NINJA-SILHOUETTE      | 2      | 18.00      | 0.00     | 0.00  | 36.00  | 8.92
orders-load-all.json:data:3            | 61                 | HOODIE-PATIENT-NINJA          | 3      | 31.50      | 0.00     | 0.00  | 94.50  | 23.41
orders-load-all.json:data:3            | 62                 | T-SHIRT-PREMIUM-QUALITY       | 2      | 18.00      | 0.00     | 0.00  | 36.00  | 8.92
orders-load-all.json:data:3            | 63                 | HOODIE-SHIP-YOUR-IDEA-BLACK-L | 4      | 31.50      | 0.00     | 0.00  | 126.00 | 31.22
orders-load-all.json:data:3            | 64                 | HOODIE-WOO-LOGO               | 2      | 31.50      | 0.00     | 0.00  | 63.00  | 15.61
orders-load-all.json:data:3            | 65                 | HOODIE-SHIP-YOUR-IDEA-BLUE-XL | 7      | 27.00      | 0.00     | 0.00  | 189.00 | 46.83
sale_order_100000201.json:0:result     | 543                | wbk003xs                      | 2      | 65.40      | 0.00     | 10.80 | 120.00 | 0.00
sale_order_100000201.json:0:result     | 545                | wsd005                        | 1      | 244.16     | 0.00     | 20.16 | 224.00 | 0.00
sale_order_145000008.json:0:result     | 598                | ace001                        | 1      | 243.56     | 0.00     | 18.56 | 225.00 | 0.00
"""

REFUNDS = """
sample                                     | refund | amount
docs_order_3.json:1                        | 724    | 9.00
docs_order_3.json:1                        | 726    | 10.00
order-details-partially-refunded.json:data | 547    | 8.10
order-details-partially-refunded.json:data | 549    | 16.20
order-fully-refunded.json:data             | 622    | 223.71
orders-load-all.json:data:3                | 1025   | 117.00
orders-load-all.json:data:3                | 1172   | 63.00
orders-load-all.json:data:3                | 562    | 27.00
orders-load-all.json:data:3                | 590    | 18.00
"""

# What makes no order: kept, answered 202, and why not.
OTHERS = """
kind        | sample                                   | topic                      | verdict       | reason           | field
shopify     | 2025-01/refunds_create.json              | refunds/create             | unknown_order | -                | -
shopify     | admin_api_refund.json:refund             | refunds/create             | unknown_order | -                | -
shopify     | 2025-01/app_uninstalled.json             | app/uninstalled            | ignored       | -                | -
shopify     | 2025-01/customers_redact.json            | customers/redact           | ignored       | -                | -
shopify     | 2025-01/shop_redact.json                 | shop/redact                | ignored       | -                | -
shopify     | 2025-01/products_update.json             | products/update            | ignored       | -                | -
shopify     | 2025-01/orders_delete.json               | orders/delete              | ignored       | -                | -
shopify     | 2025-01/orders_edited.json               | orders/edited              | ignored       | -                | -
shopify     | 2025-01/order_transactions_create.json   | order_transactions/create  | ignored       | -                | -
shopify     | shape_exemplars/2024-01_order_transactions_1.json | order_transactions/create | ignored | -             | -
shopify     | shape_exemplars/2024-01_order_transactions_2.json | order_transactions/create | ignored | -             | -
shopify     | shape_exemplars/2025-04_order_transactions_1.json | order_transactions/create | ignored | -             | -
shopify     | shape_exemplars/2024-01_orders_1.json    | orders/updated             | unreadable    | unknown_currency | currency
shopify     | shape_exemplars/2024-01_orders_2.json    | orders/updated             | unreadable    | unknown_currency | currency
shopify     | shape_exemplars/2024-01_orders_3.json    | orders/updated             | unreadable    | unknown_currency | currency
shopify     | shape_exemplars/2025-04_orders_1.json    | orders/updated             | unreadable    | unknown_currency | currency
shopify     | shape_exemplars/2025-04_orders_2.json    | orders/updated             | unreadable    | missing          | id
shopify     | shape_exemplars/2025-04_orders_3.json    | orders/updated             | unreadable    | missing          | id
shopify     | shape_exemplars/2025-04_refunds_1.json   | refunds/create             | unreadable    | unknown_currency | refund_line_items.0.subtotal_set.shop_money.currency_code
shopify     | shape_exemplars/2025-04_refunds_2.json   | refunds/create             | unreadable    | unknown_currency | order_adjustments.0.amount_set.shop_money.currency_code
shopify     | admin_api_order.json                     | orders/create              | unreadable    | missing          | id
shopify     | admin_api_orders.json                    | orders/updated             | unreadable    | missing          | id
shopify     | admin_api_refund.json                    | refunds/create             | unreadable    | missing          | order_id
shopify     | admin_api_refund_calculate.json:refund   | refunds/create             | unreadable    | missing          | order_id
shopify     | admin_api_transaction.json:transaction   | orders/updated             | unreadable    | missing          | currency
shopify     | admin_api_transactions.json              | orders/updated             | unreadable    | not_an_object    | -
woocommerce | docs_order_3.json                        | order.updated              | unreadable    | not_an_object    | -
woocommerce | docs_order_6.json                        | order.updated              | unreadable    | missing          | id
woocommerce | docs_refund_1.json                       | order.updated              | unreadable    | missing          | currency
woocommerce | docs_refund_2.json                       | order.updated              | unreadable    | missing          | currency
woocommerce | docs_refund_3.json:0                     | order.updated              | unreadable    | missing          | currency
woocommerce | docs_refund_4.json                       | order.updated              | unreadable    | missing          | currency
woocommerce | docs_refund_1.json                       | refund.created             | ignored       | -                | -
woocommerce | order.json                               | order.updated              | unreadable    | missing          | id
woocommerce | order-statuses.json                      | order.updated              | unreadable    | missing          | id
woocommerce | order-with-line-item-attributes.json     | order.updated              | unreadable    | not_json         | -
woocommerce | refund-single.json:data                  | order.updated              | unreadable    | missing          | currency
woocommerce | refunds-all.json:data:0                  | order.updated              | unreadable    | missing          | currency
adobe       | sale_order_100000201.json                | order                      | unreadable    | not_an_object    | -
adobe       | sale_order_100000201.json:0              | order                      | unreadable    | missing          | increment_id
adobe       | sale_order_145000008.json:0:result       | sales_order_creditmemo_save_after | ignored | -              | -
"""


def rows(table: str) -> list[dict[str, str]]:
    head, *body = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    return [dict(zip(head, cells, strict=True)) for cells in body]


def sample(shared_data: Path, kind: WebhookKind, name: str) -> bytes:
    """The bytes of a file, or of a part of it: file.json:key:0."""
    path, *parts = name.split(":")
    raw = (shared_data / "webhooks" / FOLDERS[kind] / path).read_bytes()
    if not parts:
        return raw
    content = json.loads(raw)
    for part in parts:
        content = content[int(part)] if isinstance(content, list) else content[part]
    return json.dumps(content).encode()


@pytest.fixture
def deliver(client, session, make, shared_data):
    """Post samples with valid signatures as one new shop, and work them; the row of the last one."""

    def delivered(kind: WebhookKind, *named: tuple[str, str]) -> Delivery:
        merchant = make.merchant()
        key = make.webhook_key(merchant, kind)
        session.commit()
        for name, topic in named:
            body = sample(shared_data, kind, name)
            answer = send(client, merchant.slug, key, body, topic=topic)
            assert answer.status_code == 202
            service.work(session, service.claim(session, limit=10, now=clock.now()), now=clock.now())
        session.commit()
        session.expire_all()
        return session.get(Delivery, answer.json["delivery"])

    return delivered


def shown(minor: int, order: Order) -> str:
    return money.to_decimal(minor, order.currency)


def moment(value) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if value else "-"


def as_row(delivery: Delivery, order: Order, told: dict[str, str]) -> dict[str, str]:
    return {
        "kind": delivery.kind.value,
        "sample": told["sample"],
        "topic": delivery.topic,
        "order": order.ref,
        "status": order.status.value,
        "placed": moment(order.placed_at),
        "completed": moment(order.completed_at),
        "total": shown(order.total_minor, order),
        "shipping": shown(order.shipping_minor, order),
        "net": shown(order.net_minor, order),
        "refunded": shown(order.refunded_minor, order),
        "coupon": order.coupon or "-",
        "test": "yes" if order.is_test else "no",
    }


@pytest.mark.parametrize("told", rows(ORDERS), ids=lambda told: f"{told['sample']}-{told['topic']}")
def test_a_sample_becomes_this_order(session, deliver, told):
    delivery = deliver(WebhookKind(told["kind"]), (told["sample"], told["topic"]))
    assert (delivery.verdict.value, delivery.reason) == ("accepted", None)
    order = session.execute(sa.select(Order)).scalar_one()
    assert as_row(delivery, order, told) == told
    lines = session.execute(sa.select(OrderLine).order_by(OrderLine.position)).scalars()
    refunds = session.execute(sa.select(OrderRefund).order_by(OrderRefund.refund_ref)).scalars()
    expected = [row for row in rows(LINES) if row["sample"] == told["sample"]]
    assert expected, "every sample's lines stand in the table"
    assert [line_row(line, order, told) for line in lines] == expected
    assert [
        {"sample": told["sample"], "refund": row.refund_ref, "amount": shown(row.amount_minor, order)}
        for row in refunds
    ] == [row for row in rows(REFUNDS) if row["sample"] == told["sample"]]


def line_row(line: OrderLine, order: Order, told: dict[str, str]) -> dict[str, str]:
    return {
        "sample": told["sample"],
        "line": line.line_ref,
        "sku": line.sku or "-",
        "pieces": str(line.quantity),
        "unit price": shown(line.unit_price_minor, order),
        "discount": shown(line.discount_minor, order),
        "tax": shown(line.tax_minor, order),
        "net": shown(line.net_minor, order),
        "refunded": shown(line.refunded_minor, order),
    }


@pytest.mark.parametrize("told", rows(OTHERS), ids=lambda told: f"{told['sample']}-{told['topic']}")
def test_a_sample_that_is_no_order_is_kept_with_its_reason(session, deliver, told):
    delivery = deliver(WebhookKind(told["kind"]), (told["sample"], told["topic"]))
    assert {
        "verdict": delivery.verdict.value,
        "reason": delivery.reason or "-",
        "field": delivery.reason_field or "-",
    } == {name: told[name] for name in ("verdict", "reason", "field")}
    assert session.execute(sa.select(sa.func.count()).select_from(Order)).scalar_one() == 0
    events = session.execute(sa.select(sa.func.count()).select_from(OrderEvent)).scalar_one()
    assert events == (told["verdict"] == "unknown_order")


@pytest.mark.parametrize("turned", [False, True])
def test_shopifys_sample_refund_takes_all_of_its_sample_order(session, deliver, turned):
    both = [("2025-01/orders_create.json", "orders/create"), ("2025-01/refunds_create.json", "refunds/create")]
    deliver(WebhookKind.SHOPIFY, *(reversed(both) if turned else both))
    order = session.execute(sa.select(Order)).scalar_one()
    assert (order.net_minor, order.refunded_minor) == (0, 36997)
    assert set(session.execute(sa.select(Delivery.verdict)).scalars()) == {"accepted"}


def test_shopifys_old_refund_without_sums_takes_the_pieces_share(session, deliver):
    """Two of three iPods at 199.00 go back; nothing in this old sample says what they were worth without tax."""
    deliver(
        WebhookKind.SHOPIFY,
        ("admin_api_order.json:order", "orders/create"), ("admin_api_refund.json:refund", "refunds/create"),
    )  # fmt: skip
    order = session.execute(sa.select(Order)).scalar_one()
    assert (order.net_minor, order.refunded_minor) == (19900, 39800)


def test_every_sample_in_the_folder_is_in_the_tables(shared_data):
    told = {(row["kind"], row["sample"].split(":")[0]) for row in [*rows(ORDERS), *rows(OTHERS)]}
    for kind, folder in FOLDERS.items():
        there = {str(path.relative_to(shared_data / "webhooks" / folder)) for path in
                 (shared_data / "webhooks" / folder).rglob("*.json")}  # fmt: skip
        schemas = {name for name in there if name.startswith("json_schema")}
        assert there - schemas - {name for system, name in told if system == kind.value} == set()
