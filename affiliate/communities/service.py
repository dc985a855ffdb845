"""What a community decides about itself: its face, its words, and whose picks earn."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.communities.models import Brand, BrandImage, Community, Curator
from affiliate.communities.rules import WORDS
from affiliate.core.db import affected, upsert
from affiliate.core.errors import Conflict, Invalid
from affiliate.core.i18n import _l
from affiliate.core.pictures import CONTENT_TYPE, Picture
from affiliate.core.wording import numbered, one_line, slug
from affiliate.identity.actors import Actor
from affiliate.identity.models import User
from affiliate.identity.service import record


class SlugTaken(Conflict):
    """Another community has this address."""

    code = "slug_taken"
    message = _l("This address is taken. Please choose another one.")


class HandleTaken(Invalid):
    """Another curator of the community has this handle."""

    code = "handle_taken"

    def __init__(self) -> None:
        super().__init__(fields={"handle": _l("Another curator here has this handle. Please choose another one.")})


def create(session: Session, slug: str, *, name: str, actor: Actor, now: datetime) -> Community:
    """A new community with a plain face. Raises SlugTaken."""
    insert = upsert(session, Community).values(slug=slug, name=name, created_at=now)
    if not affected(session.execute(insert.on_conflict_do_nothing(index_elements=["slug"]))):
        raise SlugTaken
    community = session.execute(sa.select(Community).where(Community.slug == slug)).scalar_one()
    session.add(Brand(community_id=community.id, updated_at=now))
    record(session, actor, "community.created", ("community", community.id), now=now, slug=slug)
    return community


def save_brand(session: Session, community: Community, *, face: Mapping[str, str], actor: Actor, now: datetime) -> None:
    """Keep the community's name and face. `face` is what BrandForm lets through."""
    community.name = face["name"]
    session.execute(
        sa.update(Brand)
        .where(Brand.community_id == community.id)
        .values(
            accent=face["accent"].lower(),
            corners=face["corners"],
            symbol=face["symbol"],
            tagline=face["tagline"],
            words={name: face[name] for name in WORDS if face[name]},
            updated_at=now,
        )
    )
    record(session, actor, "brand.saved", ("community", community.id), now=now, accent=face["accent"])


def save_logo(session: Session, community: Community, logo: Picture, *, actor: Actor, now: datetime) -> None:
    """Show this logo from now on. The same picture again is kept once."""
    insert = upsert(session, BrandImage).values(
        sha256=logo.sha256,
        community_id=community.id,
        content_type=CONTENT_TYPE,
        width=logo.width,
        height=logo.height,
        body=logo.body,
    )
    session.execute(insert.on_conflict_do_nothing())
    _show_logo(session, community, logo.sha256, now)
    record(session, actor, "brand.logo_saved", ("community", community.id), now=now, sha256=logo.sha256)


def remove_logo(session: Session, community: Community, *, actor: Actor, now: datetime) -> None:
    """Show the symbol instead. The picture itself stays where pages out there still ask for it."""
    _show_logo(session, community, None, now)
    record(session, actor, "brand.logo_removed", ("community", community.id), now=now)


def _show_logo(session: Session, community: Community, sha256: str | None, now: datetime) -> None:
    session.execute(
        sa.update(Brand).where(Brand.community_id == community.id).values(logo_sha256=sha256, updated_at=now)
    )


def add_curator(
    session: Session, community: Community, *, handle: str, name: str, actor: Actor, now: datetime
) -> Curator:
    """Somebody new whose picks earn. Raises HandleTaken."""
    curator, is_new = _found_or_made(session, community, handle=handle, name=name, user_id=None, now=now)
    if not is_new:
        raise HandleTaken
    record(session, actor, "curator.added", ("curator", curator.id), now=now, handle=handle)
    return curator


def give_account(
    session: Session, community: Community, *, handle: str, user: User, actor: Actor, now: datetime
) -> Curator:
    """The curator of this handle is this person from now on; made where nobody has it. Raises HandleTaken.

    A curator who was named before they had an account keeps their picks, and what those have earned becomes theirs.
    """
    curator, is_new = _found_or_made(session, community, handle=handle, name=user.name, user_id=user.id, now=now)
    if not is_new:
        free = sa.update(Curator).where(Curator.id == curator.id, Curator.user_id.is_(None))
        if curator.user_id != user.id and not affected(session.execute(free.values(user_id=user.id))):
            raise HandleTaken
    deed = "curator.added" if is_new else "curator.linked"
    record(session, actor, deed, ("curator", curator.id), now=now, handle=handle, user=user.id)
    return curator


def curator_called(session: Session, community: Community, name: str, *, now: datetime) -> Curator:
    """The curator with this handle, made on first mention: "@Rina W" is rina-w. Raises Invalid without a letter."""
    handle = slug(name, "")
    if not handle:
        raise Invalid.field("curator", _l("Use at least two letters or digits for a handle."))
    return _found_or_made(
        session, community, handle=handle, name=one_line(name).removeprefix("@"), user_id=None, now=now
    )[0]


def curator_of(session: Session, community: Community, actor: Actor, *, now: datetime) -> Curator | None:
    """The person behind an actor as a curator here, made on their first pick; None for programs."""
    if actor.user_id is None:
        return None
    own = sa.select(Curator).where(Curator.community_id == community.id, Curator.user_id == actor.user_id)
    found = session.execute(own.order_by(Curator.id).limit(1)).scalar_one_or_none()
    if found is not None:
        return found
    handles = session.execute(sa.select(Curator.handle).where(Curator.community_id == community.id)).scalars()
    handle = numbered(slug(actor.name, f"kurator-{actor.user_id}"), set(handles))
    return _found_or_made(session, community, handle=handle, name=actor.name or handle, user_id=actor.user_id, now=now)[
        0
    ]


def _found_or_made(
    session: Session, community: Community, *, handle: str, name: str, user_id: int | None, now: datetime
) -> tuple[Curator, bool]:
    insert = upsert(session, Curator).values(
        community_id=community.id, handle=handle, name=name[:120], user_id=user_id, created_at=now
    )
    is_new = bool(affected(session.execute(insert.on_conflict_do_nothing(index_elements=["community_id", "handle"]))))
    curator = session.execute(
        sa.select(Curator).where(Curator.community_id == community.id, Curator.handle == handle)
    ).scalar_one()
    return curator, is_new
