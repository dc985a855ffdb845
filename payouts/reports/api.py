"""API: balances of a community, by currency."""

from __future__ import annotations

from typing import Any

from affiliate.communities import queries as communities
from affiliate.core import clock
from affiliate.core.api import ApiBlueprint
from affiliate.core.db import db
from affiliate.identity import guards
from payouts.reports import schemas
from payouts.reports.balances import balances

blp = ApiBlueprint("reports", __name__)


@blp.get("/balances")
@guards.require(*guards.COMMUNITY, *guards.FINANCE)
@blp.arguments(schemas.BalanceArgs, location="query")
@blp.response(200)
def list_balances(args: dict[str, Any]) -> Any:
    """What a community and its curators have, now or as of a moment

    `estimated` is of orders that are not completed and stands outside the books; all other figures are sums of the
    books. `as_of` counts what had occurred by then and divides it by what could be paid then.
    """
    community = communities.seen_by(db.session, guards.actor(), args["community"])
    found = balances(db.session, community, now=clock.now(), as_of=args.get("as_of"))
    return {"items": [schemas.balance_json(balance) for balance in found], "next": None}
