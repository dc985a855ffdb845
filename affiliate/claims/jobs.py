"""The job "claims": credit the orders of accepted claims anew, in one batch, once their orders are there."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask import current_app

from affiliate.claims import queries
from affiliate.claims.models import Claim
from affiliate.commissions import service as commissions
from affiliate.conversions import service as conversions
from affiliate.core.db import db, transaction
from affiliate.tracking import tokens


def run(now: datetime) -> int:
    """How many accepted claims were settled. Killed anywhere, it begins again and books nothing twice."""
    if not queries.unsettled(db.session):
        return 0
    settings = current_app.config["ETALASE"]
    keys = tokens.keys(settings.secret_key, settings.secret_key_old)
    with transaction(db.session) as session:
        found = queries.unsettled(session)
        claim_ids, order_ids = [row[0] for row in found], {row[1] for row in found}
        touched = conversions.settle(session, order_ids, keys=keys, now=now)
        commissions.settle(session, sorted({*order_ids, *touched}), now=now)
        session.execute(
            sa.update(Claim)
            .where(Claim.id.in_(claim_ids), Claim.settled_at.is_(None))
            .values(settled_at=now)
            .execution_options(synchronize_session=False)
        )
    return len(claim_ids)
