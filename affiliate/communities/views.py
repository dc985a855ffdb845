"""The brand page of the portal, for owners: name, colours, words, logo, and whose picks earn."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from werkzeug.wrappers import Response

from affiliate.communities import queries, service
from affiliate.communities.forms import BrandForm, CuratorForm
from affiliate.communities.images import BYTES_MAX, NotALogo, read_logo
from affiliate.communities.models import Brand, Community
from affiliate.communities.rules import CORNERS, WORDS, contrast, is_colour, palette
from affiliate.core import clock, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid, NotFound
from affiliate.core.i18n import _, _l
from affiliate.identity import guards
from affiliate.identity.models import Role

bp = Blueprint("communities", __name__)
FOR_EVER = "public, max-age=31536000, immutable"
CORNER_NAMES = {"sharp": _l("Sharp"), "soft": _l("Soft"), "round": _l("Round")}


@bp.get("/portal/<slug>/brand")
@guards.require(Role.COMMUNITY_OWNER)
def brand(slug: str) -> str:
    """The community's face, as it is."""
    community = queries.owned_by(db.session, guards.actor(), slug)
    return _page(community)


@bp.post("/portal/<slug>/brand")
@guards.require(Role.COMMUNITY_OWNER)
def save(slug: str) -> Any:
    """Keep name, colour, corners, symbol and words."""
    try:
        face = web.load_form(BrandForm())
    except Invalid as refused:
        community = queries.owned_by(db.session, guards.actor(), slug)
        return _page(community, typed=request.form, errors=refused.fields), refused.status
    with transaction(db.session) as session:
        community = queries.owned_by(session, guards.actor(), slug)
        service.save_brand(session, community, face=face, actor=guards.actor(), now=clock.now())
    flash(_("The brand is saved. Visitors see it at once."), "good")
    return web.see_other(url_for(".brand", slug=slug))


@bp.get("/portal/<slug>/brand/verdict")
@guards.require(Role.COMMUNITY_OWNER)
def verdict(slug: str) -> str:
    """How a colour reads on light and dark pages: a fragment that the page asks for while somebody chooses."""
    community = queries.owned_by(db.session, guards.actor(), slug)
    accent = request.args.get("accent", "")
    if not is_colour(accent):
        raise NotFound
    return render_template(
        "affiliate/communities/_verdict.html", community=community, palette=palette(accent), contrast=contrast
    )


@bp.post("/portal/<slug>/brand/logo")
@guards.require(Role.COMMUNITY_OWNER)
def save_logo(slug: str) -> Any:
    """Take a new logo; what cannot be used is said beside the field."""
    file = request.files.get("logo")
    try:
        if file is None or not file.filename:
            raise NotALogo.because(_("Choose a file first."))
        logo = read_logo(file.stream.read(BYTES_MAX + 1))
    except NotALogo as refused:
        community = queries.owned_by(db.session, guards.actor(), slug)
        return _page(community, errors=refused.fields), refused.status
    with transaction(db.session) as session:
        community = queries.owned_by(session, guards.actor(), slug)
        service.save_logo(session, community, logo, actor=guards.actor(), now=clock.now())
    flash(_("The logo is saved."), "good")
    return web.see_other(url_for(".brand", slug=slug))


@bp.post("/portal/<slug>/brand/logo/removal")
@guards.require(Role.COMMUNITY_OWNER)
def remove_logo(slug: str) -> Any:
    """Show the symbol instead of a logo."""
    with transaction(db.session) as session:
        community = queries.owned_by(session, guards.actor(), slug)
        service.remove_logo(session, community, actor=guards.actor(), now=clock.now())
    flash(_("The logo is gone; the symbol stands in its place."), "good")
    return web.see_other(url_for(".brand", slug=slug))


@bp.post("/portal/<slug>/curators")
@guards.require(Role.COMMUNITY_OWNER)
def add_curator(slug: str) -> Any:
    """Somebody new whose picks earn."""
    actor, now = guards.actor(), clock.now()
    try:
        asked = web.load_form(CuratorForm())
        with transaction(db.session) as session:
            community = queries.owned_by(session, actor, slug)
            service.add_curator(
                session, community, handle=asked["handle"], name=asked["full_name"], actor=actor, now=now
            )
    except Invalid as refused:
        community = queries.owned_by(db.session, actor, slug)
        return _page(community, new_curator=request.form, curator_errors=refused.fields), refused.status
    flash(_("%(name)s is a curator now.", name=asked["full_name"]), "good")
    return web.see_other(url_for(".brand", slug=slug))


@bp.get("/media/brand/<sha256>")
@guards.public("logos stand on public pages")
def brand_image(sha256: str) -> Response:
    """A logo by the hash of its bytes, which therefore never changes."""
    image = queries.image(db.session, sha256)
    answer = Response(image.body, mimetype=image.content_type)
    answer.headers["Cache-Control"] = FOR_EVER
    answer.set_etag(sha256)
    return answer.make_conditional(request)


def _page(
    community: Community,
    *,
    typed: Any = None,
    errors: dict[str, Any] | None = None,
    new_curator: Any = None,
    curator_errors: dict[str, Any] | None = None,
) -> str:
    """The page; after a refusal with what was typed and why it cannot be kept."""
    face = queries.brand_of(db.session, community)
    shown = typed or _face(community, face)
    accent = shown.get("accent", "")
    return render_template(
        "affiliate/communities/brand.html",
        community=community,
        brand=face,
        shown=shown,
        errors=errors or {},
        palette=palette(accent if is_colour(accent) else face.accent),
        contrast=contrast,
        corners=[(name, CORNER_NAMES[name]) for name in CORNERS],
        curators=queries.curators(db.session, community),
        new_curator=new_curator or {},
        curator_errors=curator_errors or {},
    )


def _face(community: Community, brand: Brand) -> dict[str, str]:
    """The saved face, in the fields of the form."""
    return {
        "name": community.name,
        "tagline": brand.tagline,
        "accent": brand.accent,
        "corners": brand.corners,
        "symbol": brand.symbol,
        **{word: str(brand.words.get(word, "")) for word in WORDS},
    }
