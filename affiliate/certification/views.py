"""The store's practice ground: the checklist, what was received, samples to send, and one request as it came."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, flash, render_template, request, url_for
from marshmallow import fields, validate

from affiliate.certification import queries, rules, samples, scripts, service, wording, worth
from affiliate.certification.models import SandboxKey
from affiliate.certification.steps import State, Step
from affiliate.core import clock, web
from affiliate.core.clock import local_date
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid, NotFound
from affiliate.core.i18n import DEFAULT_ZONE, _, _l, _n
from affiliate.identity import guards
from affiliate.merchants import queries as merchants
from affiliate.merchants.api import hook_url
from affiliate.merchants.models import SHOP_KINDS, Merchant, WebhookKind
from affiliate.merchants.wording import KIND_NAMES
from affiliate.orders import wording as orders_wording

bp = Blueprint("certification", __name__)
LOOKERS = (*guards.MERCHANT, *guards.FINANCE)
KIND = "<any(adobe,shopify,standard,woocommerce):kind>"
SHOWN_MAX = 50
FRESH_SECONDS = 120  # signatures on the page are renewed long before they are too old


class SecretForm(web.Strict):
    """The secret that a shop system gives, where it gives one."""

    secret = fields.Str(
        load_default="",
        validate=validate.Regexp(
            r"^([!-~]{8,200})?(?!\n)$", error=_l("Use 8 to 200 letters, digits and signs, no spaces.")
        ),
    )


@bp.get("/merchant/<slug>/certification")
@guards.require(*LOOKERS)
def show(slug: str) -> Any:
    """The checklist of one shop system; asked with what the page has `seen`, 204 while that is all."""
    merchant = merchants.merchant_for(db.session, guards.actor(), slug)
    keys = queries.keys(db.session, merchant)
    kind = _chosen(merchant, keys)
    stamp = _stamp(merchant, kind, clock.now())
    if request.args.get("seen") == stamp:
        return "", 204
    return _page(merchant, kind, keys, stamp)


@bp.post(f"/merchant/<slug>/certification/{KIND}/key")
@guards.require(*guards.MERCHANT)
def open_sandbox(slug: str, kind: str) -> Any:
    """Open the sandbox of a shop system, or give it the shop's own secret."""
    actor, system = guards.actor(), WebhookKind(kind)
    try:
        secret = web.load_form(SecretForm())["secret"]
        with transaction(db.session) as session:
            merchant = merchants.merchant_run_by(session, actor, slug)
            service.open_sandbox(session, merchant, system, shop_secret=secret or None, actor=actor, now=clock.now())
    except Invalid as refused:
        merchant = merchants.merchant_run_by(db.session, actor, slug)
        keys, stamp = queries.keys(db.session, merchant), _stamp(merchant, system, clock.now())
        return _page(merchant, system, keys, stamp, errors=refused.fields), refused.status
    if secret:
        flash(_("The sandbox takes what this secret signs from now on."), "good")
    return web.see_other(url_for(".show", slug=slug, kind=kind))


@bp.post(f"/merchant/<slug>/certification/{KIND}/clearing")
@guards.require(*guards.MERCHANT)
def clear(slug: str, kind: str) -> Any:
    """Forget what came in; the badge stays."""
    actor = guards.actor()
    with transaction(db.session) as session:
        merchant = merchants.merchant_run_by(session, actor, slug)
        count = service.clear(session, merchant, WebhookKind(kind), actor=actor, now=clock.now())
    text = _n("%(count)s request is forgotten.", "%(count)s requests are forgotten.", count, count=count)
    flash(text, "good")
    return web.see_other(url_for(".show", slug=slug, kind=kind))


