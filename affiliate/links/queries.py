"""Reading links: where they lead today. Open to everybody who holds a code, so no actor is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.models import Product
from affiliate.communities.models import Community
from affiliate.links import rules
from affiliate.links.models import TrackingLink
from affiliate.merchants.models import Merchant

CHUNK = 1000
SUGGESTIONS_MAX = 3


@dataclass(frozen=True, slots=True)
class Target:
    """A link and where it leads today."""

    link_id: int
    code: str
    merchant_id: int
    url: str
    is_withdrawn: bool


@dataclass(frozen=True, slots=True)
class Shop:
    """What of a merchant decides about a redirect."""

    allowed_hosts: tuple[str, ...]
    click_param: str


def shops(session: Session) -> dict[int, Shop]:
    """All merchants by id."""
    rows = session.execute(sa.select(Merchant.id, Merchant.allowed_hosts, Merchant.click_param))
    return {id_: Shop(tuple(hosts), param) for id_, hosts, param in rows}


def shop_of(session: Session, merchant_id: int) -> Shop:
    """One merchant's part in a redirect."""
    merchant = session.get_one(Merchant, merchant_id)
    return Shop(tuple(merchant.allowed_hosts), merchant.click_param)


def target_of(session: Session, code: str) -> Target | None:
    """The link with exactly this code."""
    return next(iter(_targets(session, TrackingLink.code == code)), None)


def targets_after(session: Session, link_id: int) -> Iterator[Target]:
    """All links with a higher id."""
    return _in_chunks(session, TrackingLink.id > link_id)


def targets_changed(session: Session, since: datetime) -> Iterator[Target]:
    """Links that were withdrawn, or whose product was changed, since then."""
    yield from _in_chunks(session, TrackingLink.withdrawn_at >= since)
    moved = sa.select(Product.id).where(Product.changed_at >= since)
    yield from _in_chunks(session, TrackingLink.product_id.in_(moved))


def _in_chunks(session: Session, condition: Any) -> Iterator[Target]:
    """By id, so many at a time that neither memory nor other threads suffer."""
    last_id = 0
    while chunk := _targets(session, sa.and_(condition, TrackingLink.id > last_id), limit=CHUNK):
        yield from chunk
        last_id = chunk[-1].link_id


def _targets(session: Session, condition: Any, *, limit: int | None = None) -> list[Target]:
    url = sa.func.coalesce(Product.url, TrackingLink.target_url)
    rows = session.execute(
        sa.select(TrackingLink.id, TrackingLink.code, TrackingLink.merchant_id, url, TrackingLink.withdrawn_at)
        .outerjoin(Product, Product.id == TrackingLink.product_id)
        .where(condition)
        .order_by(TrackingLink.id)
        .limit(limit)
    )
    return [Target(id_, code, merchant_id, url, at is not None) for id_, code, merchant_id, url, at in rows]


def is_open(target: Target, shop: Shop) -> bool:
    """True when visitors may be led there: not withdrawn, and on one of the store's own hosts."""
    return not target.is_withdrawn and rules.allowed(target.url, shop.allowed_hosts)


def community_of_closed(session: Session, code: str) -> Community | None:
    """The community that gave out a code which leads nowhere any more; None for open and unknown ones."""
    target = target_of(session, code)
    if target is None or is_open(target, shop_of(session, target.merchant_id)):
        return None
    owner = sa.select(TrackingLink.community_id).where(TrackingLink.code == code).scalar_subquery()
    return session.execute(sa.select(Community).where(Community.id == owner)).scalar_one()


def suggestions(session: Session, typed: str) -> list[str]:
    """Codes of live links that were probably meant; the typed one itself first if it is live after all."""
    meant = rules.variants(typed)
    if not meant:
        return []
    rows = session.execute(
        sa.select(TrackingLink.code).where(TrackingLink.code.in_(meant), TrackingLink.withdrawn_at.is_(None))
    )
    return sorted(rows.scalars(), key=meant.index)[:SUGGESTIONS_MAX]
