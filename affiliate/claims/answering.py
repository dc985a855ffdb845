"""From an answer as it was sent to the verb that keeps it: pages and programs alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from affiliate.claims import queries, rules, service
from affiliate.claims.models import Claim, Decline
from affiliate.core.errors import Invalid
from affiliate.core.i18n import _l
from affiliate.identity.actors import Actor


def answer(
    session: Session,
    claim: Claim,
    told: dict[str, Any],
    *,
    read: Callable[[Any, str], int],
    actor: Actor,
    now: datetime,
) -> None:
    """Accept or decline. `read` makes minor units of the amount that was sent. Raises Invalid, and the verbs' own."""
    if told["outcome"] == "declined":
        reason: Decline | None = told["reason"]
        if reason is None:
            raise Invalid.field("reason", _l("Choose one of the reasons."))
        service.decline(session, claim, reason=reason, answer=told["answer"], actor=actor, now=now)
        return
    if not told["order_ref"]:
        raise Invalid.field("order_ref", _l("Enter the number under which your shop knows the order."))
    known = queries.order_of(session, claim.merchant_id, rules.spellings(told["order_ref"]))
    amount = claim.amount_minor if known or not told["amount"] else read(told["amount"], claim.currency)
    service.accept(
        session, claim, order_ref=told["order_ref"], amount_minor=amount, is_another=told["is_another"], actor=actor,
        now=now,
    )  # fmt: skip
