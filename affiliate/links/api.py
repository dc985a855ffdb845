"""Links for programs: make one to any page of a partner store, list them, draw their QR codes."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, url_for

from affiliate.communities import queries as communities
from affiliate.communities.models import Community
from affiliate.core import clock, web
from affiliate.core.api import ApiBlueprint
from affiliate.core.db import db, transaction
from affiliate.identity import guards
from affiliate.identity.models import Role
from affiliate.links import figures, lists, making, service
from affiliate.links.lists import Given
from affiliate.links.schemas import LinkIn, LinksArgs, QrArgs, TrackingLinkOut, TrackingLinksOut, link_json
from affiliate.links.views import drawn

blp = ApiBlueprint("links", __name__)


@blp.post("/communities/<slug>/links")
@guards.require(Role.COMMUNITY_OWNER, Role.CURATOR)
@blp.arguments(LinkIn)
@blp.response(201, TrackingLinkOut)
def make(wish: dict[str, Any], slug: str) -> dict[str, Any]:
    """Make a link to any page of a store in whose programme the community is.

    The store is found by the address's host. A click mark that stands in the address already is left away, all else
    stays. A code that cannot be had is refused with one that can.
    """
    actor = guards.actor()
    with transaction(db.session) as session:
        community = communities.curated_by(session, actor, slug)
        made = making.make(session, community, wish, public_url=_public_url(), actor=actor, now=clock.now())
        given = lists.one(session, community, made.id)
    return _shown(community, [given])[0]


@blp.get("/communities/<slug>/links")
@guards.require(*guards.COMMUNITY, *guards.FINANCE)
@blp.arguments(LinksArgs, location="query")
@blp.response(200, TrackingLinksOut)
def links(asked: dict[str, Any], slug: str) -> dict[str, Any]:
    """All links of the community, those of picks among them, newest first"""
    cursor = web.decode_cursor(asked.get("cursor"))
    community = communities.seen_by(db.session, guards.actor(), slug)
    limit = asked["limit"]
    found = lists.given_out(db.session, community, before=cursor[0] if cursor else None, limit=limit + 1)
    shown = _shown(community, found)
    return web.page_json(shown, limit, lambda link: link, lambda link: link["id"])


@blp.get("/communities/<slug>/links/<int:link_id>")
@guards.require(*guards.COMMUNITY, *guards.FINANCE)
@blp.response(200, TrackingLinkOut)
def link(slug: str, link_id: int) -> dict[str, Any]:
    """One link"""
    community = communities.seen_by(db.session, guards.actor(), slug)
    return _shown(community, [lists.one(db.session, community, link_id)])[0]


@blp.post("/communities/<slug>/links/<int:link_id>/withdrawal")
@guards.require(Role.COMMUNITY_OWNER, Role.CURATOR)
@blp.arguments(web.Nothing)
@blp.response(200, TrackingLinkOut)
def withdraw(_nothing: dict[str, Any], slug: str, link_id: int) -> dict[str, Any]:
    """Take a link back; its code is never given to another"""
    actor = guards.actor()
    with transaction(db.session) as session:
        community = communities.curated_by(session, actor, slug)
        service.take_back(session, lists.one(session, community, link_id).link, actor=actor, now=clock.now())
    return _shown(community, [lists.one(db.session, community, link_id)])[0]


@blp.post("/communities/<slug>/links/<int:link_id>/restoration")
@guards.require(Role.COMMUNITY_OWNER, Role.CURATOR)
@blp.arguments(web.Nothing)
@blp.response(200, TrackingLinkOut)
def restore(_nothing: dict[str, Any], slug: str, link_id: int) -> dict[str, Any]:
    """Bring a withdrawn link back"""
    actor = guards.actor()
    with transaction(db.session) as session:
        community = communities.curated_by(session, actor, slug)
        service.bring_back(session, lists.one(session, community, link_id).link, actor=actor, now=clock.now())
    return _shown(community, [lists.one(db.session, community, link_id)])[0]


@blp.get("/communities/<slug>/links/<int:link_id>/qr.<any(svg, png):kind>")
@guards.require(*guards.COMMUNITY, *guards.FINANCE)
@blp.arguments(QrArgs, location="query")
@blp.response(200, content_type="image/svg+xml")
def picture(asked: dict[str, Any], slug: str, link_id: int, kind: str) -> Response:
    """The link's QR code, as SVG or PNG"""
    community = communities.seen_by(db.session, guards.actor(), slug)
    return drawn(lists.one(db.session, community, link_id).link.code, kind, asked["size"])


def _shown(community: Community, found: Any) -> list[dict[str, Any]]:
    brought = figures.of(db.session, [given.link.id for given in found])

    def show(given: Given) -> dict[str, Any]:
        path = url_for("api_links.picture", slug=community.slug, link_id=given.link.id, kind="svg")
        return link_json(given, brought, public_url=_public_url(), qr_url=_public_url() + path)

    return [show(given) for given in found]


def _public_url() -> str:
    return str(current_app.config["ETALASE"].public_url)
