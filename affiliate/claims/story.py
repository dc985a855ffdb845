"""One claim as its page tells it: what was said, what we know now, what came of it, and who may do what next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.claims import queries, rules
from affiliate.claims.models import Claim, ClaimStatus
from affiliate.claims.rules import Flag, Turn
from affiliate.communities.models import Community
from affiliate.conversions.models import Conversion
from affiliate.identity.actors import Actor
from affiliate.links.models import TrackingLink
from affiliate.merchants.models import Merchant
from affiliate.orders.models import Order

USUAL_DAYS = 90


@dataclass(frozen=True, slots=True)
class Story:
    """`order` and `conversion` are there once the store's order is; `flags` and `alike` are for those who answer."""

    claim: Claim
    merchant: Merchant
    community: Community
    link: TrackingLink | None
    has_picture: bool
    order: Order | None
    conversion: Conversion | None
    flags: tuple[Flag, ...]
    alike: tuple[Order, ...]
    accepted: int
    answered: int
    is_late: bool
    may_answer: bool
    may_appeal: bool

    @property
    def is_ours(self) -> bool:
        """True where the claim's community has the order."""
        found = self.conversion
        return found is not None and found.terms_id is not None and found.community_id == self.community.id


def of(
    session: Session, claim: Claim, merchant: Merchant, community: Community, *, actor: Actor, now: datetime
) -> Story:
    """The story as this actor may read it."""
    turn = rules.turn(claim.status, claim.due_at, now)
    order = queries.order_of(session, claim.merchant_id, rules.spellings(claim.confirmed_ref or claim.order_ref))
    may_answer = (turn is not Turn.NOBODY and claim.status is ClaimStatus.OPEN and merchant.id in actor.merchants) or (
        turn is Turn.ADMIN and actor.is_admin
    )
    accepted, answered = queries.acceptance(session, community.id, merchant.id)
    return Story(
        claim=claim,
        merchant=merchant,
        community=community,
        link=session.get(TrackingLink, claim.link_id) if claim.link_id else None,
        has_picture=queries.has_picture(session, claim),
        order=order,
        conversion=_conversion(session, order),
        flags=tuple(_flags(session, claim)) if actor.sees_merchant(merchant.id) else (),
        alike=tuple(queries.alike(session, claim)) if may_answer and order is None else (),
        accepted=accepted,
        answered=answered,
        is_late=claim.status is ClaimStatus.OPEN and turn is Turn.ADMIN,
        may_answer=may_answer,
        may_appeal=claim.status is ClaimStatus.DECLINED and claim.appealed_at is None
        and actor.curates(community.id),
    )  # fmt: skip


def _conversion(session: Session, order: Order | None) -> Conversion | None:
    if order is None:
        return None
    return session.execute(sa.select(Conversion).where(Conversion.order_id == order.id)).scalar_one_or_none()


def _flags(session: Session, claim: Claim) -> list[Flag]:
    since = claim.filed_at - timedelta(days=USUAL_DAYS)
    return rules.flags(
        clicks=claim.clicks,
        amount_minor=claim.amount_minor,
        usual_minor=queries.usual_minor(session, claim.merchant_id, claim.currency, since=since),
        same_pictures=queries.same_pictures(session, claim),
        other_claims=queries.other_claims(session, claim),
    )
