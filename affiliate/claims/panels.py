"""What claims hang into the homes of stores and communities: what waits for an answer, what was answered lately."""

from __future__ import annotations

from datetime import timedelta

from markupsafe import Markup

from affiliate.claims import queries
from affiliate.communities.models import Community
from affiliate.core import clock
from affiliate.core.db import db
from affiliate.core.slots import rendered
from affiliate.identity.actors import Actor
from affiliate.merchants.models import Merchant

LATELY = timedelta(days=7)


def merchant_home(actor: Actor, merchant: Merchant) -> Markup | None:
    """How many claims wait for this store, and by when; nothing where none does."""
    if not actor.sees_merchant(merchant.id):
        return None
    count, first_due = queries.waits_for_store(db.session, merchant)
    if not count:
        return None
    return rendered(
        "affiliate/claims/_merchant_home.html", merchant=merchant, count=count, due=first_due, now=clock.now()
    )


def community_home(actor: Actor, community: Community) -> Markup | None:
    """How many claims were answered in the last days; nothing where none was."""
    if not actor.sees_community(community.id):
        return None
    count = queries.answered_since(db.session, community, since=clock.now() - LATELY)
    return rendered("affiliate/claims/_community_home.html", community=community, count=count) if count else None
