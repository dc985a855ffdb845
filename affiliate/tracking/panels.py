"""What this room puts into others' pages: the sentence for somebody whose link led to what is sold no more."""

from __future__ import annotations

from flask import request
from markupsafe import Markup

from affiliate.communities.models import Community
from affiliate.core.slots import rendered
from affiliate.identity.actors import Actor

GONE = "gone"  # the query parameter with which the redirect sends a visitor to the shop window


def gone(_actor: Actor, _community: Community) -> Markup | None:
    """Why the visitor stands in the shop window; nothing for everybody else."""
    return rendered("affiliate/tracking/_gone.html") if request.args.get(GONE) == "1" else None
