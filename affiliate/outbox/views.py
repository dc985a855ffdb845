"""A community's and a store's pages about webhooks: addresses, one address with its log, one message as it was sent.

The same views stand in two places: `app.py` hangs them in below /portal/<slug> and below /merchant/<slug>.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for

from affiliate.communities import queries as communities
from affiliate.communities.models import Community
from affiliate.core import clock, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import Conflict, Invalid
from affiliate.core.i18n import _, _n
from affiliate.identity import guards
from affiliate.identity.models import Role
from affiliate.merchants import queries as merchants
from affiliate.outbox import queries, rules, schemas, service, words
from affiliate.outbox.api import ping_source, to_localhost
from affiliate.outbox.models import EndpointStatus, MessageStatus, WebhookEndpoint
from affiliate.outbox.queries import Owner, Wanted
from affiliate.outbox.rules import EventType

bp = Blueprint("webhooks", __name__)
IN_PORTAL, AT_MERCHANT = "community_webhooks", "merchant_webhooks"
RUNNERS = (Role.COMMUNITY_OWNER, *guards.MERCHANT)
DAYS = (1, 3, 7, 30)


def _owner(session: Any, slug: str) -> Owner:
    """The community or store of this place, if the visitor runs it. Raises NotFound."""
    if request.blueprint == IN_PORTAL:
        return communities.owned_by(session, guards.actor(), slug)
    return merchants.merchant_run_by(session, guards.actor(), slug)


def _place(owner: Owner) -> dict[str, Any]:
    """What the layout needs to know of where it is."""
    if isinstance(owner, Community):
        return {"area": "portal", "community": owner, "owner": owner}
    return {"area": "merchant", "merchant": owner, "owner": owner}


def _endpoint(session: Any, slug: str, endpoint_id: int, *, lock: bool = False) -> WebhookEndpoint:
    owner = _owner(session, slug)
    return queries.endpoint_for(session, guards.actor(), endpoint_id, owner=owner, lock=lock)


def _given() -> dict[str, Any]:
    """The form's fields; the chosen events as a list."""
    posted = {name: request.form[name] for name in ("url", "note") if name in request.form}
    return web.load(schemas.EndpointForm(), posted | {"events": request.form.getlist("events")})


@bp.get("")
@guards.require(*RUNNERS)
def index(slug: str) -> str:
    """All addresses, and a form for the next."""
    return _index(_owner(db.session, slug))


@bp.post("")
@guards.require(*RUNNERS)
def create(slug: str) -> Any:
    """Add an address and show its secret on this answer, the only time."""
    actor = guards.actor()
    try:
        wanted = _given()
        with transaction(db.session) as session:
            owner = _owner(session, slug)
            row = service.add_endpoint(
                session, owner, url=wanted["url"], types=wanted["events"], note=wanted["note"],
                to_localhost=to_localhost(), actor=actor, now=clock.now(),
            )  # fmt: skip
    except Invalid as refused:
        return _index(_owner(db.session, slug), errors=refused.fields), refused.status
    except service.TooManyEndpoints as refused:
        return _index(_owner(db.session, slug), errors={"url": refused.text}), refused.status
    return _show(owner, row, secret=row.secret), 201


def _index(owner: Owner, *, errors: dict[str, Any] | None = None) -> str:
    rows = queries.endpoints(db.session, guards.actor(), owner=owner)
    return render_template(
        "affiliate/outbox/index.html",
        rows=rows,
        health=queries.health(db.session, [row.id for row in rows]),
        may_add=len(rows) < service.ENDPOINTS_MAX,
        heard=service.heard_by(owner),
        chosen=request.form.getlist("events") if errors else [kind.value for kind in service.heard_by(owner)],
        typed=request.form,
        errors=errors or {},
        words=words,
        **_place(owner),
    )  # fmt: skip


@bp.get("/<int:endpoint_id>")
@guards.require(*RUNNERS)
def show(slug: str, endpoint_id: int) -> str:
    """One address with its log, by status and type."""
    return _show(_owner(db.session, slug), _endpoint(db.session, slug, endpoint_id))


def _show(
    owner: Owner, row: WebhookEndpoint, *, secret: str | None = None, errors: dict[str, Any] | None = None
) -> str:
    # What was asked of the log counts only where the log is asked for: a secret that was made must be shown.
    asked = request.args if request.method == "GET" else {}
    wanted, now = _wanted(asked), clock.now()
    cursor = web.decode_cursor(asked.get("cursor"))
    found = queries.messages(db.session, row, wanted, before=cursor[0] if cursor else None, limit=web.PAGE_SIZE + 1)
    shown = found[: web.PAGE_SIZE]
    older = web.encode_cursor(shown[-1].id) if len(found) > web.PAGE_SIZE else None
    tries = queries.tries(db.session, [message.id for message in shown])
    return render_template(
        "affiliate/outbox/endpoint.html",
        row=row,
        secret=secret,
        messages=shown,
        about={message.id: words.subject(json.loads(message.body)["data"]) for message in shown},
        last_try={key: rows[-1] for key, rows in tries.items()},
        older=older,
        wanted=wanted,
        health=queries.health(db.session, [row.id]).get(row.id),
        is_on=row.status is EndpointStatus.ENABLED,
        both_sign=row.old_secret_until is not None and now < row.old_secret_until,
        heard=service.heard_by(owner),
        kinds=[*service.heard_by(owner), EventType.PING],
        statuses=list(MessageStatus),
        days=DAYS,
        lasts_days=rules.LASTS.days,
        kept_days=rules.KEPT.days,
        errors=errors or {},
        typed=request.form if errors else {},
        words=words,
        **_place(owner),
    )


