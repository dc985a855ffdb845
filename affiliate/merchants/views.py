"""The partner store's settings: webhook keys, programmes in words, communities."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for

from affiliate.communities import queries as communities
from affiliate.core import clock, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid, NotFound
from affiliate.core.i18n import DEFAULT_ZONE, _
from affiliate.identity import guards
from affiliate.merchants import crediting, queries, service
from affiliate.merchants.api import hook_url
from affiliate.merchants.models import Merchant, WebhookKey, WebhookKind
from affiliate.merchants.rules import Default, in_force
from affiliate.merchants.schemas import CouponForm, PolicyForm, WebhookKeySchema
from affiliate.merchants.wording import (
    COMPLETED_WHEN,
    COUPON_RULE_NAMES,
    KIND_NAMES,
    MODEL_NAMES,
    PAYABLE_NAMES,
    RUNG_NAMES,
    STEPS,
    policy_sentences,
    rate_text,
)

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
    splits = queries.splits_of(db.session, [row[0].id for row in enrolled])
    may_change, now = actor.runs_merchant(merchant.id), clock.now()
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
        splits={row[0].id: queries.split_shown(splits, row[0], now) for row in enrolled},
        now=now,
        errors=errors or {},
        typed=request.form,
    )


@bp.get("/merchant/<slug>/programmes/<int:programme_id>/attribution")
@guards.require(*guards.MERCHANT, *guards.FINANCE)
def attribution(slug: str, programme_id: int) -> str:
    """How a programme credits orders: in words, every version, and a form for the next."""
    merchant = queries.merchant_for(db.session, guards.actor(), slug)
    return _attribution("merchant", programme_id, merchant=merchant)


@bp.get("/portal/<slug>/programmes/<int:programme_id>/attribution")
@guards.require(*guards.COMMUNITY, *guards.FINANCE)
def attribution_for_community(slug: str, programme_id: int) -> str:
    """The same for a community in the programme, to read."""
    return _attribution("portal", programme_id, community=communities.seen_by(db.session, guards.actor(), slug))


@bp.post("/merchant/<slug>/programmes/<int:programme_id>/attribution")
@guards.require(*guards.MERCHANT)
def add_policy(slug: str, programme_id: int) -> Any:
    """The next version, from the day given or from now on."""
    actor, now = guards.actor(), clock.now()
    try:
        wanted = web.load_form(PolicyForm())
        with transaction(db.session) as session:
            merchant = queries.merchant_run_by(session, actor, slug)
            programme = queries.programme_run_by(session, actor, programme_id)
            day = wanted.pop("valid_from")
            begins = clock.start_of_day(day, programme.timezone) if day else now.replace(microsecond=0)
            crediting.add_policy(session, programme, valid_from=begins, **wanted, actor=actor, now=now)
    except Invalid as refused:
        merchant = queries.merchant_run_by(db.session, actor, slug)
        return _attribution("merchant", programme_id, merchant=merchant, errors=refused.fields), refused.status
    flash(_("Noted. Orders that are placed from then on are credited by it; earlier ones stay as they are."), "good")
    return web.see_other(url_for(".attribution", slug=slug, programme_id=programme_id))


def _attribution(area: str, programme_id: int, *, errors: dict[str, Any] | None = None, **place: Any) -> str:
    actor, now = guards.actor(), clock.now()
    programme = queries.programme_for(db.session, actor, programme_id)
    if "merchant" in place and programme.merchant_id != place["merchant"].id:
        raise NotFound
    versions = queries.policies_of(db.session, [programme.id])
    return render_template(
        "affiliate/merchants/attribution.html",
        area=area,
        programme=programme,
        versions=versions,
        current=in_force(versions, now),
        default=Default(),
        sentences=policy_sentences,
        models=[(one.value, name) for one, name in MODEL_NAMES.items()],
        coupon_rules=[(one.value, name) for one, name in COUPON_RULE_NAMES.items()],
        rungs=[("", "–"), *((one.value, name) for one, name in RUNG_NAMES.items())],
        may_change=area == "merchant" and actor.runs_merchant(programme.merchant_id),
        now=now,
        errors=errors or {},
        typed=request.form,
        **place,
    )


@bp.get("/merchant/<slug>/coupons")
@guards.require(*guards.MERCHANT, *guards.FINANCE)
def coupons(slug: str) -> str:
    """Which code stands for which community, and from when to when."""
    return _coupons(queries.merchant_for(db.session, guards.actor(), slug))


@bp.post("/merchant/<slug>/coupons")
@guards.require(*guards.MERCHANT)
def assign_coupon(slug: str) -> Any:
    """Let a code stand for a community, from the form."""
    actor, now = guards.actor(), clock.now()
    try:
        wanted = web.load_form(CouponForm())
        for name, later in (("valid_from", 0), ("valid_until", 1)):
            day = wanted[name]
            wanted[name] = clock.start_of_day(day + timedelta(days=later), DEFAULT_ZONE) if day else None
        with transaction(db.session) as session:
            merchant = queries.merchant_run_by(session, actor, slug)
            crediting.assign_by_names(session, merchant, wanted, actor=actor, now=now)
    except Invalid as refused:
        return _coupons(queries.merchant_run_by(db.session, actor, slug), errors=refused.fields), refused.status
    except crediting.CouponTaken as refused:
        merchant = queries.merchant_run_by(db.session, actor, slug)
        return _coupons(merchant, errors={"code": refused.text}), refused.status
    flash(_("%(code)s now stands for the community.", code=wanted["code"]), "good")
    return web.see_other(url_for(".coupons", slug=slug))


@bp.post("/merchant/<slug>/coupons/<int:coupon_id>/end")
@guards.require(*guards.MERCHANT)
def end_coupon(slug: str, coupon_id: int) -> Any:
    actor = guards.actor()
    with transaction(db.session) as session:
        merchant = queries.merchant_run_by(session, actor, slug)
        crediting.end_coupon(session, merchant, coupon_id, actor=actor, now=clock.now())
    flash(_("From now on this code stands for nobody. What it has earned stays."), "good")
    return web.see_other(url_for(".coupons", slug=slug))


def _coupons(merchant: Merchant, *, errors: dict[str, Any] | None = None) -> str:
    actor = guards.actor()
    cursor = web.decode_cursor(request.args.get("cursor"))
    rows = queries.coupons(db.session, actor, merchant, before=cursor[0] if cursor else None, limit=web.PAGE_SIZE + 1)
    older = None
    if len(rows) > web.PAGE_SIZE:
        key = web.encode_cursor(rows[web.PAGE_SIZE - 1][0].id)
        older = url_for(".coupons", slug=merchant.slug, cursor=key)
    joined = queries.communities_joined(db.session, merchant)
    return render_template(
        "affiliate/merchants/coupons.html",
        merchant=merchant,
        coupons=rows[: web.PAGE_SIZE],
        older=older,
        communities=[(one.slug, one.name) for one in joined],
        may_change=actor.runs_merchant(merchant.id),
        now=clock.now(),
        errors=errors or {},
        typed=request.form,
    )
