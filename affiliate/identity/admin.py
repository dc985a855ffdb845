"""Admin pages: people with their roles, and programs' keys."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for

from affiliate.core import clock, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid, NotFound
from affiliate.core.i18n import _, _l
from affiliate.core.wording import one_line
from affiliate.identity import guards, scopes, service, staff
from affiliate.identity.labels import ROLE_LABELS
from affiliate.identity.models import SCOPE_OF, Role
from affiliate.identity.schemas import KeyForm
from affiliate.identity.views import bp


@bp.get("/admin/")
@guards.require(Role.ADMIN)
def people() -> Any:
    return _people_page()


@bp.post("/admin/keys")
@guards.require(Role.ADMIN)
def create_key() -> Any:
    """Answers with the page itself, not with a redirect: the key is shown once and stands nowhere else."""
    try:
        given = web.load_form(KeyForm())
        with transaction(db.session) as session:
            scope_id = _scope_id(given["role"], given["scope"])
            secret = service.create_api_key(
                session, given["name"], role=given["role"], scope_id=scope_id, actor=guards.actor(), now=clock.now()
            )
    except Invalid as error:
        return _people_page(errors=error.fields), error.status
    return _people_page(secret=secret, secret_name=given["name"]), 201


@bp.post("/admin/keys/<int:key_id>/revocation")
@guards.require(Role.ADMIN)
def revoke_key(key_id: int) -> Any:
    with transaction(db.session) as session:
        if not service.revoke_api_key(session, key_id, actor=guards.actor(), now=clock.now()):
            raise NotFound
    flash(_("The key is revoked; programs that use it are refused from now on."), "good")
    return web.see_other(url_for(".people", _anchor="keys"))


def _scope_id(role: Role, text: str) -> int | None:
    """The id of "community:<slug>" or "merchant:<slug>", which must be of the kind that the role belongs to."""
    if SCOPE_OF[role] == "platform" and not text:
        return None
    kind, _colon, slug = text.partition(":")
    found = scopes.known().find(db.session, kind, slug) if kind == SCOPE_OF[role] else None
    if found is None:
        raise Invalid.field("scope", _l("This role belongs to one community or store, or to the platform."))
    return found


def _people_page(**context: Any) -> str:
    wanted = one_line(request.args.get("q", ""))[:120]
    after = web.decode_cursor(request.args.get("cursor")) or [0]
    found = staff.people(db.session, guards.actor(), wanted=wanted, after=after[0], limit=web.PAGE_SIZE)
    shown, keys = found[: web.PAGE_SIZE], staff.keys(db.session, guards.actor())
    more = web.encode_cursor(shown[-1].user.id) if len(found) > web.PAGE_SIZE else None
    held = {scope for row in shown for _role, scope in row.held if scope is not None}
    held |= {scope for row in keys for _role, scope in row.held if scope is not None}
    return render_template(
        "affiliate/identity/people.html",
        people=shown,
        keys=keys,
        next_url=url_for(".people", q=wanted or None, cursor=more) if more else None,
        wanted=wanted,
        role_labels=ROLE_LABELS,
        scope_names=scopes.known().names(db.session, held),
        places={kind: scopes.known().choices(db.session, kind) for kind in ("community", "merchant")},
        given=request.form,
        **context,
    )
