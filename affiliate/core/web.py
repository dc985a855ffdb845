"""Small helpers of the edge: read a body into a schema, page through a list, answer as page or as problem."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, g, jsonify, redirect, render_template, request
from flask_wtf.csrf import CSRFError
from marshmallow import RAISE, Schema, ValidationError, fields, validate
from werkzeug.exceptions import HTTPException

from affiliate.core import money, refusals
from affiliate.core.errors import AppError, Invalid, NotFound
from affiliate.core.i18n import _l

PAGE_SIZE = 50
PAGE_SIZE_MAX = 500
ID_MAX = 2**63 - 1
refusals.translate()
UNFIT = re.compile("[\0\ud800-\udfff]")  # NUL and halves of characters: no database keeps them


class Strict(Schema):
    """A schema that refuses fields it does not know, with their names."""

    class Meta:
        unknown = RAISE
        ordered = True

    error_messages = {"unknown": _l("There is no such field."), "type": _l("This must be an object.")}


class Nothing(Strict):
    """A step that takes no words."""


class MoneySchema(Strict):
    """{"amount": "149000.00", "currency": "IDR"}"""

    amount = fields.Str(required=True)
    currency = fields.Str(required=True, validate=validate.OneOf(sorted(money.EXPONENTS)))


def money_json(minor: int, currency: str) -> dict[str, str]:
    return {"amount": money.to_decimal(minor, currency), "currency": currency}


def slug_field(**options: Any) -> fields.Str:
    """Lower-case letters, digits and hyphens, 2 to 60 characters, as it stands in addresses."""
    rule = validate.Regexp(
        r"^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])(?!\n)$", error=_l("Use 2 to 60 of a–z, 0–9 and hyphens.")
    )
    return fields.Str(**{"required": True, "validate": rule, **options})


def load_form(schema: Schema) -> dict[str, Any]:
    """The posted form as the schema's values; raises Invalid with every wrong field. The CSRF field is not data."""
    posted = {name: value for name, value in request.form.items() if name != "csrf_token"}
    return load(schema, posted)


