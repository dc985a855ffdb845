"""The API's frame: flask-smorest blueprints under /api/v1, OpenAPI at /api/v1/openapi.json, problems as RFC 9457."""

from __future__ import annotations

from json import JSONDecodeError
from typing import Any, NoReturn

from flask import Flask
from flask_smorest import Api, Blueprint
from webargs.flaskparser import FlaskParser, abort

from affiliate.core.errors import Invalid
from affiliate.core.i18n import _l
from affiliate.core.web import UNFIT

PREFIX = "/api/v1"


class ProblemApi(Api):
    """flask-smorest without its app-wide error handlers: ours answer pages and programs alike."""

    def _register_error_handlers(self) -> None:
        """Ours are registered in app.py."""


class BodyParser(FlaskParser):
    """Reads what was sent; what nests or counts without end, and text that no database keeps, is refused."""

    def _raw_load_json(self, req: Any) -> Any:
        try:
            found = super()._raw_load_json(req)
        except JSONDecodeError:
            raise
        except (ValueError, RecursionError):
            raise JSONDecodeError("too deep or too long", "?", 0) from None
        _refuse_unfit_text(found)
        return found

    def _handle_invalid_json_error(self, error: Any, req: Any, *args: Any, **kwargs: Any) -> NoReturn:
        """The parser's own sentence is English."""
        abort(400, exc=error, messages={"json": [_l("This is no JSON that we can read.")]})


def _refuse_unfit_text(value: Any) -> None:
    """Raise Invalid for NUL and for halves of characters, with the place where they stand."""
    left = [("", value)]
    while left:
        path, found = left.pop()
        if isinstance(found, dict):
            left += [(f"{path}.{name}", part) for name, part in found.items()]
            left += [(path, name) for name in found]
        elif isinstance(found, list):
            left += [(f"{path}.{place}", part) for place, part in enumerate(found)]
        elif isinstance(found, str) and UNFIT.search(found):
            name = path.encode(errors="replace").decode().replace("\0", "?").lstrip(".")
            raise Invalid.field(name or "body", _l("This text holds characters that cannot be stored."))


class ApiBlueprint(Blueprint):
    """A room's part of the API. Lists page by cursor in the body, so the pagination header is off."""

    PAGINATION_HEADER_NAME = None
    ARGUMENTS_PARSER = BodyParser()

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        options.setdefault("url_prefix", PREFIX)
        super().__init__(f"api_{name}", import_name, **options)


def init_app(app: Flask) -> ProblemApi:
    app.config.update(
        API_TITLE="Etalase",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
    )
    api = ProblemApi(
        app, spec_kwargs={"info": {"description": "Communities sell with partner stores by sharing the revenue."}}
    )
    api.spec.components.security_scheme("key", {"type": "http", "scheme": "bearer"})
    api.spec.options["security"] = [{"key": []}]
    return api
