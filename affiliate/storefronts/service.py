"""Verbs of the shelf: make a collection, pick, write why, order, withdraw and bring back, publish.

Every verb that changes an order first takes the lock on its shelf, so that two curators never end up with one place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.models import Product, ProductStatus
from affiliate.communities.models import Community, Curator
from affiliate.core.db import Base, affected
from affiliate.core.errors import Conflict, Invalid
from affiliate.core.i18n import _l
from affiliate.core.wording import numbered, slug
from affiliate.identity.actors import Actor
from affiliate.identity.service import record
from affiliate.links import service as links
from affiliate.links.models import TrackingLink
from affiliate.storefronts import rules
from affiliate.storefronts.models import Collection, CollectionStatus, Pick

DEFAULT_SLUG = "pilihan"
DEFAULT_TITLE = "Pilihan"
Reordering = Callable[[Sequence[int]], list[int]]


class NotSoldAnyMore(Invalid):
    """The store has withdrawn the product."""

    code = "product_withdrawn"

    def __init__(self) -> None:
        super().__init__(fields={"product": _l("The store does not sell this any more. Please pick something else.")})


class ShelfChanged(Conflict):
    """The pick, or the one it should stand behind, is not on the shelf any more."""

    code = "shelf_changed"
    message = _l("Somebody else has changed this shelf. Nothing was moved; please look again.")


class AlreadyOnShelf(Conflict):
    """Bringing back what has been picked anew in the meantime."""

    code = "already_on_shelf"
    message = _l("This product stands on the shelf again already. Nothing was changed.")


@dataclass(frozen=True, slots=True)
class Picked:
    """A pick and its link; `is_new` is False where the product stood on that shelf already."""

    pick: Pick
    link: TrackingLink
    is_new: bool


def create_collection(
    session: Session,
    community: Community,
    *,
    title: str,
    actor: Actor,
    now: datetime,
    wanted_slug: str | None = None,
    published: bool = False,
) -> Collection:
    """A new shelf behind the others; its address comes from the title."""
    _lock(session, Community, community.id)
    rows = session.execute(
        sa.select(Collection.slug, Collection.position).where(Collection.community_id == community.id)
    ).all()
    made = Collection(
        community_id=community.id,
        slug=numbered(wanted_slug or slug(title, "koleksi"), {row.slug for row in rows}),
        title=title,
        position=max((row.position for row in rows), default=0) + 1,
        status=CollectionStatus.PUBLISHED if published else CollectionStatus.DRAFT,
        created_at=now,
        published_at=now if published else None,
    )
    session.add(made)
    session.flush()  # its id is needed for picks and the audit entry
    record(session, actor, "collection.created", ("collection", made.id), now=now, title=title)
    return made


def collection_called(
    session: Session, community: Community, name: str | None, *, actor: Actor, now: datetime
) -> Collection:
    """The shelf with this slug or title, else a new one, published: programs name shelves instead of making them."""
    _lock(session, Community, community.id)
    wanted = name or DEFAULT_SLUG
    found = session.execute(
        sa.select(Collection)
        .where(Collection.community_id == community.id, sa.or_(Collection.slug == wanted, Collection.title == wanted))
        .order_by(sa.case((Collection.slug == wanted, 0), else_=1), Collection.id)
        .limit(1)
    ).scalar_one_or_none()
    if found is not None:
        return found
    return create_collection(session, community, title=name or DEFAULT_TITLE, actor=actor, now=now, published=True)


def describe(session: Session, collection: Collection, *, title: str, intro: str) -> None:
    """Change what stands above the shelf. Its address stays: it has been given out."""
    session.execute(sa.update(Collection).where(Collection.id == collection.id).values(title=title, intro=intro))


def publish(session: Session, collection: Collection, *, actor: Actor, now: datetime) -> None:
    """Show the shelf to visitors, from now on; once is as good as twice."""
    if _turn(session, collection, CollectionStatus.DRAFT, CollectionStatus.PUBLISHED, published_at=now):
        record(session, actor, "collection.published", ("collection", collection.id), now=now)


def unpublish(session: Session, collection: Collection, *, actor: Actor, now: datetime) -> None:
    """Hide the shelf. Its picks' links go on working for those who have them."""
    if _turn(session, collection, CollectionStatus.PUBLISHED, CollectionStatus.DRAFT, published_at=None):
        record(session, actor, "collection.unpublished", ("collection", collection.id), now=now)


def _turn(
    session: Session,
    collection: Collection,
    before: CollectionStatus,
    after: CollectionStatus,
    *,
    published_at: datetime | None,
) -> bool:
    done = session.execute(
        sa.update(Collection)
        .where(Collection.id == collection.id, Collection.status == before)
        .values(status=after, published_at=published_at)
    )
    return affected(done) == 1


