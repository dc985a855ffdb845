"""API: merchants, their webhook keys, programmes, terms and enrollments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app

from affiliate.communities import queries as communities
from affiliate.core import clock, web
from affiliate.core.api import ApiBlueprint
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid, NotFound
from affiliate.core.i18n import _l
from affiliate.core.web import decode_cursor, page_json
from affiliate.identity import guards
from affiliate.identity.models import Role
from affiliate.merchants import crediting, queries, schemas, service

blp = ApiBlueprint("merchants", __name__)
LOOKERS = guards.EVERY_ROLE


def hook_url(slug: str, kind: str) -> str:
    """Where the shop sends its deliveries."""
    return f"{current_app.config['ETALASE'].public_url}/hooks/v1/{slug}/{kind}"


def _after(args: dict[str, Any]) -> int:
    cursor = decode_cursor(args.get("cursor"))
    return cursor[0] if cursor else 0


@blp.get("/merchants")
@guards.require(*LOOKERS)
@blp.arguments(schemas.PageArgs, location="query")
@blp.response(200)
def list_merchants(args: dict[str, Any]) -> Any:
    """The merchants that you see"""
    rows = queries.merchants(db.session, guards.actor(), after=_after(args), limit=args["limit"] + 1)
    return page_json(rows, args["limit"], schemas.merchant_json, lambda row: row.id)


@blp.post("/merchants")
@guards.require(Role.ADMIN)
@blp.arguments(schemas.MerchantSchema)
@blp.response(201)
def create_merchant(profile: dict[str, Any]) -> Any:
    """Add a merchant"""
    with transaction(db.session) as session:
        merchant = service.create_merchant(session, profile=profile, actor=guards.actor(), now=clock.now())
    return schemas.merchant_json(merchant)


@blp.get("/merchants/<slug>")
@guards.require(*LOOKERS)
@blp.response(200)
def show_merchant(slug: str) -> Any:
    """One merchant"""
    return schemas.merchant_json(queries.merchant_known_to(db.session, guards.actor(), slug))


@blp.get("/merchants/<slug>/webhook-keys")
@guards.require(*guards.MERCHANT)
@blp.response(200)
def list_webhook_keys(slug: str) -> Any:
    """A merchant's webhook keys, without their secrets"""
    merchant = queries.merchant_run_by(db.session, guards.actor(), slug)
    keys = queries.webhook_keys(db.session, merchant)
    return {"items": [schemas.webhook_key_json(key, hook_url(slug, key.kind.value)) for key in keys], "next": None}


@blp.post("/merchants/<slug>/webhook-keys")
@guards.require(*guards.MERCHANT)
@blp.arguments(schemas.WebhookKeySchema)
@blp.response(201)
def create_webhook_key(wanted: dict[str, Any], slug: str) -> Any:
    """Make a webhook key; its secret is told here and nowhere else"""
    actor = guards.actor()
    with transaction(db.session) as session:
        merchant = queries.merchant_run_by(session, actor, slug)
        key = service.create_webhook_key(session, merchant, **wanted, actor=actor, now=clock.now())
    return schemas.webhook_key_json(key, hook_url(slug, key.kind.value)) | {"secret": key.secret}


@blp.delete("/merchants/<slug>/webhook-keys/<int:key_id>")
@guards.require(*guards.MERCHANT)
@blp.response(204)
def revoke_webhook_key(slug: str, key_id: int) -> None:
    """Refuse a webhook key from now on"""
    actor = guards.actor()
    with transaction(db.session) as session:
        merchant = queries.merchant_run_by(session, actor, slug)
        if not service.revoke_webhook_key(session, merchant, key_id, actor=actor, now=clock.now()):
            raise NotFound


@blp.get("/programmes")
@guards.require(*LOOKERS)
@blp.arguments(schemas.OfMerchantArgs, location="query")
@blp.response(200)
def list_programmes(args: dict[str, Any]) -> Any:
    """The programmes that you see"""
    rows = queries.programmes(
        db.session, guards.actor(), merchant_id=_merchant_id(args), after=_after(args), limit=args["limit"] + 1
    )
    return page_json(rows, args["limit"], lambda row: schemas.programme_json(*row), lambda row: row[0].id)


def _merchant_id(args: dict[str, Any]) -> int | None:
    if "merchant" not in args:
        return None
    return queries.merchant_known_to(db.session, guards.actor(), args["merchant"]).id


