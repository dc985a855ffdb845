"""API: endpoints for webhooks and their log, for a community's owners and a store's staff."""

from __future__ import annotations

import secrets
from typing import Any

from flask import current_app

from affiliate.communities import queries as communities
from affiliate.core import clock, web
from affiliate.core.api import ApiBlueprint
from affiliate.core.db import db, transaction
from affiliate.core.errors import NotFound
from affiliate.core.web import decode_cursor, page_json
from affiliate.identity import guards
from affiliate.identity.models import Role
from affiliate.merchants import queries as merchants
from affiliate.outbox import queries, schemas, service
from affiliate.outbox.models import WebhookEndpoint
from affiliate.outbox.queries import Owner, Wanted

blp = ApiBlueprint("webhook_endpoints", __name__)
RUNNERS = (Role.COMMUNITY_OWNER, *guards.MERCHANT)
PLACE = "/webhook-endpoints/<int:endpoint_id>"


def to_localhost() -> bool:
    """True where practice is set: this machine may be called."""
    return bool(current_app.config["ETALASE"].webhooks_to_localhost)


def _owner_named(session: Any, args: dict[str, Any]) -> Owner | None:
    """The community or merchant that a program names by its slug, if it runs it. Raises NotFound."""
    if "community" in args:
        return communities.owned_by(session, guards.actor(), args["community"])
    if "merchant" in args:
        return merchants.merchant_run_by(session, guards.actor(), args["merchant"])
    return None


def _shown(rows: list[WebhookEndpoint]) -> dict[int, dict[str, Any]]:
    owners = queries.owner_slugs(db.session, rows)
    return {row.id: schemas.endpoint_json(row, owners[row.id]) for row in rows}


@blp.get("/webhook-endpoints")
@guards.require(*RUNNERS)
@blp.arguments(schemas.OwnerArgs, location="query")
@blp.response(200)
def list_endpoints(args: dict[str, Any]) -> Any:
    """Your endpoints for webhooks, without their secrets"""
    cursor = decode_cursor(args.get("cursor"))
    owner = _owner_named(db.session, args)
    rows = queries.endpoints(
        db.session, guards.actor(), owner=owner, after=cursor[0] if cursor else 0, limit=args["limit"] + 1
    )
    shown = _shown(list(rows))
    return page_json(rows, args["limit"], lambda row: shown[row.id], lambda row: row.id)


@blp.post("/webhook-endpoints")
@guards.require(*RUNNERS)
@blp.arguments(schemas.EndpointIn)
@blp.response(201)
def add_endpoint(wanted: dict[str, Any]) -> Any:
    """Have events sent to an address; its secret is told here and nowhere else

    Signed by Standard Webhooks. A community hears of its conversions, commissions and payouts, a merchant of the
    conversions and commissions of its orders. An event may arrive more than once: its webhook-id stays the same.
    """
    actor = guards.actor()
    with transaction(db.session) as session:
        owner = _owner_named(session, wanted)
        assert owner is not None  # the schema asks for one
        row = service.add_endpoint(
            session, owner, url=wanted["url"], types=wanted["events"], note=wanted["note"],
            to_localhost=to_localhost(), actor=actor, now=clock.now(),
        )  # fmt: skip
    return _shown([row])[row.id] | {"secret": row.secret}


@blp.get(PLACE)
@guards.require(*RUNNERS)
@blp.response(200)
def show_endpoint(endpoint_id: int) -> Any:
    """One endpoint"""
    return _shown([queries.endpoint_for(db.session, guards.actor(), endpoint_id)])[endpoint_id]


@blp.patch(PLACE)
@guards.require(*RUNNERS)
@blp.arguments(schemas.EndpointChange)
@blp.response(200)
def change_endpoint(wanted: dict[str, Any], endpoint_id: int) -> Any:
    """Change an endpoint's address, events or note, or switch it on or off"""
    actor, now = guards.actor(), clock.now()
    switch = wanted.pop("enabled", None)
    with transaction(db.session) as session:
        row = queries.endpoint_for(session, actor, endpoint_id, lock=True)
        if wanted:
            service.change_endpoint(
                session, row, queries.owner_of(session, row), url=wanted.get("url"), types=wanted.get("events"),
                note=wanted.get("note"), to_localhost=to_localhost(), actor=actor, now=now,
            )  # fmt: skip
        if switch is not None:
            (service.resume if switch else service.pause)(session, row, actor=actor, now=now)
    return _shown([row])[endpoint_id]


