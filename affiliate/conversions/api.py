"""API: which community each order is credited to, or why to none."""

from __future__ import annotations

from typing import Any

from affiliate.conversions import lists, schemas, story
from affiliate.core.api import ApiBlueprint
from affiliate.core.db import db
from affiliate.core.web import decode_cursor, page_json
from affiliate.identity import guards

blp = ApiBlueprint("conversions", __name__)


@blp.get("/conversions")
@guards.require(*guards.EVERY_ROLE)
@blp.arguments(schemas.ListArgs, location="query")
@blp.response(200)
def list_conversions(args: dict[str, Any]) -> Any:
    """Orders with their credit, newest first"""
    actor, cursor = guards.actor(), decode_cursor(args.get("cursor"))
    wanted = lists.wanted_by(db.session, actor, args)
    rows = lists.conversions(db.session, actor, wanted, before=cursor[0] if cursor else None, limit=args["limit"] + 1)
    parts = lists.own_parts(db.session, [row[0].id for row in rows], actor.communities) if actor.communities else {}

    def show(row: Any) -> dict[str, Any]:
        foreign = not story.sight_of(actor, row[0].merchant_id).sees(row[0].community_id)
        own = parts.get(row[0].id) if foreign else None
        return schemas.conversion_json(row, own) | {"link": schemas.link_json(row, actor)}

    return page_json(rows, args["limit"], show, lambda row: row[0].id)


@blp.get("/conversions/attribution")
@guards.require(*guards.EVERY_ROLE)
@blp.arguments(schemas.OrderArgs, location="query")
@blp.response(200)
def show_attribution(args: dict[str, Any]) -> Any:
    """Why one order is credited as it is: every candidate, the rule that held, winners and losers with their reasons"""
    found = story.by_ref(db.session, guards.actor(), args["merchant"], args["order"])
    return story.told(db.session, found)
