"""Pages: claim a missing order, follow it, answer it by the clock; what the platform has to decide."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, render_template, request, url_for

from affiliate.claims import answering, queries, rules, schemas, service, story, wording
from affiliate.claims.models import ClaimStatus
from affiliate.claims.pictures import BYTES_MAX, read_picture
from affiliate.communities import queries as communities
from affiliate.communities.models import Community
from affiliate.core import clock, web
from affiliate.core.clock import local_date
from affiliate.core.db import db, transaction
from affiliate.core.errors import AppError, Conflict, Invalid, NotFound
from affiliate.core.i18n import DEFAULT_ZONE, _
from affiliate.core.pictures import CONTENT_TYPE, Picture
from affiliate.core.web import PAGE_SIZE, decode_cursor, encode_cursor
from affiliate.identity import guards
from affiliate.identity.models import Role
from affiliate.merchants import queries as merchants

bp = Blueprint("claims", __name__)
SHOWN_MAX = 200


@bp.get("/portal/<slug>/claims")
@guards.require(*guards.COMMUNITY, *guards.FINANCE)
def community_list(slug: str) -> str:
    """What a community has claimed, and what became of it."""
    community = communities.seen_by(db.session, guards.actor(), slug)
    page = _page(slug, community_id=community.id)
    may_file = guards.actor().curates(community.id)
    return render_template("affiliate/claims/community_list.html", community=community, may_file=may_file, **page)


@bp.get("/portal/<slug>/claims/new")
@guards.require(*guards.COMMUNITY)
def new(slug: str) -> str:
    """The form."""
    return _form(communities.seen_by(db.session, guards.actor(), slug))


@bp.post("/portal/<slug>/claims")
@guards.require(*guards.COMMUNITY)
def file(slug: str) -> Any:
    """Look at once what is known of the order, and keep the claim or say why there is none."""
    actor = guards.actor()
    try:
        told, picture = web.load_form(schemas.ClaimForm()), _picture()
        with transaction(db.session) as session:
            community = communities.seen_by(session, actor, slug)
            merchant = merchants.merchant_known_to(session, actor, told["merchant"])
            amount = schemas.typed_amount(told["amount"], merchant.currency)
            filing = service.Filing(told["order_ref"], told["ordered_on"], amount, told["note"], told["link"] or None)
            claim = service.file(session, community, merchant, filing, picture=picture, actor=actor, now=clock.now())
    except (Invalid, Conflict) as refused:
        community = communities.seen_by(db.session, actor, slug)
        return _form(community, refused), refused.status
    flash(_("The claim is filed. The store answers within %(days)s days.", days=rules.ANSWER_DAYS), "good")
    return web.see_other(url_for(".show", claim_id=claim.id))


@bp.get("/merchant/<slug>/claims")
@guards.require(*guards.MERCHANT, *guards.FINANCE)
def merchant_list(slug: str) -> str:
    """What waits for the store's answer, due first; and what was answered."""
    merchant = merchants.merchant_for(db.session, guards.actor(), slug)
    waiting = queries.waiting(db.session, guards.actor(), merchant_id=merchant.id, limit=SHOWN_MAX)
    page = _page(slug, merchant_id=merchant.id)
    return render_template("affiliate/claims/merchant_list.html", merchant=merchant, waiting=waiting, **page)


@bp.get("/admin/claims")
@guards.require(Role.ADMIN)
def admin_list() -> str:
    """What the platform decides: overdue and appealed claims."""
    now = clock.now()
    rows = queries.for_admin(db.session, now=now, limit=SHOWN_MAX)
    return render_template("affiliate/claims/admin_list.html", rows=rows, words=wording, now=now)


@bp.get("/claims/<int:claim_id>")
@guards.require(*guards.EVERY_ROLE)
def show(claim_id: int) -> str:
    """One claim: what was said, what we know, what was answered, what came of it."""
    return _one(claim_id)


