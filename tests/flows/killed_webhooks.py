"""A worker as a process of its own: python -m tests.flows.killed_webhooks [early]

`early` takes a message for delivered as soon as it is claimed: the test must notice.
"""

from __future__ import annotations

import sys
from typing import Any

import sqlalchemy as sa

import app
from affiliate.core import work
from affiliate.outbox import sending
from affiliate.outbox.models import MessageStatus, WebhookMessage


def damage() -> None:
    """Record before the call."""
    claim = sending.claim

    def claim_and_record(session: Any, **named: Any) -> Any:
        parcels = claim(session, **named)
        settled = {"status": MessageStatus.DELIVERED, "next_try_at": None}
        session.execute(sa.update(WebhookMessage).values(settled))
        return parcels

    sending.claim = claim_and_record  # type: ignore[assignment]  # damaged on purpose


if __name__ == "__main__":
    if "early" in sys.argv[1:]:
        damage()
    with app.create_app().app_context():
        work.IDLE_SECONDS = 0.01
        work.run_forever(app.STEPS)
