"""API: which community each order is credited to, or why to none."""

from __future__ import annotations

from typing import Any

from affiliate.conversions import lists, schemas
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

    def show(row: Any) -> dict[str, Any]:
        return schemas.conversion_json(row) | {"link": schemas.link_json(row, actor)}

    return page_json(rows, args["limit"], show, lambda row: row[0].id)
