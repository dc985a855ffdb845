"""From what a person or program says to a link: find the store by the address, clean it, give it a code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.addresses import AddressProblem
from affiliate.communities.models import Community
from affiliate.core.errors import Invalid
from affiliate.core.i18n import _l
from affiliate.identity.actors import Actor
from affiliate.identity.service import record
from affiliate.links import pasted, service
from affiliate.links.models import TrackingLink
from affiliate.links.pasted import Shop
from affiliate.merchants.models import Enrollment, Merchant, Programme


class AddressRefused(Invalid):
    """The pasted address cannot become a link; the stable code says why."""

    def __init__(self, code: str, text: Any, *, field: str = "url") -> None:
        super().__init__(code=code, fields={field: text})


def stores(session: Session, community: Community, *, now: datetime) -> Sequence[Merchant]:
    """The stores in whose programmes the community is now, by name."""
    joined = (
        sa.select(Programme.merchant_id)
        .join(Enrollment, Enrollment.programme_id == Programme.id)
        .where(
            Enrollment.community_id == community.id,
            Enrollment.enrolled_at <= now,
            sa.or_(Enrollment.ended_at.is_(None), Enrollment.ended_at > now),
        )
    )
    return session.execute(sa.select(Merchant).where(Merchant.id.in_(joined)).order_by(Merchant.name)).scalars().all()


def make(
    session: Session,
    community: Community,
    wish: Mapping[str, Any],
    *,
    public_url: str,
    actor: Actor,
    now: datetime,
) -> TrackingLink:
    """A link from what LinkIn or LinkForm lets through. Raises AddressRefused, service.CodeRefused."""
    partners = stores(session, community, now=now)
    address = pasted.completed(wish["url"])
    _refuse_own(address, public_url)
    merchant = _store(session, partners, address, wish.get("merchant"))
    try:
        target = pasted.target(address, _shop(merchant))
    except AddressProblem as problem:
        raise AddressRefused(problem.code, _l("This address cannot be read. Copy it again from the browser.")) from None
    made = service.create_to(
        session,
        community,
        merchant,
        target,
        now=now,
        own_code=wish.get("code") or None,
        label=wish.get("label", ""),
        sub_ids=wish.get("sub_ids"),
    )
    record(session, actor, "link.made", ("link", made.id), now=now, code=made.code, merchant=merchant.id)
    return made


def _refuse_own(address: str, public_url: str) -> None:
    code = pasted.own_code(address, public_url)
    if code is not None:
        text = _l("This is a link of Etalase already (%(code)s). Paste the store's own address.", code=code[:40])
        raise AddressRefused("own_link", text)


def _shop(merchant: Merchant) -> Shop:
    return Shop(merchant.id, merchant.shop_url, tuple(merchant.allowed_hosts), merchant.click_param)


def _store(session: Session, partners: Sequence[Merchant], address: str, named: str | None) -> Merchant:
    """The one partner store that the address leads to, among several the one that was named."""
    known = {merchant.id: merchant for merchant in partners}
    if named and named not in {merchant.slug for merchant in partners}:
        raise AddressRefused(
            "not_enrolled", _l("Your community is not in the programme of a store with this name."), field="merchant"
        )
    shops = [_shop(merchant) for merchant in partners if not named or merchant.slug == named]
    found = pasted.stores_of(address, shops)
    if len(found) > 1:
        raise AddressRefused(
            "several_stores", _l("Several of your stores use this address. Say which one you mean."), field="merchant"
        )
    if not found:
        raise _foreign(session, partners, address)
    return known[found[0].merchant_id]


def _foreign(session: Session, partners: Sequence[Merchant], address: str) -> AddressRefused:
    others = session.execute(sa.select(Merchant).where(Merchant.id.not_in([one.id for one in partners]))).scalars()
    near = pasted.stores_of(address, map(_shop, others))
    if near:
        return AddressRefused(
            "not_enrolled", _l("Your community is not in this store's programme, so a sale would earn nothing.")
        )
    if not partners:
        text = _l("Your community is in no store's programme yet. Your contact at Etalase admits it.")
        return AddressRefused("not_enrolled", text)
    hosts = ", ".join(dict.fromkeys(host for one in partners for host in one.allowed_hosts))
    return AddressRefused(
        "host_not_allowed",
        _l("This address is none of your partner stores'. Theirs are on %(hosts)s", hosts=hosts),
    )
