"""Payout accounts, and whose account a person may see and change."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.communities.models import Community
from affiliate.communities.queries import curators, seen_by
from affiliate.core.errors import NotFound
from affiliate.identity.actors import Actor
from payouts.payees.models import PayoutAccount

CURRENCY = "IDR"  # the banks we know are Indonesian; their accounts hold rupiah


@dataclass(frozen=True, slots=True)
class Payee:
    """One owner with the account that counts now; `is_mine` says that the person who looks may change it."""

    owner: str
    name: str
    is_community: bool
    is_mine: bool
    account: PayoutAccount | None


def newest_accounts(session: Session, currency: str) -> dict[str, PayoutAccount]:
    """The account that counts of every owner who has given one in this currency."""
    newest = sa.select(sa.func.max(PayoutAccount.id)).where(PayoutAccount.currency == currency)
    rows = session.execute(
        sa.select(PayoutAccount).where(PayoutAccount.id.in_(newest.group_by(PayoutAccount.owner)))
    ).scalars()
    return {row.owner: row for row in rows}


def history(session: Session, owner: str) -> list[PayoutAccount]:
    """All accounts an owner has given, newest first."""
    rows = sa.select(PayoutAccount).where(PayoutAccount.owner == owner, PayoutAccount.currency == CURRENCY)
    return list(session.execute(rows.order_by(PayoutAccount.id.desc())).scalars())


def seen(session: Session, actor: Actor, slug: str) -> tuple[Community, list[Payee]]:
    """The community and the payees in it that this person may see; their own are theirs to change.

    A community's owner sees the community's, a curator their own, platform staff all, and nobody changes another's.
    Raises NotFound for a community that is not there, or in which the person may see none.
    """
    community = seen_by(session, actor, slug)
    owns = community.id in actor.owned_communities
    found = []
    if owns or actor.sees_all():
        found.append(_payee(session, f"community:{community.id}", community.name, is_community=True, is_mine=owns))
    for curator in curators(session, community):
        is_self = actor.user_id is not None and curator.user_id == actor.user_id
        if is_self or actor.sees_all():
            found.append(_payee(session, f"curator:{curator.id}", curator.name, is_community=False, is_mine=is_self))
    if not found:
        raise NotFound
    return community, found


def _payee(session: Session, owner: str, name: str, *, is_community: bool, is_mine: bool) -> Payee:
    return Payee(owner, name, is_community, is_mine, next(iter(history(session, owner)), None))
