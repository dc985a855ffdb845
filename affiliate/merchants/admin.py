"""The operator's pages of stores: all of them with what each still needs, a new one, and one store's own page."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for

from affiliate.core import clock, money, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid
from affiliate.core.i18n import _
from affiliate.identity import guards, staff
from affiliate.identity import people as verbs
from affiliate.identity.admin import welcome_url
from affiliate.identity.models import Role
from affiliate.identity.schemas import StaffForm
from affiliate.merchants import queries, service
from affiliate.merchants.forms import ProfileForm
from affiliate.merchants.models import Merchant
from affiliate.merchants.rules import in_force
from affiliate.merchants.schemas import MerchantSchema
from affiliate.merchants.views import bp
from affiliate.merchants.wording import PAYABLE_NAMES, rate_text


@bp.get("/admin/merchants")
@guards.require(Role.ADMIN)
def admin_index() -> str:
    rows = queries.merchants(db.session, guards.actor())
    ready = queries.readiness(db.session, [row.id for row in rows])
    return render_template("affiliate/merchants/admin_index.html", merchants=rows, ready=ready)


@bp.get("/admin/merchants/new")
@guards.require(Role.ADMIN)
def admin_new() -> str:
    return _new()


@bp.post("/admin/merchants")
@guards.require(Role.ADMIN)
def admin_create() -> Any:
    """Add a store from the form."""
    try:
        profile = web.load_form(MerchantSchema())
        with transaction(db.session) as session:
            merchant = service.create_merchant(session, profile=profile, actor=guards.actor(), now=clock.now())
    except Invalid as refused:
        return _new(errors=refused.fields), refused.status
    except service.SlugTaken as refused:
        return _new(errors={"slug": refused.text}), refused.status
    flash(_("%(name)s is here. The steps below bring it to its first sale.", name=merchant.name), "good")
    return web.see_other(url_for(".admin_show", slug=merchant.slug))


@bp.get("/admin/merchants/<slug>")
@guards.require(Role.ADMIN)
def admin_show(slug: str) -> str:
    return _show(queries.merchant_run_by(db.session, guards.actor(), slug))


@bp.get("/admin/merchants/<slug>/profile")
@guards.require(Role.ADMIN)
def admin_profile(slug: str) -> str:
    merchant = queries.merchant_run_by(db.session, guards.actor(), slug)
    return _profile(merchant, typed=_typed(merchant))


@bp.post("/admin/merchants/<slug>/profile")
@guards.require(Role.ADMIN)
def admin_save(slug: str) -> Any:
    """Keep what may change of a store."""
    try:
        with transaction(db.session) as session:
            merchant = queries.merchant_run_by(session, guards.actor(), slug)
            profile = web.load_form(ProfileForm(merchant))
            service.save_merchant(session, merchant, profile=profile, actor=guards.actor(), now=clock.now())
    except Invalid as refused:
        merchant = queries.merchant_run_by(db.session, guards.actor(), slug)
        return _profile(merchant, typed=request.form, errors=refused.fields), refused.status
    flash(_("Saved. Links that are already out follow within seconds."), "good")
    return web.see_other(url_for(".admin_show", slug=slug))


@bp.post("/admin/merchants/<slug>/staff")
@guards.require(Role.ADMIN)
def admin_add_staff(slug: str) -> Any:
    """Somebody of the store: invited when new here, by a link that only this answer shows."""
    try:
        given = web.load_form(StaffForm())
        with transaction(db.session) as session:
            merchant = queries.merchant_run_by(session, guards.actor(), slug)
            admitted = verbs.admit(
                session, **given, role=Role.MERCHANT_STAFF, scope_id=merchant.id, actor=guards.actor(), now=clock.now()
            )
    except Invalid as refused:
        merchant = queries.merchant_run_by(db.session, guards.actor(), slug)
        wrong = refused.fields | ({"email": refused.fields["role"]} if "role" in refused.fields else {})
        return _show(merchant, errors=wrong, typed=request.form), refused.status
    if admitted.token is None:
        flash(_("%(name)s was here already and has the role now.", name=admitted.user.name), "good")
        return web.see_other(url_for(".admin_show", slug=slug))
    return _show(merchant, invited=admitted.user, link=welcome_url(admitted.token)), 201


def _new(errors: dict[str, Any] | None = None) -> str:
    return render_template(
        "affiliate/merchants/admin_new.html",
        currencies=[(code, code) for code in sorted(money.EXPONENTS)],
        errors=errors or {},
        typed=request.form,
    )


def _profile(merchant: Merchant, *, typed: Any, errors: dict[str, Any] | None = None) -> str:
    return render_template("affiliate/merchants/admin_profile.html", store=merchant, typed=typed, errors=errors or {})


def _typed(merchant: Merchant) -> dict[str, str]:
    """The saved profile, in the fields of the form."""
    return {
        "name": merchant.name,
        "shop_url": merchant.shop_url,
        "allowed_hosts": "\n".join(merchant.allowed_hosts),
        "click_param": merchant.click_param,
    }


def _show(merchant: Merchant, **context: Any) -> str:
    rows = queries.programmes(db.session, guards.actor(), merchant_id=merchant.id)
    programmes = [row[0] for row in rows]
    versions = queries.frozen_terms(db.session, [programme.id for programme in programmes])
    now = clock.now()
    present = {programme.id: _in_force(versions, programme.id, now) for programme in programmes}
    enrolled = queries.enrollments(db.session, guards.actor(), merchant_id=merchant.id)
    return render_template(
        "affiliate/merchants/admin_show.html",
        store=merchant,
        ready=queries.readiness(db.session, [merchant.id])[merchant.id],
        staff=staff.of_scope(db.session, "merchant", merchant.id),
        programmes=programmes,
        terms=present,
        enrolled=enrolled,
        payable_names=PAYABLE_NAMES,
        rate_text=rate_text,
        **context,
    )


def _in_force(versions: Any, programme_id: int, now: Any) -> Any:
    """(terms, rates) that count now for a programme, or None."""
    own = {terms.id: (terms, rates) for terms, rates in versions if terms.programme_id == programme_id}
    newest = in_force([terms for terms, _rates in own.values()], now)
    return own[newest.id] if newest else None