def add_pick(
    session: Session,
    community: Community,
    collection: Collection,
    product: Product,
    *,
    note: str,
    curator: Curator | None,
    actor: Actor,
    now: datetime,
) -> Picked:
    """Put a product last on the shelf, with a link of its own. One that stands there already stays as it is."""
    if product.status is not ProductStatus.LISTED:
        raise NotSoldAnyMore
    _lock(session, Collection, collection.id)
    there = session.execute(
        sa.select(Pick, TrackingLink)
        .join(TrackingLink, TrackingLink.id == Pick.link_id)
        .where(Pick.collection_id == collection.id, Pick.product_id == product.id, Pick.withdrawn_at.is_(None))
    ).one_or_none()
    if there is not None:
        return Picked(there.Pick, there.TrackingLink, is_new=False)
    link = links.create(session, community, product, now=now)
    session.flush()  # the link's id is needed for the pick
    made = Pick(
        community_id=community.id,
        collection_id=collection.id,
        product_id=product.id,
        curator_id=curator.id if curator else None,
        link_id=link.id,
        note=note,
        position=_last_position(session, collection.id) + 1,
        created_at=now,
        created_by=actor.ref,
    )
    session.add(made)
    session.flush()  # its id is needed for the audit entry
    record(session, actor, "pick.added", ("pick", made.id), now=now, product=product.id, collection=collection.id)
    return Picked(made, link, is_new=True)


def write_note(session: Session, pick: Pick, note: str) -> None:
    session.execute(sa.update(Pick).where(Pick.id == pick.id).values(note=note))


def withdraw(session: Session, pick: Pick, *, actor: Actor, now: datetime) -> None:
    """Take a pick off the shelf; it keeps its place for those who change their mind."""
    done = session.execute(
        sa.update(Pick).where(Pick.id == pick.id, Pick.withdrawn_at.is_(None)).values(withdrawn_at=now)
    )
    if affected(done):
        record(session, actor, "pick.withdrawn", ("pick", pick.id), now=now)


def restore(session: Session, pick: Pick, *, actor: Actor, now: datetime) -> None:
    """Bring a withdrawn pick back where it stood. Raises AlreadyOnShelf where its product was picked anew."""
    _lock(session, Collection, pick.collection_id)
    anew = session.execute(
        sa.select(Pick.id).where(
            Pick.collection_id == pick.collection_id,
            Pick.product_id == pick.product_id,
            Pick.withdrawn_at.is_(None),
            Pick.id != pick.id,
        )
    ).first()
    if anew is not None:
        raise AlreadyOnShelf
    done = session.execute(
        sa.update(Pick).where(Pick.id == pick.id, Pick.withdrawn_at.is_not(None)).values(withdrawn_at=None)
    )
    if affected(done):
        record(session, actor, "pick.restored", ("pick", pick.id), now=now)


def step(session: Session, pick: Pick, places: int) -> int:
    """Move a pick up (−1) or down (+1); returns its new place, counted from 1. Raises ShelfChanged."""
    return _reorder(session, pick, lambda order: rules.stepped(order, pick.id, places))


def put_behind(session: Session, pick: Pick, after: int | None) -> int:
    """Put a pick behind another, or first; returns its new place, counted from 1. Raises ShelfChanged."""
    return _reorder(session, pick, lambda order: rules.behind(order, pick.id, after))


def _reorder(session: Session, pick: Pick, reordering: Reordering) -> int:
    """Renumber the shelf from 1 under its lock, writing only what moved and is still shown."""
    _lock(session, Collection, pick.collection_id)
    rows = session.execute(
        sa.select(Pick.id, Pick.position)
        .where(Pick.collection_id == pick.collection_id, Pick.withdrawn_at.is_(None))
        .order_by(Pick.position, Pick.id)
    ).all()
    before = {row.id: row.position for row in rows}
    try:
        order = reordering(list(before))
    except ValueError:
        raise ShelfChanged from None
    moved = [{"pick": pick_id, "place": place} for place, pick_id in enumerate(order, 1) if before[pick_id] != place]
    if moved:
        table = Base.metadata.tables[Pick.__tablename__]
        session.connection().execute(
            sa.update(table)
            .where(table.c.id == sa.bindparam("pick"), table.c.withdrawn_at.is_(None))
            .values(position=sa.bindparam("place")),
            moved,
        )
    return order.index(pick.id) + 1


def _last_position(session: Session, collection_id: int) -> int:
    return int(
        session.execute(
            sa.select(sa.func.coalesce(sa.func.max(Pick.position), 0)).where(Pick.collection_id == collection_id)
        ).scalar_one()
    )


def _lock(session: Session, kind: type[Community] | type[Collection], row_id: int) -> None:
    """Hold the row until the transaction ends (on SQLite the writer holds the whole file already)."""
    session.execute(sa.select(kind.id).where(kind.id == row_id).with_for_update(key_share=True))
