"""The operator's pages of who sells by a programme: a community admitted with its split, later splits, the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, render_template, request, url_for

from affiliate.communities import queries as communities
from affiliate.core import clock, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid, NotFound
from affiliate.core.i18n import _, _l
from affiliate.identity import guards
from affiliate.identity.models import Role
from affiliate.merchants import forms, queries, service
from affiliate.merchants.offers import programme_page
from affiliate.merchants.rules import in_force
from affiliate.merchants.service import SPLIT_PARTS
from affiliate.merchants.views import bp
from affiliate.merchants.wording import example_minor


@bp.post("/admin/programmes/<int:programme_id>/enrollments")
@guards.require(Role.ADMIN)
def admit(programme_id: int) -> Any:
    """Admit a community with its first split."""
    try:
        given = web.load_form(forms.AdmissionForm())
        with transaction(db.session) as session:
            offered = queries.programme_run_by(session, guards.actor(), programme_id)
            try:
                community = communities.by_slug(session, given["community"])
            except NotFound:
                raise Invalid.field("community", _l("There is no community with this address.")) from None
            service.enroll(session, offered, community, split=_split(given), actor=guards.actor(), now=clock.now())
    except Invalid as refused:
        return programme_page(programme_id, errors=refused.fields, typed=request.form), refused.status
    except service.EnrollmentEnded as refused:
        flash(str(refused.text), "bad")
        return web.see_other(url_for(".programme", programme_id=programme_id))
    flash(_("%(name)s is admitted: its picks of this store earn from now on.", name=community.name), "good")
    return web.see_other(url_for(".programme", programme_id=programme_id))


@bp.get("/admin/enrollments/<int:enrollment_id>")
@guards.require(Role.ADMIN)
def enrollment(enrollment_id: int) -> str:
    return _enrollment_page(enrollment_id)


@bp.post("/admin/enrollments/<int:enrollment_id>/splits")
@guards.require(Role.ADMIN)
def add_split(enrollment_id: int) -> Any:
    """Another split from now on; the same one again changes nothing."""
    try:
        split = web.load_form(forms.SplitForm())
        with transaction(db.session) as session:
            _row, offered, community = queries.enrollment_for(session, guards.actor(), enrollment_id)
            _enrolled, version = service.enroll(
                session, offered, community, split=split, actor=guards.actor(), now=clock.now()
            )
    except Invalid as refused:
        return _enrollment_page(enrollment_id, errors=refused.fields, typed=request.form), refused.status
    except service.EnrollmentEnded as refused:
        flash(str(refused.text), "bad")
        return web.see_other(url_for(".enrollment", enrollment_id=enrollment_id))
    flash(_("Split %(version)s counts. Orders from before keep theirs.", version=version.version), "good")
    return web.see_other(url_for(".enrollment", enrollment_id=enrollment_id))


@bp.post("/admin/enrollments/<int:enrollment_id>/end")
@guards.require(Role.ADMIN)
def end_enrollment(enrollment_id: int) -> Any:
    with transaction(db.session) as session:
        row, _offered_by, community = queries.enrollment_for(session, guards.actor(), enrollment_id)
        service.end_enrollment(session, row, actor=guards.actor(), now=clock.now())
    text = _("%(name)s no longer sells by this programme; what was clicked before still counts.", name=community.name)
    undo = {"text": text, "undo": url_for(".resume_enrollment", enrollment_id=enrollment_id)}
    flash(undo, "undo")  # type: ignore[arg-type]
    return web.see_other(url_for(".enrollment", enrollment_id=enrollment_id))


@bp.post("/admin/enrollments/<int:enrollment_id>/resumption")
@guards.require(Role.ADMIN)
def resume_enrollment(enrollment_id: int) -> Any:
    with transaction(db.session) as session:
        row, _offered_by, community = queries.enrollment_for(session, guards.actor(), enrollment_id)
        service.resume_enrollment(session, row, actor=guards.actor(), now=clock.now())
    flash(_("%(name)s sells by this programme again.", name=community.name), "good")
    return web.see_other(url_for(".enrollment", enrollment_id=enrollment_id))


def _split(given: Mapping[str, Any]) -> dict[str, int]:
    return {part: given[part] for part in SPLIT_PARTS}


def _enrollment_page(enrollment_id: int, **context: Any) -> str:
    row, offered, community = queries.enrollment_for(db.session, guards.actor(), enrollment_id)
    store, now = queries.merchant_of(db.session, offered), clock.now()
    versions = queries.splits_of(db.session, [enrollment_id])
    present = in_force(versions, now)
    terms = queries.terms_in_force(db.session, offered.id, at=now)
    return render_template(
        "affiliate/merchants/enrollment.html",
        enrollment=row,
        programme=offered,
        place=community,
        store=store,
        versions=versions,
        present=present,
        share=forms.shares(terms[1], present, store.currency) if terms and present else None,
        price=example_minor(store.currency),
        now=now,
        parts=SPLIT_PARTS,
        shown={part: forms.typed_percent(getattr(present, part)) for part in SPLIT_PARTS} if present else {},
        **context,
    )
