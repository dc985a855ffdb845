"""Pages: what was sold through a community's picks, and which of a store's orders are credited."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for

from affiliate.communities import queries as communities
from affiliate.conversions import lists, words
from affiliate.conversions.models import ConversionStatus
from affiliate.core.db import db
from affiliate.core.web import PAGE_SIZE, decode_cursor, encode_cursor
from affiliate.core.wording import one_line
from affiliate.identity import guards
from affiliate.merchants import queries as merchants

bp = Blueprint("conversions", __name__)


@bp.get("/portal/<slug>/orders")
@guards.require(*guards.COMMUNITY, *guards.FINANCE)
def community_list(slug: str) -> Any:
    """What sold: every order that came through the community's links."""
    community = communities.seen_by(db.session, guards.actor(), slug)
    wanted = lists.Wanted(community_id=community.id, **_chosen())
    return render_template("affiliate/conversions/community_list.html", community=community, **_page(wanted, slug))


@bp.get("/merchant/<slug>/orders")
@guards.require(*guards.MERCHANT, *guards.FINANCE)
def merchant_list(slug: str) -> Any:
    """A store's orders, and which community each is credited to."""
    merchant = merchants.merchant_for(db.session, guards.actor(), slug)
    wanted = lists.Wanted(merchant_id=merchant.id, **_chosen())
    return render_template("affiliate/conversions/merchant_list.html", merchant=merchant, **_page(wanted, slug))


def _chosen() -> dict[str, Any]:
    """The filter of the address; what it does not know counts as not chosen."""
    status = request.args.get("status", "")
    known = {one.value for one in ConversionStatus}
    return {
        "order_ref": one_line(request.args.get("order", "")) or None,
        "status": ConversionStatus(status) if status in known else None,
    }


def _page(wanted: lists.Wanted, slug: str) -> dict[str, Any]:
    cursor = decode_cursor(request.args.get("cursor"))
    rows = lists.conversions(
        db.session, guards.actor(), wanted, before=cursor[0] if cursor else None, limit=PAGE_SIZE + 1
    )
    chosen: dict[str, Any] = {"status": wanted.status.value if wanted.status else "", "order": wanted.order_ref or ""}
    shown, older = rows[:PAGE_SIZE], None
    if len(rows) > PAGE_SIZE:
        older = url_for(request.endpoint or "", slug=slug, cursor=encode_cursor(shown[-1][0].id), **chosen)
    return {"rows": shown, "wanted": wanted, "chosen": chosen, "older": older, "words": words}
