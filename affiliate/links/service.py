"""Giving links out, and taking them back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.models import Product
from affiliate.communities.models import Community
from affiliate.core.db import affected, upsert
from affiliate.core.errors import Conflict, Invalid
from affiliate.core.i18n import _l
from affiliate.core.ids import link_code
from affiliate.identity.actors import Actor
from affiliate.identity.service import record
from affiliate.links import codes, rules
from affiliate.links.models import TrackingLink
from affiliate.merchants.models import Merchant

CODE_TRIES = 20
DRAWN_LENGTH = 8  # of core.ids.link_code
SPELLINGS_MAX = 4096


class TargetRefused(Invalid):
    """The address is not one of the store's."""

    code = "target_not_allowed"
    message = _l("This address does not lead to the store. Use an address on one of the store's own hosts.")


class CodeRefused(Invalid):
    """The wish for a code cannot be had; `suggestion` can."""

    code = "code_not_usable"

    def __init__(self, text: Any, suggestion: str) -> None:
        super().__init__(fields={"code": text})
        self.suggestion = suggestion


class BelongsToPick(Conflict):
    """The link of a pick stands and falls with the pick."""

    code = "belongs_to_pick"
    message = _l("This link belongs to a pick. Take the pick off its shelf instead; the link stays as it is.")


class CodesUsedUp(Conflict):
    """No free code was found; as good as impossible with 56^8 of them."""

    code = "codes_used_up"


def create(
    session: Session,
    community: Community,
    product: Product,
    *,
    now: datetime,
    new_code: Callable[[], str] = link_code,
) -> TrackingLink:
    """A link of the community to a product; it follows the product's URL."""
    return _insert(session, community.id, product.merchant_id, now, new_code, product_id=product.id)


def create_to(
    session: Session,
    community: Community,
    merchant: Merchant,
    target_url: str,
    *,
    now: datetime,
    new_code: Callable[[], str] = link_code,
    own_code: str | None = None,
    label: str = "",
    sub_ids: Mapping[str, str] | None = None,
) -> TrackingLink:
    """A link to any page of a store, under a code of the community's choice or a drawn one.

    `label` and `sub_ids` (of rules.SUB_IDS) are for the community's own reports. Raises TargetRefused for an address
    that is not the store's, CodeRefused for a code that cannot be had.
    """
    if len(target_url) > rules.TARGET_LENGTH_MAX or not rules.allowed(target_url, merchant.allowed_hosts):
        raise TargetRefused(fields={"target_url": TargetRefused.message})
    more = {"target_url": target_url, "label": label, "sub_ids": dict(sub_ids or {})}
    if own_code is None:
        return _insert(session, community.id, merchant.id, now, new_code, **more)
    _refuse_unfit(session, community, own_code)
    made = _insert_once(session, community.id, merchant.id, now, own_code, look=codes.look(own_code), **more)
    if made is None:
        raise _taken(session, own_code)
    return made


def _refuse_unfit(session: Session, community: Community, code: str) -> None:
    if not codes.is_wellformed(code):
        nearest = _free(session, codes.nearest_wellformed(code, link_code().lower()))
        raise CodeRefused(_l("Use 4 to 20 small letters and digits, for example %(code)s.", code=nearest), nearest)
    if codes.is_reserved(code):
        nearest = _free(session, codes.nearest_wellformed(community.slug, link_code().lower()))
        text = _l("This word would mislead visitors, so nobody gets it. %(code)s is free.", code=nearest)
        raise CodeRefused(text, nearest)
    if _looks_taken(session, [code]):
        raise _taken(session, code)


def _taken(session: Session, code: str) -> CodeRefused:
    free = _free(session, code)
    text = _l("This code, or one that looks just like it, is given out already. %(code)s is free.", code=free)
    return CodeRefused(text, free)


def _free(session: Session, wanted: str) -> str:
    """The code itself or the nicest variation of it that nobody has; a drawn one where all are gone."""
    wishes = [code for code in (wanted, *codes.alternatives(wanted)) if not codes.is_reserved(code)]
    taken = _looks_taken(session, wishes)
    return next((code for code in wishes if codes.look(code) not in taken), link_code())


def _looks_taken(session: Session, wanted: list[str]) -> set[str]:
    """Which of these codes' looks another link has, whether a person chose its code or it was drawn."""
    looks = {codes.look(code) for code in wanted}
    spellings = [code for wish in wanted if len(wish) == DRAWN_LENGTH for code in rules.variants(wish)]
    rows = session.execute(
        sa.select(TrackingLink.code).where(
            TrackingLink.look.in_(looks) | TrackingLink.code.in_([*wanted, *spellings[:SPELLINGS_MAX]])
        )
    )
    return {codes.look(code) for code in rows.scalars()}


def _insert(
    session: Session,
    community_id: int,
    merchant_id: int,
    now: datetime,
    new_code: Callable[[], str],
    **more: Any,
) -> TrackingLink:
    for _try in range(CODE_TRIES):
        made = _insert_once(session, community_id, merchant_id, now, new_code(), **more)
        if made is not None:
            return made
    raise CodesUsedUp


def _insert_once(
    session: Session, community_id: int, merchant_id: int, now: datetime, code: str, **more: Any
) -> TrackingLink | None:
    """The new link, or None where somebody else has the code or its look."""
    values = {"code": code, "community_id": community_id, "merchant_id": merchant_id, "created_at": now, **more}
    insert = upsert(session, TrackingLink).values(**values).on_conflict_do_nothing()
    link_id = session.execute(insert.returning(TrackingLink.id)).scalar_one_or_none()
    return None if link_id is None else session.get_one(TrackingLink, link_id)


def take_back(session: Session, link: TrackingLink, *, actor: Actor, now: datetime) -> None:
    """Withdraw a link that was made by hand; once is as good as twice. Raises BelongsToPick."""
    if link.target_url is None:
        raise BelongsToPick
    if withdraw(session, link.id, now=now):
        record(session, actor, "link.withdrawn", ("link", link.id), now=now, code=link.code)


def bring_back(session: Session, link: TrackingLink, *, actor: Actor, now: datetime) -> None:
    """Undo `take_back`. Raises BelongsToPick."""
    if link.target_url is None:
        raise BelongsToPick
    if restore(session, link.id):
        record(session, actor, "link.restored", ("link", link.id), now=now, code=link.code)


def withdraw(session: Session, link_id: int, *, now: datetime) -> bool:
    """Take a link back; True if it was live. Its code then answers with a page instead of the store."""
    return _set_withdrawn(session, link_id, TrackingLink.withdrawn_at.is_(None), now)


def restore(session: Session, link_id: int) -> bool:
    """Bring a withdrawn link back; True if it was withdrawn."""
    return _set_withdrawn(session, link_id, TrackingLink.withdrawn_at.is_not(None), None)


def _set_withdrawn(session: Session, link_id: int, before: sa.ColumnElement[bool], at: datetime | None) -> bool:
    change = sa.update(TrackingLink).where(TrackingLink.id == link_id, before).values(withdrawn_at=at)
    return affected(session.execute(change)) == 1
