"""How a programme credits orders, and whom a store's coupons stand for: versions, added, never edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.communities.models import Community, Curator
from affiliate.core.db import affected
from affiliate.core.errors import Conflict, Invalid, NotFound
from affiliate.core.i18n import _l
from affiliate.identity.actors import Actor
from affiliate.identity.service import record
from affiliate.merchants import rules
from affiliate.merchants.models import (
    AttributionModel,
    AttributionPolicy,
    Coupon,
    CouponRule,
    Enrollment,
    Merchant,
    Programme,
    Rung,
)

SECOND = timedelta(seconds=1)
LADDER_FAULTS = {
    "rung_twice": _l("Name each step once."),
    "token_missing": _l("The click on the order must be among the steps."),
    "against_coupon_rule": _l("The steps and the rule for coupons say different things about who goes first."),
    "remembered_missing": _l("To share an order among clicks, earlier clicks must be among the steps."),
}


class CouponTaken(Conflict):
    """A code stands for one community at a time."""

    code = "coupon_taken"
    message = _l("This code stands for a community already at that time. End that first, or choose another time.")


def add_policy(
    session: Session,
    programme: Programme,
    *,
    valid_from: datetime,
    model: AttributionModel,
    ladder: Sequence[Rung] | None,
    coupon_rule: CouponRule,
    actor: Actor,
    now: datetime,
) -> AttributionPolicy:
    """The programme's next version of how orders are credited; for orders placed from `valid_from` on.

    Without a ladder the usual one for the coupon rule. Raises Invalid for a ladder that contradicts the rest.
    """
    rungs = tuple(ladder) if ladder else rules.ladder_for(coupon_rule)
    if fault := rules.ladder_fault(rungs, coupon_rule, model):
        raise Invalid.field("ladder", LADDER_FAULTS[fault], code=fault)
    session.execute(sa.select(Programme.id).where(Programme.id == programme.id).with_for_update())
    newest = sa.select(sa.func.max(AttributionPolicy.version)).where(AttributionPolicy.programme_id == programme.id)
    policy = AttributionPolicy(
        programme_id=programme.id,
        version=(session.execute(newest).scalar_one() or 0) + 1,
        valid_from=valid_from,
        model=model,
        ladder=[rung.value for rung in rungs],
        coupon_rule=coupon_rule,
        created_at=now,
        created_by=actor.ref,
    )
    session.add(policy)
    session.flush()  # its id is needed
    record(session, actor, "attribution.added", ("programme", programme.id), now=now, version=policy.version)
    return policy


def assign_coupon(
    session: Session,
    merchant: Merchant,
    *,
    code: str,
    community: Community,
    curator: Curator | None,
    valid_from: datetime,
    valid_until: datetime | None,
    actor: Actor,
    now: datetime,
) -> Coupon:
    """Let a code stand for a community, perhaps for one curator of it, for a time.

    Raises CouponTaken where it stands for somebody in that time, Invalid for a community in none of the programmes.
    """
    if valid_until is not None and valid_until <= valid_from:
        raise Invalid.field("valid_until", _l("The end must come after the beginning."))
    if not _has_joined(session, merchant, community):
        raise Invalid.field("community", _l("This community is in none of the store's programmes."))
    session.execute(sa.select(Merchant.id).where(Merchant.id == merchant.id).with_for_update())
    if _overlapping(session, merchant, rules.coupon_key(code), valid_from, valid_until):
        raise CouponTaken
    coupon = Coupon(
        merchant_id=merchant.id,
        code=code,
        code_key=rules.coupon_key(code),
        community_id=community.id,
        curator_id=curator.id if curator else None,
        valid_from=valid_from,
        valid_until=valid_until,
        created_at=now,
        created_by=actor.ref,
    )
    session.add(coupon)
    session.flush()  # its id is needed
    record(session, actor, "coupon.assigned", ("merchant", merchant.id), now=now, code=code, community=community.id)
    return coupon


def assign_by_names(
    session: Session, merchant: Merchant, wanted: Mapping[str, Any], *, actor: Actor, now: datetime
) -> tuple[Coupon, Community, Curator | None]:
    """The same from what CouponSchema lets through; from now on where no beginning is told. Raises Invalid, too."""
    named = sa.select(Community).where(Community.slug == wanted["community"])
    community = session.execute(named).scalar_one_or_none()
    if community is None:
        raise Invalid.field("community", _l("There is no community with this address."))
    curator = None
    if handle := wanted["curator"]:
        theirs = sa.select(Curator).where(Curator.community_id == community.id, Curator.handle == handle)
        curator = session.execute(theirs).scalar_one_or_none()
        if curator is None:
            raise Invalid.field("curator", _l("This community has no curator with this handle."))
    coupon = assign_coupon(
        session,
        merchant,
        code=wanted["code"],
        community=community,
        curator=curator,
        valid_from=wanted["valid_from"] or now.replace(microsecond=0),
        valid_until=wanted["valid_until"],
        actor=actor,
        now=now,
    )
    return coupon, community, curator


def end_coupon(session: Session, merchant: Merchant, coupon_id: int, *, actor: Actor, now: datetime) -> None:
    """From now on the code stands for nobody; orders of before keep their credit. Raises NotFound, also where over."""
    which = (Coupon.id == coupon_id, Coupon.merchant_id == merchant.id)
    begins = session.execute(sa.select(Coupon.valid_from).where(*which)).scalar_one_or_none()
    if begins is None:
        raise NotFound
    # Whole seconds, as stores tell the moment of an order; one that has not begun yet ends as soon as it begins.
    moment = max(now.replace(microsecond=0), begins + SECOND)
    done = session.execute(
        sa.update(Coupon)
        .where(*which, Coupon.valid_until.is_(None) | (Coupon.valid_until > moment))
        .values(valid_until=moment)
        .execution_options(synchronize_session=False)
    )
    if not affected(done):
        raise NotFound
    record(session, actor, "coupon.ended", ("merchant", merchant.id), now=now, coupon=coupon_id)


def _has_joined(session: Session, merchant: Merchant, community: Community) -> bool:
    wanted = (
        sa.select(Enrollment.id)
        .join(Programme, Programme.id == Enrollment.programme_id)
        .where(Programme.merchant_id == merchant.id, Enrollment.community_id == community.id)
    )
    return session.execute(wanted.limit(1)).scalar() is not None


def _overlapping(
    session: Session, merchant: Merchant, key: str, valid_from: datetime, valid_until: datetime | None
) -> bool:
    begins_before_the_end = sa.true() if valid_until is None else Coupon.valid_from < valid_until
    goes_on = Coupon.valid_until.is_(None) | (Coupon.valid_until > valid_from)
    same = (Coupon.merchant_id == merchant.id, Coupon.code_key == key)
    return (
        session.execute(sa.select(Coupon.id).where(*same, begins_before_the_end, goes_on).limit(1)).scalar() is not None
    )
