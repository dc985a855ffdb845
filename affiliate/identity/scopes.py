"""What a grant's scope is called. Communities and stores live above this room; `app.py` hangs in who knows them."""

from __future__ import annotations

from typing import Protocol

from flask import Flask, current_app
from sqlalchemy.orm import Session

_KEY = "etalase_scopes"
Scope = tuple[str, int]  # ("community", 3)


class Scopes(Protocol):
    """Finds and names communities and stores."""

    def find(self, session: Session, kind: str, slug: str) -> int | None:
        """The id of a community or merchant by its slug."""

    def names(self, session: Session, scopes: set[Scope]) -> dict[Scope, str]:
        """Names of many at once."""

    def choices(self, session: Session, kind: str) -> list[tuple[str, str]]:
        """(slug, name) of all of a kind, for a form."""


def known() -> Scopes:
    """Whoever was hung in."""
    found: Scopes = current_app.extensions[_KEY]
    return found


def fill(app: Flask, scopes: Scopes) -> None:
    app.extensions[_KEY] = scopes
