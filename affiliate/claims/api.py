"""API: claim a missing order, follow claims, answer them."""

from __future__ import annotations

from typing import Any

from affiliate.claims import answering, queries, schemas, service
from affiliate.communities import queries as communities
from affiliate.core import clock
from affiliate.core.api import ApiBlueprint
from affiliate.core.db import db, transaction
from affiliate.core.web import decode_cursor, page_json
from affiliate.identity import guards
from affiliate.merchants import queries as merchants

blp = ApiBlueprint("claims", __name__)


@blp.post("/claims")
@guards.require(*guards.COMMUNITY)
@blp.arguments(schemas.ClaimBody)
@blp.response(201)
def file_claim(told: dict[str, Any]) -> dict[str, Any]:
    """Claim an order that was not counted; refused with the reason where there is nothing to claim"""
    actor = guards.actor()
    with transaction(db.session) as session:
        community = communities.seen_by(session, actor, told["community"])
        merchant = merchants.merchant_known_to(session, actor, told["merchant"])
        filing = service.Filing(
            told["order_ref"], told["ordered_on"], schemas.told_amount(told["amount"], merchant.currency),
            told["note"], told["link"] or None,
        )  # fmt: skip
        claim = service.file(session, community, merchant, filing, actor=actor, now=clock.now())
        return schemas.claim_json(claim, merchant, community)


@blp.get("/claims")
@guards.require(*guards.EVERY_ROLE)
@blp.arguments(schemas.ListArgs, location="query")
@blp.response(200)
def list_claims(args: dict[str, Any]) -> Any:
    """Claims that you filed or may answer, newest first"""
    cursor = decode_cursor(args["cursor"])
    rows = queries.claims(
        db.session, guards.actor(), status=args["status"], before=cursor[0] if cursor else None, limit=args["limit"] + 1
    )
    return page_json(rows, args["limit"], lambda row: schemas.claim_json(*row), lambda row: row[0].id)


@blp.get("/claims/<int:claim_id>")
@guards.require(*guards.EVERY_ROLE)
@blp.response(200)
def show_claim(claim_id: int) -> dict[str, Any]:
    """One claim with its evidence and its answer"""
    return schemas.claim_json(*queries.claim_for(db.session, guards.actor(), claim_id))


@blp.post("/claims/<int:claim_id>/answer")
@guards.require(*guards.MERCHANT)
@blp.arguments(schemas.AnswerBody)
@blp.response(200)
def answer_claim(told: dict[str, Any], claim_id: int) -> dict[str, Any]:
    """Accept with your own order number and what counts, or decline with a reason"""
    actor = guards.actor()
    with transaction(db.session) as session:
        row = queries.claim_for(session, actor, claim_id)
        answering.answer(session, row[0], told, read=schemas.told_amount, actor=actor, now=clock.now())
        return schemas.claim_json(*row)
