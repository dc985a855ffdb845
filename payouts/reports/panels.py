"""What the books hang into pages below: a community's money on its home, a store's debt on its own."""

from __future__ import annotations

from markupsafe import Markup

from affiliate.communities.models import Community
from affiliate.core import clock
from affiliate.core.db import db
from affiliate.core.slots import rendered
from affiliate.identity.actors import Actor
from affiliate.merchants.models import Merchant
from payouts.receivables import queries as receivables
from payouts.reports import balances


def community_home(actor: Actor, community: Community) -> Markup | None:
    """Expected, available and paid money, with the next day on which some comes; nothing before there is any."""
    if not actor.sees_community(community.id):
        return None
    now = clock.now()
    found = balances.balances(db.session, community, now=now)
    if not found:
        return None
    keys = list(balances.owners(db.session, community))
    following = {
        one.currency: min(balances.expected(db.session, keys, one.currency, now=now), default=None)
        for one in found
        if one.held
    }
    return rendered("payouts/reports/_community_home.html", community=community, found=found, following=following)


def merchant_home(actor: Actor, merchant: Merchant) -> Markup | None:
    """What a store still owes; nothing before it owes anything."""
    if not actor.sees_merchant(merchant.id):
        return None
    standings = receivables.standings_of(db.session, merchant, with_reach=False)
    if not standings:
        return None
    return rendered("payouts/reports/_merchant_home.html", merchant=merchant, standings=standings)
