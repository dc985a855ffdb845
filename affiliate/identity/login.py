"""Flask-Login wired to our revocable sessions, and `g.actor` set for every request that reaches Flask."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, g, request
from flask_login import LoginManager, UserMixin, current_user

from affiliate.core import clock
from affiliate.core.db import db
from affiliate.core.errors import NotFound, NotSignedIn
from affiliate.identity import queries
from affiliate.identity.actors import NOBODY, Actor
from affiliate.identity.guards import declared
from affiliate.identity.models import User
from affiliate.identity.service import SESSION_LIFE

login_manager = LoginManager()
# Routes of packages and of core, which cannot declare a guard themselves. None of them shows business data.
OPEN_ENDPOINTS = {
    "static", "assets.file", "api-docs.openapi_json", "reference.page",
    "health.alive", "health.ready", "health.metrics",
}  # fmt: skip


class SignedIn(UserMixin):
    """Flask-Login's view of a session: its id is the session's token, so that revoking the row signs it out."""

    def __init__(self, user: User, token: str) -> None:
        self.user = user
        self.token = token

    def get_id(self) -> str:
        return self.token


@login_manager.user_loader
def _load(token: str) -> SignedIn | None:
    user = queries.user_by_session(db.session, token, now=clock.now())
    return SignedIn(user, token) if user else None


def _actor_of_request() -> Actor:
    """The API takes keys only: a browser's cookie opens pages, which ask for a CSRF token."""
    header = request.headers.get("Authorization")
    if header is not None:
        scheme, _space, secret = header.partition(" ")
        found = queries.actor_of_key(db.session, secret.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            raise NotSignedIn
        return found
    if current_user.is_authenticated and not request.path.startswith("/api/"):
        return queries.actor_of_user(db.session, current_user.user)
    return NOBODY


def _who() -> None:
    """Set `g.actor`; close every route that declares no guard. Open and signed routes cost no query."""
    g.actor = NOBODY
    if request.endpoint is None or request.endpoint in OPEN_ENDPOINTS:
        return
    guard = declared(current_app.view_functions[request.endpoint])
    if guard is None:
        raise NotFound
    if guard[0] != "signed":
        g.actor = _actor_of_request()


def init_app(app: Flask) -> None:
    app.config.update(PERMANENT_SESSION_LIFETIME=SESSION_LIFE, SESSION_REFRESH_EACH_REQUEST=False)
    login_manager.init_app(app)
    app.before_request(_who)


def signed_in() -> Any:
    """The SignedIn of this request's browser session."""
    return current_user
