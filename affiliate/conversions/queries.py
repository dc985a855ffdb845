"""What attribution needs of a batch of orders, each in one query."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.communities.models import Community
from affiliate.conversions.models import AcceptedClaim, Conversion, ConversionStatus, Credit, CustomerClick
from affiliate.conversions.touches import Offer, Policy, Version
from affiliate.core.db import among, numbers
from affiliate.links.models import TrackingLink
from affiliate.merchants.models import AttributionPolicy, Coupon, Enrollment, Programme, Rung, Split, Terms
from affiliate.orders.models import Order
from affiliate.storefronts.models import Pick
from affiliate.tracking.models import Click, trails_of

Visit = tuple[datetime, int]
Customer = tuple[int, str]  # merchant id, the keyed hash of the merchant's word for its customer
WINDOW_MAX = timedelta(days=365)  # of any programme
SECOND = timedelta(seconds=1)
PER_VISITOR_MAX = 200  # clicks of one pseudonym at one store that are looked at
EXPLAINED_MAX = 500


def orders(session: Session, order_ids: Collection[int]) -> list[Any]:
    """The orders of a batch, held until the transaction ends, so that no two workers settle one at once."""
    wanted = sa.select(
        Order.id, Order.merchant_id, Order.status, Order.currency, Order.placed_at, Order.click_token, Order.coupon,
        Order.reference, Order.customer_ref, Order.is_test,
    )  # fmt: skip
    return list(session.execute(wanted.where(among(session, Order.id, order_ids)).order_by(Order.id).with_for_update()))


def telling(session: Session, order_ids: Collection[int]) -> list[Any]:
    """Those of these orders that say whose click it was: a token and a customer beside it."""
    both = (Order.customer_ref.is_not(None), Order.click_token.is_not(None))
    wanted = sa.select(Order.merchant_id, Order.customer_ref).where(among(session, Order.id, order_ids), *both)
    return list(session.execute(wanted))


def uncredited_of(session: Session, customers: Collection[Customer]) -> list[int]:
    """Orders of these customers that nobody is credited for yet. The hash holds the store, too."""
    wanted = (
        sa.select(Conversion.order_id)
        .where(
            among(session, Conversion.customer_key, {key for _merchant_id, key in customers}),
            Conversion.merchant_id.in_({merchant_id for merchant_id, _key in customers}),
            Conversion.terms_id.is_(None),
            Conversion.status == ConversionStatus.DECLINED,
        )
        .limit(EXPLAINED_MAX)
    )
    return list(session.execute(wanted).scalars())


def held(session: Session, order_ids: Collection[int]) -> dict[int, Any]:
    """The conversions there are already, as plain rows by order."""
    rows = session.execute(sa.select(Conversion.__table__).where(among(session, Conversion.order_id, order_ids)))
    return {row.order_id: row for row in rows}


def credits_in_force(session: Session, conversion_ids: Collection[int]) -> dict[int, list[Any]]:
    """The credits of these conversions, losers too, as plain rows by conversion and in their order."""
    wanted = sa.select(Credit.__table__).where(
        among(session, Credit.conversion_id, conversion_ids), Credit.withdrawn_at.is_(None)
    )
    found: dict[int, list[Any]] = defaultdict(list)
    for row in session.execute(wanted.order_by(Credit.conversion_id, Credit.position)):
        found[row.conversion_id].append(row)
    return found


def links(session: Session, link_ids: Collection[int]) -> dict[int, Any]:
    """Each link's community and merchant, and the curator of the pick that owns it."""
    return {row.id: row for row in session.execute(_links().where(TrackingLink.id.in_(link_ids)))}


def links_by_code(session: Session, codes: Collection[str]) -> dict[str, Any]:
    """The same by the links' codes."""
    return {row.code: row for row in session.execute(_links().where(TrackingLink.code.in_(codes)))}


def _links() -> Any:
    return sa.select(
        TrackingLink.id, TrackingLink.code, TrackingLink.community_id, TrackingLink.merchant_id, Pick.curator_id
    ).outerjoin(Pick, Pick.link_id == TrackingLink.id)


def communities_by_slug(session: Session, slugs: Collection[str]) -> dict[str, int]:
    rows = session.execute(sa.select(Community.slug, Community.id).where(Community.slug.in_(slugs)))
    return {row.slug: row.id for row in rows}


def coupons(session: Session, merchant_ids: Collection[int], keys: Collection[str]) -> dict[tuple[int, str], list[Any]]:
    """Whom these codes stand for, by (merchant, code): every assignment, the oldest first."""
    wanted = sa.select(Coupon.__table__).where(Coupon.merchant_id.in_(merchant_ids), Coupon.code_key.in_(keys))
    found: dict[tuple[int, str], list[Any]] = defaultdict(list)
    for row in session.execute(wanted.order_by(Coupon.valid_from, Coupon.id)):
        found[row.merchant_id, row.code_key].append(row)
    return found


def accepted_claims(session: Session, orders: Sequence[Any]) -> dict[int, Any]:
    """The accepted claim of each of these orders that has one, by order."""
    wanted = (
        sa.select(Order.id.label("order_id"), AcceptedClaim.__table__)
        .join(AcceptedClaim, (AcceptedClaim.merchant_id == Order.merchant_id) & (AcceptedClaim.order_ref == Order.ref))
        .where(among(session, Order.id, [order.id for order in orders]))
    )
    return {row.order_id: row for row in session.execute(wanted)}


