"""A worker is killed between the call and its record: the message comes again, under the same webhook-id."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

import app as application
from affiliate.core import clock, migrate
from affiliate.core.db import db
from affiliate.core.settings import KNOWN, from_env
from affiliate.outbox import jobs, sending, service
from affiliate.outbox.models import MessageStatus, WebhookMessage, WebhookTry
from affiliate.outbox.rules import Outcome
from tests.affiliate.outbox.receiver import Got, receiving, verified
from tests.conftest import scratch_database
from tests.factories import ROBOT, Make

ROOT = Path(application.__file__).parent
SECONDS = 60.0


@pytest.fixture(params=["sqlite", "postgres"])
def env(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    for url in scratch_database(request.param, tmp_path):
        migrate.upgrade(url)
        clean = {name: value for name, value in os.environ.items() if name not in KNOWN}
        yield clean | {"DATABASE_URL": url, "DATA_DIR": str(tmp_path), "WEBHOOKS_TO_LOCALHOST": "1"}


@contextlib.contextmanager
def opened(env: dict[str, str]) -> Iterator[Session]:
    engine = sa.create_engine(from_env(env).database_url)
    with Session(engine) as session, session.begin():
        yield session
    engine.dispose()


@dataclass(frozen=True)
class Outcomes:
    """What a receiver got whose first caller was killed while it waited, and what stands in the log."""

    got: list[Got]
    secret: str
    status: MessageStatus
    tries: list[Outcome | None]


def killed_in_a_call(env: dict[str, str], *damage: str) -> Outcomes:
    """A worker calls; it is killed before there is an answer; another one does what is due after the lease."""
    called, go_on = threading.Event(), threading.Event()
    with receiving() as receiver:

        def hold(_got: Got) -> None:
            called.set()
            go_on.wait(SECONDS)

        receiver.reply = hold
        with opened(env) as session:
            community = Make(session).community()
            endpoint = service.add_endpoint(
                session, community, url=receiver.url, types=service.heard_by(community), to_localhost=True,
                actor=ROBOT, now=clock.now(),
            )  # fmt: skip
            service.send_test(session, endpoint, source="ping:1", actor=ROBOT, now=clock.now())
            secret = endpoint.secret
        command = [sys.executable, "-m", "tests.flows.killed_webhooks", *damage]
        worker = subprocess.Popen(command, cwd=ROOT, env=env)
        try:
            assert called.wait(SECONDS)
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.wait(SECONDS)
        go_on.set()
        receiver.reply = lambda _got: (204, {}, b"")
        built = application.create_app(from_env(env))
        with built.app_context():
            later = clock.now() + 2 * sending.LEASE
            while jobs.run(later) or jobs.finish(later):
                pass
            status = db.session.scalars(sa.select(WebhookMessage.status)).one()
            tries = list(db.session.scalars(sa.select(WebhookTry.outcome).order_by(WebhookTry.number)))
            jobs.courier_of_process().close()
            db.session.remove()
            db.engine.dispose()
        return Outcomes(receiver.got, secret, status, tries)


def test_a_worker_killed_in_the_middle_of_a_call_is_followed_by_one_that_sends_again(env):
    found = killed_in_a_call(env)
    assert (found.status, found.tries) == (MessageStatus.DELIVERED, [Outcome.INTERRUPTED, Outcome.DELIVERED])
    assert len(found.got) == 2
    assert len({(got.id, got.body) for got in found.got}) == 1
    assert all(verified(found.secret, got) == [True] for got in found.got)


def test_a_record_before_the_call_is_noticed(env):
    """The control: a message that nobody has answered for counts as delivered, and does not come again."""
    found = killed_in_a_call(env, "early")
    assert (found.status, len(found.got)) == (MessageStatus.DELIVERED, 1)
