"""The partner store's settings: webhook keys, programmes in words, communities. And the operator's page of stores."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for

from affiliate.core import clock, money, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid, NotFound
from affiliate.core.i18n import _
from affiliate.identity import guards
from affiliate.identity.models import Role
from affiliate.merchants import queries, service
from affiliate.merchants.api import hook_url
from affiliate.merchants.models import Merchant, WebhookKey, WebhookKind
from affiliate.merchants.rules import in_force
from affiliate.merchants.schemas import MerchantSchema, WebhookKeySchema
from affiliate.merchants.wording import COMPLETED_WHEN, KIND_NAMES, PAYABLE_NAMES, STEPS, rate_text

bp = Blueprint("merchants", __name__)


@bp.get("/merchant/<slug>/settings")
@guards.require(*guards.MERCHANT, *guards.FINANCE)
def settings(slug: str) -> str:
    return _settings(queries.merchant_for(db.session, guards.actor(), slug))


@bp.post("/merchant/<slug>/webhook-keys")
@guards.require(*guards.MERCHANT)
def create_key(slug: str) -> Any:
    """Make a key and show its secret on this answer, the only time; a reload of the page hides it."""
    actor = guards.actor()
    given = {name: value for name, value in request.form.items() if value and name != "csrf_token"}
    try:
        wanted = web.load(WebhookKeySchema(), given)
        with transaction(db.session) as session:
            merchant = queries.merchant_run_by(session, actor, slug)
            key = service.create_webhook_key(session, merchant, **wanted, actor=actor, now=clock.now())
    except Invalid as refused:
        return _settings(queries.merchant_run_by(db.session, actor, slug), errors=refused.fields), refused.status
    return _settings(merchant, new_key=key), 201


@bp.post("/merchant/<slug>/webhook-keys/<int:key_id>/revocation")
@guards.require(*guards.MERCHANT)
def revoke_key(slug: str, key_id: int) -> Any:
    actor = guards.actor()
    with transaction(db.session) as session:
        merchant = queries.merchant_run_by(session, actor, slug)
        if not service.revoke_webhook_key(session, merchant, key_id, actor=actor, now=clock.now()):
            raise NotFound
    flash(_("The key is revoked. What it signs is refused from now on."), "good")
    return web.see_other(url_for(".settings", slug=slug))


def _settings(merchant: Merchant, *, new_key: WebhookKey | None = None, errors: dict[str, Any] | None = None) -> str:
    actor = guards.actor()
    rows = queries.programmes(db.session, actor, merchant_id=merchant.id)
    terms: dict[int, list[Any]] = defaultdict(list)
    for version in queries.frozen_terms(db.session, [row[0].id for row in rows]):
        terms[version[0].programme_id].append(version)
    enrolled = queries.enrollments(db.session, actor, merchant_id=merchant.id)
    splits = {split.enrollment_id: split for split in queries.splits_of(db.session, [row[0].id for row in enrolled])}
    may_change = actor.runs_merchant(merchant.id)
    keys = queries.webhook_keys(db.session, merchant)
    return render_template(
        "affiliate/merchants/settings.html",
        merchant=merchant,
        keys=keys if may_change else [],
        live_kinds={key.kind for key in keys if key.revoked_at is None},
        completed_when=COMPLETED_WHEN,
        steps=STEPS,
        addresses={kind: hook_url(merchant.slug, kind.value) for kind in KIND_NAMES},
        may_change=may_change,
        new_key=new_key,
        hook_url=hook_url(merchant.slug, (new_key.kind if new_key else WebhookKind.STANDARD).value),
        kinds=[(kind.value, name) for kind, name in KIND_NAMES.items()],
        kind_names=KIND_NAMES,
        payable_names=PAYABLE_NAMES,
        programmes=[row[0] for row in rows],
        terms=terms,
        in_force=in_force,
        rate_text=rate_text,
        enrolled=enrolled,
        splits=splits,
        now=clock.now(),
        errors=errors or {},
        typed=request.form,
    )


@bp.get("/admin/merchants")
@guards.require(Role.ADMIN)
def admin_index() -> str:
    return _index()


@bp.post("/admin/merchants")
@guards.require(Role.ADMIN)
def admin_create() -> Any:
    """Add a store from the form."""
    try:
        profile = web.load_form(MerchantSchema())
        with transaction(db.session) as session:
            merchant = service.create_merchant(session, profile=profile, actor=guards.actor(), now=clock.now())
    except Invalid as refused:
        return _index(errors=refused.fields), refused.status
    except service.SlugTaken as refused:
        return _index(errors={"slug": refused.text}), refused.status
    flash(_("%(name)s is here. Make its first webhook key next.", name=merchant.name), "good")
    return web.see_other(url_for(".settings", slug=merchant.slug))


def _index(errors: dict[str, Any] | None = None) -> str:
    return render_template(
        "affiliate/merchants/admin_index.html",
        merchants=queries.merchants(db.session, guards.actor()),
        currencies=[(code, code) for code in sorted(money.EXPONENTS)],
        errors=errors or {},
        typed=request.form,
    )
