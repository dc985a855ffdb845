"""The demo's stand-in for a partner's own site: where a click lands, and an order can be followed to its end.

Everything it tells Etalase it tells as a real store would: by signed deliveries to the store's webhook address.
Production does not register it.
"""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.test import Client

from affiliate.catalogue.models import Product
from affiliate.core import clock, money
from affiliate.core.db import db
from affiliate.core.errors import NotFound
from affiliate.core.signing import standard_signature
from affiliate.core.web import see_other
from affiliate.identity import guards
from affiliate.merchants.models import Merchant, WebhookKey, WebhookKind
from affiliate.orders.models import Order
from payouts.demo.drawings import picture

bp = Blueprint("demo", __name__, url_prefix="/demo")
WHY = "the demo's stand-in store, absent in production"
STEPS = {"placed": 1, "paid": 2, "completed": 3, "refunded": 4, "cancelled": 5}


@bp.get("/pictures/<name>.svg")
@guards.public(WHY)
def drawn(name: str) -> Response:
    """One drawn product picture."""
    svg = picture(name)
    if svg is None:
        raise NotFound
    response = current_app.response_class(svg, mimetype="image/svg+xml")
    response.headers["Cache-Control"] = "public, max-age=86400"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@bp.get("/stores/<slug>/<sku>")
@guards.public(WHY)
def product(slug: str, sku: str) -> str:
    """The store's own product page; the token of the click waits in its form."""
    merchant, item = _found(db.session, slug, sku)
    token = request.args.get(merchant.click_param, "")[:80]
    return render_template("payouts/demo/product.html", merchant=merchant, product=item, token=token)


@bp.post("/stores/<slug>/<sku>/orders")
@guards.public(WHY)
def buy(slug: str, sku: str) -> Any:
    """Place and pay an order; the store tells Etalase both."""
    merchant, item = _found(db.session, slug, sku)
    ref = f"{merchant.slug.split('-')[0].upper()}-{secrets.token_hex(4).upper()}"
    token = request.form.get("token", "")[:80]
    now = clock.now()
    for step in ("placed", "paid"):
        _tell(merchant, step, _order(merchant, item, ref, token, now), now)
    return see_other(url_for(".order", slug=slug, sku=sku, ref=ref, token=token))


@bp.get("/stores/<slug>/<sku>/orders/<ref>")
@guards.public(WHY)
def order(slug: str, sku: str, ref: str) -> str:
    """The order as its buyer sees it, with what the store can do next."""
    merchant, item = _found(db.session, slug, sku)
    known = db.session.execute(
        sa.select(Order).where(Order.merchant_id == merchant.id, Order.ref == ref)
    ).scalar_one_or_none()
    token = request.args.get("token", "")[:80]
    return render_template(
        "payouts/demo/order.html", merchant=merchant, product=item, ref=ref, order=known, token=token
    )


@bp.post("/stores/<slug>/<sku>/orders/<ref>/<any(completed, refunded, cancelled):step>")
@guards.public(WHY)
def go_on(slug: str, sku: str, ref: str, step: str) -> Any:
    """Complete, refund or cancel the order, and tell Etalase."""
    merchant, item = _found(db.session, slug, sku)
    now = clock.now()
    token = request.form.get("token", "")[:80]
    data = _order(merchant, item, ref, token, now)
    data["version"] = STEPS[step]
    if step == "refunded":
        amount = data["lines"][0]["unit_price"]
        data = {key: data[key] for key in ("order_id", "version", "currency")}
        data["refund"] = {"refund_id": f"{ref}-R1", "lines": [{"line_id": "1", "quantity": 1, "amount": amount}],
                          "amount": amount}  # fmt: skip
    _tell(merchant, step, data, now)
    return see_other(url_for(".order", slug=slug, sku=sku, ref=ref, token=token))


def _found(session: Session, slug: str, sku: str) -> tuple[Merchant, Product]:
    row = session.execute(
        sa.select(Merchant, Product)
        .join(Product, Product.merchant_id == Merchant.id)
        .where(Merchant.slug == slug, Product.sku == sku)
    ).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]


def _order(merchant: Merchant, item: Product, ref: str, token: str, now: datetime) -> dict[str, Any]:
    """The order of one piece of a product, as the standard webhook carries it."""
    price = item.price_minor if item.sale_price_minor is None else item.sale_price_minor
    line = {
        "line_id": "1", "sku": item.sku, "category": item.category or "", "brand": item.brand or "", "quantity": 1,
        "unit_price": money.to_decimal(price, item.currency), "discount": "0.00", "tax": "0.00",
    }  # fmt: skip
    return {
        "order_id": ref, "version": 1, "currency": item.currency, "placed_at": clock.rfc3339(now), "click_token": token,
        "test": False, "lines": [line], "shipping": "20000.00",
    }  # fmt: skip


def _tell(merchant: Merchant, step: str, data: dict[str, Any], now: datetime) -> None:
    """Deliver one signed event to Etalase's own door, the way a store's server would."""
    live = sa.select(WebhookKey.secret).where(
        WebhookKey.merchant_id == merchant.id,
        WebhookKey.kind == WebhookKind.STANDARD,
        WebhookKey.revoked_at.is_(None),
    )
    secret = db.session.execute(live).scalars().first()
    if secret is None:
        raise NotFound
    payload = {"type": f"order.{step}", "timestamp": clock.rfc3339(now), "data": data | {"version": STEPS[step]}}
    body = json.dumps(payload).encode()
    message_id = f"demo_{secrets.token_hex(8)}"
    answer = Client(current_app).post(
        f"/hooks/v1/{merchant.slug}/standard",
        data=body,
        headers={
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": standard_signature(secret, message_id, now, body),
        },
    )
    current_app.logger.info("demo_store_told %s %s", step, answer.status_code)
