"""Reading links: where they lead today. Open to everybody who holds a code, so no actor is asked for.

A link to a product that the store sells no more leads to the next best page of that store; what has none is closed,
and the page behind /go leads to the community (docs/decisions/0012).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from affiliate.catalogue.models import Availability, Product, ProductStatus
from affiliate.communities.models import Community
from affiliate.links import codes, rules
from affiliate.links.models import TrackingLink
from affiliate.merchants.models import Merchant

CHUNK = 1000
SUGGESTIONS_MAX = 3
GroupKey = tuple[int, str]  # merchant id, the store's name for what is one thing in several sizes or colours


@dataclass(frozen=True, slots=True)
class Target:
    """A link and where it leads today; "" where no page of the store is left for it."""

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
    shop_url: str = ""


@dataclass(frozen=True, slots=True)
class Closed:
    """A code that leads to no store any more: whose it was, and whether they took it back themselves."""

    community: Community
    is_withdrawn: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A code that was probably meant, and the community that gives it out."""

    code: str
    community: str
    community_slug: str


def shops(session: Session, merchant_ids: Collection[int] | None = None) -> dict[int, Shop]:
    """Merchants by id: these, or all."""
    wanted = sa.select(Merchant.id, Merchant.allowed_hosts, Merchant.click_param, Merchant.shop_url)
    if merchant_ids is not None:
        wanted = wanted.where(Merchant.id.in_(merchant_ids))
    return {id_: Shop(tuple(hosts), param, url) for id_, hosts, param, url in session.execute(wanted)}


def shop_of(session: Session, merchant_id: int) -> Shop:
    """One merchant's part in a redirect."""
    return shops(session, [merchant_id])[merchant_id]


def target_of(session: Session, code: str) -> Target | None:
    """The link with exactly this code."""
    return next(iter(_targets(session, TrackingLink.code == code)), None)


def targets_after(session: Session, link_id: int) -> Iterator[Target]:
    """All links with a higher id."""
    return _in_chunks(session, TrackingLink.id > link_id)


def targets_changed(session: Session, since: datetime) -> Iterator[Target]:
    """Links that were withdrawn since then, or whose product or a variant of it was changed.

    (A link that was brought back has no mark of it; it is asked for when it is next followed.)
    """
    yield from _in_chunks(session, TrackingLink.withdrawn_at >= since)
    variant = aliased(Product)
    moved = sa.select(Product.id).where(Product.changed_at >= since)
    beside = (
        sa.select(variant.id)
        .join(Product, sa.and_(Product.merchant_id == variant.merchant_id, Product.group_key == variant.group_key))
        .where(Product.changed_at >= since, variant.status == ProductStatus.WITHDRAWN)
    )
    yield from _in_chunks(session, TrackingLink.product_id.in_(moved.union(beside)))


def _in_chunks(session: Session, condition: Any) -> Iterator[Target]:
    """By id, so many at a time that neither memory nor other threads suffer."""
    last_id = 0
    while chunk := _targets(session, sa.and_(condition, TrackingLink.id > last_id), limit=CHUNK):
        yield from chunk
        last_id = chunk[-1].link_id


def _targets(session: Session, condition: Any, *, limit: int | None = None) -> list[Target]:
    """At most three queries, however many links: the links, their stores, variants of what is gone."""
    rows = session.execute(
        sa.select(
            TrackingLink.id,
            TrackingLink.code,
            TrackingLink.merchant_id,
            sa.func.coalesce(Product.url, TrackingLink.target_url).label("url"),
            TrackingLink.withdrawn_at,
            Product.status,
            Product.group_key,
        )
        .outerjoin(Product, Product.id == TrackingLink.product_id)
        .where(condition)
        .order_by(TrackingLink.id)
        .limit(limit)
    ).all()
    known = shops(session, {row.merchant_id for row in rows}) if rows else {}
    gone = {row.id for row in rows if not _stands(row, known[row.merchant_id])}
    beside = _variants(session, {(row.merchant_id, row.group_key) for row in rows if row.id in gone and row.group_key})
    return [
        Target(
            row.id,
            row.code,
            row.merchant_id,
            _instead(row, known[row.merchant_id], beside) if row.id in gone else row.url,
            row.withdrawn_at is not None,
        )
        for row in rows
    ]


