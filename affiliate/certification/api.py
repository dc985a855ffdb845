"""The sandbox's own address: signed deliveries for practice. Nothing of them reaches an order or the books."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from affiliate.certification import service
from affiliate.certification.models import Reply
from affiliate.core import clock
from affiliate.core.db import db, transaction
from affiliate.core.errors import Unavailable
from affiliate.identity import guards
from affiliate.merchants.models import WebhookKind
from affiliate.orders.api import asked_for
from affiliate.orders.intake import BadSignature, DeliveryIdReused
from affiliate.orders.schemes import woocommerce

hooks = Blueprint("sandbox", __name__)


@hooks.post("/hooks/v1/<merchant>/<kind>/sandbox")
@guards.signed("shops sign what they send, for practice too")
def receive(merchant: str, kind: str) -> Any:
    """Record, and answer as the real address would."""
    system, given, body = asked_for(kind)
    if system is WebhookKind.WOOCOMMERCE and woocommerce.is_ping(body):
        return jsonify(ping=True), 200
    try:
        with transaction(db.session) as session:
            kept = service.receive(session, merchant, system, headers=given, body=body, now=clock.now())
    except (OperationalError, InterfaceError, PoolTimeout):
        raise Unavailable from None
    if kept.reply is Reply.REFUSED:
        raise BadSignature
    if kept.reply is Reply.REUSED:
        raise DeliveryIdReused
    return jsonify(sandbox=kept.request_id, repeat=kept.reply is Reply.REPEAT), 202
