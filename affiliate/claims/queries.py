"""Claims as each actor may see them, and what is known of a claimed order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.claims.models import Claim, ClaimPicture, ClaimStatus
from affiliate.claims.rules import USUAL_FROM, Known
from affiliate.communities.models import Community
from affiliate.conversions.models import Conversion
from affiliate.core.clock import start_of_day
from affiliate.core.errors import NotFound
from affiliate.core.i18n import DEFAULT_ZONE
from affiliate.identity.actors import Actor
from affiliate.links.models import TrackingLink
from affiliate.merchants.models import Enrollment, Merchant, Programme
from affiliate.orders.models import Order
from affiliate.tracking.rollups.models import ClickHour

UNANSWERED = (ClaimStatus.OPEN, ClaimStatus.APPEALED)
SETTLED_AT_ONCE = 200
ALIKE_MAX = 5


def claim_for(session: Session, actor: Actor, claim_id: int) -> sa.Row[Claim, Merchant, Community]:
    """One claim as its community, its store and the platform's staff see it. Raises NotFound."""
    found = session.execute(_claims(actor).where(Claim.id == claim_id)).one_or_none()
    if found is None:
        raise NotFound
    return found


def claims(
    session: Session,
    actor: Actor,
    *,
    community_id: int | None = None,
    merchant_id: int | None = None,
    status: ClaimStatus | None = None,
    before: int | None = None,
    limit: int,
) -> Sequence[sa.Row[Claim, Merchant, Community]]:
    """(claim, store, community) rows that the actor sees, the newest first."""
    chosen = ((Claim.community_id, community_id), (Claim.merchant_id, merchant_id), (Claim.status, status))
    query = _claims(actor).where(*(column == value for column, value in chosen if value is not None))
    if before is not None:
        query = query.where(Claim.id < before)
    return session.execute(query.order_by(Claim.id.desc()).limit(limit)).all()


def waiting(
    session: Session, actor: Actor, *, merchant_id: int | None = None, limit: int
) -> Sequence[sa.Row[Claim, Merchant, Community]]:
    """The unanswered ones, those due first at the top."""
    query = _claims(actor).where(Claim.status.in_(UNANSWERED))
    if merchant_id is not None:
        query = query.where(Claim.merchant_id == merchant_id)
    return session.execute(query.order_by(Claim.due_at, Claim.id).limit(limit)).all()


def for_admin(session: Session, *, now: datetime, limit: int) -> Sequence[sa.Row[Claim, Merchant, Community]]:
    """Those that the platform decides: appealed ones, and open ones whose clock has run out; the oldest first."""
    overdue = (Claim.status == ClaimStatus.OPEN) & (Claim.due_at <= now)
    query = _joined().where(overdue | (Claim.status == ClaimStatus.APPEALED))
    return session.execute(query.order_by(Claim.due_at, Claim.id).limit(limit)).all()


def _joined() -> sa.Select[Claim, Merchant, Community]:
    return (
        sa.select(Claim, Merchant, Community)
        .join(Merchant, Merchant.id == Claim.merchant_id)
        .join(Community, Community.id == Claim.community_id)
    )


def _claims(actor: Actor) -> sa.Select[Claim, Merchant, Community]:
    own = Claim.community_id.in_(actor.communities) | Claim.merchant_id.in_(actor.merchants)
    return _joined().where(sa.true() if actor.sees_all() else own)


def stores_of(session: Session, community: Community) -> Sequence[Merchant]:
    """The stores in whose programmes this community is or was enrolled, by name."""
    joined = (
        sa.select(Programme.merchant_id)
        .join(Enrollment, Enrollment.programme_id == Programme.id)
        .where(Enrollment.community_id == community.id)
    )
    return session.execute(sa.select(Merchant).where(Merchant.id.in_(joined)).order_by(Merchant.name)).scalars().all()


