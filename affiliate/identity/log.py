"""Admin page of the audit log: who did what to what, newest first."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for

from affiliate.core import web
from affiliate.core.db import db
from affiliate.core.i18n import _l
from affiliate.identity import audit, guards, queries, scopes
from affiliate.identity.models import AuditEntry, Role
from affiliate.identity.views import bp

# The first words of the actions, as an operator looks for them.
GROUPS: dict[str, Any] = {
    "user": _l("People"),
    "role": _l("Roles"),
    "password": _l("Passwords"),
    "merchant": _l("Partner stores"),
    "terms": _l("Terms"),
    "split": _l("Splits"),
    "enrollment": _l("Enrollments"),
    "payout_run": _l("Payout runs"),
}


@bp.get("/admin/log")
@guards.require(Role.ADMIN)
def log() -> Any:
    cursor = web.decode_cursor(request.args.get("cursor"))
    about = request.args.get("person", type=int)
    group = request.args.get("about") if request.args.get("about") in GROUPS else None
    found = audit.entries(
        db.session,
        guards.actor(),
        about=None if about is None else min(abs(about), web.ID_MAX),
        group=group,
        before=cursor[0] if cursor else None,
        limit=web.PAGE_SIZE,
    )
    shown = found[: web.PAGE_SIZE]
    more = web.encode_cursor(shown[-1].id) if len(found) > web.PAGE_SIZE else None
    return render_template(
        "affiliate/identity/log.html",
        entries=shown,
        names=queries.people(db.session, {entry.actor for entry in shown} | _people(shown)),
        places=scopes.known().names(db.session, _places(shown)),
        audit=audit,
        groups=GROUPS,
        group=group,
        about=about,
        next_url=url_for(".log", person=about, about=group, cursor=more) if more else None,
    )


def _people(entries: Any) -> set[str]:
    return {f"user:{one.subject_id}" for one in entries if one.subject_kind == "user" and one.subject_id.isdigit()}


def _places(entries: list[AuditEntry] | Any) -> set[scopes.Scope]:
    """Communities and stores that were the subject, to be called by name."""
    kinds = {"community", "merchant"}
    return {
        (one.subject_kind, int(one.subject_id))
        for one in entries
        if one.subject_kind in kinds and one.subject_id.isdigit()
    }
