"""Everything that a batch of orders' commissions follows from: loaded in four queries, held as plain values.

Orders with their conversion and terms, credits with their splits, lines, rates.
"""

from __future__ import annotations

from collections import defaultdict, namedtuple
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.commissions import rules
from affiliate.commissions.models import ShareRole
from affiliate.commissions.rules import Line, PricedOrder, RateLine, Share, Weights
from affiliate.conversions.models import Conversion, ConversionStatus, Credit
from affiliate.core import money
from affiliate.core.db import among, plain
from affiliate.merchants.models import PayableWhen, Programme, Rate, Split, Terms
from affiliate.orders.models import Order, OrderLine, OrderStatus

# Rows of the two tables, from the two halves of one joined row.
_Conversion = cast(Any, namedtuple("_Conversion", [column.name for column in Conversion.__table__.c]))
_Order = cast(Any, namedtuple("_Order", [column.name for column in Order.__table__.c]))
_WIDTH = len(_Conversion._fields)
_LINE_COLUMNS = tuple(name for name in Line.__slots__ if name != "ref")


@dataclass(frozen=True, slots=True)
class Conditions:
    """What was frozen with the credits: the terms' version with its rates, the programme's days."""

    programme_name: str
    window_days: int
    hold_days: int
    timezone: str
    needs_funding: bool
    terms_version: int
    valid_from: datetime
    rates: tuple[RateLine, ...]


@dataclass(frozen=True, slots=True)
class CreditPart:
    """One credit: whose, its part of the order in basis points, and the split under which it is shared."""

    id: int
    community_id: int
    curator_id: int | None
    link_id: int | None
    weight_bps: int
    split_version: int
    weights: Weights
    estimate_minor: int


