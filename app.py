"""Builds the application: settings, extensions, rooms, slots, background work, commands. Imported by nobody.

`python app.py` serves it (uvicorn) with a worker beside it; `flask --app app …` runs a command.
"""

from __future__ import annotations

import os
import socket
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import Flask, g, request
from flask_wtf import CSRFProtect
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

import affiliate.catalogue.api
import affiliate.catalogue.jobs
import affiliate.catalogue.models
import affiliate.catalogue.views
import affiliate.certification.api
import affiliate.certification.models
import affiliate.certification.panels
import affiliate.certification.views
import affiliate.claims.api
import affiliate.claims.jobs
import affiliate.claims.models
import affiliate.claims.panels
import affiliate.claims.views
import affiliate.commissions.api
import affiliate.commissions.models
import affiliate.commissions.views
import affiliate.communities.admin
import affiliate.communities.api
import affiliate.communities.models
import affiliate.communities.views
import affiliate.conversions.api
import affiliate.conversions.models
import affiliate.conversions.panels
import affiliate.conversions.views
import affiliate.identity.account
import affiliate.identity.admin
import affiliate.identity.keys
import affiliate.identity.log
import affiliate.identity.models
import affiliate.identity.views
import affiliate.insights.api
import affiliate.insights.funnel_views
import affiliate.insights.links
import affiliate.insights.panels
import affiliate.insights.views
import affiliate.integration.models
import affiliate.integration.views
import affiliate.links.api
import affiliate.links.figures
import affiliate.links.models
import affiliate.links.views
import affiliate.merchants.admin
import affiliate.merchants.admissions
import affiliate.merchants.api
import affiliate.merchants.models
import affiliate.merchants.offers
import affiliate.merchants.panels
import affiliate.merchants.views
import affiliate.orders.api
import affiliate.orders.files.models
import affiliate.orders.lane
import affiliate.orders.models
import affiliate.orders.views
import affiliate.outbox.api
import affiliate.outbox.jobs
import affiliate.outbox.models
import affiliate.outbox.panels
import affiliate.outbox.progress
import affiliate.outbox.views
import affiliate.pipeline
import affiliate.storefronts.api
import affiliate.storefronts.models
import affiliate.storefronts.public
import affiliate.storefronts.views
import affiliate.tracking.inspection.jobs
import affiliate.tracking.inspection.models
import affiliate.tracking.jobs
import affiliate.tracking.models
import affiliate.tracking.pageviews.jobs
import affiliate.tracking.pageviews.models
import affiliate.tracking.pageviews.recording
import affiliate.tracking.panels
import affiliate.tracking.progress
import affiliate.tracking.redirect
import affiliate.tracking.retention.jobs
import affiliate.tracking.rollups.jobs
import affiliate.tracking.rollups.models
import affiliate.tracking.views
import payouts.booking.jobs
import payouts.booking.models
import payouts.demo.commands
import payouts.demo.store
import payouts.ledger.models
import payouts.ledger.triggers
import payouts.payees.models
import payouts.payees.views
import payouts.receivables.api
import payouts.receivables.models
import payouts.receivables.views
import payouts.reports.api
import payouts.reports.panels
import payouts.reports.views
import payouts.runs.api
import payouts.runs.jobs
import payouts.runs.models
import payouts.runs.views
from affiliate import keys
from affiliate.catalogue.storage import UPLOAD_MAX_BYTES
from affiliate.core import api as core_api
from affiliate.core import (
    assets,
    clock,
    headers,
    health,
    i18n,
    idempotency,
    lanes,
    limits,
    migrate,
    pages,
    reference,
    serving,
    slots,
    web,
    work,
)
from affiliate.core import db as core_db
from affiliate.core.errors import AppError
from affiliate.core.settings import BadSetting, Settings, from_env
from affiliate.identity import login, scopes
from affiliate.identity import queries as identity_queries
from payouts import verify

