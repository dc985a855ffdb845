"""Admin pages of people: who there is, somebody new, one person with roles, account and one-time link."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, render_template, request, url_for

from affiliate.core import clock, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid, NotFound
from affiliate.core.i18n import _, _l
from affiliate.core.wording import one_line
from affiliate.identity import audit, guards, passwords, scopes, staff
from affiliate.identity import people as verbs
from affiliate.identity.labels import ROLE_LABELS
from affiliate.identity.models import SCOPE_OF, Role, User
from affiliate.identity.queries import people as names_of
from affiliate.identity.schemas import PersonForm, RoleForm
from affiliate.identity.views import bp

STATE_LABELS = {
    staff.State.ACTIVE: _l("Open"),
    staff.State.INVITED: _l("Invited"),
    staff.State.CLOSED: _l("Closed"),
}
LATEST_DEEDS = 10


@bp.get("/admin/")
@guards.require(Role.ADMIN)
def people() -> Any:
    wanted = one_line(request.args.get("q", ""))[:120]
    role, state = _chosen(Role, "role"), _chosen(staff.State, "state")
    after = web.decode_cursor(request.args.get("cursor")) or [0]
    found = staff.people(
        db.session, guards.actor(), wanted=wanted, role=role, state=state, after=after[0], limit=web.PAGE_SIZE
    )
    shown = found[: web.PAGE_SIZE]
    more = web.encode_cursor(shown[-1].user.id) if len(found) > web.PAGE_SIZE else None
    held = {scope for row in shown for _role, scope in row.held if scope is not None}
    return render_template(
        "affiliate/identity/people.html",
        people=shown,
        next_url=url_for(".people", q=wanted or None, role=role, state=state, cursor=more) if more else None,
        wanted=wanted,
        role=role,
        state=state,
        state_labels=STATE_LABELS,
        role_labels=ROLE_LABELS,
        scope_names=scopes.known().names(db.session, held),
    )


@bp.get("/admin/people/new")
@guards.require(Role.ADMIN)
def new_person() -> Any:
    return _new_page()


@bp.post("/admin/people")
@guards.require(Role.ADMIN)
def add_person() -> Any:
    """Answers with the person's page itself, not with a redirect: the link is shown once and stands nowhere else."""
    try:
        given = web.load_form(PersonForm())
        with transaction(db.session) as session:
            scope_id = wanted_scope(given["role"], given["scope"])
            admitted = verbs.admit(
                session,
                given["email"],
                name=given["name"],
                role=given["role"],
                scope_id=scope_id,
                actor=guards.actor(),
                now=clock.now(),
            )
    except Invalid as refused:
        return _new_page(errors=refused.fields), refused.status
    if admitted.token is None:
        flash(_("%(name)s was here already and has the role now.", name=admitted.user.name), "good")
        return web.see_other(url_for(".one_person", person_id=admitted.user.id))
    return _person_page(admitted.user.id, link=welcome_url(admitted.token)), 201


@bp.get("/admin/people/<int:person_id>")
@guards.require(Role.ADMIN)
def one_person(person_id: int) -> Any:
    return _person_page(person_id)


@bp.post("/admin/people/<int:person_id>/roles")
@guards.require(Role.ADMIN)
def give_role(person_id: int) -> Any:
    try:
        given = web.load_form(RoleForm())
        with transaction(db.session) as session:
            _give(session, person_id, given["role"], wanted_scope(given["role"], given["scope"]))
    except Invalid as refused:
        return _person_page(person_id, errors=refused.fields), refused.status
    flash(_("The role is given; it counts from the next click on."), "good")
    return web.see_other(url_for(".one_person", person_id=person_id))


@bp.post("/admin/people/<int:person_id>/roles/<int:grant_id>/withdrawal")
@guards.require(Role.ADMIN)
def withdraw_role(person_id: int, grant_id: int) -> Any:
    here = url_for(".one_person", person_id=person_id)
    try:
        with transaction(db.session) as session:
            user = _person(session, person_id)
            gone = verbs.withdraw_role(session, user, grant_id, actor=guards.actor(), now=clock.now())
    except verbs.LastAdmin as refused:
        flash(str(refused.text), "bad")
        return web.see_other(here)
    back = url_for(".restore_role", person_id=person_id, role=gone.role.value, scope_id=gone.scope_id or 0)
    text = _("The role “%(role)s” is withdrawn.", role=ROLE_LABELS[gone.role])
    flash({"text": text, "undo": back}, "undo")  # type: ignore[arg-type]
    return web.see_other(url_for(".people") if gone.user_id == guards.actor().user_id else here)


