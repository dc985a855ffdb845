"""Endpoints that hear, a receiver on this machine, and the step that sends, made to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from affiliate.outbox import announcing, jobs, service
from affiliate.outbox.announcing import Fact
from affiliate.outbox.models import WebhookEndpoint, WebhookMessage
from affiliate.outbox.rules import EventType
from tests.affiliate.outbox.receiver import Receiver, practising, receiving
from tests.conftest import NOW
from tests.factories import ROBOT, Make


@pytest.fixture
def practice(app: Flask) -> Iterator[Flask]:
    """The application with leave to call this machine, and threads of its own."""
    with practising(app):
        yield app


@pytest.fixture
def receiver(practice: Flask) -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def listen(session: Session, make: Make, receiver: Receiver) -> Callable[..., WebhookEndpoint]:
    """An endpoint of an owner, which hears everything it may unless it says less."""

    def made(owner: Any = None, *, url: str | None = None, types: Any = None) -> WebhookEndpoint:
        owner = owner or make.community()
        row = service.add_endpoint(
            session, owner, url=url or receiver.url, types=types or service.heard_by(owner), to_localhost=True,
            actor=ROBOT, now=NOW,
        )  # fmt: skip
        session.commit()
        return row

    return made


@pytest.fixture
def tell(session: Session) -> Callable[..., list[WebhookMessage]]:
    """So many facts for an endpoint's owner, in the outbox."""
    count = iter(range(10_000))

    def told(
        endpoint: WebhookEndpoint, number: int = 1, *, kind: EventType = EventType.CONVERSION_CONFIRMED,
        now: datetime = NOW,
    ) -> list[WebhookMessage]:  # fmt: skip
        listeners = announcing.listening(
            session, communities=[endpoint.community_id or 0], merchants=[endpoint.merchant_id or 0]
        )
        sources = [f"fact:{next(count)}" for _ in range(number)]
        facts = [Fact(kind, endpoint.owner, source, now, {"order": source}) for source in sources]
        announcing.announce(session, listeners, facts, now=now)
        session.commit()
        rows = session.query(WebhookMessage).filter(WebhookMessage.source.in_(sources))
        return list(rows.filter_by(endpoint_id=endpoint.id).order_by(WebhookMessage.id))

    return told


@pytest.fixture
def send(session: Session, practice: Flask) -> Callable[..., int]:
    """Do all that is due at a moment, as `work --once` does; how many parcels were begun or ended."""

    def sent(now: datetime = NOW, *, rounds: int = 50) -> int:
        total = 0
        for _ in range(rounds):
            count = jobs.run(now) or jobs.finish(now)
            total += count
            if not count:
                session.expire_all()
                return total
        raise AssertionError("it does not come to an end")

    return sent
