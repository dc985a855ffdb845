"""Settle conversions: one row an order, set-wise, the same whatever came first and however often."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.conversions import queries, rules
from affiliate.conversions.models import Conversion, ConversionStatus
from affiliate.conversions.rules import Candidate, Credit, Declined, OrderFacts
from affiliate.orders.models import OrderStatus
from affiliate.tracking.tokens import ClickToken, TokenKeys, read

CREDIT_COLUMNS = (
    "community_id", "link_id", "curator_id", "programme_id", "enrollment_id", "terms_id", "split_id", "clicked_at",
    "click_nonce", "evidence",
)  # fmt: skip
_KNOWN_AT_THE_CLICK = ("community_id", "link_id", "curator_id", "clicked_at")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an order would earn if completed as it stands: all shares, and the community's and its curators' part."""

    whole_minor: int
    community_minor: int


def settle(session: Session, order_ids: Collection[int], *, keys: TokenKeys, now: datetime) -> list[int]:
    """Bring the conversions of these orders up to date; ids of the orders whose conversion is new or has changed."""
    orders = queries.orders(session, order_ids)
    held = queries.held(session, order_ids)
    credits_kept = {order.id: _credit_of(held[order.id]) for order in orders if _stays(order, held.get(order.id))}
    credits = _attributed(session, [order for order in orders if order.id not in credits_kept], keys) | credits_kept
    added, changed = [], []
    for order in orders:
        values = _values(order, *credits[order.id])
        row = held.get(order.id)
        if row is None:
            added.append(values | {"updated_at": now})
        elif any(getattr(row, name) != value for name, value in values.items()):
            changed.append(values | {"id": row.id, "updated_at": now})
    if added:
        session.execute(sa.insert(Conversion), added)
    if changed:
        session.execute(sa.update(Conversion), changed)
    return sorted(values["order_id"] for values in (*added, *changed))


def write_estimates(session: Session, estimates: Mapping[int, Estimate]) -> None:
    """Keep what commissions reckons each conversion (by its id) would earn."""
    rows = [
        {"id": key, "estimate_minor": one.whole_minor, "community_estimate_minor": one.community_minor}
        for key, one in estimates.items()
    ]
    if rows:
        session.execute(sa.update(Conversion), rows)


def _stays(order: Any, row: Any) -> bool:
    """A credit once given stays as long as the order names the same click and the same moment."""
    if row is None or row.terms_id is None or row.merchant_id != order.merchant_id:
        return False
    return row.placed_at == order.placed_at and row.evidence.get("token") == order.click_token


def _credit_of(row: Any) -> tuple[None, dict[str, Any]]:
    return None, {name: getattr(row, name) for name in CREDIT_COLUMNS}


def _attributed(session: Session, orders: list[Any], keys: TokenKeys) -> dict[int, tuple[str | None, dict[str, Any]]]:
    """(reason or None, credit columns) by order, for orders that have no lasting credit yet."""
    if not orders:
        return {}
    tokens = {order.id: read(order.click_token, keys) if order.click_token else None for order in orders}
    candidates = _candidates(session, tokens)
    offers = queries.offers(
        session,
        {candidate.community_id for candidate in candidates.values()},
        {order.merchant_id for order in orders},
    )
    by_pair: dict[tuple[int, int], list[rules.Offer]] = {}
    for offer in offers:
        by_pair.setdefault((offer.community_id, offer.merchant_id), []).append(offer)
    found = {}
    for order in orders:
        facts = OrderFacts(order.merchant_id, order.placed_at, brought_token=bool(order.click_token))
        click = candidates.get(order.id)
        usable = by_pair.get((click.community_id, order.merchant_id), []) if click else []
        found[order.id] = _columns(rules.attribute(facts, [click] if click else [], usable), order.click_token)
    return found


def _candidates(session: Session, tokens: Mapping[int, ClickToken | None]) -> dict[int, Candidate]:
    """The click that each order's token names, by order; a token for a link we do not have names none."""
    signed = {order_id: token for order_id, token in tokens.items() if token is not None}
    links = queries.links(session, {token.link_id for token in signed.values()})
    visits = queries.visits(session, {(token.clicked_at, token.nonce) for token in signed.values()})
    return {
        order_id: Candidate(
            link_id=link.id,
            community_id=link.community_id,
            merchant_id=link.merchant_id,
            curator_id=link.curator_id,
            clicked_at=token.clicked_at,
            nonce=token.nonce,
            visit=visits[token.clicked_at, token.nonce],
        )
        for order_id, token in signed.items()
        if (link := links.get(token.link_id)) is not None
    }


def _columns(verdict: Credit | Declined, token: str | None) -> tuple[str | None, dict[str, Any]]:
    columns: dict[str, Any] = dict.fromkeys(CREDIT_COLUMNS)
    columns["evidence"] = verdict.evidence | {"token": token}
    click = verdict.candidate
    if click is not None:
        columns |= {name: getattr(click, name) for name in _KNOWN_AT_THE_CLICK} | {"click_nonce": click.nonce}
    if isinstance(verdict, Declined):
        return verdict.reason, columns
    offer = verdict.offer
    columns |= {"programme_id": offer.programme_id, "enrollment_id": offer.enrollment_id}
    return None, columns | {"terms_id": verdict.terms_id, "split_id": verdict.split_id}


def _values(order: Any, reason: str | None, credit: dict[str, Any]) -> dict[str, Any]:
    """The conversion as it should stand. A test or cancelled order is declined whoever it is credited to."""
    if order.is_test:
        reason = rules.TEST_ORDER
    elif order.status is OrderStatus.CANCELLED:
        reason = rules.CANCELLED
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