def load(schema: Schema, data: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return dict(schema.load(data))
    except ValidationError as error:
        raise Invalid(fields=flat_messages(error.normalized_messages())) from None


def refuse_unfit_address() -> None:
    """Raise NotFound for an address with text or a number that no database keeps: it leads nowhere."""
    for value in (request.view_args or {}).values():
        if (isinstance(value, str) and UNFIT.search(value)) or (isinstance(value, int) and value > ID_MAX):
            raise NotFound
    if any(UNFIT.search(value) for values in request.args.lists() for value in values[1]):
        raise NotFound


def flat_messages(messages: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """marshmallow's nested messages as {"lines.0.sku": "text"}."""
    flat: dict[str, str] = {}
    for name, value in messages.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping):
            flat.update(flat_messages(value, f"{path}."))
        else:
            flat[path] = " ".join(str(text) for text in value) if isinstance(value, list) else str(value)
    return flat


def encode_cursor(*key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode_cursor(text: str | None, *, parts: int = 1) -> list[int] | None:
    """The whole numbers of a cursor, or None without one; a foreign cursor is Invalid."""
    if not text:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if isinstance(key, list) and len(key) == parts and all(type(part) is int and abs(part) < 2**63 for part in key):
            return key
    except (ValueError, UnicodeDecodeError):
        pass
    raise Invalid.field("cursor", _l("This cursor does not come from us."))


def page_json(rows: Sequence[Any], limit: int, show: Callable[[Any], Any], key: Callable[[Any], Any]) -> dict[str, Any]:
    """{"items": […], "next": cursor|null} of limit+1 rows that were asked for."""
    more = len(rows) > limit
    shown = rows[:limit]
    return {"items": [show(row) for row in shown], "next": encode_cursor(key(shown[-1])) if more else None}


def wants_json() -> bool:
    """True for the API, the hooks and everybody who asks for JSON before HTML."""
    if request.path.startswith(("/api/", "/hooks/")):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def problem_response(body: dict[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    response = jsonify(body)
    response.status_code = body["status"]
    response.mimetype = "application/problem+json"
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def app_error(error: AppError) -> Response:
    """Any named refusal, as a page or as problem+json."""
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    if wants_json():
        return problem_response(error.problem(), headers)
    page = render_template("errors/error.html", error=error)
    return current_app.make_response((page, error.status, headers))


def http_error(error: HTTPException) -> Response:
    """werkzeug's own refusals (404, 405, 413 …) in the same two shapes; keeps Allow and the like."""
    original = error.get_response()
    if original.status_code < 400:
        return original  # type: ignore[return-value]  # a redirect of the router
    named = _named(error)
    headers = {
        name: value for name, value in original.headers.items() if name not in {"Content-Type", "Content-Length"}
    }
    if wants_json():
        return problem_response(named.problem() | {"status": original.status_code}, headers)
    page = render_template("errors/error.html", error=named)
    return current_app.make_response((page, original.status_code, headers))


_HTTP_CODES: dict[int, tuple[str, Any]] = {
    400: ("bad_request", _l("We could not read that request. Nothing was kept.")),
    404: ("not_found", _l("There is nothing here for you. Check the address, or sign in with another account.")),
    405: ("method_not_allowed", _l("This address does not take that kind of request.")),
    413: ("too_large", _l("That is larger than we can take. Nothing was kept.")),
    415: ("unsupported_media_type", _l("We cannot read this kind of content.")),
    422: ("invalid", _l("Some of that cannot be used. Nothing was saved; please correct the marked fields.")),
    429: ("too_many_requests", _l("That was too often. Please wait a minute and try again.")),
}


_PAGE_TOO_OLD = (
    "page_too_old",
    _l("This page has grown old. Nothing was kept; please go back, reload it and try again."),
)


class _HttpProblem(AppError):
    def __init__(self, status: int, code: str, message: Any, fields: Mapping[str, Any] | None) -> None:
        super().__init__(message, code=code, fields=fields)
        self.status = status  # type: ignore[misc]  # each answer has its own


def _named(error: HTTPException) -> AppError:
    status = error.code or 500
    code, text = _HTTP_CODES.get(status, ("failed", _l("Something went wrong on our side. Nothing was kept.")))
    if isinstance(error, CSRFError):
        code, text = _PAGE_TOO_OLD
    messages = getattr(error, "data", None) or {}
    flat = flat_messages(_unwrapped(messages.get("messages") or {}))
    return _HttpProblem(status, code, text, flat)


def _unwrapped(messages: Any) -> Mapping[str, Any]:
    """webargs puts the location ("json", "query") around the fields; the caller knows where they were sent."""
    if not isinstance(messages, Mapping):
        return {}
    if len(messages) == 1 and next(iter(messages)) in {"json", "query", "form", "files", "json_or_form"}:
        inner = next(iter(messages.values()))
        return inner if isinstance(inner, Mapping) else {"body": inner}
    return messages


def server_error(error: Exception) -> Response:
    """The last resort. The cause goes to the log with the request's id, never to the page."""
    current_app.logger.exception("unhandled", extra={"request_id": g.get("request_id")})
    named = _HttpProblem(
        500, "failed", _l("Something went wrong on our side. We have noted it; please try again."), None
    )
    if wants_json():
        return problem_response(named.problem() | {"reference": g.get("request_id")})
    page = render_template("errors/error.html", error=named)
    return current_app.make_response((page, 500))


def local_target(target: str | None, fallback: str) -> str:
    """A `next=` that stays in this house, else the fallback: one slash, no host, no backslash, no control character."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return fallback
    if any(ord(char) < 32 or ord(char) == 127 for char in target):
        return fallback
    parts = urlsplit(target)
    return fallback if parts.scheme or parts.netloc else target


def see_other(target: str) -> Any:
    """Redirect after a form was taken."""
    return redirect(target, code=303)