def enrolled(
    session: Session, community_id: int, merchant_id: int, *, since: datetime, until: datetime
) -> tuple[datetime, int] | None:
    """(since when, window in days) of the newest enrollment that held at some moment between the two."""
    row = session.execute(
        sa.select(Enrollment.enrolled_at, Programme.window_days)
        .join(Programme, Programme.id == Enrollment.programme_id)
        .where(Enrollment.community_id == community_id, Programme.merchant_id == merchant_id)
        .where(Enrollment.enrolled_at < until, Enrollment.ended_at.is_(None) | (Enrollment.ended_at > since))
        .order_by(Enrollment.enrolled_at.desc(), Enrollment.id.desc())
        .limit(1)
    ).one_or_none()
    return (row.enrolled_at, row.window_days) if row else None


def order_of(session: Session, merchant_id: int, refs: Sequence[str]) -> Order | None:
    """The store's order under one of these numbers, the first one before the others."""
    wanted = sa.select(Order).where(Order.merchant_id == merchant_id, Order.ref.in_(refs))
    wanted = wanted.order_by(Order.ref != refs[0], Order.id).limit(1)
    return session.execute(wanted).scalar_one_or_none()


def as_the_store_writes(session: Session, merchant_id: int, order_ref: str) -> str:
    """A number without the sign before it, unless this store's own numbers have one."""
    bare = order_ref.lstrip("# ")
    signed = sa.select(Order.id).where(Order.merchant_id == merchant_id, Order.ref.like("#%")).limit(1)
    return f"#{bare}" if bare and session.execute(signed).scalar_one_or_none() is not None else bare


def alike(session: Session, claim: Claim) -> Sequence[Order]:
    """Orders that the store has reported of the claimed day and amount: shops may number them in another way."""
    since = start_of_day(claim.ordered_on, DEFAULT_ZONE)
    goods = Order.total_minor - Order.shipping_minor
    wanted = (
        sa.select(Order)
        .where(Order.merchant_id == claim.merchant_id, Order.currency == claim.currency)
        .where(Order.placed_at.between(since - timedelta(days=1), since + timedelta(days=2)))
        .where((goods == claim.amount_minor) | (Order.total_minor == claim.amount_minor), Order.is_test.is_(False))
        .order_by(Order.placed_at, Order.id)
        .limit(ALIKE_MAX)
    )
    return session.execute(wanted).scalars().all()


def known(session: Session, order: Order) -> Known:
    """Whom an order is credited to, or why nobody."""
    row = session.execute(
        sa.select(Conversion.community_id, Conversion.terms_id, Conversion.reason).where(
            Conversion.order_id == order.id
        )
    ).one_or_none()
    if row is None:
        return Known(None, None)
    return Known(row.community_id if row.terms_id else None, row.reason)


def clicks_before(
    session: Session, community_id: int, merchant_id: int, *, until: datetime, window_days: int
) -> tuple[int, datetime | None]:
    """(how many people's visits, the hour of the last) of a community's links to a store inside the window."""
    hours = ClickHour.hour.between(until - timedelta(days=window_days + 1), until)
    found = session.execute(
        sa.select(sa.func.coalesce(sa.func.sum(ClickHour.qualified), 0), sa.func.max(ClickHour.hour)).where(
            ClickHour.merchant_id == merchant_id, ClickHour.community_id == community_id, hours, ClickHour.qualified > 0
        )
    ).one()
    return int(found[0]), found[1]


def link_of(session: Session, community_id: int, merchant_id: int, code: str) -> TrackingLink | None:
    wanted = sa.select(TrackingLink).where(
        TrackingLink.code == code, TrackingLink.community_id == community_id, TrackingLink.merchant_id == merchant_id
    )
    return session.execute(wanted).scalar_one_or_none()


def unanswered(session: Session, community_id: int, filed_by: str) -> tuple[int, int]:
    """How many claims wait for an answer: of the community, and of this person."""
    waits = Claim.status.in_(UNANSWERED)
    whole = sa.select(sa.func.count()).select_from(Claim).where(waits, Claim.community_id == community_id)
    person = sa.select(sa.func.count()).select_from(Claim).where(waits, Claim.filed_by == filed_by)
    return session.execute(whole).scalar_one(), session.execute(person).scalar_one()