PAGES = (
    affiliate.identity.views.bp,
    affiliate.communities.views.bp,
    affiliate.merchants.views.bp,
    affiliate.catalogue.views.bp,
    affiliate.orders.views.bp,
    affiliate.links.views.bp,
    affiliate.storefronts.views.bp,
    affiliate.storefronts.public.bp,
    affiliate.tracking.views.bp,
    affiliate.conversions.views.bp,
    affiliate.commissions.views.bp,
    affiliate.insights.views.bp,
    affiliate.integration.views.bp,
    affiliate.certification.views.bp,
    affiliate.claims.views.bp,
    affiliate.insights.funnel_views.bp,
    payouts.payees.views.bp,
    payouts.receivables.views.bp,
    payouts.runs.views.bp,
    payouts.reports.views.bp,
)
# The same pages for a community and for a store.
WEBHOOK_PAGES = (
    (affiliate.outbox.views.IN_PORTAL, "/portal"),
    (affiliate.outbox.views.AT_MERCHANT, "/merchant"),
)
APIS = (
    affiliate.communities.api.blp,
    affiliate.merchants.api.blp,
    affiliate.catalogue.api.blp,
    affiliate.orders.api.blp,
    affiliate.links.api.blp,
    affiliate.storefronts.api.blp,
    affiliate.conversions.api.blp,
    affiliate.commissions.api.blp,
    affiliate.insights.api.blp,
    affiliate.outbox.api.blp,
    affiliate.claims.api.blp,
    payouts.receivables.api.blp,
    payouts.runs.api.blp,
    payouts.reports.api.blp,
)
# Two batches of orders at a time, and what earlier ones earned into the books.
CONVEYOR = work.together(affiliate.pipeline.run, affiliate.pipeline.run, payouts.booking.jobs.run)
# In the order of the conveyor: what one step finishes, the next finds.
STEPS: tuple[work.Step, ...] = (
    work.Step("spool", affiliate.tracking.jobs.run),
    work.Step("views", affiliate.tracking.pageviews.jobs.run),
    work.Step("inspection", affiliate.tracking.inspection.jobs.run),
    work.Step("rollups", affiliate.tracking.rollups.jobs.run),
    work.Step("catalogue", affiliate.catalogue.jobs.run),
    work.Step("conveyor", CONVEYOR),
    work.Step("claims", affiliate.claims.jobs.run),
    work.Step("payouts", payouts.runs.jobs.run),
    work.Step("webhooks", affiliate.outbox.jobs.run, affiliate.outbox.jobs.finish),
    work.Step("retention", affiliate.tracking.retention.jobs.run),
)

# The largest body that anything takes: a catalogue file and the form around it. Routes may allow less.
BODY_MAX_BYTES = UPLOAD_MAX_BYTES + 1024 * 1024

csrf = CSRFProtect()


def create_app(settings: Settings | None = None) -> Flask:
    """The whole application for these settings (the environment's by default)."""
    settings = settings or from_env(os.environ)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=[settings.secret_key_old] if settings.secret_key_old else None,
        ETALASE=settings,
        SESSION_COOKIE_NAME="__Host-etalase" if settings.production else "etalase",
        SESSION_COOKIE_SECURE=settings.production,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=BODY_MAX_BYTES,
        TRAP_HTTP_EXCEPTIONS=False,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's own JSON provider has it
    health.init_app(app)
    affiliate.tracking.redirect.install(app, settings)
    affiliate.tracking.pageviews.recording.install(app, settings)
    health.add_metrics(app, affiliate.tracking.progress.figures)
    health.add_metrics(app, affiliate.outbox.progress.figures)
    if settings.production:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    core_db.init_app(app, settings)
    i18n.init_app(app)
    slots.init_app(app)
    pages.init_app(app)
    limits.init_app(app, settings)
    _requests(app)
    login.init_app(app)
    scopes.fill(app, keys.NamedScopes())
    idempotency.init_app(app)
    headers.init_app(app)
    csrf.init_app(app)
    _rooms(app)
    _panels(app)
    _errors(app)
    _commands(app)
    return app


def _requests(app: Flask) -> None:
    @app.before_request
    def name_request() -> None:
        g.request_id = request.headers.get("X-Request-Id", "")[:64] or uuid.uuid4().hex
        web.refuse_unfit_address()

    @app.after_request
    def tell_request(response: Any) -> Any:
        response.headers["X-Request-Id"] = g.get("request_id", "")
        return response


def _rooms(app: Flask) -> None:
    for page in PAGES:
        app.register_blueprint(page)
    for name, place in WEBHOOK_PAGES:
        app.register_blueprint(affiliate.outbox.views.bp, name=name, url_prefix=f"{place}/<slug>/webhooks")
    if not app.config["ETALASE"].production:
        app.register_blueprint(payouts.demo.store.bp)
    app.register_blueprint(reference.bp)
    api = core_api.init_app(app)
    for blueprint in APIS:
        api.register_blueprint(blueprint)
        csrf.exempt(blueprint)  # keys in a header, never a cookie
    for hooks in (affiliate.orders.api.hooks, affiliate.certification.api.hooks):
        app.register_blueprint(hooks)
        csrf.exempt(hooks)  # a signature over the body


