"""The operator's pages of communities: all of them with what each still needs, a new one, and one with its people."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for

from affiliate.communities import queries, service
from affiliate.communities.api import CommunitySchema
from affiliate.communities.forms import MemberForm
from affiliate.communities.models import Community
from affiliate.communities.views import bp
from affiliate.core import clock, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid
from affiliate.core.i18n import _
from affiliate.identity import guards, staff
from affiliate.identity import people as verbs
from affiliate.identity.admin import welcome_url
from affiliate.identity.labels import ROLE_LABELS
from affiliate.identity.models import Role


@bp.get("/admin/communities")
@guards.require(Role.ADMIN)
def admin_index() -> str:
    return render_template(
        "affiliate/communities/admin_index.html",
        communities=queries.communities(db.session, guards.actor()),
        owned=staff.held_scopes(db.session, Role.COMMUNITY_OWNER),
    )


@bp.get("/admin/communities/new")
@guards.require(Role.ADMIN)
def admin_new() -> str:
    return _new()


@bp.post("/admin/communities")
@guards.require(Role.ADMIN)
def admin_create() -> Any:
    try:
        wanted = web.load_form(CommunitySchema())
        with transaction(db.session) as session:
            community = service.create(session, **wanted, actor=guards.actor(), now=clock.now())
    except Invalid as refused:
        return _new(errors=refused.fields), refused.status
    except service.SlugTaken as refused:
        return _new(errors={"slug": refused.text}), refused.status
    flash(_("%(name)s is here. Invite its owner next.", name=community.name), "good")
    return web.see_other(url_for(".admin_show", slug=community.slug))


@bp.get("/admin/communities/<slug>")
@guards.require(Role.ADMIN)
def admin_show(slug: str) -> str:
    return _show(queries.owned_by(db.session, guards.actor(), slug))


@bp.post("/admin/communities/<slug>/people")
@guards.require(Role.ADMIN)
def admin_add_person(slug: str) -> Any:
    """An owner or a curator: invited when new here, by a link that only this answer shows."""
    actor, now = guards.actor(), clock.now()
    try:
        given = web.load_form(MemberForm())
        with transaction(db.session) as session:
            community = queries.owned_by(session, actor, slug)
            admitted = verbs.admit(
                session, given["email"], name=given["name"], role=given["role"], scope_id=community.id, actor=actor,
                now=now,
            )  # fmt: skip
            if given["handle"] is not None:
                service.give_account(
                    session, community, handle=given["handle"], user=admitted.user, actor=actor, now=now
                )
    except Invalid as refused:
        community = queries.owned_by(db.session, actor, slug)
        return _show(community, errors=refused.fields, typed=request.form), refused.status
    if admitted.token is None:
        flash(_("%(name)s was here already and has the role now.", name=admitted.user.name), "good")
        return web.see_other(url_for(".admin_show", slug=slug))
    return _show(community, invited=admitted.user, link=welcome_url(admitted.token)), 201


def _new(errors: dict[str, Any] | None = None) -> str:
    return render_template("affiliate/communities/admin_new.html", errors=errors or {}, typed=request.form)


def _show(community: Community, **context: Any) -> str:
    curators = queries.curators(db.session, community)
    people = staff.of_scope(db.session, "community", community.id)
    return render_template(
        "affiliate/communities/admin_show.html",
        place=community,
        people=people,
        has_owner=any(role is Role.COMMUNITY_OWNER for one in people for role, _scope in one.held),
        handles={one.user_id: one.handle for one in curators if one.user_id is not None},
        unclaimed=[one for one in curators if one.user_id is None],
        roles=[(role.value, ROLE_LABELS[role]) for role in (Role.COMMUNITY_OWNER, Role.CURATOR)],
        role_labels=ROLE_LABELS,
        **context,
    )
