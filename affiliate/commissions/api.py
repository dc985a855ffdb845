"""API: what each order has earned, for whom, and why."""

from __future__ import annotations

from typing import Any

from affiliate.commissions import lists, schemas, trace
from affiliate.commissions.explanation import explanation
from affiliate.conversions.lists import wanted_by
from affiliate.core import clock
from affiliate.core.api import ApiBlueprint
from affiliate.core.db import db
from affiliate.core.web import decode_cursor, page_json
from affiliate.identity import guards

blp = ApiBlueprint("commissions", __name__)


@blp.get("/commissions")
@guards.require(*guards.EVERY_ROLE)
@blp.arguments(schemas.ListArgs, location="query")
@blp.response(200)
def list_commissions(args: dict[str, Any]) -> Any:
    """What orders have earned, newest first"""
    actor, cursor = guards.actor(), decode_cursor(args.get("cursor"))
    wanted = wanted_by(db.session, actor, args)
    rows = lists.commissions(db.session, actor, wanted, before=cursor[0] if cursor else None, limit=args["limit"] + 1)
    return page_json(rows, args["limit"], schemas.commission_json, lambda listed: listed.commission.id)


@blp.get("/commissions/<int:commission_id>/explanation")
@guards.require(*guards.EVERY_ROLE)
@blp.response(200)
def explain_commission(commission_id: int) -> Any:
    """Why a commission has its amount"""
    actor = guards.actor()
    listed = lists.commission(db.session, actor, commission_id)
    told = explanation(db.session, listed, actor=actor, now=clock.now())
    return trace.for_programs(told, listed.commission.currency)
