"""Picks and collections for programs."""

from __future__ import annotations

from typing import Any

from flask import current_app

from affiliate.communities import queries as communities
from affiliate.communities import service as community_service
from affiliate.core import clock, web
from affiliate.core.api import ApiBlueprint
from affiliate.core.db import db, transaction
from affiliate.identity import guards
from affiliate.identity.models import Role
from affiliate.storefronts import earnings, queries, service
from affiliate.storefronts.schemas import (
    CollectionsOut,
    PickIn,
    PickOut,
    PicksArgs,
    PicksOut,
    collection_json,
    pick_json,
)

blp = ApiBlueprint("storefronts", __name__)
NOT_ENROLLED = "not_enrolled"
ALREADY_PICKED = "already_picked"


@blp.post("/communities/<slug>/picks")
@guards.require(Role.COMMUNITY_OWNER, Role.CURATOR)
@blp.arguments(PickIn)
@blp.response(201, PickOut)
def add_pick(asked: dict[str, Any], slug: str) -> dict[str, Any]:
    """Put a product on a shelf of the community, with a tracking link of its own.

    The shelf is named by slug or title and made, published, when it is new; without a name it is "pilihan". A product
    that stands there already keeps its first pick. Without an enrollment with its store a sale earns nothing.
    """
    actor, now = guards.actor(), clock.now()
    with transaction(db.session) as session:
        community = communities.curated_by(session, actor, slug)
        product = queries.product(session, asked["product"])
        shelf = service.collection_called(session, community, asked["collection"], actor=actor, now=now)
        curator = (
            community_service.curator_called(session, community, asked["curator"], now=now)
            if asked["curator"]
            else community_service.curator_of(session, community, actor, now=now)
        )
        picked = service.add_pick(
            session, community, shelf, product, note=asked["note"], curator=curator, actor=actor, now=now
        )
        enrolled = earnings.is_enrolled(session, community, product.merchant_id, now=now)
        card = queries.card(session, picked.pick)
    warnings = [word for word, holds in ((NOT_ENROLLED, not enrolled), (ALREADY_PICKED, not picked.is_new)) if holds]
    return pick_json(card, shelf, _public_url()) | {"warnings": warnings}


@blp.get("/communities/<slug>/picks")
@guards.require(*guards.COMMUNITY, *guards.FINANCE)
@blp.arguments(PicksArgs, location="query")
@blp.response(200, PicksOut)
def picks(asked: dict[str, Any], slug: str) -> dict[str, Any]:
    """The picks that stand on the community's shelves, published or not, oldest first."""
    limit = asked["limit"]
    after = web.decode_cursor(asked.get("cursor"))
    community = communities.seen_by(db.session, guards.actor(), slug)
    rows = queries.picks_after(
        db.session,
        community,
        collection_slug=asked.get("collection"),
        after=after[0] if after else None,
        limit=limit,
    )
    return web.page_json(rows, limit, lambda row: pick_json(row[0], row[1], _public_url()), lambda row: row[0].pick.id)


@blp.get("/communities/<slug>/collections")
@guards.require(*guards.COMMUNITY, *guards.FINANCE)
@blp.response(200, CollectionsOut)
def collections(slug: str) -> dict[str, Any]:
    """All collections of the community in the order of the storefront, drafts among them."""
    community = communities.seen_by(db.session, guards.actor(), slug)
    shelves = queries.shelves(db.session, community, drafts=True)
    return {"items": [collection_json(shelf, community, _public_url()) for shelf in shelves], "next": None}


def _public_url() -> str:
    return str(current_app.config["ETALASE"].public_url)
