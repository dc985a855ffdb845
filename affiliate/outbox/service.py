"""Verbs of endpoints: add, change, pause, rotate the secret, remove; send a test, send again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.communities.models import Community
from affiliate.core import outward
from affiliate.core.db import affected
from affiliate.core.errors import AppError, Conflict, Forbidden, Invalid
from affiliate.core.i18n import _l
from affiliate.core.signing import new_webhook_secret
from affiliate.core.wording import one_line
from affiliate.identity.actors import Actor
from affiliate.identity.service import record
from affiliate.outbox import announcing, queries, rules
from affiliate.outbox.models import EndpointStatus, MessageStatus, WebhookEndpoint, WebhookMessage
from affiliate.outbox.queries import Owner
from affiliate.outbox.rules import EventType
from affiliate.outbox.words import FAULTS

ENDPOINTS_MAX = 10  # of one owner
PINGS_HOUR_MAX = 30
NOTE_MAX = 120
SOURCE_MAX = 120


class TooManyEndpoints(Conflict):
    code = "too_many_endpoints"
    message = _l("There are ten addresses already. Nothing was added; remove one that is not used any more.")


class EndpointSilent(Conflict):
    code = "endpoint_not_enabled"
    message = _l("Nothing is sent to this address now. Nothing was changed; switch it on first.")


class AlreadyWaiting(Conflict):
    code = "already_waiting"
    message = _l("This message is waiting to be sent already. Nothing was changed.")


class TooManyPings(AppError):
    status = 429
    code = "too_many_pings"
    message = _l("That were many tests in one hour. Nothing was sent; please wait a little.")


def heard_by(owner: Owner) -> tuple[EventType, ...]:
    """What a community, or a store, may listen to."""
    return rules.COMMUNITY_HEARS if isinstance(owner, Community) else rules.MERCHANT_HEARS


def add_endpoint(
    session: Session, owner: Owner, *, url: str, types: Collection[EventType], note: str = "", to_localhost: bool,
    actor: Actor, now: datetime,
) -> WebhookEndpoint:  # fmt: skip
    """A new endpoint with a fresh secret. Raises Forbidden, TooManyEndpoints, and Invalid for what cannot be called."""
    _require(actor, owner)
    values = {"url": _fit_url(url, to_localhost), "types": _fit_types(owner, types), "note": _fit_note(note)}
    session.execute(sa.select(type(owner).id).where(type(owner).id == owner.id).with_for_update())  # one by one
    if len(queries.endpoints(session, actor, owner=owner)) >= ENDPOINTS_MAX:
        raise TooManyEndpoints
    whose = {"community_id": owner.id} if isinstance(owner, Community) else {"merchant_id": owner.id}
    row = WebhookEndpoint(**whose, **values, secret=new_webhook_secret(), changed_at=now, created_at=now)
    session.add(row)
    session.flush()
    _note(session, actor, "created", row, now, url=row.url)
    return row


def change_endpoint(
    session: Session, endpoint: WebhookEndpoint, owner: Owner, *, url: str | None = None,
    types: Collection[EventType] | None = None, note: str | None = None, to_localhost: bool, actor: Actor,
    now: datetime,
) -> None:  # fmt: skip
    """What is given takes the place of what stood there; messages that wait go to the new address. Raises Invalid."""
    _require(actor, owner)
    if url is not None and url != endpoint.url:
        endpoint.url = _fit_url(url, to_localhost)
        endpoint.failing_since, endpoint.failures, endpoint.quiet_until = None, 0, None  # of the old one
    if types is not None:
        endpoint.types = _fit_types(owner, types)
    if note is not None:
        endpoint.note = _fit_note(note)
    session.flush()
    _note(session, actor, "changed", endpoint, now, url=endpoint.url)


def pause(session: Session, endpoint: WebhookEndpoint, *, actor: Actor, now: datetime) -> bool:
    """Send nothing until a person switches it on; what happens meanwhile is not told. False when it was silent."""
    return _switch(session, endpoint, EndpointStatus.PAUSED, (EndpointStatus.ENABLED,), actor, now)


def resume(session: Session, endpoint: WebhookEndpoint, *, actor: Actor, now: datetime) -> bool:
    """Send again, with three fresh days before it stops by itself. False when it was on."""
    silent = (EndpointStatus.PAUSED, EndpointStatus.STOPPED)
    return _switch(session, endpoint, EndpointStatus.ENABLED, silent, actor, now)


def remove(session: Session, endpoint: WebhookEndpoint, *, actor: Actor, now: datetime) -> bool:
    """Send nothing more, ever; what waits is given up."""
    there = (EndpointStatus.ENABLED, EndpointStatus.PAUSED, EndpointStatus.STOPPED)
    done = _switch(session, endpoint, EndpointStatus.REMOVED, there, actor, now)
    give_up_all(session, endpoint.id, now=now)
    return done


def _switch(
    session: Session, endpoint: WebhookEndpoint, to: EndpointStatus, starts: tuple[EndpointStatus, ...], actor: Actor,
    now: datetime,
) -> bool:  # fmt: skip
    row = WebhookEndpoint
    values = {"status": to, "stop_reason": None, "failing_since": None, "failures": 0, "quiet_until": None,
              "changed_at": now}  # fmt: skip
    change = sa.update(row).where(row.id == endpoint.id, row.status.in_(starts)).values(values)
    if not affected(session.execute(change)):
        return False
    session.refresh(endpoint)
    deeds = {EndpointStatus.ENABLED: "resumed", EndpointStatus.PAUSED: "paused", EndpointStatus.REMOVED: "removed"}
    _note(session, actor, deeds[to], endpoint, now)
    return True


def give_up_all(session: Session, endpoint_id: int, *, now: datetime) -> int:
    """Everything that waits for this endpoint has failed; a person can send it again."""
    row = WebhookMessage
    waiting = sa.update(row).where(row.endpoint_id == endpoint_id, row.status == MessageStatus.WAITING)
    values = {"status": MessageStatus.FAILED, "next_try_at": None, "settled_at": now}
    return affected(session.execute(waiting.values(values), execution_options={"synchronize_session": False}))


def rotate_secret(session: Session, endpoint: WebhookEndpoint, *, actor: Actor, now: datetime) -> str:
    """A new secret, shown once. For a day the one before it signs, too; one before that ends at once."""
    endpoint.old_secret, endpoint.old_secret_until = endpoint.secret, now + rules.ROTATION
    endpoint.secret = new_webhook_secret()
    session.flush()
    _note(session, actor, "rotated", endpoint, now)
    return endpoint.secret


def send_test(session: Session, endpoint: WebhookEndpoint, *, source: str, actor: Actor, now: datetime) -> int:
    """Put a ping into the outbox; its id. Raises EndpointSilent, TooManyPings."""
    _require_enabled(endpoint)
    if queries.pings_since(session, endpoint, now - timedelta(hours=1)) >= PINGS_HOUR_MAX:
        raise TooManyPings
    endpoint.quiet_until = None
    _note(session, actor, "tested", endpoint, now)
    return announcing.ping(session, endpoint, source=source[:SOURCE_MAX], now=now)


def replay(
    session: Session, endpoint: WebhookEndpoint, message: WebhookMessage, *, actor: Actor, now: datetime
) -> None:
    """Send a message again, under its own webhook-id and for three days. Raises EndpointSilent, AlreadyWaiting."""
    _require_enabled(endpoint)
    if not _again(session, WebhookMessage.id == message.id, now):
        raise AlreadyWaiting
    session.refresh(message)
    endpoint.quiet_until = None  # a person wants to see it now
    _note(session, actor, "replayed", endpoint, now, message=message.id)


def replay_failed(session: Session, endpoint: WebhookEndpoint, *, since: datetime, actor: Actor, now: datetime) -> int:
    """Send everything again that failed and was written since a moment; how many. Raises EndpointSilent."""
    _require_enabled(endpoint)
    row = WebhookMessage
    which = (row.endpoint_id == endpoint.id) & (row.status == MessageStatus.FAILED) & (row.created_at >= since)
    count = _again(session, which, now)
    endpoint.quiet_until = None
    _note(session, actor, "replayed", endpoint, now, count=count)
    return count


def _again(session: Session, which: sa.ColumnElement[bool], now: datetime) -> int:
    row = WebhookMessage
    values = {
        "status": MessageStatus.WAITING, "next_try_at": now, "failures": 0, "give_up_at": now + rules.LASTS,
        "settled_at": None,
    }  # fmt: skip
    settled = sa.update(row).where(which, row.status != MessageStatus.WAITING).values(values)
    return affected(session.execute(settled, execution_options={"synchronize_session": False}))


def _require(actor: Actor, owner: Owner) -> None:
    runs = actor.owns_community if isinstance(owner, Community) else actor.runs_merchant
    if not runs(owner.id):
        raise Forbidden


def _require_enabled(endpoint: WebhookEndpoint) -> None:
    if endpoint.status is not EndpointStatus.ENABLED:
        raise EndpointSilent


def _fit_url(url: str, to_localhost: bool) -> str:
    try:
        outward.target(url, to_localhost=to_localhost)
    except outward.Unfit as unfit:
        raise Invalid.field("url", FAULTS[unfit.fault]) from None
    return url


def _fit_types(owner: Owner, types: Collection[EventType]) -> list[str]:
    fit = heard_by(owner)
    if not types:
        raise Invalid.field("events", _l("Choose at least one kind of event."))
    if set(types) - set(fit):
        raise Invalid.field("events", _l("Not all of these can be heard here."))
    return [kind.value for kind in fit if kind in types]


def _fit_note(note: str) -> str:
    found = one_line(note)
    if len(found) > NOTE_MAX:
        raise Invalid.field("note", _l("A note has at most 120 characters."))
    return found


def _note(session: Session, actor: Actor, deed: str, row: WebhookEndpoint, now: datetime, **detail: Any) -> None:
    record(session, actor, f"webhook_endpoint.{deed}", ("webhook_endpoint", row.id), now=now, **detail)