def customer_clicks(session: Session, customers: Collection[Customer]) -> dict[Customer, list[Any]]:
    """The clicks that orders of these customers have brought back, by customer; the newest few of each."""
    newest = sa.func.row_number().over(
        partition_by=(CustomerClick.merchant_id, CustomerClick.customer_key), order_by=CustomerClick.clicked_at.desc()
    )
    numbered = (
        sa.select(CustomerClick.__table__, newest.label("place"))
        .where(
            CustomerClick.merchant_id.in_({merchant_id for merchant_id, _key in customers}),
            among(session, CustomerClick.customer_key, {key for _merchant_id, key in customers}),
        )
        .subquery()
    )
    found: dict[Customer, list[Any]] = defaultdict(list)
    for row in session.execute(sa.select(numbered).where(numbered.c.place <= PER_VISITOR_MAX)):
        found[row.merchant_id, row.customer_key].append(row)
    return found


def visits(session: Session, keys: Collection[Visit]) -> dict[Visit, Any]:
    """What is known of these clicks: visitor, is_qualified, reason; nothing of one that is still in the spool."""
    wanted = sa.select(Click.clicked_at, Click.nonce, Click.visitor, Click.is_qualified, Click.reason).where(
        # By moment alone, which is nearly unique: SQLite finds pairs only by reading the whole table.
        among(session, Click.clicked_at, {at for at, _nonce in keys})
    )
    found = {(row.clicked_at, row.nonce): row for row in session.execute(wanted)}
    return {key: found[key] for key in keys if key in found}


def visits_of(
    session: Session, visitors: Mapping[str, datetime], merchant_ids: Collection[int], moments: Collection[datetime]
) -> dict[tuple[int, str], list[Any]]:
    """The qualified clicks of these pseudonyms that orders of these moments may be owed to, by (store, visitor).

    `visitors` says when each was seen: a pseudonym is somebody for a calendar month of UTC and nobody else. Of one
    pseudonym at one store the newest PER_VISITOR_MAX, so that a large house behind one address stays cheap.
    """
    since, until = min(moments) - WINDOW_MAX, max(moments) + SECOND
    trails = numbers(session, {trail for one in visitors.items() for trail in _trails(*one, since, until)})
    newest = sa.func.row_number().over(
        partition_by=(Click.visitor, Click.merchant_id), order_by=(Click.clicked_at.desc(), Click.nonce.desc())
    )
    numbered = (
        sa.select(Click.clicked_at, Click.nonce, Click.visitor, Click.merchant_id, Click.link_id, newest.label("place"))
        .join(trails, trails.c.number == Click.trail)
        .where(
            Click.visitor.in_(visitors),
            Click.merchant_id.in_(merchant_ids),
            Click.clicked_at.between(since, until),
            Click.is_qualified,
        )
        .subquery()
    )
    found: dict[tuple[int, str], list[Any]] = defaultdict(list)
    for row in session.execute(sa.select(numbered).where(numbered.c.place <= PER_VISITOR_MAX)):
        found[row.merchant_id, row.visitor].append(row)
    return found


def _trails(visitor: str, seen_at: datetime, since: datetime, until: datetime) -> list[int]:
    """Where in the index a pseudonym's clicks stand: one entry a day of its month, as far as they may count."""
    begin = datetime(seen_at.year, seen_at.month, 1, tzinfo=UTC)
    end = (begin + timedelta(days=32)).replace(day=1) - timedelta(milliseconds=1)
    return trails_of(visitor, max(begin, since), min(end, until))


def offers(session: Session, community_ids: Collection[int], merchant_ids: Collection[int]) -> list[Offer]:
    """All enrollments of these communities with these merchants, ended ones too, with every version."""
    rows = session.execute(
        sa.select(
            Enrollment.id,
            Enrollment.programme_id,
            Enrollment.community_id,
            Enrollment.enrolled_at,
            Enrollment.ended_at,
            Programme.merchant_id,
            Programme.window_days,
        )
        .join(Programme, Programme.id == Enrollment.programme_id)
        .where(Enrollment.community_id.in_(community_ids), Programme.merchant_id.in_(merchant_ids))
    ).all()
    programmes = {row.programme_id for row in rows}
    terms = _versions(session, Terms, Terms.programme_id, programmes)
    splits = _versions(session, Split, Split.enrollment_id, {row.id for row in rows})
    policies = _policies(session, programmes)
    return [
        Offer(
            programme_id=row.programme_id,
            enrollment_id=row.id,
            merchant_id=row.merchant_id,
            community_id=row.community_id,
            window_days=row.window_days,
            enrolled_at=row.enrolled_at,
            ended_at=row.ended_at,
            terms=tuple(terms[row.programme_id]),
            splits=tuple(splits[row.id]),
            policies=tuple(policies[row.programme_id]),
        )
        for row in rows
    ]


def _versions(session: Session, kind: Any, parent: Any, parent_ids: Iterable[int]) -> dict[int, list[Version]]:
    found: dict[int, list[Version]] = defaultdict(list)
    wanted = sa.select(parent.label("parent"), kind.id, kind.version, kind.valid_from).where(parent.in_(parent_ids))
    for row in session.execute(wanted):
        found[row.parent].append(Version(row.id, row.version, row.valid_from))
    return found


def _policies(session: Session, programme_ids: Collection[int]) -> dict[int, list[Policy]]:
    found: dict[int, list[Policy]] = defaultdict(list)
    wanted = sa.select(AttributionPolicy.__table__).where(AttributionPolicy.programme_id.in_(programme_ids))
    for row in session.execute(wanted):
        ladder = tuple(Rung(word) for word in row.ladder)
        policy = Policy(row.id, row.version, row.valid_from, row.model, ladder, row.coupon_rule)
        found[row.programme_id].append(policy)
    return found
