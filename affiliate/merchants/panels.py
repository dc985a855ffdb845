"""What this room puts into others' pages: when a sale counts as completed, for the communities that wait for it."""

from __future__ import annotations

from markupsafe import Markup

from affiliate.communities.models import Community
from affiliate.core.db import db
from affiliate.core.slots import rendered
from affiliate.identity.actors import Actor
from affiliate.merchants import queries
from affiliate.merchants.wording import COMPLETED_WHEN


def completed_when(_actor: Actor, community: Community) -> Markup | None:
    """By store, the same sentences that the store reads in its settings."""
    stores = queries.systems_of_stores(db.session, community)
    if not stores:
        return None
    return rendered("affiliate/merchants/_completed.html", stores=stores, completed_when=COMPLETED_WHEN)
