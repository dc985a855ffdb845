"""What must always hold of conversions and commissions, for `flask verify`: read-only, each a count of violations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.commissions import facts as facts_of
from affiliate.commissions import queries
from affiliate.commissions.facts import Facts, Reckoned
from affiliate.commissions.models import Commission, CommissionEvent, CommissionShare
from affiliate.conversions.models import Conversion, ConversionStatus, Credit
from affiliate.conversions.touches import Source
from affiliate.core.money import BPS
from affiliate.links.models import TrackingLink
from affiliate.merchants.models import Enrollment, Programme, RateKind, Split, Terms
from affiliate.orders.models import Order, OrderStatus

Check = tuple[str, str, Callable[[Session], int]]


def unequal_shares(session: Session) -> int:
    """Events whose shares do not sum to their amount."""
    shares = sa.select(sa.func.coalesce(sa.func.sum(CommissionShare.amount_minor), 0)).where(
        CommissionShare.event_id == CommissionEvent.id
    )
    return _count(
        session, sa.select(CommissionEvent.id).where(CommissionEvent.amount_minor != shares.scalar_subquery())
    )


def left_after_return(session: Session) -> int:
    """Owners that still have something of an order that is cancelled or has nothing left."""
    gone = (Order.status == OrderStatus.CANCELLED) | (Order.net_minor == 0)
    return _count(session, _owners_with_money().where(gone))


def booked_before_completion(session: Session) -> int:
    """Owners that have something of an order that is not completed, is a test, or is credited to nobody."""
    unfit = (Order.status != OrderStatus.COMPLETED) | Order.is_test | (Conversion.status != ConversionStatus.CONFIRMED)
    return _count(session, _owners_with_money().join(Conversion, Conversion.order_id == Order.id).where(unfit))


def _owners_with_money() -> Any:
    return (
        sa.select(Commission.id)
        .join(Order, Order.id == Commission.order_id)
        .join(CommissionEvent, CommissionEvent.commission_id == Commission.id)
        .join(CommissionShare, CommissionShare.event_id == CommissionEvent.id)
        .group_by(Commission.id, CommissionEvent.currency, CommissionShare.owner)
        .having(sa.func.sum(CommissionShare.amount_minor) != 0)
    )


def recompute(session: Session) -> int:
    """Orders whose books, or whose estimate, differ from what the rules reckon from order, terms and split."""
    return _over_all_orders(session, _differs)


def outside_bounds(session: Session) -> int:
    """Orders that earn less than nothing, or by percentages alone more than what stays sold of them."""
    return _over_all_orders(session, _out_of_bounds)


def _over_all_orders(session: Session, wrong: Callable[[Facts, Reckoned, queries.Booked], bool]) -> int:
    found = 0
    for batch in facts_of.batches(session):
        booked = queries.booked(session, [one.order.id for one in batch])
        found += sum(wrong(one, facts_of.reckon(one), booked.get(one.order.id, queries.Booked())) for one in batch)
    return found


def _differs(facts: Facts, reckoned: Reckoned, booked: queries.Booked) -> bool:
    due = {owner: amount for owner, amount in reckoned.due.items() if amount}
    stands = {
        (code, owner): amount
        for code, owners in booked.by_currency.items()
        for owner, amount in owners.items()
        if amount
    }
    declined = facts.conversion.status is ConversionStatus.DECLINED
    estimate = 0 if declined else reckoned.priced.total_minor
    in_currency = {(facts.order.currency, owner): amount for owner, amount in due.items()}
    theirs = facts_of.communities_part(facts, reckoned)
    told = {credit.id: credit.estimate_minor for credit in facts.credits}
    return stands != in_currency or facts.conversion.estimate_minor != estimate or told != theirs


def _out_of_bounds(facts: Facts, reckoned: Reckoned, booked: queries.Booked) -> bool:
    total = sum(booked.by_currency.get(facts.order.currency, {}).values())
    if total < 0:
        return True
    by_percent = all(priced.rate is None or priced.rate.kind is RateKind.PERCENT for priced in reckoned.priced.lines)
    return by_percent and total > facts.order.net_minor


def wrong_credit(session: Session) -> int:
    """Credits whose click, link, community, store, terms or window do not fit together, or that differ from their
    conversion's row where they are its largest."""
    same = (
        (Programme.merchant_id == Conversion.merchant_id)
        & (Enrollment.community_id == Credit.community_id)
        & (Enrollment.programme_id == Conversion.programme_id)
        & (Terms.programme_id == Conversion.programme_id)
        & (Split.enrollment_id == Credit.enrollment_id)
        & (Order.placed_at == Conversion.placed_at)
    )
    own_link = (TrackingLink.merchant_id == Conversion.merchant_id) & (TrackingLink.community_id == Credit.community_id)
    largest = [getattr(Conversion, name).label(f"c_{name}") for name in _OF_THE_LARGEST]
    rows = session.execute(
        sa.select(
            Credit.__table__, Conversion.placed_at, Conversion.evidence, Terms.valid_from, Enrollment.enrolled_at,
            Programme.window_days, same.label("same"), own_link.label("own_link"), *largest,
        )
        .join(Conversion, Conversion.id == Credit.conversion_id)
        .join(Order, Order.id == Conversion.order_id)
        .outerjoin(TrackingLink, TrackingLink.id == Credit.link_id)
        .outerjoin(Enrollment, Enrollment.id == Credit.enrollment_id)
        .outerjoin(Programme, Programme.id == Conversion.programme_id)
        .outerjoin(Terms, Terms.id == Conversion.terms_id)
        .outerjoin(Split, Split.id == Credit.split_id)
        .where(Credit.withdrawn_at.is_(None), Credit.weight_bps > 0)
    )  # fmt: skip
    return sum(not (row.same and _has_its_cause(row) and _in_time(row) and _is_the_rows(row)) for row in rows)


