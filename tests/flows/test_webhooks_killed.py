"""A worker is killed between the call and its record: the message comes again, under the same webhook-id."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
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
from tests.affiliate.outbox.receiver import receiving, verified
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


def test_a_worker_killed_in_the_middle_of_a_call_is_followed_by_one_that_sends_again(env):
    called, go_on = threading.Event(), threading.Event()
    with receiving() as receiver:

        def hold(_got):
            called.set()
            go_on.wait(SECONDS)
            return (204, {}, b"")

        receiver.reply = hold
        with opened(env) as session:
            community = Make(session).community()
            endpoint = service.add_endpoint(
                session, community, url=receiver.url, types=service.heard_by(community), to_localhost=True,
                actor=ROBOT, now=clock.now(),
            )  # fmt: skip
            service.send_test(session, endpoint, source="ping:1", actor=ROBOT, now=clock.now())
            secret = endpoint.secret
        worker = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "app", "work"], cwd=ROOT, env=env,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            assert called.wait(SECONDS)
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.wait(SECONDS)
        go_on.set()
        with opened(env) as session:
            message = session.scalars(sa.select(WebhookMessage)).one()
            assert (message.status, message.tries) == (MessageStatus.WAITING, 0)

        receiver.reply = lambda _got: (204, {}, b"")
        built = application.create_app(from_env(env))
        with built.app_context():
            later = clock.now() + sending.LEASE + sending.LEASE
            while jobs.run(later) or jobs.finish(later):
                pass
            message = db.session.scalars(sa.select(WebhookMessage)).one()
            outcomes = list(db.session.scalars(sa.select(WebhookTry.outcome).order_by(WebhookTry.number)))
            assert (message.status, outcomes) == (MessageStatus.DELIVERED, [Outcome.INTERRUPTED, Outcome.DELIVERED])
            jobs.courier_of_process().close()
            db.session.remove()
            db.engine.dispose()
        assert len(receiver.got) == 2
        assert len({(got.id, got.body) for got in receiver.got}) == 1
        assert all(verified(secret, got) == [True] for got in receiver.got)
