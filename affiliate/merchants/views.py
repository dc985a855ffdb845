"""The partner store's settings: webhook keys, programmes in words, communities."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for

from affiliate.core import clock, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid, NotFound
from affiliate.core.i18n import _
from affiliate.identity import guards
from affiliate.merchants import queries, service
from affiliate.merchants.api import hook_url
from affiliate.merchants.models import Merchant, WebhookKey, WebhookKind
from affiliate.merchants.rules import in_force
from affiliate.merchants.schemas import WebhookKeySchema
from affiliate.merchants.wording import KIND_NAMES, PAYABLE_NAMES, rate_text

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
    return render_template(
        "affiliate/merchants/settings.html",
        merchant=merchant,
        keys=queries.webhook_keys(db.session, merchant) if may_change else [],
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
