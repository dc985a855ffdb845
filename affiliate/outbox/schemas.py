"""What programs and forms may say about endpoints, and how we answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from affiliate.core import web
from affiliate.core.clock import rfc3339
from affiliate.core.i18n import _l
from affiliate.core.outward import URL_MAX
from affiliate.core.wording import Line
from affiliate.outbox.models import MessageStatus, WebhookEndpoint, WebhookMessage, WebhookTry
from affiliate.outbox.rules import EventType
from affiliate.outbox.service import NOTE_MAX

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def _url(**options: Any) -> fields.Str:
    text = _l("Use an address of at most 1,000 characters.")
    return fields.Str(validate=validate.Length(1, URL_MAX, error=text), **options)


def _events(**options: Any) -> Any:
    return fields.List(fields.Enum(EventType, by_value=True), validate=validate.Length(max=len(EventType)), **options)


def _note(**options: Any) -> fields.Str:
    return Line(validate=validate.Length(max=NOTE_MAX, error=_l("A note has at most 120 characters.")), **options)


class EndpointForm(web.Strict):
    """An endpoint as the page's form says it."""

    url = _url(required=True)
    events = _events(load_default=list)
    note = _note(load_default="")


class EndpointIn(EndpointForm):
    """A new endpoint, of a community or of a merchant."""

    community = Line(metadata={"description": "slug of the community that listens"})
    merchant = Line(metadata={"description": "slug of the merchant that listens"})

    @validates_schema
    def _one_owner(self, data: dict[str, Any], **_options: Any) -> None:
        if ("community" in data) == ("merchant" in data):
            raise ValidationError(str(_l("Name a community or a merchant, and not both.")), "community")


class EndpointChange(web.Strict):
    """What is to be another; what is not named stays."""

    url = _url()
    events = _events()
    note = _note()
    enabled = fields.Bool()


class OwnerArgs(web.Strict):
    """Whose endpoints, and where the list goes on."""

    community = Line()
    merchant = Line()
    cursor = fields.Str()
    limit = fields.Int(load_default=web.PAGE_SIZE, validate=validate.Range(1, web.PAGE_SIZE_MAX))


class LogArgs(web.Strict):
    """What the log is narrowed to, and where it goes on."""

    status = fields.Enum(MessageStatus, by_value=True)
    type = fields.Enum(EventType, by_value=True)
    cursor = fields.Str()
    limit = fields.Int(load_default=web.PAGE_SIZE, validate=validate.Range(1, web.PAGE_SIZE_MAX))


class ReplayIn(web.Strict):
    """From when on what failed is sent again."""

    since = fields.AwareDateTime(
        format="iso",
        required=True,
        validate=validate.Range(
            EARLIEST, LATEST, error=_l("Use a moment between 2000 and 2200, such as 2026-11-01T09:00:00Z.")
        ),
    )


def _moment(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment is not None else None


def endpoint_json(row: WebhookEndpoint, owner: tuple[str, str]) -> dict[str, Any]:
    """An endpoint without its secret; `owner` is ("community", slug) or ("merchant", slug)."""
    kind, slug = owner
    return {
        "id": row.id,
        kind: slug,
        "url": row.url,
        "note": row.note,
        "events": row.types,
        "status": row.status.value,
        "stop_reason": row.stop_reason.value if row.stop_reason else None,
        "failing_since": _moment(row.failing_since),
        "old_secret_until": _moment(row.old_secret_until),
        "created_at": rfc3339(row.created_at),
    }


def message_json(row: WebhookMessage) -> dict[str, Any]:
    """A delivery as the log lists it."""
    return {
        "id": row.id,
        "webhook_id": row.message_id,
        "type": row.type.value,
        "status": row.status.value,
        "tries": row.tries,
        "occurred_at": rfc3339(row.occurred_at),
        "created_at": rfc3339(row.created_at),
        "next_try_at": _moment(row.next_try_at),
        "settled_at": _moment(row.settled_at),
    }


def try_json(row: WebhookTry) -> dict[str, Any]:
    return {
        "number": row.number,
        "started_at": rfc3339(row.started_at),
        "outcome": row.outcome.value if row.outcome else None,
        "status_code": row.status_code,
        "took_ms": row.took_ms,
        "address": row.address,
        "headers": row.headers,
        "answer": row.answer,
    }
