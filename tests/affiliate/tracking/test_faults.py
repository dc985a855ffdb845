"""From the redirect's answer to the row, with everything that may go wrong in between."""

from __future__ import annotations

import os
import random
import resource
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from affiliate.core import clock
from affiliate.core.lanes import Asked
from affiliate.tracking import jobs, records, redirect, rules, tokens
from affiliate.tracking.models import Click, SpoolProgress
from affiliate.tracking.records import ClickRecord
from affiliate.tracking.redirect import Visitors
from affiliate.tracking.spool import Spool
from tests.affiliate.tracking.test_rules import CHROME
from tests.conftest import NOW

MS = tokens.milliseconds(NOW)
PERSON = {"User-Agent": CHROME}


@pytest.fixture
def link(make):
    return make.link(make.community(), make.product(make.merchant(slug="toko")))


@pytest.fixture
def folder(app) -> Path:
    made: Path = app.config["ETALASE"].spool_dir
    made.mkdir(parents=True, exist_ok=True)
    return made


def load_all() -> None:
    while jobs.run(NOW):
        pass


def clicked(client, link, times: int) -> list[tuple[object, int]]:
    """Keys of so many clicks, read from the tokens that the visitor was given."""
    keys = tokens.keys(client.application.config["SECRET_KEY"])
    places = [client.get(f"/go/{link.code}", headers=PERSON).headers["Location"] for _ in range(times)]
    read = [tokens.read(place.partition("etl=")[2], keys) for place in places]
    return [(token.clicked_at, token.nonce) for token in read if token is not None]


def rows(session) -> Counter[tuple[object, int]]:
    return Counter((at, nonce) for at, nonce in session.execute(sa.select(Click.clicked_at, Click.nonce)))


def test_flipped_bytes_and_a_cut_end_cost_the_lines_they_hit_and_are_counted(app, client, session, link, folder):
    answered = clicked(client, link, 40)
    redirect.stop(app)
    (path,) = folder.glob("*.log")
    lines = path.read_bytes().splitlines(keepends=True)
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    hit = sorted(rng.sample(range(39), 6))
    for number in hit:
        damaged = bytearray(lines[number])
        damaged[rng.randrange(len(damaged) - 1)] ^= 1 << rng.randrange(8)
        lines[number] = bytes(damaged)
    path.write_bytes(b"".join(lines)[:-15])
    load_all()
    assert rows(session) == Counter(key for number, key in enumerate(answered) if number not in {*hit, 39}), seed
    assert session.scalar(sa.select(sa.func.sum(SpoolProgress.set_aside))) >= 7
    assert [found.suffix for found in folder.iterdir()] == [".bad"]


def test_several_processes_write_while_the_spool_is_loaded(app, session, link, folder):
    """The loader runs all the while, and one of the writers is killed."""
    children = [write_in_a_child(folder, link.id, first=1_000_000 * number) for number in range(3)]
    for turn in range(6):
        load_all()
        if turn == 3:
            os.kill(children[0], signal.SIGKILL)
    for child in children[1:]:
        os.kill(child, signal.SIGTERM)
    for child in children:
        os.waitpid(child, 0)
    load_all()
    loaded = rows(session)
    assert set(loaded.values()) == {1}
    numbers = sorted(nonce for _at, nonce in loaded)
    for first in (0, 1_000_000, 2_000_000):
        mine = [number for number in numbers if first <= number < first + 1_000_000]
        assert mine == list(range(first, first + len(mine)))  # no gap: nothing that was written is missing
        assert len(mine) > 20
    assert list(folder.glob("*.log")) == []


def write_in_a_child(folder: Path, link_id: int, *, first: int) -> int:
    """Fork a process that writes numbered lines into small files until it is ended."""
    child = os.fork()
    if child:
        return child
    spool = Spool(folder, max_bytes=20_000)
    for number in range(first, first + 400):
        spool.append(records.line_of(ClickRecord(MS + number, number, link_id, f"{number:024x}", "desk", "", "")))
        time.sleep(0.001)
    signal.pause()
    os._exit(0)


