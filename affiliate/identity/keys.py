"""Admin page of programs' keys: made for a role, shown once, revoked."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for

from affiliate.core import clock, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid, NotFound
from affiliate.core.i18n import _
from affiliate.identity import guards, scopes, service, staff
from affiliate.identity.admin import places, wanted_scope
from affiliate.identity.labels import ROLE_LABELS
from affiliate.identity.models import Role
from affiliate.identity.schemas import KeyForm
from affiliate.identity.views import bp


@bp.get("/admin/keys")
@guards.require(Role.ADMIN)
def keys() -> Any:
    return _page()


@bp.post("/admin/keys")
@guards.require(Role.ADMIN)
def create_key() -> Any:
    """Answers with the page itself, not with a redirect: the key is shown once and stands nowhere else."""
    try:
        given = web.load_form(KeyForm())
        with transaction(db.session) as session:
            scope_id = wanted_scope(given["role"], given["scope"])
            secret = service.create_api_key(
                session, given["name"], role=given["role"], scope_id=scope_id, actor=guards.actor(), now=clock.now()
            )
    except Invalid as error:
        return _page(errors=error.fields), error.status
    return _page(secret=secret, secret_name=given["name"]), 201


@bp.post("/admin/keys/<int:key_id>/revocation")
@guards.require(Role.ADMIN)
def revoke_key(key_id: int) -> Any:
    with transaction(db.session) as session:
        if not service.revoke_api_key(session, key_id, actor=guards.actor(), now=clock.now()):
            raise NotFound
    flash(_("The key is revoked; programs that use it are refused from now on."), "good")
    return web.see_other(url_for(".keys"))


def _page(**context: Any) -> str:
    found = staff.keys(db.session, guards.actor())
    held = {scope for row in found for _role, scope in row.held if scope is not None}
    return render_template(
        "affiliate/identity/keys.html",
        keys=found,
        role_labels=ROLE_LABELS,
        scope_names=scopes.known().names(db.session, held),
        places=places(),
        given=request.form,
        **context,
    )
