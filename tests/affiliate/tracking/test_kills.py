"""The server is killed at random moments under load: every click that was answered is loaded, once.

The client believes only answers it has received whole, and compares token by token.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

import app as application
from affiliate.core import clock
from affiliate.core.db import db
from affiliate.core.settings import from_env
from affiliate.tracking import jobs, tokens
from affiliate.tracking.models import Click, SpoolProgress
from tests.affiliate.tracking.places import Place, prepared
from tests.affiliate.tracking.test_rules import CHROME
from tests.hosted import host, start

CONNECTIONS = 16
START_SECONDS = 60.0
LIVES = (0.02, 0.5)  # seconds from the first answer to the kill
_TOKEN = re.compile(rb"HTTP/1\.1 302[^\r]*\r\n(?:[^\r\n]+\r\n)*location: [^\r\n]*[?&]etl=([0-9A-Za-z_-]+)\r\n", re.I)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return prepared(tmp_path)


async def visit_until_killed(place: Place, group: int, life: float) -> list[str]:
    """Tokens of all answers that came whole before the server was killed, `life` seconds after the first of them."""
    answered: list[str] = []
    begun, killed = asyncio.Event(), asyncio.Event()
    visits = [asyncio.create_task(visit(place, answered, begun, killed)) for _ in range(CONNECTIONS)]
    try:
        await asyncio.wait_for(begun.wait(), START_SECONDS)
        await asyncio.sleep(life)
    finally:
        killed.set()
        os.killpg(group, signal.SIGKILL)
    await asyncio.gather(*visits)
    return answered


async def visit(place: Place, answered: list[str], begun: asyncio.Event, killed: asyncio.Event) -> None:
    """Click, read the answer, click again, and on a new connection when one breaks, until the server is killed."""
    request = f"GET /go/{place.code} HTTP/1.1\r\nHost: a\r\nUser-Agent: {CHROME}\r\n\r\n".encode()
    while not killed.is_set():
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        except OSError:
            await asyncio.sleep(0.02)  # it does not listen yet
            continue
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                writer.write(request)
                answer = await reader.readuntil(b"\r\n\r\n")  # a redirect has no body
                found = _TOKEN.search(answer)
                assert found is not None, answer
                answered.append(found[1].decode())
                begun.set()
        await close(writer)


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def campaign(place: Place, kills: int, *damage: str) -> list[str]:
    """Kill so many servers; all tokens that were received."""
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    sys.stdout.write(f"seed {seed}\n")
    answered: list[str] = []
    with host("tests.affiliate.tracking.killable", place.env, *damage) as process:
        for number in range(kills):
            if number % 50 == 49:
                sys.stdout.write(f"{number + 1} of {kills}, {len(answered)} answers\n")
            answered += asyncio.run(visit_until_killed(place, start(process)[0], rng.uniform(*LIVES)))
    return answered


def differences(place: Place, answered: list[str]) -> tuple[list[str], int]:
    """Answered clicks that are not in the database after loading, and how many rows nobody was answered for."""
    built = application.create_app(from_env(place.env))
    with built.app_context():
        while jobs.run(clock.now()):
            pass
        keys = tokens.keys(built.config["SECRET_KEY"])
        rows = Counter((at, nonce) for at, nonce in db.session.execute(sa.select(Click.clicked_at, Click.nonce)))
        told = db.session.scalar(sa.select(sa.func.sum(SpoolProgress.loaded))) or 0
        db.session.remove()
        db.engine.dispose()
    read = {text: tokens.read(text, keys) for text in answered}
    assert len(read) == len(answered), "two clicks were given the same token"
    lost = [text for text, token in read.items() if token is None or rows[(token.clicked_at, token.nonce)] != 1]
    assert told == sum(rows.values())
    return lost, sum(rows.values()) - len(answered)


@pytest.mark.parametrize("kills", [8, pytest.param(200, marks=pytest.mark.campaign)])
def test_every_answered_click_is_loaded_once_however_often_the_server_is_killed(place, kills):
    answered = campaign(place, kills)
    lost, unanswered = differences(place, answered)
    sys.stdout.write(f"{kills} kills, {len(answered)} answers whole, {len(lost)} lost, {unanswered} more loaded\n")
    assert lost == []
    assert 0 <= unanswered <= kills * CONNECTIONS  # written down, and killed before the answer was out
    assert len(answered) > 50 * kills
    assert list(place.folder.glob("spool/*.log")) == []


@pytest.mark.parametrize("damage", ["off", "late"])
def test_a_spool_that_is_off_or_late_is_noticed(place, damage):
    """The control of the test above."""
    answered = campaign(place, 3, damage)
    lost, _unanswered = differences(place, answered)
    assert lost != []
    assert len(answered) > 150