def _wanted(asked: Mapping[str, str]) -> Wanted:
    """What the log is narrowed to; a word that we do not know narrows nothing."""
    status, kind = asked.get("status", ""), asked.get("type", "")
    return Wanted(
        MessageStatus(status) if status in set(MessageStatus) else None,
        EventType(kind) if kind in set(EventType) else None,
    )


@bp.post("/<int:endpoint_id>/change")
@guards.require(*RUNNERS)
def change(slug: str, endpoint_id: int) -> Any:
    """Another address, other events, another note."""
    actor = guards.actor()
    try:
        wanted = _given()
        with transaction(db.session) as session:
            row = _endpoint(session, slug, endpoint_id, lock=True)
            service.change_endpoint(
                session, row, _owner(session, slug), url=wanted["url"], types=wanted["events"], note=wanted["note"],
                to_localhost=to_localhost(), actor=actor, now=clock.now(),
            )  # fmt: skip
    except Invalid as refused:
        owner = _owner(db.session, slug)
        return _show(owner, _endpoint(db.session, slug, endpoint_id), errors=refused.fields), refused.status
    flash(_("Noted. From now on it is sent there."), "good")
    return web.see_other(url_for(".show", slug=slug, endpoint_id=endpoint_id))


@bp.post("/<int:endpoint_id>/rotation")
@guards.require(*RUNNERS)
def rotate(slug: str, endpoint_id: int) -> Any:
    """A new secret, shown on this answer, the only time."""
    with transaction(db.session) as session:
        row = _endpoint(session, slug, endpoint_id, lock=True)
        secret = service.rotate_secret(session, row, actor=guards.actor(), now=clock.now())
    return _show(_owner(db.session, slug), row, secret=secret), 201


@bp.post("/<int:endpoint_id>/test")
@guards.require(*RUNNERS)
def send_test(slug: str, endpoint_id: int) -> Any:
    """Send a ping, and look at it."""
    with transaction(db.session) as session:
        row = _endpoint(session, slug, endpoint_id, lock=True)
        key = service.send_test(session, row, source=ping_source(), actor=guards.actor(), now=clock.now())
    return web.see_other(url_for(".message", slug=slug, endpoint_id=endpoint_id, message_id=key))


@bp.post("/<int:endpoint_id>/<any(pause,resumption):switch>")
@guards.require(*RUNNERS)
def switch(slug: str, endpoint_id: int, switch: str) -> Any:
    """Off until it is switched on again, or on."""
    verb = service.pause if switch == "pause" else service.resume
    with transaction(db.session) as session:
        row = _endpoint(session, slug, endpoint_id, lock=True)
        verb(session, row, actor=guards.actor(), now=clock.now())
    if switch == "pause":
        flash(_("Nothing is sent there until you switch it on. What happens meanwhile is not told later."), "wait")
    else:
        flash(_("It is on. What failed before is sent again only if you say so below."), "good")
    return web.see_other(url_for(".show", slug=slug, endpoint_id=endpoint_id))


@bp.post("/<int:endpoint_id>/removal")
@guards.require(*RUNNERS)
def remove(slug: str, endpoint_id: int) -> Any:
    """Send nothing there any more."""
    with transaction(db.session) as session:
        row = _endpoint(session, slug, endpoint_id, lock=True)
        service.remove(session, row, actor=guards.actor(), now=clock.now())
    flash(_("The address is removed. Nothing more is sent there."), "good")
    return web.see_other(url_for(".index", slug=slug))


@bp.post("/<int:endpoint_id>/replays")
@guards.require(*RUNNERS)
def replay_failed(slug: str, endpoint_id: int) -> Any:
    """Everything that failed in the last so many days, once more."""
    text = request.form.get("days", "")
    days = int(text) if text in {str(one) for one in DAYS} else DAYS[-1]
    now = clock.now()
    try:
        with transaction(db.session) as session:
            row = _endpoint(session, slug, endpoint_id, lock=True)
            since = now - timedelta(days=days)
            count = service.replay_failed(session, row, since=since, actor=guards.actor(), now=now)
        flash(_n("%(count)s message is sent again.", "%(count)s messages are sent again.", count, count=count), "good")
    except Conflict as refused:
        flash(str(refused.text), "bad")
    return web.see_other(url_for(".show", slug=slug, endpoint_id=endpoint_id))


@bp.get("/<int:endpoint_id>/messages/<int:message_id>")
@guards.require(*RUNNERS)
def message(slug: str, endpoint_id: int, message_id: int) -> str:
    """One message: as it was signed and sent, and every try with its answer."""
    owner, row = _owner(db.session, slug), _endpoint(db.session, slug, endpoint_id)
    found = queries.message(db.session, row, message_id)
    told = json.loads(found.body)
    return render_template(
        "affiliate/outbox/message.html",
        row=row,
        message=found,
        about=words.subject(told["data"]),
        pretty=json.dumps(told, indent=2, ensure_ascii=False),
        tries=queries.tries(db.session, [found.id]).get(found.id, []),
        may_replay=row.status is EndpointStatus.ENABLED and found.status is not MessageStatus.WAITING,
        words=words,
        **_place(owner),
    )


@bp.post("/<int:endpoint_id>/messages/<int:message_id>/replay")
@guards.require(*RUNNERS)
def replay(slug: str, endpoint_id: int, message_id: int) -> Any:
    """Send a message again under its own webhook-id."""
    try:
        with transaction(db.session) as session:
            row = _endpoint(session, slug, endpoint_id, lock=True)
            found = queries.message(session, row, message_id)
            service.replay(session, row, found, actor=guards.actor(), now=clock.now())
        flash(_("It is on its way again, under the same webhook-id."), "good")
    except Conflict as refused:
        flash(str(refused.text), "bad")
    return web.see_other(url_for(".message", slug=slug, endpoint_id=endpoint_id, message_id=message_id))
