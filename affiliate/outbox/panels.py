"""What the home pages say of webhooks: only that an address has stopped by itself, to those who can put it right."""

from __future__ import annotations

from typing import Any

from flask import url_for

from affiliate.communities.models import Community
from affiliate.core import slots
from affiliate.core.db import db
from affiliate.identity.actors import Actor
from affiliate.outbox import queries, words
from affiliate.outbox.queries import Owner


def stopped(actor: Actor, owner: Owner) -> Any:
    """A line an address that waits for a person; nothing where all is well."""
    in_portal = isinstance(owner, Community)
    if not (actor.owns_community(owner.id) if in_portal else actor.runs_merchant(owner.id)):
        return None
    rows = queries.stopped(db.session, owner)
    if not rows:
        return None
    endpoint = "community_webhooks.show" if in_portal else "merchant_webhooks.show"
    places = [(row, url_for(endpoint, slug=owner.slug, endpoint_id=row.id)) for row in rows]
    return slots.rendered("affiliate/outbox/_stopped.html", places=places, words=words)
