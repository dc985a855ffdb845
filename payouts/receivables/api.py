"""API: receipts of merchants' money."""

from __future__ import annotations

from typing import Any

from affiliate.core import clock
from affiliate.core.api import ApiBlueprint
from affiliate.core.db import db, transaction
from affiliate.core.web import decode_cursor, page_json
from affiliate.identity import guards
from affiliate.identity.models import Role
from affiliate.merchants import queries as merchants
from payouts.receivables import queries, schemas, service

blp = ApiBlueprint("receivables", __name__)


@blp.get("/receipts")
@guards.require(*guards.FINANCE, *guards.MERCHANT)
@blp.arguments(schemas.ReceiptArgs, location="query")
@blp.response(200)
def list_receipts(args: dict[str, Any]) -> Any:
    """What merchants have paid, the newest first"""
    actor, limit = guards.actor(), args["limit"]
    merchant_id = merchants.merchant_for(db.session, actor, args["merchant"]).id if "merchant" in args else None
    cursor = decode_cursor(args.get("cursor"))
    before = cursor[0] if cursor else None
    rows = queries.receipts(db.session, actor, before=before, limit=limit + 1, merchant_id=merchant_id)
    return page_json(rows, limit, lambda row: schemas.receipt_json(row[0], row[1].slug), lambda row: row[0].id)


@blp.post("/receipts")
@guards.require(Role.FINANCE_MAKER)
@blp.arguments(schemas.ReceiptBody)
@blp.response(201)
def record_receipt(body: dict[str, Any]) -> Any:
    """Record what a merchant paid"""
    actor, now = guards.actor(), clock.now()
    amount_minor, currency = schemas.posted_amount(body["amount"])
    with transaction(db.session) as session:
        merchant = merchants.merchant_for(session, actor, body["merchant"])
        receipt = service.record_receipt(
            session,
            merchant,
            amount_minor=amount_minor,
            currency=currency,
            reference=body["reference"],
            received_at=schemas.arrival(body["received_on"], now),
            actor=actor,
            now=now,
        )
    return schemas.receipt_json(receipt, merchant.slug)