_OF_THE_LARGEST = ("community_id", "link_id", "curator_id", "enrollment_id", "split_id", "clicked_at")


def _has_its_cause(row: Any) -> bool:
    """A click has its link, of that store and community; so has a reference or a claim that names one."""
    named = row.source in {Source.REFERENCE, Source.CLAIM}
    if row.source == Source.COUPON or (named and row.link_id is None):
        return row.clicked_at is None
    return bool(row.own_link) and (named or row.clicked_at is not None)


def _in_time(row: Any) -> bool:
    """The click before the order (orders come in whole seconds), inside the window, the terms in force by then."""
    caused_at = row.clicked_at or row.placed_at
    window = (row.evidence.get("rule") or {}).get("window_days", row.window_days)  # as it was when it was credited
    before = caused_at.replace(microsecond=0) <= row.placed_at
    inside = row.placed_at - caused_at <= timedelta(days=window)
    return before and inside and row.enrolled_at <= caused_at and row.valid_from <= max(row.placed_at, caused_at)


def _is_the_rows(row: Any) -> bool:
    return row.position != 0 or all(getattr(row, name) == getattr(row, f"c_{name}") for name in _OF_THE_LARGEST)


def unequal_credits(session: Session) -> int:
    """Conversions under terms whose credits do not sum to the whole order, and others that have any."""
    whole = (
        sa.select(sa.func.coalesce(sa.func.sum(Credit.weight_bps), 0))
        .where(Credit.conversion_id == Conversion.id, Credit.withdrawn_at.is_(None))
        .scalar_subquery()
    )
    due = sa.case((Conversion.terms_id.is_not(None), BPS), else_=0)
    return _count(session, sa.select(Conversion.id).where(whole != due))


def orders_without_conversion(session: Session) -> int:
    """Orders of which nobody has said whether a community is credited."""
    known = sa.select(Conversion.id).where(Conversion.order_id == Order.id)
    return _count(session, sa.select(Order.id).where(~known.exists()))


def _count(session: Session, rows: Any) -> int:
    return session.execute(sa.select(sa.func.count()).select_from(rows.subquery())).scalar_one()


CHECKS: list[Check] = [
    ("I-03", "The shares of every commission event sum to its amount.", unequal_shares),
    ("I-04", "Nothing stays booked for a cancelled or wholly refunded order.", left_after_return),
    ("I-05", "What is booked for every order is what the rules reckon from its order, terms and split.", recompute),
    ("I-06", "No order earns less than nothing, nor by percentages more than what stays sold.", outside_bounds),
    ("I-12", "Commission is booked only for completed orders that are credited.", booked_before_completion),
    (
        "I-17",
        "Every credit has its click, coupon or reference: in time, of that store and community.",
        wrong_credit,
    ),
    ("I-41", "The credits of every credited order sum to the whole of it, of others to nothing.", unequal_credits),
    ("I-16", "Every order is credited or declined with a reason.", orders_without_conversion),
]