def _panels(app: Flask) -> None:
    affiliate.links.figures.provide(app, affiliate.insights.links.figures)
    slots.fill(app, "storefront.top", affiliate.tracking.panels.gone)
    slots.fill(app, "go.unknown", affiliate.insights.panels.shop_windows)
    slots.listen(app, "storefront.shown", affiliate.tracking.pageviews.recording.record)
    slots.fill(app, "nav.places", affiliate.insights.panels.switcher)
    slots.fill(app, "portal.nav", affiliate.insights.panels.own_account)
    slots.fill(app, "start.demo", affiliate.insights.panels.shop_windows)
    slots.fill(app, "admin.community", affiliate.merchants.panels.stores_of)
    slots.fill(app, "orders.order", affiliate.conversions.panels.order_credit)
    slots.fill(app, "community.orders", affiliate.merchants.panels.completed_when)
    slots.fill(app, "portal.top", affiliate.outbox.panels.stopped)
    slots.fill(app, "merchant.top", affiliate.outbox.panels.stopped)
    slots.fill(app, "portal.home", affiliate.claims.panels.community_home)
    slots.fill(app, "portal.home", payouts.reports.panels.community_home)
    slots.fill(app, "merchant.badge", affiliate.certification.panels.badge)
    slots.fill(app, "merchant.home", affiliate.claims.panels.merchant_home)
    slots.fill(app, "merchant.home", payouts.reports.panels.merchant_home)


def _errors(app: Flask) -> None:
    app.register_error_handler(AppError, web.app_error)
    app.register_error_handler(HTTPException, web.http_error)
    app.register_error_handler(Exception, web.server_error)


def _commands(app: Flask) -> None:
    app.cli.add_command(migrate.commands)
    app.cli.add_command(payouts.demo.commands.commands)
    app.cli.add_command(keys.keys)
    app.cli.add_command(keys.people)
    app.cli.add_command(verify.command)
    app.cli.add_command(work.command(STEPS))


def web_process() -> lanes.Lanes:
    """The application as web processes have it: links at hand, clicks in front, deliveries kept together."""
    app = create_app()
    affiliate.tracking.redirect.start(app)
    lane, threads = affiliate.tracking.redirect.lane(app), app.config["ETALASE"].web_threads
    intake = affiliate.orders.lane.IntakeLane(app)
    return lanes.Lanes(app, lane, threads=threads, body_max=body_max, body_lane=intake)


def body_max(path: str) -> int:
    """How many bytes of a body are taken in for this path, before anything looks at them."""
    most = affiliate.orders.api.body_max(path)
    return BODY_MAX_BYTES if most is None else most


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve, or be a server's child. 0 after a clean stop, 1 without a database, 2 for what may not be."""
    options = serving.options(arguments)
    if options.parent:
        serving.end_with(options.parent)
    if options.only_web is not None:
        serving.answer(web_process(), socket.socket(fileno=options.only_web))
        return 0
    try:
        app = create_app()
        settings: Settings = app.config["ETALASE"]
        if options.only_worker:
            with app.app_context():
                work.run_forever(STEPS)
            return 0
        with serving.bound(settings) as listener:
            with app.app_context():
                _prepare(settings, demo=options.demo)
                _where_to_look(settings)
                core_db.forget_session()
                core_db.db.engine.dispose()  # the web processes open connections of their own
            serving.serve(Path(__file__), listener, settings, has_worker=not options.no_worker)
    except BadSetting as wrong:
        print(wrong, file=sys.stderr)
        return 2
    except OperationalError as failed:
        print(f"The database cannot be used: {failed.orig}", file=sys.stderr)
        return 1
    return 0


def _prepare(settings: Settings, *, demo: bool) -> None:
    """Migrate; fill a new database with the demo if asked to; refuse known passwords in production."""
    migrate.upgrade(settings.database_url)
    if settings.production and (demo or identity_queries.demo_people(core_db.db.session)):
        raise BadSetting(
            "PUBLIC_URL is https, but the demo's passwords are known to everybody: start without --demo, on a database "
            "without its accounts."
        )
    if demo and not identity_queries.has_people(core_db.db.session):
        print("Filling the new database with a month of a demo; this takes a moment ...", flush=True)
        payouts.demo.seed.seed(clock.now())
    assets.font_file()  # once; where it cannot be made, pages do without


def _where_to_look(settings: Settings) -> None:
    print(f"Etalase: {settings.public_url}")
    people = identity_queries.demo_people(core_db.db.session)
    for person in people:
        print(f"  {person.email:<32} {person.name}")
    if people:
        print(f"  The password of all of them: {payouts.demo.story.PASSWORD}")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