@blp.delete(PLACE)
@guards.require(*RUNNERS)
@blp.response(204)
def remove_endpoint(endpoint_id: int) -> None:
    """Send nothing more to an endpoint, ever"""
    actor = guards.actor()
    with transaction(db.session) as session:
        row = queries.endpoint_for(session, actor, endpoint_id, lock=True)
        if not service.remove(session, row, actor=actor, now=clock.now()):
            raise NotFound


@blp.post(f"{PLACE}/rotation")
@guards.require(*RUNNERS)
@blp.arguments(web.Nothing)
@blp.response(200)
def rotate_secret(_nothing: dict[str, Any], endpoint_id: int) -> Any:
    """Get a new secret; for 24 hours the old one signs, too"""
    actor = guards.actor()
    with transaction(db.session) as session:
        row = queries.endpoint_for(session, actor, endpoint_id, lock=True)
        secret = service.rotate_secret(session, row, actor=actor, now=clock.now())
    return _shown([row])[endpoint_id] | {"secret": secret}


@blp.post(f"{PLACE}/test")
@guards.require(*RUNNERS)
@blp.arguments(web.Nothing)
@blp.response(202)
def send_test(_nothing: dict[str, Any], endpoint_id: int) -> Any:
    """Send a ping; how it went stands in the log a moment later"""
    actor = guards.actor()
    with transaction(db.session) as session:
        row = queries.endpoint_for(session, actor, endpoint_id, lock=True)
        key = service.send_test(session, row, source=ping_source(), actor=actor, now=clock.now())
        message = queries.message(session, row, key)
    return schemas.message_json(message)


def ping_source() -> str:
    """Each test is a fact of its own."""
    return f"ping:{secrets.token_hex(12)}"


@blp.get(f"{PLACE}/deliveries")
@guards.require(*RUNNERS)
@blp.arguments(schemas.LogArgs, location="query")
@blp.response(200)
def list_deliveries(args: dict[str, Any], endpoint_id: int) -> Any:
    """The log of an endpoint, newest first"""
    row = queries.endpoint_for(db.session, guards.actor(), endpoint_id)
    cursor = decode_cursor(args.get("cursor"))
    wanted = Wanted(args.get("status"), args.get("type"))
    found = queries.messages(db.session, row, wanted, before=cursor[0] if cursor else None, limit=args["limit"] + 1)
    return page_json(found, args["limit"], schemas.message_json, lambda message: message.id)


@blp.get(f"{PLACE}/deliveries/<int:message_id>")
@guards.require(*RUNNERS)
@blp.response(200)
def show_delivery(endpoint_id: int, message_id: int) -> Any:
    """One delivery: its body, and each try with headers and answer"""
    row = queries.endpoint_for(db.session, guards.actor(), endpoint_id)
    message = queries.message(db.session, row, message_id)
    tries = queries.tries(db.session, [message.id]).get(message.id, [])
    return schemas.message_json(message) | {"body": message.body, "log": [schemas.try_json(one) for one in tries]}


@blp.post(f"{PLACE}/deliveries/<int:message_id>/replay")
@guards.require(*RUNNERS)
@blp.arguments(web.Nothing)
@blp.response(202)
def replay(_nothing: dict[str, Any], endpoint_id: int, message_id: int) -> Any:
    """Send a delivery again, with the same webhook-id and body"""
    actor = guards.actor()
    with transaction(db.session) as session:
        row = queries.endpoint_for(session, actor, endpoint_id, lock=True)
        message = queries.message(session, row, message_id)
        service.replay(session, row, message, actor=actor, now=clock.now())
    return schemas.message_json(message)


@blp.post(f"{PLACE}/replays")
@guards.require(*RUNNERS)
@blp.arguments(schemas.ReplayIn)
@blp.response(202)
def replay_failed(wanted: dict[str, Any], endpoint_id: int) -> Any:
    """Send everything again that failed since a moment"""
    actor = guards.actor()
    with transaction(db.session) as session:
        row = queries.endpoint_for(session, actor, endpoint_id, lock=True)
        count = service.replay_failed(session, row, since=wanted["since"], actor=actor, now=clock.now())
    return {"count": count}
