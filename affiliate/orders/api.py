"""API of orders, and the address to which shops send their signed deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify, request
from marshmallow import fields, validate
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from affiliate.core import clock, web
from affiliate.core.api import ApiBlueprint
from affiliate.core.clock import rfc3339
from affiliate.core.db import db, transaction
from affiliate.core.errors import NotFound, Unavailable
from affiliate.core.web import decode_cursor, money_json, page_json
from affiliate.identity import guards
from affiliate.merchants import queries as merchants
from affiliate.merchants.models import SHOP_KINDS, WebhookKind
from affiliate.orders import intake, queries
from affiliate.orders.models import Order, OrderEvent, OrderLine, OrderRefund
from affiliate.orders.schemes import SCHEMES, woocommerce

blp = ApiBlueprint("orders", __name__)
hooks = Blueprint("hooks", __name__)
HOOKS = "/hooks/v1/"


def body_max(path: str) -> int | None:
    """How many bytes of a delivery to this path are worth reading; None where it is none of ours."""
    if not path.startswith(HOOKS):
        return None
    kind = path.removeprefix(HOOKS).partition("/")[2].partition("/")[0]
    return SCHEMES[WebhookKind(kind)].body_max if kind in SHOP_KINDS else 0


def asked_for(kind: str) -> tuple[WebhookKind, dict[str, str], bytes]:
    """The shop system of a delivery that is being answered, its headers by lower case, and its body.

    Raises NotFound for a system that we do not know, and 413 for a body that none sends, before it is read.
    """
    if kind not in SHOP_KINDS:
        raise NotFound
    system = WebhookKind(kind)
    request.max_content_length = SCHEMES[system].body_max
    return system, {name.lower(): value for name, value in request.headers.items()}, request.get_data(cache=False)


@hooks.post(f"{HOOKS}<merchant>/<kind>")
@guards.signed("shops sign what they send")
def receive(merchant: str, kind: str) -> Any:
    """Verify, insert once, answer. What the delivery says is read later."""
    (system, given, body), now = asked_for(kind), clock.now()
    try:
        if system is WebhookKind.WOOCOMMERCE and woocommerce.is_ping(body):
            return _ping(merchant, given, body, now)
        return _receive(merchant, system, given, body, now)
    except (OperationalError, InterfaceError, PoolTimeout):
        raise Unavailable from None


def _receive(slug: str, kind: WebhookKind, given: dict[str, str], body: bytes, now: datetime) -> Any:
    signers = merchants.live_secrets(db.session, [(slug, kind)]).get((slug, kind))
    secrets = signers.secrets if signers else []
    if not intake.is_signed(secrets, given, body, now=now, kind=kind) or signers is None:
        with transaction(db.session) as session:
            intake.count_refused(session, slug, kind, secrets=secrets, headers=given, body=body, now=now)
        raise intake.BadSignature
    with transaction(db.session) as session:
        kept = intake.keep(session, signers.merchant_id, kind, headers=given, body=body, now=now)
    return jsonify(delivery=kept.delivery_id, repeat=kept.repeat), 202


def _ping(slug: str, given: dict[str, str], body: bytes, now: datetime) -> Any:
    """The same answer for everybody, so that a stranger learns nothing."""
    with transaction(db.session) as session:
        intake.keep_ping(session, slug, headers=given, body=body, now=now)
    return jsonify(ping=True), 200


class OrderArgs(web.Strict):
    """Which orders: of one merchant, of one number, or all that you see."""

    merchant = fields.Str(metadata={"description": "slug of a merchant"})
    ref = fields.Str(metadata={"description": "the merchant's own order number"})
    cursor = fields.Str()
    limit = fields.Int(load_default=web.PAGE_SIZE, validate=validate.Range(1, web.PAGE_SIZE_MAX))


@blp.get("/orders")
@guards.require(*guards.MERCHANT, *guards.FINANCE)
@blp.arguments(OrderArgs, location="query")
@blp.response(200)
def list_orders(args: dict[str, Any]) -> Any:
    """Orders as we understand them, with their lines, refunds and events"""
    actor, cursor = guards.actor(), decode_cursor(args.get("cursor"))
    wanted = merchants.merchant_for(db.session, actor, args["merchant"]).id if "merchant" in args else None
    rows = queries.orders(
        db.session,
        actor,
        merchant_id=wanted,
        ref=args.get("ref"),
        after=cursor[0] if cursor else 0,
        limit=args["limit"] + 1,
    )
    lines, refunds, events = queries.parts(db.session, [row[0] for row in rows])

    def show(row: Any) -> dict[str, Any]:
        order, slug = row
        return order_json(order, slug, lines[order.id], refunds[order.id], events[order.id])

    return page_json(rows, args["limit"], show, lambda row: row[0].id)


def order_json(
    order: Order,
    merchant_slug: str,
    lines: Sequence[OrderLine],
    refunds: Sequence[OrderRefund],
    events: Sequence[OrderEvent],
) -> dict[str, Any]:
    """An order for programs; amounts are decimal texts in the order's currency."""
    return {
        "merchant": merchant_slug,
        "ref": order.ref,
        "status": order.status.value,
        "version": order.version,
        "placed_at": rfc3339(order.placed_at),
        "completed_at": rfc3339(order.completed_at) if order.completed_at else None,
        "cancelled_at": rfc3339(order.cancelled_at) if order.cancelled_at else None,
        "currency": order.currency,
        "total": money_json(order.total_minor, order.currency),
        "shipping": money_json(order.shipping_minor, order.currency),
        "net": money_json(order.net_minor, order.currency),
        "refunded": money_json(order.refunded_minor, order.currency),
        "click_token": order.click_token,
        "coupon": order.coupon,
        "reference": order.reference,
        "test": order.is_test,
        "state_hash": order.state_hash,
        "lines": [_line_json(line, order.currency) for line in lines],
        "refunds": [_refund_json(refund, order.currency) for refund in refunds],
        "refunded_above_total": sum(refund.amount_minor for refund in refunds) > order.total_minor,
        "events": [_event_json(event) for event in events],
    }


def _line_json(line: OrderLine, currency: str) -> dict[str, Any]:
    return {
        "line_id": line.line_ref,
        "sku": line.sku,
        "title": line.title,
        "category": line.category,
        "brand": line.brand,
        "quantity": line.quantity,
        "refunded_quantity": line.refunded_quantity,
        "unit_price": money_json(line.unit_price_minor, currency),
        "discount": money_json(line.discount_minor, currency),
        "tax": money_json(line.tax_minor, currency),
        "net": money_json(line.net_minor, currency),
        "refunded": money_json(line.refunded_minor, currency),
    }


def _refund_json(refund: OrderRefund, currency: str) -> dict[str, Any]:
    return {
        "refund_id": refund.refund_ref,
        "amount": money_json(refund.amount_minor, currency),
        "lines": [
            {
                "line_id": part["line"],
                "quantity": part["quantity"],
                "amount": money_json(part["amount_minor"], currency),
            }
            for part in refund.lines
        ],
        "timestamp": rfc3339(refund.occurred_at),
    }


def _event_json(event: OrderEvent) -> dict[str, Any]:
    return {
        "type": event.kind,
        "version": event.version,
        "timestamp": rfc3339(event.occurred_at),
        "received_at": rfc3339(event.received_at),
        "delivery": event.delivery_id,
    }