@bp.get("/claims/<int:claim_id>/picture")
@guards.require(*guards.EVERY_ROLE)
def picture(claim_id: int) -> Response:
    """The receipt, for the two sides and the platform alone."""
    claim = queries.claim_for(db.session, guards.actor(), claim_id)[0]
    found = queries.picture(db.session, claim)
    if found is None:
        raise NotFound
    answer = Response(found.body, mimetype=CONTENT_TYPE)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@bp.post("/claims/<int:claim_id>/answer")
@guards.require(*guards.MERCHANT)
def answer(claim_id: int) -> Any:
    """The store's word, or the platform's where the store let the clock run out."""
    actor = guards.actor()
    try:
        told = web.load_form(schemas.AnswerForm())
        with transaction(db.session) as session:
            claim = queries.claim_for(session, actor, claim_id)[0]
            answering.answer(session, claim, told, read=schemas.typed_amount, actor=actor, now=clock.now())
    except (Invalid, Conflict) as refused:
        return _one(claim_id, refused), refused.status
    accepted = told["outcome"] == "accepted"
    flash(_("Accepted. The order is credited in a moment.") if accepted else _("Declined."), "good")
    return web.see_other(url_for(".show", claim_id=claim_id))


@bp.post("/claims/<int:claim_id>/appeal")
@guards.require(*guards.COMMUNITY)
def appeal(claim_id: int) -> Any:
    """Ask the platform, once."""
    actor = guards.actor()
    try:
        words = web.load_form(schemas.AppealForm())["words"]
        with transaction(db.session) as session:
            claim = queries.claim_for(session, actor, claim_id)[0]
            service.appeal(session, claim, words=words, actor=actor, now=clock.now())
    except (Invalid, Conflict) as refused:
        return _one(claim_id, refused), refused.status
    flash(_("Etalase looks at it now and decides."), "good")
    return web.see_other(url_for(".show", claim_id=claim_id))


def _picture() -> Picture | None:
    file = request.files.get("picture")
    return read_picture(file.stream.read(BYTES_MAX + 1)) if file and file.filename else None


def _form(community: Community, refused: AppError | None = None) -> str:
    now = clock.now()
    return render_template(
        "affiliate/claims/new.html",
        community=community,
        stores=[(store.slug, store.name) for store in queries.stores_of(db.session, community)],
        typed=request.form,
        errors=refused.fields if refused else {},
        refused=refused,
        today=local_date(now, DEFAULT_ZONE),
        claim_days=rules.CLAIM_DAYS,
        answer_days=rules.ANSWER_DAYS,
    )


def _one(claim_id: int, refused: AppError | None = None) -> str:
    actor, now = guards.actor(), clock.now()
    claim, merchant, community = queries.claim_for(db.session, actor, claim_id)
    return render_template(
        "affiliate/claims/show.html",
        told=story.of(db.session, claim, merchant, community, actor=actor, now=now),
        refused=refused,
        errors=refused.fields if refused else {},
        typed=request.form,
        words=wording,
        now=now,
        **_place(merchant, community),
    )


def _place(merchant: Any, community: Any) -> dict[str, Any]:
    """Whose navigation stands beside the page: the reader's own."""
    actor = guards.actor()
    if merchant.id in actor.merchants:
        return {"area": "merchant", "merchant": merchant}
    if community.id in actor.communities:
        return {"area": "portal", "community": community}
    return {"area": "finance" if actor.is_finance else "admin"}


def _page(slug: str, **scope: int) -> dict[str, Any]:
    asked = request.args.get("status", "")
    status = ClaimStatus(asked) if asked in set(ClaimStatus) else None
    cursor = decode_cursor(request.args.get("cursor"))
    rows = queries.claims(
        db.session, guards.actor(), status=status, before=cursor[0] if cursor else None, limit=PAGE_SIZE + 1, **scope
    )
    older = None
    if len(rows) > PAGE_SIZE:
        key = encode_cursor(rows[PAGE_SIZE - 1][0].id)
        older = url_for(request.endpoint or "", slug=slug, cursor=key, status=status)
    return {"rows": rows[:PAGE_SIZE], "older": older, "status": status, "words": wording, "now": clock.now()}