def test_a_clock_that_goes_backwards_repeats_no_click_and_loses_none(app, client, session, link, monkeypatch):
    real = clock.milliseconds()
    ticks = iter([real, real - 3_600_000, real - 3_600_000, real, real - 86_400_000 * 40, real + 1])
    monkeypatch.setattr(clock, "milliseconds", lambda: next(ticks))
    answered = clicked(client, link, 6)
    assert len(set(answered)) == 6
    redirect.stop(app)
    load_all()
    assert rows(session) == Counter(answered)


def test_visitors_are_those_of_the_rule_month_by_month_and_back():
    visitors = Visitors("rahasia")
    for ms in (MS, MS + 86_400_000 * 31, MS, 0, 2**40, MS - 86_400_000 * 40):
        for address, agent in (("203.0.113.7", CHROME), ("", ""), ("::1", "é\ud800")):
            expected = rules.visitor("rahasia", tokens.moment(ms), address, agent)
            assert visitors.name(ms, address, agent) == expected


def test_both_lanes_tell_the_same_of_a_visit(app, link, folder):
    """The fast lane stands in front of ProxyFix and must read the forwarded address as it does."""
    front = app.extensions["etalase_redirect"]
    front._cache.start()
    forwarded = "192.0.2.4,198.51.100.9, 203.0.113.7"
    asked = Asked("GET", f"/go/{link.code}", {"user-agent": CHROME, "x-forwarded-for": forwarded}, "10.0.0.1")
    environ = {"PATH_INFO": asked.path, "REQUEST_METHOD": "GET", "REMOTE_ADDR": "203.0.113.7"}
    seen: list[tuple[str, object]] = []
    try:
        front._is_behind_proxy = True
        status, told = front.at_once(asked)
        assert not list(folder.glob("*.log"))
        front.settle()
        front({**environ, "HTTP_USER_AGENT": CHROME}, lambda *answer: seen.append(answer[:2]))
    finally:
        front._is_behind_proxy = False
    assert status == 302
    assert [name for name, _value in told] == [name for name, _value in seen[0][1]]
    (path,) = folder.glob("*.log")
    first, second = records.parse(path.read_bytes()).records
    assert (first.visitor, first.device, first.reason) == (second.visitor, second.device, second.reason)
    for code in ("zzzzzzzz", "", "/", link.code + "/"):
        assert front.at_once(Asked("GET", f"/go/{code}", {}, "")) is None
    front._cache._is_complete = False


def test_of_a_turn_cut_short_by_the_disk_the_whole_lines_are_kept_and_the_rest_counted(app, link, folder):
    """A file that may grow to two and a half lines holds two of them, and a piece of the third."""
    front = app.extensions["etalase_redirect"]
    redirect.stop(app)
    front._unsettled[:] = [
        records.line_of(ClickRecord(MS, number, link.id, f"{number:024x}", "desk", "", "news.example.test"))
        for number in range(5)
    ]
    before, limits = front._spool.lines, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(front._unsettled[0]) * 5 // 2, limits[1]))
    try:
        front.settle()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        lost, front._losses = front._losses.count, redirect.Losses()
    assert (front._spool.lines - before, lost) == (2, 3)
    (path,) = folder.glob("*.log")
    assert len(records.parse(path.read_bytes()).records) == 2
    redirect.stop(app)


def test_clicks_that_a_full_disk_refuses_are_led_on_counted_told_once_and_shown(app, client, link, caplog):
    """/dev/full refuses every write as a full disk does."""
    if not os.access("/dev/full", os.W_OK):
        pytest.skip("this machine has no /dev/full")
    front = app.extensions["etalase_redirect"]
    clicked(client, link, 1)
    os.dup2(os.open("/dev/full", os.O_WRONLY), front._spool._segment.fd)
    try:
        assert len(clicked(client, link, 30)) == 30
        assert caplog.text.count("click_not_spooled") == 1
        assert client.get("/readyz").json["checks"]["spool"] == "failed"
        assert "etalase_clicks_not_spooled 30.0" in client.get("/metrics").text
    finally:
        redirect.stop(app)
        front._losses = redirect.Losses()
    assert client.get("/readyz").json["checks"]["spool"] == "ok"
