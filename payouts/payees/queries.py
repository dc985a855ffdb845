"""Payout accounts, and whose account a person may change."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.communities.models import Community, Curator
from affiliate.communities.queries import curated_by
from affiliate.core.errors import NotFound
from affiliate.identity.actors import Actor
from payouts.payees.models import PayoutAccount

CURRENCY = "IDR"  # the banks we know are Indonesian; their accounts hold rupiah


@dataclass(frozen=True, slots=True)
class Payee:
    """One owner whose account the person may change, with the account that counts now."""

    owner: str
    name: str
    is_community: bool
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


def editable(session: Session, actor: Actor, slug: str) -> tuple[Community, list[Payee]]:
    """The community and the payees in it that this person may change: its own as its owner, oneself as a curator.

    Raises NotFound for a community that is not there, or where the person may change none.
    """
    community = curated_by(session, actor, slug)
    wanted: list[tuple[str, str, bool]] = []
    if community.id in actor.owned_communities:  # not the platform's admin: nobody steers other people's money
        wanted.append((f"community:{community.id}", community.name, True))
    if actor.user_id is not None:
        own = sa.select(Curator).where(Curator.community_id == community.id, Curator.user_id == actor.user_id)
        wanted += [(f"curator:{row.id}", row.name, False) for row in session.execute(own).scalars()]
    if not wanted:
        raise NotFound
    return community, [
        Payee(owner, name, is_community, next(iter(history(session, owner)), None))
        for owner, name, is_community in wanted
    ]