def waits_for_store(session: Session, merchant: Merchant) -> tuple[int, datetime | None]:
    """(how many open claims, when the first is due) of a store."""
    wanted = sa.select(sa.func.count(), sa.func.min(Claim.due_at))
    row = session.execute(wanted.where(Claim.merchant_id == merchant.id, Claim.status == ClaimStatus.OPEN)).one()
    return int(row[0]), row[1]


def answered_since(session: Session, community: Community, *, since: datetime) -> int:
    """How many of a community's claims were answered since then."""
    wanted = sa.select(sa.func.count()).select_from(Claim)
    answered = (Claim.community_id == community.id) & (Claim.answered_at >= since) & Claim.status.not_in(UNANSWERED)
    return session.execute(wanted.where(answered)).scalar_one()


def picture(session: Session, claim: Claim) -> ClaimPicture | None:
    return session.get(ClaimPicture, claim.id)


def has_picture(session: Session, claim: Claim) -> bool:
    wanted = sa.select(ClaimPicture.claim_id).where(ClaimPicture.claim_id == claim.id)
    return session.execute(wanted).scalar_one_or_none() is not None


def same_pictures(session: Session, claim: Claim) -> int:
    """How many other claims at this store came with the very same picture."""
    own = sa.select(ClaimPicture.sha256).where(ClaimPicture.claim_id == claim.id).scalar_subquery()
    wanted = (
        sa.select(sa.func.count())
        .select_from(ClaimPicture)
        .join(Claim, Claim.id == ClaimPicture.claim_id)
        .where(ClaimPicture.sha256 == own, Claim.id != claim.id, Claim.merchant_id == claim.merchant_id)
    )
    return session.execute(wanted).scalar_one()


def other_claims(session: Session, claim: Claim) -> int:
    """How many other communities claim this order."""
    wanted = sa.select(sa.func.count()).select_from(Claim)
    same = (Claim.merchant_id == claim.merchant_id) & (Claim.order_key == claim.order_key) & (Claim.id != claim.id)
    return session.execute(wanted.where(same)).scalar_one()


def usual_minor(session: Session, merchant_id: int, currency: str, *, since: datetime) -> int | None:
    """The mean order of a store since then; None where it has too few."""
    row = session.execute(
        sa.select(sa.func.count(), sa.func.sum(Order.total_minor))
        .where(Order.merchant_id == merchant_id, Order.currency == currency)
        .where(Order.placed_at >= since, Order.is_test.is_(False))
    ).one()
    return int(row[1]) // int(row[0]) if row[0] >= USUAL_FROM else None


def acceptance(session: Session, community_id: int, merchant_id: int) -> tuple[int, int]:
    """(accepted, answered) of a community's claims at a store."""
    rows = session.execute(
        sa.select(Claim.status, sa.func.count())
        .where(Claim.community_id == community_id, Claim.merchant_id == merchant_id)
        .where(Claim.status.not_in(UNANSWERED))
        .group_by(Claim.status)
    ).all()
    counted = {row[0]: int(row[1]) for row in rows}
    return counted.get(ClaimStatus.ACCEPTED, 0), sum(counted.values())


def unsettled(session: Session) -> Sequence[sa.Row[int, int]]:
    """(claim, order) ids of accepted claims whose order has come but was not looked at again since."""
    wanted = (
        sa.select(Claim.id, Order.id)
        .join(Order, (Order.merchant_id == Claim.merchant_id) & (Order.ref == Claim.confirmed_ref))
        .where(Claim.status == ClaimStatus.ACCEPTED, Claim.settled_at.is_(None))
        .order_by(Claim.id)
        .limit(SETTLED_AT_ONCE)
    )
    return session.execute(wanted).all()
