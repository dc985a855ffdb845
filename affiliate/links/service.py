"""Giving links out, and taking them back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.models import Product
from affiliate.communities.models import Community
from affiliate.core.db import affected, upsert
from affiliate.core.errors import Conflict, Invalid
from affiliate.core.i18n import _l
from affiliate.core.ids import link_code
from affiliate.links import rules
from affiliate.links.models import TrackingLink
from affiliate.merchants.models import Merchant

CODE_TRIES = 20


class TargetRefused(Invalid):
    """The address is not one of the store's."""

    code = "target_not_allowed"
    message = _l("This address does not lead to the store. Use an address on one of the store's own hosts.")


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
) -> TrackingLink:
    """A link to any page of a store; raises TargetRefused for an address that is not the store's."""
    if len(target_url) > rules.TARGET_LENGTH_MAX or not rules.allowed(target_url, merchant.allowed_hosts):
        raise TargetRefused(fields={"target_url": TargetRefused.message})
    return _insert(session, community.id, merchant.id, now, new_code, target_url=target_url)


def _insert(
    session: Session,
    community_id: int,
    merchant_id: int,
    now: datetime,
    new_code: Callable[[], str],
    *,
    product_id: int | None = None,
    target_url: str | None = None,
) -> TrackingLink:
    for _try in range(CODE_TRIES):
        values = {
            "code": new_code(),
            "community_id": community_id,
            "merchant_id": merchant_id,
            "product_id": product_id,
            "target_url": target_url,
            "created_at": now,
        }
        insert = upsert(session, TrackingLink).values(**values).on_conflict_do_nothing(index_elements=["code"])
        link_id = session.execute(insert.returning(TrackingLink.id)).scalar_one_or_none()
        if link_id is not None:
            return session.get_one(TrackingLink, link_id)
    raise CodesUsedUp


def withdraw(session: Session, link_id: int, *, now: datetime) -> bool:
    """Take a link back; True if it was live. Its code then answers with a page instead of the store."""
    return _set_withdrawn(session, link_id, TrackingLink.withdrawn_at.is_(None), now)


def restore(session: Session, link_id: int) -> bool:
    """Bring a withdrawn link back; True if it was withdrawn."""
    return _set_withdrawn(session, link_id, TrackingLink.withdrawn_at.is_not(None), None)


def _set_withdrawn(session: Session, link_id: int, before: sa.ColumnElement[bool], at: datetime | None) -> bool:
    change = sa.update(TrackingLink).where(TrackingLink.id == link_id, before).values(withdrawn_at=at)
    return affected(session.execute(change)) == 1