@dataclass(frozen=True, slots=True)
class Facts:
    """One order with its conversion. Without a credit there are no conditions, and nothing is earned."""

    conversion: Any
    order: Any
    lines: tuple[Line, ...]
    conditions: Conditions | None
    credits: tuple[CreditPart, ...] = ()

    @property
    def is_due(self) -> bool:
        """Commission is booked only for a completed sale that is credited."""
        confirmed = self.conversion.status is ConversionStatus.CONFIRMED
        return confirmed and self.order.status is OrderStatus.COMPLETED and not self.order.is_test


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What an order would earn as it stands, and what is to be booked by owner: nothing while it is not completed.

    `by_credit` has the shares of each credit, in the order of the facts' credits; an owner may stand in several.
    """

    priced: PricedOrder
    by_credit: tuple[tuple[Share, ...], ...]
    due: dict[str, int]

    @property
    def shares(self) -> tuple[Share, ...]:
        return tuple(share for shares in self.by_credit for share in shares)


def reckon(facts: Facts) -> Reckoned:
    """Price an order by its frozen terms, divide it among its credits, and share each by its frozen split."""
    if facts.conditions is None or not facts.credits:
        return Reckoned(PricedOrder((), (), 0), (), {})
    priced = rules.price(facts.lines, facts.conditions.rates, facts.conversion.currency)
    parts = money.split(priced.total_minor, [credit.weight_bps for credit in facts.credits])
    by_credit = tuple(
        rules.share_out(part, credit.weights, community_id=credit.community_id, curator_id=credit.curator_id)
        for credit, part in zip(facts.credits, parts, strict=True)
    )
    reckoned = Reckoned(priced, by_credit, {})
    if facts.is_due:
        for share in reckoned.shares:
            reckoned.due[share.owner] = reckoned.due.get(share.owner, 0) + share.amount_minor
    return reckoned


def communities_part(facts: Facts, reckoned: Reckoned) -> dict[int, int]:
    """What each credit's community and its curators would have of the order, by the credit's id; declined: nothing."""
    declined = facts.conversion.status is ConversionStatus.DECLINED
    return {
        credit.id: 0 if declined else sum(one.amount_minor for one in shares if one.role is not ShareRole.PLATFORM)
        for credit, shares in zip(facts.credits, reckoned.by_credit, strict=False)
    }


def load(session: Session, order_ids: Collection[int], *, lock: bool = False) -> list[Facts]:
    """The facts of all of these orders that have a conversion, by order id; `lock` holds them for the transaction."""
    heads = plain(session, _heads(session, order_ids, lock)).all()
    lines = _lines(session, order_ids)
    rates = _rates(session, {row.terms_id for row in heads if row.terms_id})
    credits = _credits(session, [row.c_id for row in heads])
    return [_facts(row, lines, rates, credits) for row in heads]


def _facts(row: Any, lines: Any, rates: Any, credits: Any) -> Facts:
    conversion, order = _Conversion(*row[:_WIDTH]), _Order(*row[_WIDTH : _WIDTH + len(_Order._fields)])
    return Facts(
        conversion=conversion,
        order=order,
        lines=tuple(lines[order.id]),
        conditions=_conditions(row, rates[row.terms_id]) if row.terms_id else None,
        credits=tuple(credits[conversion.id]),
    )


def _heads(session: Session, order_ids: Collection[int], lock: bool) -> Any:
    wanted = (
        sa.select(
            *(column.label(f"c_{column.name}") for column in Conversion.__table__.c),
            *(column.label(f"o_{column.name}") for column in Order.__table__.c),
            Terms.id.label("terms_id"), Terms.version.label("terms_version"), Terms.valid_from,
            Programme.name, Programme.window_days, Programme.hold_days, Programme.timezone,
            Programme.payable_when,
        )
        .select_from(Conversion)
        .join(Order, Order.id == Conversion.order_id)
        .outerjoin(Terms, Terms.id == Conversion.terms_id)
        .outerjoin(Programme, Programme.id == Conversion.programme_id)
        .where(among(session, Conversion.order_id, order_ids))
        .order_by(Conversion.order_id)
    )  # fmt: skip
    return wanted.with_for_update(of=Conversion) if lock else wanted


def _conditions(row: Any, rates: Sequence[RateLine]) -> Conditions:
    return Conditions(
        programme_name=row.name,
        window_days=row.window_days,
        hold_days=row.hold_days,
        timezone=row.timezone,
        needs_funding=row.payable_when is PayableWhen.FUNDED,
        terms_version=row.terms_version,
        valid_from=row.valid_from,
        rates=tuple(rates),
    )


def _credits(session: Session, conversion_ids: Collection[int]) -> dict[int, list[CreditPart]]:
    """The credits in force that have a part of the order, the largest first."""
    wanted = (
        sa.select(
            Credit.conversion_id, Credit.id, Credit.community_id, Credit.curator_id, Credit.link_id, Credit.weight_bps,
            Credit.estimate_minor, Split.version, Split.platform_bps, Split.community_bps, Split.curator_bps,
            Split.evangelist_bps,
        )
        .join(Split, Split.id == Credit.split_id)
        .where(among(session, Credit.conversion_id, conversion_ids))
        .where(Credit.withdrawn_at.is_(None), Credit.weight_bps > 0)
        .order_by(Credit.conversion_id, Credit.position)
    )  # fmt: skip
    found: dict[int, list[CreditPart]] = defaultdict(list)
    for row in plain(session, wanted):
        weights = Weights(row.platform_bps, row.community_bps, row.curator_bps, row.evangelist_bps)
        found[row.conversion_id].append(
            CreditPart(
                row.id, row.community_id, row.curator_id, row.link_id, row.weight_bps, row.version, weights,
                row.estimate_minor,
            )
        )  # fmt: skip
    return found


def _lines(session: Session, order_ids: Collection[int]) -> dict[int, list[Line]]:
    columns = [getattr(OrderLine, name) for name in _LINE_COLUMNS]
    wanted = sa.select(OrderLine.order_id, OrderLine.line_ref, *columns).where(
        among(session, OrderLine.order_id, order_ids)
    )
    found: dict[int, list[Line]] = defaultdict(list)
    for order_id, *values in plain(session, wanted.order_by(OrderLine.order_id, OrderLine.position)):
        found[order_id].append(Line(*values))
    return found


def _rates(session: Session, terms_ids: Collection[int]) -> dict[int, list[RateLine]]:
    columns = [getattr(Rate, name) for name in RateLine.__slots__]
    wanted = sa.select(Rate.terms_id, *columns).where(Rate.terms_id.in_(terms_ids)).order_by(Rate.position)
    found: dict[int, list[RateLine]] = defaultdict(list)
    for terms_id, *values in plain(session, wanted):
        found[terms_id].append(RateLine(*values))
    return found


def batches(session: Session, size: int = 1000) -> Iterator[list[Facts]]:
    """The facts of all orders with a conversion, batch by batch."""
    last = 0
    while True:
        wanted = sa.select(Conversion.order_id).where(Conversion.order_id > last)
        ids = list(session.execute(wanted.order_by(Conversion.order_id).limit(size)).scalars())
        if not ids:
            return
        yield load(session, ids)
        last = ids[-1]
