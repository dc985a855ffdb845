"""Curating in the portal: the list of collections, and the bench where one is filled, ordered and published.

Every deed is a form that works without a script; `js/curate.js` only swaps the answer into the page in place.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import segno
from flask import Blueprint, Response, current_app, flash, render_template, request, url_for

from affiliate.communities import queries as communities
from affiliate.communities import service as community_service
from affiliate.communities.models import Community
from affiliate.core import clock, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid
from affiliate.core.i18n import _
from affiliate.identity import guards
from affiliate.identity.models import Role
from affiliate.storefronts import bench, queries, service
from affiliate.storefronts.models import Collection, Pick
from affiliate.storefronts.schemas import CollectionForm, DescriptionForm, MoveForm, NoteForm, PickForm

bp = Blueprint("storefronts", __name__)


@bp.get("/portal/<slug>/collections")
@guards.require(Role.COMMUNITY_OWNER, Role.CURATOR)
def collections(slug: str) -> str:
    """All shelves of the community, with the next step where there is none."""
    return _collections_page(communities.curated_by(db.session, guards.actor(), slug))


@bp.post("/portal/<slug>/collections")
@guards.require(Role.COMMUNITY_OWNER, Role.CURATOR)
def create(slug: str) -> Any:
    """A new shelf, opened at once."""
    try:
        asked = web.load_form(CollectionForm())
    except Invalid as refused:
        community = communities.curated_by(db.session, guards.actor(), slug)
        return _collections_page(community, errors=refused.fields), refused.status
    with transaction(db.session) as session:
        community = communities.curated_by(session, guards.actor(), slug)
        made = service.create_collection(
            session, community, title=asked["title"], actor=guards.actor(), now=clock.now()
        )
    return web.see_other(url_for(".edit", slug=slug, collection_id=made.id))


@bp.get("/portal/<slug>/collections/<int:collection_id>")
@guards.require(Role.COMMUNITY_OWNER, Role.CURATOR)
def edit(slug: str, collection_id: int) -> str:
    """The bench: the catalogue on one side, the shelf on the other, the phone beside it."""
    community, collection = _shelf(slug, collection_id)
    return _bench_page(community, collection)


@bp.post("/portal/<slug>/collections/<int:collection_id>")
@guards.require(Role.COMMUNITY_OWNER, Role.CURATOR)
def describe(slug: str, collection_id: int) -> Any:
    """Title and introduction."""
    try:
        asked = web.load_form(DescriptionForm())
    except Invalid as refused:
        return _bench_page(*_shelf(slug, collection_id), errors=refused.fields), refused.status
    with transaction(db.session) as session:
        _community, collection = _shelf(slug, collection_id)
        service.describe(session, collection, title=asked["title"], intro=asked["intro"])
    flash(_("Saved."), "good")
    return _back_to(slug, collection_id)


@bp.post("/portal/<slug>/collections/<int:collection_id>/picks")
@guards.require(Role.COMMUNITY_OWNER, Role.CURATOR)
def add_pick(slug: str, collection_id: int) -> Any:
    """Put a product of the catalogue last on the shelf."""
    asked = web.load_form(PickForm())
    actor, now = guards.actor(), clock.now()
    with transaction(db.session) as session:
        community, collection = _shelf(slug, collection_id)
        product = queries.product(session, asked["product"])
        curator = community_service.curator_of(session, community, actor, now=now)
        service.add_pick(
            session, community, collection, product, note=asked["note"], curator=curator, actor=actor, now=now
        )
    flash(_("%(title)s is on the shelf.", title=product.title), "good")
    return _back_to(slug, collection_id)


@bp.post("/portal/<slug>/picks/<int:pick_id>/note")
@guards.require(Role.COMMUNITY_OWNER, Role.CURATOR)
def note(slug: str, pick_id: int) -> Any:
    """The curator's sentence."""
    try:
        asked = web.load_form(NoteForm())
    except Invalid as refused:
        community, pick = _pick(slug, pick_id)
        collection = queries.collection(db.session, community, pick.collection_id)
        return _bench_page(community, collection, errors=refused.fields, wrong_pick=pick.id), refused.status
    with transaction(db.session) as session:
        _community, pick = _pick(slug, pick_id)
        service.write_note(session, pick, asked["note"])
    flash(_("The sentence is saved."), "good")
    return _back_to(slug, pick.collection_id)


@bp.post("/portal/<slug>/picks/<int:pick_id>/place")
@guards.require(Role.COMMUNITY_OWNER, Role.CURATOR)
def move(slug: str, pick_id: int) -> Any:
    """One place up or down by its buttons, or behind another pick by hand."""
    asked = web.load_form(MoveForm())
    direction = asked.get("direction")
    with transaction(db.session) as session:
        _community, pick = _pick(slug, pick_id)
        if direction is None:
            place = service.put_behind(session, pick, asked.get("after") or None)
        else:
            place = service.step(session, pick, -1 if direction == "up" else 1)
        title = queries.product(session, pick.product_id).title
    flash(_("%(title)s now stands at place %(place)s.", title=title, place=place), "good")
    return _back_to(slug, pick.collection_id, at=f"{direction}-{pick_id}" if direction else None)


