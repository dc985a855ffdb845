"""The shop window under /c/: no cookie, no session, three queries a page, kept by caches for half a minute.

With `?preview=1` a signed-in curator of the community sees drafts too, and may frame the page in the portal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, current_app, g, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from affiliate.communities import queries as communities
from affiliate.communities.models import Brand, Community
from affiliate.communities.rules import DARK_PAPER, LIGHT_PAPER, palette
from affiliate.core import slots
from affiliate.core.db import db
from affiliate.core.errors import NotFound
from affiliate.core.i18n import _
from affiliate.identity import guards
from affiliate.storefronts import queries
from affiliate.storefronts.queries import Card

bp = Blueprint("storefronts_public", __name__)
CHAPTER_PICKS = 5  # a lead and four beside it
PAGE_PICKS = 48
PAGES_MAX = 1000
CACHE = "public, max-age=30"
BRAND_CACHE = "public, max-age=31536000, immutable"
CORNERS = {"sharp": ("0", "0"), "soft": ("6px", "8px"), "round": ("22px", "999px")}


@bp.get("/c/<slug>")
@guards.public("everybody may look into a shop window")
def storefront(slug: str) -> Response:
    """The window: every shelf with its first picks."""
    community, brand = _community(slug)
    shelves = queries.shelves(db.session, community, drafts=_is_preview(community))
    front = queries.front(db.session, [row.collection for row in shelves], each=CHAPTER_PICKS)
    first = next((card for cards in front.values() for card in cards), None)
    _tell(community, None, [card for cards in front.values() for card in cards])
    return _page(
        "storefront",
        community,
        brand,
        first,
        url_for(".storefront", slug=slug),
        shelves=shelves,
        front=front,
        chapters=queries.SHELVES_MAX,
    )


@bp.get("/c/<slug>/<collection>")
@guards.public("everybody may look into a shop window")
def collection(slug: str, collection: str) -> Response:
    """One shelf with all its picks, by pages."""
    community, brand = _community(slug)
    shelves = queries.shelves(db.session, community, drafts=_is_preview(community))
    row = next((row.collection for row in shelves if row.collection.slug == collection), None)
    if row is None:
        raise NotFound
    page = min(max(request.args.get("page", 1, type=int), 1), PAGES_MAX)
    cards = queries.cards(db.session, row, limit=PAGE_PICKS + 1, offset=(page - 1) * PAGE_PICKS)
    _tell(community, row.id, cards[:PAGE_PICKS])
    return _page(
        "collection",
        community,
        brand,
        cards[0] if cards else None,
        url_for(".collection", slug=slug, collection=collection, page=page if page > 1 else None),
        collection=row,
        cards=cards[:PAGE_PICKS],
        page=page,
        next_page=page + 1 if len(cards) > PAGE_PICKS else None,
        others=[other for other in shelves if other.collection.id != row.id],
    )


@bp.get("/c/<slug>/brand.css")
@guards.public("belongs to the shop window")
def brand_css(slug: str) -> Response:
    """The community's colours and corners as custom properties: pages may hold no style of their own."""
    _community_row, brand = communities.with_brand(db.session, slug)
    text = render_template(
        "affiliate/storefronts/brand.css", palette=palette(brand.accent), corners=CORNERS[brand.corners]
    )
    answer = Response(text, mimetype="text/css")
    asked_for_this = request.args.get("v") == str(int(brand.updated_at.timestamp()))
    answer.headers["Cache-Control"] = BRAND_CACHE if asked_for_this else CACHE
    answer.add_etag()
    return answer.make_conditional(request)


@bp.errorhandler(NotFound)
def missing(_error: NotFound) -> tuple[str, int]:
    """A friendly page, with the way to the community's window where there is one."""
    return render_template(
        "affiliate/storefronts/missing.html", community=g.get("window_of"), cookieless=True
    ), NotFound.status


def _community(slug: str) -> tuple[Community, Brand]:
    found = communities.with_brand(db.session, slug)
    g.window_of = found[0]
    return found


def _is_preview(community: Community) -> bool:
    """A curator asks to see drafts, in a frame of the portal."""
    if "preview" not in request.args or not guards.actor().curates(community.id):
        return False
    g.frame_ancestors = "'self'"
    return True


def _tell(community: Community, collection_id: int | None, cards: Sequence[Card]) -> None:
    """Say what was shown to a visitor; curators who look at their own window are none."""
    if not guards.actor().curates(community.id):
        links = [card.pick.link_id for card in cards]
        slots.tell("storefront.shown", community_id=community.id, collection_id=collection_id, link_ids=links)


def _page(name: str, community: Community, brand: Brand, first: Card | None, address: str, **more: Any) -> Response:
    public_url = current_app.config["ETALASE"].public_url
    html = render_template(
        f"affiliate/storefronts/{name}.html",
        community=community,
        brand=brand,
        words=brand.words,
        disclosure=_(
            "Affiliate links: this community earns a commission from what you buy, your price stays the same."
        ),
        paper={"light": LIGHT_PAPER, "dark": DARK_PAPER},
        summary=brand.tagline or _("Picks of %(community)s, with where to buy them.", community=community.name),
        canonical=public_url + address,
        picture=_picture(first, brand, public_url),
        cookieless=True,
        **more,
    )
    answer = make_response(html)
    answer.vary.add("Accept-Language")
    if guards.actor().known:
        return answer  # what a signed-in person sees is nobody else's
    answer.headers["Cache-Control"] = CACHE
    answer.add_etag()
    return answer.make_conditional(request)


def _picture(first: Card | None, brand: Brand, public_url: str) -> str | None:
    """What chat programs show beside the address: the first pick, else the logo."""
    if first is not None and (first.product.image_url or "").startswith("https://"):
        return first.product.image_url
    if brand.logo_sha256:
        return public_url + url_for("communities.brand_image", sha256=brand.logo_sha256)
    return None
