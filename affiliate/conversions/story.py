"""Why an order was credited as it was, for one reader: everything, or what a community may know of others.

A community reads its own candidates in full. Of others it reads that one won, when, and by what kind of proof: no
names, links, codes or losers. Its store, finance and admins read all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.communities.models import Community, Curator
from affiliate.conversions import reasons
from affiliate.conversions.models import Conversion, Credit
from affiliate.core.clock import rfc3339
from affiliate.core.errors import NotFound
from affiliate.identity.actors import Actor
from affiliate.links.models import TrackingLink
from affiliate.merchants.models import Merchant, Programme
from affiliate.orders.models import Order

ID_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Sight:
    """What a reader may know: of all communities, or only of these."""

    everything: bool
    communities: frozenset[int]

    def sees(self, community_id: int | None) -> bool:
        return self.everything or community_id in self.communities


@dataclass(frozen=True, slots=True)
class Credited:
    """One order's conversion with its rows, as the reader found it."""

    conversion: Conversion
    order: Order
    merchant: Merchant
    credits: tuple[Credit, ...]
    sight: Sight


def sight_of(actor: Actor, merchant_id: int) -> Sight:
    """A store's own people and platform staff see everything of its orders."""
    return Sight(actor.sees_merchant(merchant_id), actor.communities)


def concerns(actor: Actor) -> sa.ColumnElement[bool]:
    """Conversions that an actor may ask about: of its stores, or with any candidate of its communities."""
    if actor.sees_all():
        return sa.true()
    named = sa.select(Credit.conversion_id).where(Credit.community_id.in_(actor.communities))
    own = Conversion.community_id.in_(actor.communities) | Conversion.merchant_id.in_(actor.merchants)
    return own | Conversion.id.in_(named)


def by_order(session: Session, actor: Actor, order_id: int) -> Credited:
    """The conversion of an order. Raises NotFound for those whom it does not concern."""
    if order_id > ID_MAX:
        raise NotFound
    return _one(session, actor, Order.id == order_id)


def by_ref(session: Session, actor: Actor, merchant_slug: str, ref: str) -> Credited:
    """The same by the store and its own order number."""
    return _one(session, actor, (Merchant.slug == merchant_slug) & (Order.ref == ref))


def _one(session: Session, actor: Actor, which: sa.ColumnElement[bool]) -> Credited:
    found = session.execute(
        sa.select(Conversion, Order, Merchant)
        .join(Order, Order.id == Conversion.order_id)
        .join(Merchant, Merchant.id == Conversion.merchant_id)
        .where(which, concerns(actor))
    ).one_or_none()
    if found is None:
        raise NotFound
    conversion, order, merchant = found
    wanted = sa.select(Credit).where(Credit.conversion_id == conversion.id, Credit.withdrawn_at.is_(None))
    rows = session.execute(wanted.order_by(Credit.position)).scalars()
    return Credited(conversion, order, merchant, tuple(rows), sight_of(actor, merchant.id))


def told(session: Session, found: Credited) -> dict[str, Any]:
    """The story of one order for programs and for the page, as plain values."""
    conversion, evidence, sight = found.conversion, found.conversion.evidence, found.sight
    return {
        "order": found.order.ref,
        "merchant": found.merchant.slug,
        "placed_at": rfc3339(conversion.placed_at),
        "status": conversion.status.value,
        "reason": conversion.reason,
        "outcome": outcome(found),
        "decided_by": evidence.get("decided_by"),
        "rule": rule_of(session, evidence),
        "credits": _credits(session, found),
        "candidates": candidates(session, evidence.get("candidates", []), sight),
    }


def outcome(found: Credited) -> dict[str, Any]:
    """What the order is to this reader: its part in basis points, or the reason why there is none."""
    if found.conversion.reason:
        return {"weight_bps": 0, "reason": found.conversion.reason}
    mine = [one for one in found.credits if found.sight.sees(one.community_id)]
    weight = sum(one.weight_bps for one in mine)
    return {"weight_bps": weight, "reason": None if weight else next((one.reason for one in mine if one.reason), None)}


def rule_of(session: Session, evidence: Mapping[str, Any]) -> dict[str, Any] | None:
    """The rule that decided, with the programme's name; None where no programme had a say, or of old credits."""
    rule = evidence.get("rule")
    if not rule:
        return None
    name = session.execute(sa.select(Programme.name).where(Programme.id == rule["programme"])).scalar_one_or_none()
    return {**rule, "programme_name": name}


def candidates(session: Session, rows: Sequence[Mapping[str, Any]], sight: Sight) -> list[dict[str, Any]]:
    """The candidates that a reader may know of, the latest first, with names in place of ids."""
    seen = [dict(row) for row in rows if sight.sees(row["community"]) or _open(row)]
    names = _named(session, Community, {row["community"] for row in seen})
    curators = _named(session, Curator, {row.get("curator") for row in seen})
    codes = _codes(session, {row["link"] for row in seen})
    full = [
        row
        | {"community": names.get(row["community"]), "curator": curators.get(row.get("curator")),
           "link_code": codes.get(row["link"]), "is_other": False}
        for row in seen
    ]  # fmt: skip
    kept = iter(full)
    shown = []
    for row in rows:
        if sight.sees(row["community"]) or _open(row):
            shown.append(next(kept))
        elif row["verdict"] == reasons.WON:
            shown.append(_other(row))
    return shown


def _open(row: Mapping[str, Any]) -> bool:
    """What names nobody is nobody's secret: a mark that is not ours, a code that stands for no one."""
    return row["community"] is None


def _other(row: Mapping[str, Any]) -> dict[str, Any]:
    """Another community's winner, without what would name it."""
    hidden = dict.fromkeys(("link", "community", "curator", "code", "visit", "link_code"))
    return {**row, **hidden, "is_other": True}


def _credits(session: Session, found: Credited) -> list[dict[str, Any]]:
    """Who has which part; what other communities have in one, without names, for those who may not know them."""
    won = [one for one in found.credits if one.weight_bps and found.sight.sees(one.community_id)]
    others = sum(one.weight_bps for one in found.credits) - sum(one.weight_bps for one in won)
    names = _named(session, Community, {one.community_id for one in won})
    curators = _named(session, Curator, {one.curator_id for one in won})
    told = [
        {
            "community": names.get(one.community_id),
            "curator": curators.get(one.curator_id),
            "weight_bps": one.weight_bps,
            "is_other": False,
        }
        for one in won
    ]
    unnamed = {"community": None, "curator": None, "weight_bps": others, "is_other": True}
    return told + ([unnamed] if others else [])


def _named(session: Session, kind: type[Community | Curator], ids: Collection[int | None]) -> dict[Any, dict[str, str]]:
    """{"slug", "name"} of communities, {"handle", "name"} of curators, by id."""
    wanted = [one for one in ids if one is not None]
    if not wanted:
        return {}
    word = "slug" if kind is Community else "handle"
    rows = session.execute(sa.select(kind.id, getattr(kind, word), kind.name).where(kind.id.in_(wanted)))
    return {id_: {word: address, "name": name} for id_, address, name in rows}


def _codes(session: Session, ids: Collection[int | None]) -> dict[Any, str]:
    wanted = [one for one in ids if one is not None]
    rows = session.execute(sa.select(TrackingLink.id, TrackingLink.code).where(TrackingLink.id.in_(wanted)))
    return {row.id: row.code for row in rows}