@bp.post("/portal/<slug>/picks/<int:pick_id>/withdrawal")
@guards.require(Role.COMMUNITY_OWNER, Role.CURATOR)
def withdraw(slug: str, pick_id: int) -> Any:
    """Take a pick off the shelf; ten seconds long the page offers to undo it."""
    with transaction(db.session) as session:
        _community, pick = _pick(slug, pick_id)
        service.withdraw(session, pick, actor=guards.actor(), now=clock.now())
        title = queries.product(session, pick.product_id).title
    undo = url_for(".restore", slug=slug, pick_id=pick_id)
    flash({"text": _("%(title)s is off the shelf.", title=title), "undo": undo}, "undo")  # type: ignore[arg-type]
    return _back_to(slug, pick.collection_id)


@bp.post("/portal/<slug>/picks/<int:pick_id>/restoration")
@guards.require(Role.COMMUNITY_OWNER, Role.CURATOR)
def restore(slug: str, pick_id: int) -> Any:
    """Bring a withdrawn pick back where it stood."""
    with transaction(db.session) as session:
        _community, pick = _pick(slug, pick_id)
        service.restore(session, pick, actor=guards.actor(), now=clock.now())
    flash(_("The pick is back on the shelf."), "good")
    return _back_to(slug, pick.collection_id)


@bp.post("/portal/<slug>/collections/<int:collection_id>/publication")
@guards.require(Role.COMMUNITY_OWNER, Role.CURATOR)
def publish(slug: str, collection_id: int) -> Any:
    """Show the shelf to visitors."""
    with transaction(db.session) as session:
        _community, collection = _shelf(slug, collection_id)
        service.publish(session, collection, actor=guards.actor(), now=clock.now())
    flash(_("The collection is in the shop window now."), "good")
    return _back_to(slug, collection_id)


@bp.post("/portal/<slug>/collections/<int:collection_id>/unpublication")
@guards.require(Role.COMMUNITY_OWNER, Role.CURATOR)
def unpublish(slug: str, collection_id: int) -> Any:
    """Take the shelf out of the window; its links go on working."""
    with transaction(db.session) as session:
        _community, collection = _shelf(slug, collection_id)
        service.unpublish(session, collection, actor=guards.actor(), now=clock.now())
    flash(_("The collection is a draft again. Links that were given out go on working."), "good")
    return _back_to(slug, collection_id)


@bp.get("/portal/<slug>/collections/<int:collection_id>/qr.svg")
@guards.require(Role.COMMUNITY_OWNER, Role.CURATOR)
def qr(slug: str, collection_id: int) -> Response:
    """The collection's address as a QR code, to be printed or put on a table."""
    _community, collection = _shelf(slug, collection_id)
    drawn = BytesIO()
    segno.make(_address(slug, collection), error="m").save(drawn, kind="svg", scale=8, border=4, light="#ffffff")
    return Response(drawn.getvalue(), mimetype="image/svg+xml")


def _shelf(slug: str, collection_id: int) -> tuple[Community, Collection]:
    community = communities.curated_by(db.session, guards.actor(), slug)
    return community, queries.collection(db.session, community, collection_id)


def _pick(slug: str, pick_id: int) -> tuple[Community, Pick]:
    community = communities.curated_by(db.session, guards.actor(), slug)
    return community, queries.pick(db.session, community, pick_id)


def _address(slug: str, collection: Collection) -> str:
    path = url_for("storefronts_public.collection", slug=slug, collection=collection.slug)
    return f"{current_app.config['ETALASE'].public_url}{path}"


def _back_to(slug: str, collection_id: int, *, at: str | None = None) -> Any:
    """The bench again, with the search as it stood; `at` names the button that keeps the focus."""
    kept: dict[str, Any] = {name: request.args[name] for name in ("q", "store") if request.args.get(name)}
    return web.see_other(url_for(".edit", slug=slug, collection_id=collection_id, at=at, **kept))


def _collections_page(community: Community, *, errors: dict[str, Any] | None = None) -> str:
    return render_template(
        "affiliate/storefronts/collections.html",
        community=community,
        shelves=queries.shelves(db.session, community, drafts=True),
        proposals=(_("This week's picks"), _("Below Rp200,000"), _("Gifts for a friend")),
        typed=request.form.get("title", ""),
        errors=errors or {},
    )


def _bench_page(
    community: Community,
    collection: Collection,
    *,
    errors: dict[str, Any] | None = None,
    wrong_pick: int | None = None,
) -> str:
    """The bench; after a refusal with what was typed and why it cannot be kept."""
    cards = queries.cards(db.session, collection)
    finds = bench.find(
        db.session,
        community,
        {card.product.id for card in cards},
        q=request.args.get("q", ""),
        store=request.args.get("store", ""),
        now=clock.now(),
    )
    return render_template(
        "affiliate/storefronts/edit.html",
        community=community,
        collection=collection,
        cards=cards,
        finds=finds,
        address=_address(community.slug, collection),
        at=request.args.get("at", ""),
        typed=request.form,
        errors=errors or {},
        wrong_pick=wrong_pick,
    )
