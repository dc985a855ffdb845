"""The page behind /go/<code> when the redirect could not lead to a store. Not recorded as a click."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from sqlalchemy.exc import SQLAlchemyError

from affiliate.core.db import db
from affiliate.identity import guards
from affiliate.links import queries

bp = Blueprint("tracking", __name__)


@bp.get("/go/<path:code>")
@guards.public("links are followed by everybody; a code is all there is to know")
def no_way(code: str) -> Any:
    """404 for a code that we never gave out, 410 for one whose pick was withdrawn; with what was probably meant."""
    try:
        community = queries.community_of_closed(db.session, code)
        suggestions = [] if community else queries.suggestions(db.session, code)
    except SQLAlchemyError:  # the page must stand even while the database does not
        db.session.rollback()
        community, suggestions = None, []
    page = render_template("affiliate/tracking/no_way.html", community=community, suggestions=suggestions)
    return page, 410 if community else 404, {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
