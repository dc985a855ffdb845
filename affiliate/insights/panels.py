"""What this room puts into others' pages: the list of places in the navigation, shop windows on the start page."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from affiliate.communities.models import Community
from affiliate.core.db import db
from affiliate.core.slots import rendered
from affiliate.identity.actors import Actor
from affiliate.insights import places
from affiliate.merchants.models import Merchant

SWITCH_MAX = 8  # of a kind; platform staff find the rest in their lists


def switcher(actor: Actor, subject: Any) -> Markup | None:
    """Where else this person works; nothing for somebody with one place only. `subject` is where they are."""
    own = places.communities(db.session, actor, limit=SWITCH_MAX) if actor.communities or actor.sees_all() else []
    stores = places.merchants(db.session, actor, limit=SWITCH_MAX) if actor.merchants or actor.sees_all() else []
    if len(own) + len(stores) + actor.is_finance + actor.is_admin < 2:
        return None
    return rendered(
        "affiliate/insights/_places.html",
        communities=own,
        merchants=stores,
        here_community=subject.id if isinstance(subject, Community) else None,
        here_merchant=subject.id if isinstance(subject, Merchant) else None,
        here_desk=subject if isinstance(subject, str) else None,
    )


def own_account(actor: Actor, community: Community) -> Markup | None:
    """A curator's way to the account on which their own part arrives; owners have it in the navigation anyway."""
    if actor.owns_community(community.id) or not places.is_paid(db.session, actor, community):
        return None
    return rendered("affiliate/insights/_own_account.html", community=community)


def shop_windows(_actor: Actor, _subject: Any) -> Markup | None:
    """Links to a few published storefronts."""
    found = places.windows(db.session)
    return rendered("affiliate/insights/_windows.html", windows=found) if found else None
