"""The store's pages for its developers: guides to copy from, and a test that follows a click to an order."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template, request, url_for
from marshmallow import fields, validate

from affiliate.core import clock, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import Conflict, Invalid
from affiliate.core.i18n import _l
from affiliate.core.settings import Settings
from affiliate.identity import guards
from affiliate.integration import door, example, queries, rules, service
from affiliate.integration.models import LinkTest
from affiliate.integration.wording import GUIDES, STATES, STEPS, WHY
from affiliate.merchants import queries as merchants
from affiliate.merchants.api import hook_url
from affiliate.merchants.models import Merchant, WebhookKind
from affiliate.tracking import tokens

bp = Blueprint("integration", __name__)
LOOKERS = (*guards.MERCHANT, *guards.FINANCE)
HOOK = WebhookKind.STANDARD
WINDOW_DAYS = 30  # where no programme says how long a click counts


class TestForm(web.Strict):
    """Which product to click, and for which community to reckon (0: none)."""

    __test__ = False  # no test of pytest's
    product = fields.Int(required=True, validate=validate.Range(1, web.ID_MAX))
    community = fields.Int(load_default=0, validate=validate.Range(0, web.ID_MAX))


class NoKey(Conflict):
    code = "no_webhook_key"
    message = _l("There is no live webhook key yet. Make one in the settings, then send the test order again.")


class NoClick(Conflict):
    code = "no_click"
    message = _l("The test click led nowhere, so there is no order to send. Begin a new test with another product.")


@bp.get("/merchant/<slug>/integration")
@guards.require(*LOOKERS)
def guides(slug: str) -> str:
    """How the click token gets into an order, for each kind of shop."""
    return _guides(merchants.merchant_for(db.session, guards.actor(), slug))


@bp.post("/merchant/<slug>/integration/tests")
@guards.require(*guards.MERCHANT)
def begin(slug: str) -> Any:
    """Make a link of the sandbox, follow it through the real redirect, and show where it led."""
    actor, now = guards.actor(), clock.now()
    try:
        asked = web.load_form(TestForm())
    except Invalid as refused:
        return _guides(merchants.merchant_run_by(db.session, actor, slug), errors=refused.fields), refused.status
    with transaction(db.session) as session:
        merchant = merchants.merchant_run_by(session, actor, slug)
        product = queries.product(session, merchant, asked["product"])
        known = {row.id: row for row in queries.communities(session, merchant, now=now)}
        community = known.get(asked["community"])
        test, link = service.begin(session, merchant, product, community, actor=actor, now=now)
    landing = door.follow(_app(), link.code, _settings().public_url)
    with transaction(db.session) as session:
        token = door.token_in(landing, merchant.click_param)
        service.clicked(session, test, landing_url=landing, token=token, now=clock.now())
    return web.see_other(url_for(".show", slug=slug, test_id=test.id))


@bp.get("/merchant/<slug>/integration/tests/<int:test_id>")
@guards.require(*LOOKERS)
def show(slug: str, test_id: int) -> str:
    """The test, step by step; the page asks again by itself until nothing is left to wait for."""
    merchant = merchants.merchant_for(db.session, guards.actor(), slug)
    test = queries.test_of(db.session, merchant, test_id)
    return _test_page(merchant, test)


@bp.post("/merchant/<slug>/integration/tests/<int:test_id>/order")
@guards.require(*guards.MERCHANT)
def send_order(slug: str, test_id: int) -> Any:
    """Send the test order that the store would send, signed with its own newest key, to the real webhook."""
    actor, now = guards.actor(), clock.now()
    merchant = merchants.merchant_run_by(db.session, actor, slug)
    test = queries.test_of(db.session, merchant, test_id)
    secrets = [key.secret for key in merchants.webhook_keys(db.session, merchant) if _signs(key)]
    if not secrets:
        raise NoKey
    if test.token is None:
        raise NoClick
    body = service.body_of(service.order_message(test, queries.product_of(db.session, test), now=now))
    status = door.deliver(
        _app(),
        f"/hooks/v1/{merchant.slug}/{HOOK}",
        _settings().public_url,
        secret=secrets[0],
        message_id=f"etalase-test-{test.id}-{int(now.timestamp() * 1000)}",
        body=body,
        now=now,
    )
    with transaction(db.session) as session:
        service.sent(session, test, status)
    return web.see_other(url_for(".show", slug=slug, test_id=test_id))


def _signs(key: Any) -> bool:
    return key.kind is HOOK and key.revoked_at is None


def _guides(merchant: Merchant, errors: dict[str, Any] | None = None) -> str:
    chosen = request.args.get("shop", "")
    shop = chosen if chosen in GUIDES else next(iter(GUIDES))
    offers = merchants.programmes(db.session, guards.actor(), merchant_id=merchant.id)
    return render_template(
        "affiliate/integration/guides.html",
        merchant=merchant,
        shops=GUIDES,
        shop=shop,
        param=merchant.click_param,
        window_days=max((row[0].window_days for row in offers), default=WINDOW_DAYS),
        hook_url=hook_url(merchant.slug, HOOK),
        direct=hook_url(merchant.slug, shop),
        signed=example.signed(merchant.currency, coupon="KOMUNITAS10" if shop == "coupon" else None),
        token_length=tokens.LENGTH,
        last_real=queries.last_real(db.session, merchant),
        looked_at=queries.ORDERS_LOOKED_AT,
        products=queries.products(db.session, merchant),
        communities=queries.communities(db.session, merchant, now=clock.now()),
        may_test=guards.actor().runs_merchant(merchant.id),
        errors=errors or {},
    )


def _test_page(merchant: Merchant, test: LinkTest) -> str:
    found = rules.chosen(queries.seen_since(db.session, test), test.token)
    communities = {row.id: row for row in queries.communities(db.session, merchant, now=clock.now())}
    worth = None
    if found is not None and found.ref is not None:
        worth = queries.worth(db.session, merchant, test.community_id, found.ref, now=clock.now())
    told = rules.steps(
        landing_url=test.landing_url,
        token=test.token,
        param=merchant.click_param,
        sent_status=test.sent_status,
        found=found,
        has_programme=worth is not None or found is None or found.ref is None,
        has_community=test.community_id is not None,
    )
    product = queries.product_of(db.session, test)
    message = service.order_message(test, product, now=clock.now())
    return render_template(
        "affiliate/integration/test.html",
        merchant=merchant,
        test=test,
        product=product,
        steps=told,
        names=STEPS,
        states=STATES,
        reasons=WHY,
        is_over=rules.is_over(told),
        found=found,
        worth=worth,
        credited_to=communities.get(test.community_id or 0),
        hook_url=hook_url(merchant.slug, HOOK),
        message=service.body_of(message).decode(),
        has_key=any(_signs(key) for key in merchants.webhook_keys(db.session, merchant)),
        may_test=guards.actor().runs_merchant(merchant.id),
    )


def _settings() -> Settings:
    settings: Settings = current_app.config["ETALASE"]
    return settings


def _app() -> Any:
    return current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy's own way to what is behind it
