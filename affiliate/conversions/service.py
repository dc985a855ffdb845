"""Settle conversions: one row an order with its credits, set-wise, the same whatever came first and however often."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from affiliate.conversions import gathering, queries, reasons, rules, telling
from affiliate.conversions.models import Conversion, ConversionStatus, Credit, CustomerClick
from affiliate.conversions.rules import Attribution
from affiliate.conversions.touches import Candidate, Offer, OrderFacts
from affiliate.core import bulk
from affiliate.orders.models import OrderStatus
from affiliate.tracking.tokens import TokenKeys

CREDIT_COLUMNS = (
    "community_id", "link_id", "curator_id", "programme_id", "enrollment_id", "terms_id", "split_id", "clicked_at",
    "click_nonce", "evidence",
)  # fmt: skip
_CREDIT_SAYS = (
    "position", "source", "community_id", "curator_id", "link_id", "enrollment_id", "split_id", "weight_bps", "reason",
    "clicked_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an order would earn if completed as it stands: all shares, and the communities' and their curators' part.

    `by_credit` has the latter for each credit by its id.
    """

    whole_minor: int
    community_minor: int
    by_credit: Mapping[int, int] = field(default_factory=dict)


def settle(session: Session, order_ids: Collection[int], *, keys: TokenKeys, now: datetime) -> list[int]:
    """Bring the conversions of these orders up to date; ids of the orders whose conversion is new or has changed.

    Those may be more than were asked for: a click by which an order makes its customer known may explain others.
    """
    orders = queries.orders(session, _with_explained(session, order_ids, keys))
    held = queries.held(session, [order.id for order in orders])
    staying = {order.id: _credit_of(held[order.id]) for order in orders if _stays(order, held.get(order.id))}
    verdicts = _attributed(session, [order for order in orders if order.id not in staying], keys)
    anew = {order.id: _columns(verdicts[order.id], order) for order in orders if order.id not in staying}
    added, changed = [], []
    for order in orders:
        reason = verdicts[order.id].reason if order.id in verdicts else None
        customer = gathering.customer_of(order.merchant_id, order.customer_ref, keys)
        values = _values(order, reason, {**staying, **anew}[order.id]) | {"customer_key": customer}
        row = held.get(order.id)
        if row is None:
            added.append(values | {"updated_at": now, "changes": 1})
        elif any(getattr(row, name) != value for name, value in values.items()):
            changed.append(values | {"id": row.id, "updated_at": now, "changes": row.changes + 1})
    written = _write(session, held, added, changed, verdicts, now)
    telling.tell(session, written, now=now)
    return sorted(change.after["order_id"] for change in written)


def write_estimates(session: Session, estimates: Mapping[int, Estimate]) -> None:
    """Keep what commissions reckons each conversion (by its id), and each of its credits, would earn."""
    rows = [
        {"id": key, "estimate_minor": one.whole_minor, "community_estimate_minor": one.community_minor}
        for key, one in estimates.items()
    ]
    bulk.update(session, Conversion, rows)
    parts = [{"id": key, "estimate_minor": minor} for one in estimates.values() for key, minor in one.by_credit.items()]
    bulk.update(session, Credit, parts)


def _with_explained(session: Session, order_ids: Collection[int], keys: TokenKeys) -> set[int]:
    """These orders, and uncredited ones of the customers whom they make known."""
    told = queries.telling(session, order_ids)
    known = {(row.merchant_id, gathering.customer_of(row.merchant_id, row.customer_ref, keys)) for row in told}
    customers = {(merchant_id, key) for merchant_id, key in known if key is not None}
    return {*order_ids, *(queries.uncredited_of(session, customers) if customers else ())}


def _stays(order: Any, row: Any) -> bool:
    """A credit once given stays as long as the order names the same click, coupon, reference and moment."""
    if row is None or row.terms_id is None or row.merchant_id != order.merchant_id:
        return False
    named = row.evidence.get("named")  # absent in credits of the time when an order could only name a click
    same = row.placed_at == order.placed_at and row.evidence.get("token") == order.click_token
    return same and (named is None or named == _named(order))


def _named(order: Any) -> dict[str, Any]:
    return {"coupon": order.coupon, "reference": order.reference}


def _credit_of(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in CREDIT_COLUMNS}


def _attributed(session: Session, orders: list[Any], keys: TokenKeys) -> dict[int, Attribution]:
    """The verdict by order, for orders that have no lasting credit yet. Remembers the clicks that they make known."""
    if not orders:
        return {}
    said = gathering.own(session, orders, keys)
    learned = gathering.learned(orders, said)
    bulk.insert_new(session, CustomerClick, learned, key=("merchant_id", "customer_key", "clicked_at", "nonce"))
    found = gathering.find(session, orders, said)
    communities = {one.community_id for some in found.values() for one in some if one.community_id}
    by_pair: dict[tuple[int, int], list[Offer]] = {}
    for offer in queries.offers(session, communities, {order.merchant_id for order in orders}):
        by_pair.setdefault((offer.community_id, offer.merchant_id), []).append(offer)
    verdicts = {}
    for order in orders:
        candidates = found[order.id]
        concerned = {one.community_id for one in candidates if one.community_id}
        usable = [offer for one in sorted(concerned) for offer in by_pair.get((one, order.merchant_id), ())]
        verdicts[order.id] = rules.attribute(OrderFacts(order.merchant_id, order.placed_at), candidates, usable)
    return verdicts


