"""The portal's page of links: paste an address, get a link with a QR code; all links that were given out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, flash, render_template, request, url_for

from affiliate.communities import queries as communities
from affiliate.communities.models import Community
from affiliate.core import clock, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid
from affiliate.core.i18n import _
from affiliate.core.wording import one_line
from affiliate.identity import guards
from affiliate.identity.models import Role
from affiliate.links import figures, lists, making, qr, rules, service
from affiliate.links.schemas import LinkForm

bp = Blueprint("links", __name__)
CURATORS = (Role.COMMUNITY_OWNER, Role.CURATOR)
LOOKERS = (*guards.COMMUNITY, *guards.FINANCE)
QUERY_MAX = 100


@bp.get("/portal/<slug>/links")
@guards.require(*LOOKERS)
def index(slug: str) -> str:
    """All links of the community, and the form that makes another."""
    return _index(communities.seen_by(db.session, guards.actor(), slug))


@bp.post("/portal/<slug>/links")
@guards.require(*CURATORS)
def make(slug: str) -> Any:
    """A link to the pasted address; the refusal stands at its field, with what would do instead."""
    actor = guards.actor()
    try:
        wish = web.load_form(LinkForm())
        with transaction(db.session) as session:
            community = communities.curated_by(session, actor, slug)
            made = making.make(session, community, wish, public_url=_public_url(), actor=actor, now=clock.now())
    except Invalid as refused:
        community = communities.curated_by(db.session, actor, slug)
        return _index(community, errors=refused.fields), refused.status
    flash(_("The link is ready. Copy it, or put its QR code on a table."), "good")
    return web.see_other(url_for(".show", slug=slug, link_id=made.id))


@bp.get("/portal/<slug>/links/<int:link_id>")
@guards.require(*LOOKERS)
def show(slug: str, link_id: int) -> str:
    """One link: to copy, as a QR code, where it leads and what it has brought."""
    community = communities.seen_by(db.session, guards.actor(), slug)
    given = lists.one(db.session, community, link_id)
    return render_template(
        "affiliate/links/show.html",
        community=community,
        given=given,
        brought=figures.of(db.session, [link_id]).get(link_id, figures.Figures()),
        address=_address(given.link.code),
        sizes=qr.SIZES,
        sub_ids=rules.SUB_IDS,
        may_change=guards.actor().curates(community.id),
    )


@bp.get("/portal/<slug>/links/<int:link_id>/qr.<any(svg, png):kind>")
@guards.require(*LOOKERS)
def picture(slug: str, link_id: int, kind: str) -> Response:
    """The link's QR code; with `save` as a file to keep."""
    community = communities.seen_by(db.session, guards.actor(), slug)
    given = lists.one(db.session, community, link_id)
    return drawn(given.link.code, kind, request.args.get("size", 480, type=int), save="save" in request.args)


@bp.post("/portal/<slug>/links/<int:link_id>/withdrawal")
@guards.require(*CURATORS)
def withdraw(slug: str, link_id: int) -> Any:
    """Take a link back; ten seconds long the page offers to undo it."""
    actor = guards.actor()
    with transaction(db.session) as session:
        given = lists.one(session, communities.curated_by(session, actor, slug), link_id)
        service.take_back(session, given.link, actor=actor, now=clock.now())
    undo = url_for(".restore", slug=slug, link_id=link_id)
    text = _("%(code)s is withdrawn. Whoever follows it sees your shop window instead.", code=given.link.code)
    flash({"text": text, "undo": undo}, "undo")  # type: ignore[arg-type]
    return web.see_other(url_for(".index", slug=slug))


@bp.post("/portal/<slug>/links/<int:link_id>/restoration")
@guards.require(*CURATORS)
def restore(slug: str, link_id: int) -> Any:
    """Bring a withdrawn link back; its code has stayed its own."""
    actor = guards.actor()
    with transaction(db.session) as session:
        given = lists.one(session, communities.curated_by(session, actor, slug), link_id)
        service.bring_back(session, given.link, actor=actor, now=clock.now())
    flash(_("%(code)s leads to the store again.", code=given.link.code), "good")
    return web.see_other(url_for(".show", slug=slug, link_id=link_id))


def drawn(code: str, kind: str, size: int, *, save: bool = False) -> Response:
    """A QR code as an answer."""
    body = qr.svg(_address(code)) if kind == "svg" else qr.png(_address(code), size)
    answer = Response(body, mimetype="image/svg+xml" if kind == "svg" else "image/png")
    if save:
        answer.headers["Content-Disposition"] = f'attachment; filename="etalase-{code}.{kind}"'
    return answer


def _public_url() -> str:
    return str(current_app.config["ETALASE"].public_url)


def _address(code: str) -> str:
    return f"{_public_url()}/go/{code}"


def _index(community: Community, *, errors: dict[str, Any] | None = None) -> str:
    q = one_line(request.args.get("q", ""))[:QUERY_MAX]
    cursor = web.decode_cursor(request.args.get("cursor"))
    found = lists.given_out(db.session, community, q=q, before=cursor[0] if cursor else None, limit=web.PAGE_SIZE + 1)
    shown = found[: web.PAGE_SIZE]
    older = web.encode_cursor(shown[-1].link.id) if len(found) > web.PAGE_SIZE else None
    stores = making.stores(db.session, community, now=clock.now())
    return render_template(
        "affiliate/links/index.html",
        community=community,
        links=shown,
        older=older,
        q=q,
        brought=figures.of(db.session, [given.link.id for given in shown]),
        nothing=figures.Figures(),
        address=_address,
        stores=stores,
        choices=[("", _("Choose")), *((store.slug, store.name) for store in stores)],
        may_change=guards.actor().curates(community.id),
        typed=request.form,
        errors=errors or {},
    )
