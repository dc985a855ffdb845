"""Guards: every route declares who may come in. A route without a declaration is closed, and fails a test.

    @bp.get("/portal/<slug>")
    @guards.require(Role.COMMUNITY_OWNER, Role.CURATOR)
    def home(slug): ...

The guard asks for a role anywhere; which community or merchant it is, the room's query decides ("fetch through the
person"). Platform admins pass every guard.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import g, redirect, request, url_for

from affiliate.core.errors import NotFound, NotSignedIn
from affiliate.core.web import wants_json
from affiliate.identity.actors import NOBODY, Actor
from affiliate.identity.models import Role

View = TypeVar("View", bound=Callable[..., Any])
COMMUNITY = (Role.COMMUNITY_OWNER, Role.CURATOR)
MERCHANT = (Role.MERCHANT_STAFF,)
FINANCE = (Role.FINANCE_MAKER, Role.FINANCE_APPROVER)
EVERY_ROLE = tuple(Role)


def actor() -> Actor:
    """Who is asking in this request."""
    found: Actor = g.get("actor") or NOBODY
    return found


def public(reason: str) -> Callable[[View], View]:
    """Open to everybody, for the reason given."""

    def declare(view: View) -> View:
        view.__guard__ = ("public", reason)  # type: ignore[attr-defined]  # read by the route test and before_request
        return view

    return declare


def signed(reason: str) -> Callable[[View], View]:
    """Open to a signature over the body, which the view itself verifies before anything else."""

    def declare(view: View) -> View:
        view.__guard__ = ("signed", reason)  # type: ignore[attr-defined]
        return view

    return declare


def require(*roles: Role) -> Callable[[View], View]:
    """Open to people and keys with one of these roles; nobody else learns that the page is there."""

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            who = actor()
            if not who.known:
                return ask_to_sign_in()
            if not (who.is_admin or who.roles & set(roles)):
                raise NotFound
            return view(*args, **kwargs)

        guarded.__guard__ = ("roles", tuple(role.value for role in roles))  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]  # same signature as the view

    return declare


def person(view: View) -> View:
    """Open to everybody who is signed in, with whatever role or none: what a person's own account needs. No keys."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not actor().known:
            return ask_to_sign_in()
        if actor().user_id is None:
            raise NotFound
        return view(*args, **kwargs)

    guarded.__guard__ = ("person", "their own account")  # type: ignore[attr-defined]
    return guarded  # type: ignore[return-value]


def ask_to_sign_in() -> Any:
    """A program gets 401, a person the sign-in page and afterwards the page they wanted."""
    if wants_json():
        raise NotSignedIn
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("identity.sign_in", next=wanted))


def declared(view: Any) -> tuple[str, Any] | None:
    """The guard a view declares; for a class view, that of its methods."""
    found = getattr(view, "__guard__", None)
    if found is None and hasattr(view, "view_class"):
        kind = view.view_class
        guards_found = {getattr(getattr(kind, name.lower()), "__guard__", None) for name in kind.methods or ()}
        found = None if None in guards_found or not guards_found else next(iter(guards_found))
    return found
