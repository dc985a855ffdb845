"""Pages: what a community's orders have earned, and why each amount is what it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for

from affiliate.commissions import lists, words
from affiliate.commissions.explanation import explanation
from affiliate.commissions.lists import Hold, Listed
from affiliate.communities import queries as communities
from affiliate.conversions import words as conversion_words
from affiliate.conversions.lists import Wanted
from affiliate.core import clock
from affiliate.core.db import db
from affiliate.core.web import PAGE_SIZE, decode_cursor, encode_cursor, see_other
from affiliate.core.wording import one_line
from affiliate.identity import guards
from affiliate.merchants.wording import policy_sentences

bp = Blueprint("commissions", __name__)


@bp.get("/portal/<slug>/commissions")
@guards.require(*guards.COMMUNITY, *guards.FINANCE)
def community_list(slug: str) -> Any:
    """What has been earned, from when it may be paid, and the way to each explanation."""
    actor, now = guards.actor(), clock.now()
    community = communities.seen_by(db.session, actor, slug)
    chosen: dict[str, Any] = {"order": one_line(request.args.get("order", "")), "hold": request.args.get("hold", "")}
    hold = {"held": Hold(False, now), "over": Hold(True, now)}.get(chosen["hold"])
    cursor = decode_cursor(request.args.get("cursor"))
    rows = lists.commissions(
        db.session,
        actor,
        Wanted(community_id=community.id, order_ref=chosen["order"] or None),
        hold=hold,
        before=cursor[0] if cursor else None,
        limit=PAGE_SIZE + 1,
    )
    shown, older = rows[:PAGE_SIZE], None
    if len(rows) > PAGE_SIZE:
        older = url_for(".community_list", slug=slug, cursor=encode_cursor(shown[-1].commission.id), **chosen)
    return render_template(
        "affiliate/commissions/community_list.html",
        community=community,
        rows=shown,
        older=older,
        chosen=chosen,
        is_narrowed=bool(hold or chosen["order"]),
        now=now,
    )


@bp.get("/commissions/<int:commission_id>")
@guards.require(*guards.EVERY_ROLE)
def explain(commission_id: int) -> Any:
    """Why this amount: one page, top to bottom, for everybody whom the commission concerns."""
    actor = guards.actor()
    listed = lists.commission(db.session, actor, commission_id)
    return render_template(
        "affiliate/commissions/explain.html",
        told=explanation(db.session, listed, actor=actor, now=clock.now()),
        community_minor=listed.community_minor,
        order_id=listed.order.id,
        policy_sentences=policy_sentences,
        at=datetime.fromisoformat,
        words=words,
        click_words=conversion_words,
        **_place(listed),
    )


@bp.get("/commissions/of-order/<int:order_id>")
@guards.require(*guards.EVERY_ROLE)
def of_order(order_id: int) -> Any:
    """From an order to the explanation of what it earned."""
    listed = lists.commission_of_order(db.session, guards.actor(), order_id)
    return see_other(url_for(".explain", commission_id=listed.commission.id))


def _place(listed: Listed) -> dict[str, Any]:
    """Whose navigation stands beside the page: the reader's own."""
    actor = guards.actor()
    if listed.community.id in actor.communities:
        return {"area": "portal", "community": listed.community}
    if listed.commission.merchant_id in actor.merchants:
        return {"area": "merchant", "merchant": listed.merchant}
    return {"area": "finance" if actor.is_finance else "admin"}
