"""What this room puts into others' pages: the stores a community sells with, and when a sale there is complete."""

from __future__ import annotations

from markupsafe import Markup

from affiliate.communities.models import Community
from affiliate.core import clock
from affiliate.core.db import db
from affiliate.core.slots import rendered
from affiliate.identity.actors import Actor
from affiliate.merchants import queries
from affiliate.merchants.service import SPLIT_PARTS
from affiliate.merchants.wording import COMPLETED_WHEN


def stores_of(actor: Actor, community: Community) -> Markup:
    """Enrollments with the split in force, and the programmes that it could still join."""
    enrolled = queries.enrollments(db.session, actor, community_id=community.id)
    versions, now = queries.splits_of(db.session, [row[0].id for row in enrolled]), clock.now()
    inside = {row[1].id for row in enrolled}
    stores = {store.id: store for store in queries.merchants(db.session, actor)}
    offered = [row[0] for row in queries.programmes(db.session, actor)]
    return rendered(
        "affiliate/merchants/_community_stores.html",
        enrolled=enrolled,
        stores=stores,
        splits={row[0].id: queries.split_shown(versions, row[0], now) for row in enrolled},
        others=[programme for programme in offered if programme.id not in inside],
        parts=SPLIT_PARTS,
    )


def completed_when(_actor: Actor, community: Community) -> Markup | None:
    """By store, the same sentences that the store reads in its settings."""
    stores = queries.systems_of_stores(db.session, community)
    if not stores:
        return None
    return rendered("affiliate/merchants/_completed.html", stores=stores, completed_when=COMPLETED_WHEN)