@bp.get(f"/merchant/<slug>/certification/{KIND}/<any(samples,signing):script>.sh")
@guards.require(*guards.MERCHANT)
def script(slug: str, kind: str, script: str) -> Any:
    """All samples as a script: signed now, or signing when it runs."""
    merchant, system, now = merchants.merchant_run_by(db.session, guards.actor(), slug), WebhookKind(kind), clock.now()
    key = queries.keys(db.session, merchant).get(system)
    if key is None:
        raise NotFound
    told = samples.samples(system, key.created_at)
    if script == "samples":
        text = scripts.signed((str(wording.STEPS[step][0]), _curl(merchant, key, step, now)) for step in told)
    else:
        named = ((str(wording.STEPS[step][0]), parts) for step, parts in told.items())
        text = scripts.signing(system, _address(merchant, system), key.secret, samples.WRONG_SECRETS[system], named)
    name = f"etalase-{merchant.slug}-{kind}-{script}.sh"
    return Response(
        text, mimetype="text/x-shellscript", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@bp.get("/merchant/<slug>/certification/requests/<int:request_id>")
@guards.require(*LOOKERS)
def one(slug: str, request_id: int) -> str:
    """One request: as it came, its verdict, and the order as it stands."""
    merchant = merchants.merchant_for(db.session, guards.actor(), slug)
    row = queries.request_of(db.session, merchant, request_id)
    seen = service.look(db.session, merchant, row.kind)
    received = next(found for found in seen.told.received if found.id == row.id)
    order = seen.told.orders.get(received.order_ref or "")
    offer = queries.offer(db.session, merchant, now=clock.now())
    state = order.state if order else None
    return render_template(
        "affiliate/certification/request.html",
        merchant=merchant,
        row=row,
        received=received,
        verdict=seen.told.verdicts.get(row.id),
        state=state,
        priced=worth.priced(state, offer) if state and offer else None,
        pays_minor=worth.pays_minor(state, offer) if state and offer else 0,
        offer=offer,
        kind_name=KIND_NAMES[row.kind],
        raw=orders_wording.pretty(row.body),
        words=wording,
        order_words=orders_wording,
    )


def _chosen(merchant: Merchant, keys: Mapping[WebhookKind, SandboxKey]) -> WebhookKind:
    """The shop system asked for, else that of the newest sandbox, else that of a real key."""
    asked = request.args.get("kind", "")
    if asked in SHOP_KINDS:
        return WebhookKind(asked)
    if keys:
        return max(keys.values(), key=lambda key: key.id).kind
    live = [key.kind for key in merchants.webhook_keys(db.session, merchant) if key.revoked_at is None]
    return live[0] if live else WebhookKind.STANDARD


def _stamp(merchant: Merchant, kind: WebhookKind, now: datetime) -> str:
    """Changes with every request, and while signatures are on the page before they grow too old."""
    count, newest = queries.newest(db.session, merchant, kind)
    ages = guards.actor().runs_merchant(merchant.id) and kind is WebhookKind.STANDARD
    return f"{count}-{newest}-{int(now.timestamp()) // FRESH_SECONDS if ages else 0}"


def _page(
    merchant: Merchant,
    kind: WebhookKind,
    keys: Mapping[WebhookKind, SandboxKey],
    stamp: str,
    errors: dict[str, Any] | None = None,
) -> str:
    actor, now, key = guards.actor(), clock.now(), keys.get(kind)
    seen = service.look(db.session, merchant, kind)
    may_test = actor.runs_merchant(merchant.id)
    offer = queries.offer(db.session, merchant, now=now)
    demanded = rules.demanded(seen.results)
    full = queries.filling(db.session, merchant, kind, now=now)
    return render_template(
        "affiliate/certification/show.html",
        merchant=merchant,
        kind=kind,
        kinds=[(one.value, name, one in keys) for one, name in KIND_NAMES.items()],
        kind_name=KIND_NAMES[kind],
        key=key,
        stamp=stamp,
        address=_address(merchant, kind),
        results=seen.results,
        passed=[one for one in demanded if one.state is State.PASSED],
        demanded=demanded,
        badge=queries.certified(db.session, merchant, kind, rules.VERSION),
        received=list(reversed(seen.told.received))[:SHOWN_MAX],
        total=len(seen.told.received),
        verdicts=seen.told.verdicts,
        orders=seen.told.orders,
        offer=offer,
        pays=worth.pays_minor,
        is_sample=service.is_sample,
        is_full=service.is_full(full, 1),
        refused_full=full.refused_today >= service.REFUSED_DAY_MAX,
        curls=_curls(merchant, key, now) if key and may_test else {},
        may_test=may_test,
        gives_secret=kind in {WebhookKind.SHOPIFY, WebhookKind.WOOCOMMERCE},
        errors=errors or {},
        words=wording,
        order_words=orders_wording,
        today=local_date(now, DEFAULT_ZONE),
    )


def _address(merchant: Merchant, kind: WebhookKind) -> str:
    return f"{hook_url(merchant.slug, kind.value)}/sandbox"


def _curls(merchant: Merchant, key: SandboxKey, now: datetime) -> dict[Step, str]:
    return {step: _curl(merchant, key, step, now) for step in samples.samples(key.kind, key.created_at)}


def _curl(merchant: Merchant, key: SandboxKey, step: Step, now: datetime) -> str:
    """The commands of one step, signed now."""
    url = _address(merchant, key.kind)
    return "\n".join(
        scripts.curl(url, samples.headers(key.kind, sample, key.secret, now), sample.body)
        for sample in samples.samples(key.kind, key.created_at)[step]
    )
