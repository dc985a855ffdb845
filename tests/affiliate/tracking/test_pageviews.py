"""A view of a shop window is noted once, by people only, with the links that stood on the page."""

from __future__ import annotations

import random
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from affiliate.core import work
from affiliate.core.db import db
from affiliate.identity.models import Role
from affiliate.tracking import tokens
from affiliate.tracking.models import SpoolProgress
from affiliate.tracking.pageviews import jobs, recording, records
from affiliate.tracking.pageviews.models import PageView, ShownLink, ShownPage
from affiliate.tracking.pageviews.records import ViewRecord
from affiliate.tracking.rollups import checks, service
from affiliate.tracking.rollups import jobs as rolling
from affiliate.tracking.rollups.models import ViewHour
from affiliate.tracking.spool import Spool
from tests.affiliate.tracking.test_rules import CHROME
from tests.conftest import NOW
from tests.factories import PASSWORD

MS = tokens.milliseconds(NOW)
BROWSER = {"User-Agent": CHROME}


@pytest.fixture
def folder(app) -> Path:
    made = recording.folder(app.config["ETALASE"])
    made.mkdir(parents=True, exist_ok=True)
    return made


@pytest.fixture
def window(make, session):
    community = make.community(slug="kebaya")
    shelf = make.collection(community, slug="kantor")
    picks = [make.pick(community, make.product(make.merchant()), collection=shelf) for _pick in range(3)]
    session.commit()
    return community, shelf, picks


def load_all() -> int:
    total = 0
    while count := jobs.run(NOW):
        total += count
    return total


def count(session, table) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(table))


def test_a_visitor_is_counted_with_what_the_page_showed(client, session, window):
    community, shelf, picks = window
    for address in ("/c/kebaya", "/c/kebaya/kantor"):
        assert client.get(address, headers=BROWSER).status_code == 200
    assert load_all() == 2
    pages = session.execute(sa.select(ShownPage.community_id, ShownPage.collection_id).order_by(ShownPage.id)).all()
    assert sorted(pages, key=str) == sorted([(community.id, None), (community.id, shelf.id)], key=str)
    shown = session.execute(sa.select(ShownLink.link_id)).scalars().all()
    assert sorted(shown) == sorted([pick.link_id for pick in picks] * 2)
    assert count(session, PageView) == 2
    assert load_all() == 0


