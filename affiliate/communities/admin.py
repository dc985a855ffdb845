"""The operator's page of communities: all of them, and a form for a new one."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for

from affiliate.communities import queries, service
from affiliate.communities.api import CommunitySchema
from affiliate.communities.views import bp
from affiliate.core import clock, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid
from affiliate.core.i18n import _
from affiliate.identity import guards
from affiliate.identity.models import Role


@bp.get("/admin/communities")
@guards.require(Role.ADMIN)
def admin_index() -> str:
    return _index()


@bp.post("/admin/communities")
@guards.require(Role.ADMIN)
def admin_create() -> Any:
    try:
        wanted = web.load_form(CommunitySchema())
        with transaction(db.session) as session:
            community = service.create(session, **wanted, actor=guards.actor(), now=clock.now())
    except Invalid as refused:
        return _index(errors=refused.fields), refused.status
    except service.SlugTaken as refused:
        return _index(errors={"slug": refused.text}), refused.status
    flash(_("%(name)s is here. Give somebody the role of its owner next.", name=community.name), "good")
    return web.see_other(url_for(".admin_index"))


def _index(errors: dict[str, Any] | None = None) -> str:
    return render_template(
        "affiliate/communities/admin_index.html",
        communities=queries.communities(db.session, guards.actor()),
        errors=errors or {},
        typed=request.form,
    )