@bp.post("/admin/people/<int:person_id>/roles/<role>/<int:scope_id>/restoration")
@guards.require(Role.ADMIN)
def restore_role(person_id: int, role: str, scope_id: int) -> Any:
    """Undo a withdrawal; `scope_id` is 0 for a role of the platform."""
    wanted = next((known for known in Role if known.value == role), None)
    if wanted is None:
        raise NotFound
    kind = SCOPE_OF[wanted]
    if (kind == "platform") != (scope_id == 0):
        raise NotFound
    if scope_id and not scopes.known().names(db.session, {(kind, scope_id)}):
        raise NotFound
    with transaction(db.session) as session:
        _give(session, person_id, wanted, scope_id or None)
    flash(_("The role is back."), "good")
    return web.see_other(url_for(".one_person", person_id=person_id))


@bp.post("/admin/people/<int:person_id>/closing")
@guards.require(Role.ADMIN)
def close_account(person_id: int) -> Any:
    try:
        with transaction(db.session) as session:
            user = _person(session, person_id)
            verbs.close_account(session, user, actor=guards.actor(), now=clock.now())
    except (verbs.LastAdmin, verbs.NotYourself) as refused:
        flash(str(refused.text), "bad")
        return web.see_other(url_for(".one_person", person_id=person_id))
    text = _("The account of %(name)s is closed, and whoever was signed in with it is out.", name=user.name)
    flash({"text": text, "undo": url_for(".open_account", person_id=person_id)}, "undo")  # type: ignore[arg-type]
    return web.see_other(url_for(".one_person", person_id=person_id))


@bp.post("/admin/people/<int:person_id>/opening")
@guards.require(Role.ADMIN)
def open_account(person_id: int) -> Any:
    with transaction(db.session) as session:
        user = _person(session, person_id)
        verbs.open_account(session, user, actor=guards.actor(), now=clock.now())
    flash(_("%(name)s can sign in again.", name=user.name), "good")
    return web.see_other(url_for(".one_person", person_id=person_id))


@bp.post("/admin/people/<int:person_id>/link")
@guards.require(Role.ADMIN)
def make_link(person_id: int) -> Any:
    """A one-time link for a new password, shown on this answer only."""
    try:
        with transaction(db.session) as session:
            user = _person(session, person_id)
            life = passwords.RESET_LIFE if user.password_hash else passwords.INVITATION_LIFE
            token = passwords.make_link(session, user, life=life, actor=guards.actor(), now=clock.now())
    except (passwords.AccountClosed, passwords.DemoAccount) as refused:
        flash(str(refused.text), "bad")
        return web.see_other(url_for(".one_person", person_id=person_id))
    return _person_page(person_id, link=welcome_url(token)), 201


def welcome_url(token: str) -> str:
    """The whole address of a one-time link, to be handed to its person."""
    return f"{current_app.config['ETALASE'].public_url}{url_for('identity.welcome', token=token)}"


def wanted_scope(role: Role, text: str) -> int | None:
    """The id of "community:<slug>" or "merchant:<slug>", which must be of the kind that the role belongs to."""
    if SCOPE_OF[role] == "platform" and not text:
        return None
    kind, _colon, slug = text.partition(":")
    found = scopes.known().find(db.session, kind, slug) if kind == SCOPE_OF[role] else None
    if found is None:
        raise Invalid.field("scope", _l("This role belongs to one community or store, or to the platform."))
    return found


def places() -> dict[str, list[tuple[str, str]]]:
    """(slug, name) of everything that a role can belong to, by kind, for a form."""
    return {kind: scopes.known().choices(db.session, kind) for kind in ("community", "merchant")}


def _chosen(kind: Any, name: str) -> Any:
    """The member of an enumeration that a filter names; None for nothing and for nonsense."""
    return next((member for member in kind if member.value == request.args.get(name)), None)


def _person(session: Any, person_id: int) -> User:
    return staff.person(session, guards.actor(), person_id, now=clock.now()).user


def _give(session: Any, person_id: int, role: Role, scope_id: int | None) -> None:
    user = _person(session, person_id)
    verbs.give_role(session, user, role, scope_id=scope_id, actor=guards.actor(), now=clock.now())


def _new_page(**context: Any) -> str:
    return render_template(
        "affiliate/identity/new_person.html", role_labels=ROLE_LABELS, places=places(), given=request.form, **context
    )


def _person_page(person_id: int, **context: Any) -> str:
    file = staff.person(db.session, guards.actor(), person_id, now=clock.now())
    deeds = audit.entries(db.session, guards.actor(), about=person_id, limit=LATEST_DEEDS)
    held = {(grant.scope_kind, grant.scope_id) for grant in file.grants if grant.scope_id is not None}
    return render_template(
        "affiliate/identity/person.html",
        file=file,
        person=file.user,
        deeds=deeds[:LATEST_DEEDS],
        has_more_deeds=len(deeds) > LATEST_DEEDS,
        names=names_of(db.session, {entry.actor for entry in deeds}),
        audit=audit,
        role_labels=ROLE_LABELS,
        scope_names=scopes.known().names(db.session, held),
        places=places(),
        given=request.form,
        **context,
    )
