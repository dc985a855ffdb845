"""The API's frame: flask-smorest blueprints under /api/v1, OpenAPI at /api/v1/openapi.json, problems as RFC 9457."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_smorest import Api, Blueprint

PREFIX = "/api/v1"


class ProblemApi(Api):
    """flask-smorest without its app-wide error handlers: ours answer pages and programs alike."""

    def _register_error_handlers(self) -> None:
        """Ours are registered in app.py."""


class ApiBlueprint(Blueprint):
    """A room's part of the API. Lists page by cursor in the body, so the pagination header is off."""

    PAGINATION_HEADER_NAME = None

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
