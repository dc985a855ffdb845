"""API: communities."""

from __future__ import annotations

from typing import Any

from flask import current_app
from marshmallow import fields, validate

from affiliate.communities import queries, service
from affiliate.communities.models import Community
from affiliate.core import clock, web
from affiliate.core.api import ApiBlueprint
from affiliate.core.clock import rfc3339
from affiliate.core.db import db, transaction
from affiliate.core.i18n import _l
from affiliate.core.wording import Line
from affiliate.identity import guards
from affiliate.identity.models import Role

blp = ApiBlueprint("communities", __name__)


class CommunitySchema(web.Strict):
    slug = web.slug_field()
    name = Line(required=True, validate=validate.Length(1, 120, error=_l("Use 1 to 120 characters.")))


class CommunitiesArgs(web.Strict):
    cursor = fields.Str()
    limit = fields.Int(load_default=web.PAGE_SIZE, validate=validate.Range(1, web.PAGE_SIZE_MAX))


def community_json(community: Community) -> dict[str, Any]:
    return {
        "slug": community.slug,
        "name": community.name,
        "url": f"{current_app.config['ETALASE'].public_url}/c/{community.slug}",
        "created_at": rfc3339(community.created_at),
    }


@blp.get("/communities")
@guards.require(*guards.COMMUNITY, *guards.FINANCE)
@blp.arguments(CommunitiesArgs, location="query")
@blp.response(200)
def list_communities(args: dict[str, Any]) -> Any:
    """The communities that you see"""
    cursor = web.decode_cursor(args.get("cursor"))
    after = cursor[0] if cursor else 0
    rows = queries.communities(db.session, guards.actor(), after=after, limit=args["limit"] + 1)
    return web.page_json(rows, args["limit"], community_json, lambda row: row.id)


@blp.post("/communities")
@guards.require(Role.ADMIN)
@blp.arguments(CommunitySchema)
@blp.response(201)
def create_community(wanted: dict[str, Any]) -> Any:
    """Add a community"""
    with transaction(db.session) as session:
        community = service.create(session, **wanted, actor=guards.actor(), now=clock.now())
    return community_json(community)


@blp.get("/communities/<slug>")
@guards.require(*guards.COMMUNITY, *guards.FINANCE)
@blp.response(200)
def show_community(slug: str) -> Any:
    """One community"""
    return community_json(queries.seen_by(db.session, guards.actor(), slug))