@blp.post("/programmes")
@guards.require(*guards.MERCHANT)
@blp.arguments(schemas.ProgrammeSchema)
@blp.response(201)
def create_programme(offer: dict[str, Any]) -> Any:
    """Add a programme to a merchant"""
    actor, slug = guards.actor(), offer.pop("merchant")
    with transaction(db.session) as session:
        merchant = queries.merchant_run_by(session, actor, slug)
        programme = service.create_programme(session, merchant, offer=offer, actor=actor, now=clock.now())
    return schemas.programme_json(programme, slug)


@blp.get("/programmes/<int:programme_id>")
@guards.require(*LOOKERS)
@blp.response(200)
def show_programme(programme_id: int) -> Any:
    """One programme"""
    programme = queries.programme_for(db.session, guards.actor(), programme_id)
    return schemas.programme_json(programme, queries.slug_of(db.session, programme.merchant_id))


@blp.get("/programmes/<int:programme_id>/terms")
@guards.require(*LOOKERS)
@blp.response(200)
def list_terms(programme_id: int) -> Any:
    """Every version of a programme's terms"""
    programme = queries.programme_for(db.session, guards.actor(), programme_id)
    versions = queries.frozen_terms(db.session, [programme.id])
    return {"items": [schemas.terms_json(terms, rates) for terms, rates in versions], "next": None}


@blp.post("/programmes/<int:programme_id>/terms")
@guards.require(*guards.MERCHANT)
@blp.arguments(schemas.TermsSchema)
@blp.response(201)
def add_terms(wanted: dict[str, Any], programme_id: int) -> Any:
    """Add a version of a programme's terms"""
    actor = guards.actor()
    with transaction(db.session) as session:
        programme = queries.programme_run_by(session, actor, programme_id)
        terms, rates = service.add_terms(
            session,
            programme,
            valid_from=wanted["valid_from"],
            rates=wanted["rates"],
            actor=actor,
            now=clock.now(),
        )
    return schemas.terms_json(terms, rates)


@blp.get("/programmes/<int:programme_id>/terms/<int:version>")
@guards.require(*LOOKERS)
@blp.response(200)
def show_terms(programme_id: int, version: int) -> Any:
    """One version of a programme's terms"""
    programme = queries.programme_for(db.session, guards.actor(), programme_id)
    for terms, rates in queries.frozen_terms(db.session, [programme.id]):
        if terms.version == version:
            return schemas.terms_json(terms, rates)
    raise NotFound


@blp.get("/enrollments")
@guards.require(*LOOKERS)
@blp.arguments(schemas.OfMerchantArgs, location="query")
@blp.response(200)
def list_enrollments(args: dict[str, Any]) -> Any:
    """The enrollments that you see"""
    rows = queries.enrollments(
        db.session, guards.actor(), merchant_id=_merchant_id(args), after=_after(args), limit=args["limit"] + 1
    )
    splits = queries.splits_of(db.session, [row[0].id for row in rows])
    return page_json(rows, args["limit"], lambda row: _enrollment_json(row, splits), lambda row: row[0].id)


def _enrollment_json(row: Any, splits: Any) -> dict[str, Any]:
    enrollment, _programme, community = row
    own = [split for split in splits if split.enrollment_id == enrollment.id]
    return schemas.enrollment_json(enrollment, community.slug, own)


@blp.post("/enrollments")
@guards.require(*guards.MERCHANT)
@blp.arguments(schemas.EnrollmentSchema)
@blp.response(201)
def enroll(wanted: dict[str, Any]) -> Any:
    """Admit a community to a programme, or give it another split from now on"""
    actor = guards.actor()
    with transaction(db.session) as session:
        programme = queries.programme_run_by(session, actor, wanted["programme"])
        try:
            community = communities.by_slug(session, wanted["community"])
        except NotFound:
            raise Invalid.field("community", _l("There is no community with this address.")) from None
        enrollment, _split = service.enroll(
            session,
            programme,
            community,
            split=wanted["split"],
            valid_from=wanted["valid_from"],
            actor=actor,
            now=clock.now(),
        )
    return schemas.enrollment_json(enrollment, community.slug, queries.splits_of(db.session, [enrollment.id]))


@blp.get("/enrollments/<int:enrollment_id>")
@guards.require(*LOOKERS)
@blp.response(200)
def show_enrollment(enrollment_id: int) -> Any:
    """One enrollment with every version of its split"""
    row = queries.enrollment_for(db.session, guards.actor(), enrollment_id)
    return _enrollment_json(row, queries.splits_of(db.session, [row[0].id]))