def test_an_answer_from_the_browsers_own_memory_is_a_view_too(client, session, window):
    tag = client.get("/c/kebaya", headers=BROWSER).headers["ETag"]
    assert client.get("/c/kebaya", headers={**BROWSER, "If-None-Match": tag}).status_code == 304
    assert load_all() == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": ""},
        {"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"},
        {"User-Agent": "WhatsApp/2.23.20.0"},
        {"User-Agent": CHROME, "Sec-Purpose": "prefetch"},
        {"User-Agent": CHROME, "Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_robots_and_pages_loaded_ahead_or_inside_others_are_no_views(client, session, window, headers):
    assert client.get("/c/kebaya", headers=headers).status_code == 200
    assert load_all() == 0


def test_heads_missing_pages_previews_and_curators_are_no_views(client, session, make, window):
    client.head("/c/kebaya", headers=BROWSER)
    client.get("/c/kebaya/tidak-ada", headers=BROWSER)
    client.get("/c/tidak-ada", headers=BROWSER)
    user = make.user(Role.CURATOR, window[0].id)
    session.commit()
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    client.get("/c/kebaya?preview=1", headers=BROWSER)
    client.get("/c/kebaya", headers=BROWSER)
    assert load_all() == 0


def test_the_page_sends_no_cookie_and_asks_the_database_for_nothing_more(
    client, session, window, count_statements, app
):
    client.get("/c/kebaya/kantor", headers=BROWSER)
    with count_statements() as made:
        answer = client.get("/c/kebaya/kantor", headers=BROWSER)
    assert "Set-Cookie" not in answer.headers
    listeners = app.extensions.pop("etalase_listeners")
    with count_statements() as without:
        client.get("/c/kebaya/kantor", headers=BROWSER)
    app.extensions["etalase_listeners"] = listeners
    assert made == without
    assert load_all() == 2


def test_a_disk_that_takes_nothing_costs_the_view_and_not_the_page(client, window, monkeypatch, caplog):
    def full(*_args):
        raise OSError("no space")

    monkeypatch.setattr(Spool, "append", full)
    assert client.get("/c/kebaya", headers=BROWSER).status_code == 200
    assert "view_not_spooled" in caplog.text


def test_a_visitor_counts_once_an_hour_and_page_however_often_they_reload(client, session, window):
    for _reload in range(3):
        client.get("/c/kebaya", headers=BROWSER)
    client.get("/c/kebaya", headers={"User-Agent": CHROME + " other"})
    load_all()
    rolling.run(NOW)
    assert session.execute(sa.select(ViewHour.views, ViewHour.visitors)).all() == [(4, 2)]
    assert checks.wrong_view_hours(session) == 0


def record(community_id: int, nonce: int, *, minute: float = 0, visitor: str = "aa", links=()) -> ViewRecord:
    return ViewRecord(MS + int(minute * 60_000), nonce, community_id, 0, visitor, tuple(sorted(links)))


def test_random_late_repeated_and_disordered_views_are_summed_as_the_plain_group_by(session, window, folder):
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    community, _shelf, picks = window
    links = [pick.link_id for pick in picks]
    told = [
        record(community.id, n, minute=rng.uniform(0, 300), visitor=rng.choice("abc"), links=links[: rng.randint(0, 3)])
        for n in range(200)
    ]
    told += rng.sample(told, 50)
    rng.shuffle(told)
    for part in range(5):
        lines = b"".join(records.line_of(one) for one in told[part * 50 : part * 50 + 50])
        (folder / f"clicks-{part}.log").write_bytes(lines)
        load_all()
        if rng.random() < 0.5:
            rolling.run(NOW)
    while rolling.run(NOW):
        pass
    found = {(h, p): (v, w) for h, p, v, w in session.execute(
        sa.select(ViewHour.hour, ViewHour.page_id, ViewHour.views, ViewHour.visitors))}  # fmt: skip
    wanted: dict[object, list[str]] = {}
    for at, page, who in session.execute(sa.select(PageView.viewed_at, PageView.page_id, PageView.visitor)):
        wanted.setdefault((service.hour_of(at), page), []).append(who)
    assert found == {key: (len(who), len(set(who))) for key, who in wanted.items()}, seed
    assert sum(views for views, _who in found.values()) == 200
    assert checks.wrong_view_hours(session) == 0
    session.execute(sa.update(ViewHour).values(visitors=ViewHour.visitors + 1))
    assert checks.wrong_view_hours(session) == len(found)


def test_damaged_lines_and_strangers_are_set_aside(session, window, folder):
    community, _shelf, _picks = window
    good, foreign = record(community.id, 1, links=[999_999_999]), record(888_888_888, 2)
    (folder / "clicks-1.log").write_bytes(records.line_of(good) + b"rubbish\n" + records.line_of(foreign)[:-9])
    (folder / "clicks-2.log").write_bytes(records.line_of(foreign))
    load_all()
    assert (count(session, PageView), count(session, ShownLink)) == (1, 0)
    assert sorted(path.name for path in folder.iterdir()) == ["clicks-1.log.bad", "clicks-2.log.bad"]
    assert session.scalar(sa.select(sa.func.sum(SpoolProgress.set_aside))) == 3


def test_a_live_file_is_loaded_as_it_grows_and_a_copied_one_brings_nothing_twice(session, window, folder):
    community = window[0]
    writer = Spool(folder)
    for expected in (1, 2):
        writer.append(records.line_of(record(community.id, expected)))
        assert load_all() == 1
        assert count(session, PageView) == expected
    (folder / "clicks-copy.log").write_bytes(next(folder.glob("clicks-0*.log")).read_bytes())
    writer.close()
    load_all()
    assert count(session, PageView) == 2
    assert list(folder.iterdir()) == []


def test_work_once_brings_a_view_all_the_way(app, client, session, window):
    import app as application

    client.get("/c/kebaya", headers=BROWSER)
    work.run_once(application.STEPS)
    assert db.session.scalar(sa.select(sa.func.sum(ViewHour.visitors))) == 1


@given(
    st.builds(
        ViewRecord,
        st.integers(0, tokens.LAST_MS), st.integers(0, 2**63 - 1), st.integers(1, 2**63 - 1),
        st.integers(0, 2**63 - 1), st.text("0123456789abcdef", min_size=1, max_size=32),
        st.lists(st.integers(1, 2**63 - 1), unique=True, max_size=30).map(sorted).map(tuple),
    ),
    st.binary(max_size=40),
)  # fmt: skip
def test_every_line_is_read_as_it_was_written_whatever_stands_before_it(one, noise):
    parsed = records.parse(noise + b"\n" + records.line_of(one))
    assert parsed.records == [one]


@pytest.mark.parametrize(
    "payload",
    [
        b"1\t2\t3\t0\taa",
        b"1\t2\t3\t0\taa\t1,",
        b"1\t2\t3\t0\tXX\t1",
        b"9999999999999999\t2\t3\t0\taa\t",
        b"1\t9999999999999999999\t3\t0\taa\t",
    ],
)
def test_a_line_that_adds_up_and_makes_no_sense_is_damage(payload):
    parsed = records.parse(b"%04x %08x %b\n" % (len(payload), zlib.crc32(payload), payload))
    assert parsed.records == []
    assert len(parsed.damaged) == 1


def test_an_hour_begins_on_the_hour():
    assert service.hour_of(NOW + timedelta(minutes=59, seconds=59)) == NOW
