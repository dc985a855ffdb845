"""Behind /go/<code> when the redirect could not lead to a store. Not recorded as a click.

A chosen code that was typed in capitals or with a look-alike goes on at once; one slip off, the page asks; what the
store has no page for any more ends in the community's shop window.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, url_for
from sqlalchemy.exc import SQLAlchemyError

from affiliate.core.db import db
from affiliate.identity import guards
from affiliate.links import queries
from affiliate.tracking.panels import GONE

bp = Blueprint("tracking", __name__)
HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}


@bp.get("/go/<path:code>")
@guards.public("links are followed by everybody; a code is all there is to know")
def no_way(code: str) -> Any:
    """404 for a code that we never gave out, 410 for one that was taken back, else onward to where it may lead."""
    is_up = True
    try:
        closed = queries.closed(db.session, code)
        meant = None if closed else queries.chosen_code(db.session, code)
        suggestions = [] if closed or meant else queries.suggestions(db.session, code)
    except SQLAlchemyError:  # the page must stand even while the database does not
        db.session.rollback()
        closed, meant, suggestions, is_up = None, None, [], False
    if meant is not None:
        return _onward(url_for(".no_way", code=meant))
    if closed is not None and not closed.is_withdrawn:
        return _onward(f"/c/{closed.community.slug}?{GONE}=1")
    community = closed.community if closed else None
    page = render_template("affiliate/tracking/no_way.html", community=community, suggestions=suggestions, is_up=is_up)
    return page, 410 if community else 404, HEADERS


def _onward(target: str) -> Any:
    answer = make_response(redirect(target))
    answer.headers.update(HEADERS)
    return answer
