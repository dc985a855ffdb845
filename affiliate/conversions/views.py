"""Pages: what was sold through a community's picks, and which of a store's orders are credited."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for

from affiliate.communities import queries as communities
from affiliate.communities.models import Community
from affiliate.conversions import cohorts, lists, story, words
from affiliate.conversions.drawing import journey
from affiliate.conversions.models import ConversionStatus
from affiliate.core.db import db
from affiliate.core.web import PAGE_SIZE, decode_cursor, encode_cursor
from affiliate.core.wording import one_line
from affiliate.identity import guards
from affiliate.merchants import queries as merchants
from affiliate.merchants.wording import policy_sentences

bp = Blueprint("conversions", __name__)
LOST = "lost"


@bp.get("/portal/<slug>/orders")
@guards.require(*guards.COMMUNITY, *guards.FINANCE)
def community_list(slug: str) -> Any:
    """What sold: every order that came through the community's links."""
    community = communities.seen_by(db.session, guards.actor(), slug)
    wanted = lists.Wanted(community_id=community.id, **_chosen())
    if wanted.is_lost:
        return _lost(community)
    page = _page(wanted, slug)
    parts = lists.own_parts(db.session, [row[0].id for row in page["rows"]], [community.id])
    return render_template("affiliate/conversions/community_list.html", community=community, parts_of=parts, **page)


def _lost(community: Any) -> Any:
    """Orders that the community's click or coupon came to, and that others were credited for."""
    cursor = decode_cursor(request.args.get("cursor"))
    before = cursor[0] if cursor else None
    rows = lists.lost(db.session, guards.actor(), community.id, before=before, limit=PAGE_SIZE + 1)
    older = None
    if len(rows) > PAGE_SIZE:
        key = encode_cursor(rows[PAGE_SIZE - 1][0].id)
        older = url_for(".community_list", slug=community.slug, status=LOST, cursor=key)
    return render_template(
        "affiliate/conversions/lost_list.html",
        community=community,
        rows=rows[:PAGE_SIZE],
        older=older,
        chosen={"status": LOST, "order": ""},
        words=words,
    )


@bp.get("/orders/<int:order_id>/attribution")
@guards.require(*guards.EVERY_ROLE)
def attribution(order_id: int) -> Any:
    """Why an order is credited as it is: every candidate in order of time, winners and losers, and the rule."""
    found = story.by_order(db.session, guards.actor(), order_id)
    told = story.told(db.session, found)
    rule = told["rule"] or {}
    by_time = list(reversed(told["candidates"]))
    drawn = [one for one in by_time if one.get("at")]
    return render_template(
        "affiliate/conversions/attribution.html",
        told=told | {"candidates": by_time},
        conversion=found.conversion,
        order=found.order,
        shop=found.merchant,
        journey=journey(drawn, found.conversion.placed_at, rule.get("window_days") or 30) if drawn else None,
        span_text=words.span,
        policy_sentences=policy_sentences,
        at=datetime.fromisoformat,
        words=words,
        **_place(found),
    )


def _place(found: story.Credited) -> dict[str, Any]:
    """Whose navigation stands beside the page: the reader's own."""
    actor = guards.actor()
    if found.merchant.id in actor.merchants:
        return {"area": "merchant", "merchant": found.merchant}
    named = {found.conversion.community_id, *(one.community_id for one in found.credits)}
    own = sorted(one for one in named & actor.communities if one is not None)
    if own and not actor.sees_all():
        return {"area": "portal", "community": db.session.get_one(Community, own[0])}
    return {"area": "finance" if actor.is_finance else "admin"}


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
        "is_lost": status == LOST,
        "cohort": cohorts.cohort_of(request.args),
    }


def _page(wanted: lists.Wanted, slug: str) -> dict[str, Any]:
    cursor = decode_cursor(request.args.get("cursor"))
    rows = lists.conversions(
        db.session, guards.actor(), wanted, before=cursor[0] if cursor else None, limit=PAGE_SIZE + 1
    )
    chosen: dict[str, Any] = {
        "status": wanted.status.value if wanted.status else "",
        "order": wanted.order_ref or "",
    }
    chosen |= cohorts.named(wanted.cohort)
    shown, older = rows[:PAGE_SIZE], None
    if len(rows) > PAGE_SIZE:
        older = url_for(request.endpoint or "", slug=slug, cursor=encode_cursor(shown[-1][0].id), **chosen)
    return {"rows": shown, "wanted": wanted, "chosen": chosen, "older": older, "words": words, "stages": cohorts.STAGES}
