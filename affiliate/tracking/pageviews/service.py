"""Views into the database: a batch at a time, each view once, its hour marked as due."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.communities.models import Community
from affiliate.core.db import affected, upsert
from affiliate.links.models import TrackingLink
from affiliate.tracking import tokens
from affiliate.tracking.pageviews.models import PageView, ShownLink, ShownPage
from affiliate.tracking.pageviews.records import ViewRecord
from affiliate.tracking.rollups.service import mark_views_due

PAGES = cast(sa.Table, ShownPage.__table__)
LINKS = cast(sa.Table, ShownLink.__table__)
VIEWS = cast(sa.Table, PageView.__table__)
Page = tuple[int, int, tuple[int, ...]]  # community, collection or 0, links


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a batch: rows that are new, and records of communities that we do not have."""

    new: int
    strangers: list[ViewRecord]


def load(session: Session, records: Sequence[ViewRecord]) -> Loaded:
    """Insert the views that are not there yet. A fixed number of statements."""
    known = _known(session, Community.id, {record.community_id for record in records})
    ours = [record for record in records if record.community_id in known]
    if not ours:
        return Loaded(0, list(records))
    pages = _pages(session, {_page(record) for record in ours})
    rows: list[dict[str, Any]] = [
        {
            "viewed_at": tokens.moment(record.ms),
            "nonce": record.nonce,
            "page_id": pages[_page(record)],
            "visitor": record.visitor,
        }
        for record in ours
    ]
    new = affected(session.execute(upsert(session, VIEWS).on_conflict_do_nothing(), rows))
    mark_views_due(session, {(row["viewed_at"], row["page_id"]) for row in rows})
    return Loaded(new, [record for record in records if record.community_id not in known])


def _page(record: ViewRecord) -> Page:
    return record.community_id, record.collection_id, record.link_ids


def _digest(page: Page) -> str:
    community_id, collection_id, link_ids = page
    text = f"{community_id} {collection_id} {','.join(str(link_id) for link_id in link_ids)}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _pages(session: Session, pages: Collection[Page]) -> dict[Page, int]:
    """The ids of these pages; those that were never shown before are written down with their links."""
    digests = {_digest(page): page for page in sorted(pages)}
    found = _page_ids(session, digests)
    fresh = {digest: page for digest, page in digests.items() if digest not in found}
    if fresh:
        rows = [
            {"digest": digest, "community_id": page[0], "collection_id": page[1] or None}
            for digest, page in sorted(fresh.items())
        ]
        session.execute(upsert(session, PAGES).on_conflict_do_nothing(index_elements=["digest"]), rows)
        found = _page_ids(session, digests)
        _add_links(session, {found[digest]: page[2] for digest, page in fresh.items()})
    return {page: found[digest] for digest, page in digests.items()}


def _page_ids(session: Session, digests: Collection[str]) -> dict[str, int]:
    wanted = sa.select(ShownPage.digest, ShownPage.id).where(ShownPage.digest.in_(digests))
    return {row.digest: row.id for row in session.execute(wanted)}


def _add_links(session: Session, pages: dict[int, tuple[int, ...]]) -> None:
    known = _known(session, TrackingLink.id, {link_id for links in pages.values() for link_id in links})
    rows = [
        {"page_id": page_id, "link_id": link_id}
        for page_id, links in sorted(pages.items())
        for link_id in links
        if link_id in known
    ]
    if rows:
        session.execute(upsert(session, LINKS).on_conflict_do_nothing(), rows)


def _known(session: Session, column: Any, ids: Collection[int]) -> set[int]:
    return set(session.execute(sa.select(column).where(column.in_(ids))).scalars())