@blp.post("/enrollments/<int:enrollment_id>/end")
@guards.require(*guards.MERCHANT)
@blp.arguments(web.Nothing)
@blp.response(200)
def end_enrollment(_nothing: dict[str, Any], enrollment_id: int) -> Any:
    """End an enrollment: clicks from now on earn nothing; what was clicked before still counts"""
    return _ended_or_resumed(enrollment_id, service.end_enrollment)


@blp.post("/enrollments/<int:enrollment_id>/resumption")
@guards.require(*guards.MERCHANT)
@blp.arguments(web.Nothing)
@blp.response(200)
def resume_enrollment(_nothing: dict[str, Any], enrollment_id: int) -> Any:
    """Let an ended enrollment go on as if it had never ended"""
    return _ended_or_resumed(enrollment_id, service.resume_enrollment)


def _ended_or_resumed(enrollment_id: int, verb: Callable[..., bool]) -> Any:
    actor = guards.actor()
    with transaction(db.session) as session:
        enrollment, programme, _community = queries.enrollment_for(session, actor, enrollment_id)
        queries.programme_run_by(session, actor, programme.id)
        verb(session, enrollment, actor=actor, now=clock.now())
    row = queries.enrollment_for(db.session, actor, enrollment_id)
    return _enrollment_json(row, queries.splits_of(db.session, [enrollment_id]))


@blp.get("/programmes/<int:programme_id>/attribution")
@guards.require(*LOOKERS)
@blp.response(200)
def list_policies(programme_id: int) -> Any:
    """Every version of how a programme credits orders, in words too; none means the last click"""
    programme = queries.programme_for(db.session, guards.actor(), programme_id)
    versions = queries.policies_of(db.session, [programme.id])
    return {"items": [schemas.policy_json(one, programme.window_days) for one in versions], "next": None}


@blp.post("/programmes/<int:programme_id>/attribution")
@guards.require(*guards.MERCHANT)
@blp.arguments(schemas.PolicySchema)
@blp.response(201)
def add_policy(wanted: dict[str, Any], programme_id: int) -> Any:
    """Add a version of how a programme credits orders"""
    actor = guards.actor()
    with transaction(db.session) as session:
        programme = queries.programme_run_by(session, actor, programme_id)
        policy = crediting.add_policy(session, programme, **wanted, actor=actor, now=clock.now())
    return schemas.policy_json(policy, programme.window_days)


@blp.get("/merchants/<slug>/coupons")
@guards.require(*LOOKERS)
@blp.arguments(schemas.PageArgs, location="query")
@blp.response(200)
def list_coupons(args: dict[str, Any], slug: str) -> Any:
    """The coupons that stand for communities, newest first; a community sees its own"""
    actor, cursor = guards.actor(), decode_cursor(args.get("cursor"))
    merchant = queries.merchant_known_to(db.session, actor, slug)
    before = cursor[0] if cursor else None
    rows = queries.coupons(db.session, actor, merchant, before=before, limit=args["limit"] + 1)
    return page_json(rows, args["limit"], lambda row: schemas.coupon_json(*row), lambda row: row[0].id)


@blp.post("/merchants/<slug>/coupons")
@guards.require(*guards.MERCHANT)
@blp.arguments(schemas.CouponSchema)
@blp.response(201)
def assign_coupon(wanted: dict[str, Any], slug: str) -> Any:
    """Let a code of the shop stand for a community"""
    actor, now = guards.actor(), clock.now()
    with transaction(db.session) as session:
        merchant = queries.merchant_run_by(session, actor, slug)
        coupon, community, curator = crediting.assign_by_names(session, merchant, wanted, actor=actor, now=now)
    return schemas.coupon_json(coupon, community, curator)


@blp.delete("/merchants/<slug>/coupons/<int:coupon_id>")
@guards.require(*guards.MERCHANT)
@blp.response(204)
def end_coupon(slug: str, coupon_id: int) -> None:
    """Let a code stand for nobody from now on; what it has earned stays"""
    actor = guards.actor()
    with transaction(db.session) as session:
        merchant = queries.merchant_run_by(session, actor, slug)
        crediting.end_coupon(session, merchant, coupon_id, actor=actor, now=clock.now())