def _stands(row: Any, shop: Shop) -> bool:
    return row.status is not ProductStatus.WITHDRAWN and rules.allowed(row.url, shop.allowed_hosts)


def _instead(row: Any, shop: Shop, beside: Mapping[GroupKey, Sequence[str]]) -> str:
    ladder = [*beside.get((row.merchant_id, row.group_key), ()), shop.shop_url]
    return rules.first_allowed(ladder, shop.allowed_hosts)


def _variants(session: Session, groups: set[GroupKey]) -> dict[GroupKey, list[str]]:
    """Addresses of what the store still sells in these groups, first what can be had at once."""
    if not groups:
        return {}
    rows = session.execute(
        sa.select(Product.merchant_id, Product.group_key, Product.url)
        .where(
            Product.merchant_id.in_({merchant_id for merchant_id, _key in groups}),
            Product.group_key.in_({key for _merchant, key in groups}),
            Product.status == ProductStatus.LISTED,
        )
        .order_by(sa.case((Product.availability == Availability.OUT_OF_STOCK, 1), else_=0), Product.id)
    )
    found: dict[GroupKey, list[str]] = {}
    for merchant_id, group_key, url in rows:
        found.setdefault((merchant_id, group_key or ""), []).append(url)
    return found


def is_open(target: Target, shop: Shop) -> bool:
    """True when visitors may be led there: not withdrawn, and on one of the store's own hosts."""
    return not target.is_withdrawn and rules.allowed(target.url, shop.allowed_hosts)


def closed(session: Session, code: str) -> Closed | None:
    """What is known of a code that leads nowhere any more; None for open and unknown ones."""
    target = target_of(session, code)
    if target is None or is_open(target, shop_of(session, target.merchant_id)):
        return None
    owner = sa.select(TrackingLink.community_id).where(TrackingLink.code == code).scalar_subquery()
    community = session.execute(sa.select(Community).where(Community.id == owner)).scalar_one()
    return Closed(community, target.is_withdrawn)


def chosen_code(session: Session, typed: str) -> str | None:
    """The live code that a person chose and that looks just like what was typed: KEBAYA5 for kebaya5; never itself."""
    seen = codes.seen(typed)
    if not seen:
        return None
    found = session.execute(
        sa.select(TrackingLink.code).where(TrackingLink.look == seen, TrackingLink.withdrawn_at.is_(None))
    ).scalar_one_or_none()
    return None if found == typed else found


def suggestions(session: Session, typed: str) -> list[Suggestion]:
    """Live codes that were probably meant, the likeliest first: the typed one itself if it is live after all.

    Two bounded look-ups by index: other spellings of any code, and one slip off the codes that people chose.
    """
    spellings, slips = rules.variants(typed), codes.one_slip_away(typed)
    if not spellings and not slips:
        return []
    rows = session.execute(
        sa.select(TrackingLink.code, TrackingLink.look, Community.name, Community.slug)
        .join(Community, Community.id == TrackingLink.community_id)
        .where(TrackingLink.code.in_(spellings) | TrackingLink.look.in_(slips), TrackingLink.withdrawn_at.is_(None))
        .limit(10 * SUGGESTIONS_MAX)
    ).all()
    likely = {code: place for place, code in enumerate(spellings)}
    slipped = {look: len(spellings) + place for place, look in enumerate(slips)}
    ranked = sorted(rows, key=lambda row: likely.get(row.code, slipped.get(row.look, 0)))
    return [Suggestion(row.code, row.name, row.slug) for row in ranked[:SUGGESTIONS_MAX]]