def _columns(verdict: Attribution, order: Any) -> dict[str, Any]:
    """What the conversion's row keeps of a verdict: the largest credit, or the candidate that came nearest."""
    columns: dict[str, Any] = dict.fromkeys(CREDIT_COLUMNS)
    columns["evidence"] = verdict.evidence | {"token": order.click_token, "named": _named(order)}
    largest = verdict.credits[0] if verdict.credits else None
    who = largest.candidate if largest else verdict.nearest
    if who is not None:
        columns |= {"community_id": who.community_id, "link_id": who.link_id, "curator_id": who.curator_id}
        columns |= {"clicked_at": who.at if who.is_click and not who.fault else None, "click_nonce": who.nonce}
    if largest is not None:
        offer = largest.offer
        columns |= {"programme_id": offer.programme_id, "enrollment_id": offer.enrollment_id}
        columns |= {"terms_id": verdict.terms_id, "split_id": largest.split_id}
    return columns


def _values(order: Any, reason: str | None, credit: dict[str, Any]) -> dict[str, Any]:
    """The conversion as it should stand. A test or cancelled order is declined whoever it is credited to."""
    if order.is_test:
        reason = reasons.TEST_ORDER
    elif order.status is OrderStatus.CANCELLED:
        reason = reasons.CANCELLED
    done = order.status is OrderStatus.COMPLETED
    status = ConversionStatus.CONFIRMED if done else ConversionStatus.PENDING
    return credit | {
        "order_id": order.id,
        "merchant_id": order.merchant_id,
        "status": ConversionStatus.DECLINED if reason else status,
        "reason": reason,
        "currency": order.currency,
        "placed_at": order.placed_at,
    }


def _write(
    session: Session,
    held: Mapping[int, Any],
    added: list[dict[str, Any]],
    changed: list[dict[str, Any]],
    verdicts: Mapping[int, Attribution],
    now: datetime,
) -> list[telling.Change]:
    """Conversions, then the credits of those that were judged; what has changed, one an order."""
    ids = {order_id: row.id for order_id, row in held.items()}
    made = bulk.new_ids(session, Conversion, len(added))
    ids |= {values["order_id"]: key for key, values in zip(made, added, strict=True)}
    added = [values | {"id": ids[values["order_id"]]} for values in added]
    bulk.insert(session, Conversion, added)
    bulk.update(session, Conversion, changed)
    judged_before = [ids[order_id] for order_id in verdicts if order_id in held]
    there = queries.credits_in_force(session, judged_before) if judged_before else {}
    gone, new, moved = [], [], set()
    for order_id, verdict in verdicts.items():
        rows, before = _credit_rows(verdict), there.get(ids[order_id], [])
        if [{name: getattr(row, name) for name in _CREDIT_SAYS} for row in before] != rows:
            moved.add(order_id)
            gone += [{"id": row.id, "withdrawn_at": now} for row in before]
            new += [row | {"conversion_id": ids[order_id], "created_at": now, "estimate_minor": 0} for row in rows]
    bulk.update(session, Credit, gone)
    bulk.insert(session, Credit, new)
    after = {values["order_id"]: values for values in (*added, *changed)}
    alone = sorted(moved - after.keys())  # another division among the same as before
    after |= {order_id: held[order_id]._asdict() | {"changes": held[order_id].changes + 1} for order_id in alone}
    bulk.update(
        session, Conversion, [{"id": ids[order_id], "changes": after[order_id]["changes"]} for order_id in alone]
    )
    return [
        telling.Change(held.get(order_id), values, there.get(ids[order_id], []) if order_id in verdicts else None)
        for order_id, values in after.items()
    ]


def _credit_rows(verdict: Attribution) -> list[dict[str, Any]]:
    """What `credits` says of a verdict: the winners, the largest first, then each community that has nothing of it."""
    won = [
        _credit_row(credit.candidate, credit.weight_bps, None)
        | {"enrollment_id": credit.offer.enrollment_id, "split_id": credit.split_id}
        for credit in verdict.credits
    ]
    lost = [
        _credit_row(one.candidate, 0, one.verdict) | {"enrollment_id": None, "split_id": None} for one in verdict.lost
    ]
    rows = [row | {"position": place} for place, row in enumerate((*won, *lost))]
    return [{name: row[name] for name in _CREDIT_SAYS} for row in rows]


def _credit_row(who: Candidate, weight_bps: int, reason: str | None) -> dict[str, Any]:
    return {
        "source": who.source.value,
        "community_id": who.community_id,
        "curator_id": who.curator_id,
        "link_id": who.link_id,
        "weight_bps": weight_bps,
        "reason": reason,
        "clicked_at": who.at if who.is_click and not who.fault else None,
    }
