"""What is known of links follows every change, stays small, outlives the database, and guards it."""

from __future__ import annotations

import json
import random
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from affiliate.core import clock
from affiliate.links import service as links
from affiliate.tracking import cache
from affiliate.tracking.cache import Asking, Handover, LinkCache, Ready
from tests.affiliate.tracking.outage import no_database


def made(app) -> LinkCache:
    return LinkCache(app, app.config["ETALASE"])


@pytest.fixture
def watched(app, tmp_path):
    """A cache as it stands in a server: loaded, answering from its own knowledge, refreshed by hand here."""
    known = made(app)
    known._folder = tmp_path / "links"
    known.start()
    return known


@pytest.fixture
def unasked(session):
    """Statements that reached the database so far; a list that must stay as it is."""
    seen: list[str] = []
    engine = session.get_bind()

    def note(*args: object) -> None:
        if str(args[2]).startswith("SELECT"):
            seen.append(str(args[2]))

    sa.event.listen(engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(engine, "before_cursor_execute", note)


def test_new_withdrawn_moved_and_off_host_links_are_followed(watched, make, session, unasked):
    merchant, community = make.merchant(slug="toko"), make.community()
    product = make.product(merchant)
    old = make.link(community, product)
    new = make.link(community, make.product(merchant))
    watched.refresh()

    def found(code: str) -> str | None:
        """What it answers without asking anybody."""
        unasked.clear()
        handover = watched._recall(code)
        assert watched._ready.get(code) == handover
        assert unasked == []
        return handover and handover.before

    assert found(old.code) == f"{product.url}?etl="
    assert found(new.code) is not None

    product.url, product.changed_at = "https://toko.test/elsewhere", clock.now()
    session.flush()
    watched.refresh()
    assert found(old.code) == "https://toko.test/elsewhere?etl="

    links.withdraw(session, old.id, now=clock.now())
    watched.refresh()
    assert found(old.code) is None
    assert watched.find(old.code) is None

    session.execute(sa.update(type(merchant)).values(click_param="ref"))
    watched.refresh()
    assert found(new.code).endswith("?ref=")

    session.execute(sa.update(type(merchant)).values(allowed_hosts=["other.test"]))
    watched.refresh()
    assert found(new.code) is None
    assert watched.find(new.code) is None


def test_a_restored_link_is_found_by_asking(watched, make, session):
    link = make.link(make.community(), make.product(make.merchant()))
    links.withdraw(session, link.id, now=clock.now())
    watched.refresh()
    assert watched.find(link.code) is None
    links.restore(session, link.id)
    assert watched.find(link.code).link_id == link.id
    assert watched._recall(link.code).link_id == link.id


def test_changes_made_during_an_outage_are_seen_afterwards(watched, make, session):
    link = make.link(make.community(), make.product(make.merchant()))
    watched.refresh()
    watched._loaded_at -= timedelta(hours=5)
    links.withdraw(session, link.id, now=clock.now() - timedelta(hours=4))
    watched.refresh()
    assert watched._recall(link.code) is None


def test_a_known_link_asks_nothing(watched, make, unasked):
    link = make.link(make.community(), make.product(make.merchant()))
    watched.refresh()
    unasked.clear()
    for _ in range(3):
        assert watched.find(link.code).link_id == link.id
    assert unasked == []
    watched.find("zzzzzzzz")
    assert len(unasked) == 1


def test_nothing_is_written_again_while_nothing_changes(watched, make):
    for _ in range(5):
        make.link(make.community(), make.product(make.merchant()))
    watched.refresh()
    lines = watched._journal.lines
    for _ in range(3):
        watched.refresh()
    assert watched._journal.lines == lines


def test_far_more_links_than_stay_ready_are_all_known(watched, make, monkeypatch):
    monkeypatch.setattr(cache, "READY_MAX", 10)
    community, product = make.community(), make.product(make.merchant())
    made = {make.link(community, product).code for _ in range(100)}
    watched.refresh()
    for _ in range(3):
        assert {watched.find(code) and code for code in made} == made
    assert len(watched._ready) <= 20


def test_a_journal_of_superseded_lines_is_written_anew(watched, make, session, monkeypatch):
    monkeypatch.setattr(cache, "SUPERSEDED_MAX", 5)
    product = make.product(make.merchant(slug="toko"))
    link = make.link(make.community(), product)
    for number in range(30):
        product.url, product.changed_at = f"https://toko.test/{number}", clock.now()
        session.flush()
        watched.refresh()
    assert watched._journal.lines < 15
    assert watched.find(link.code).before == "https://toko.test/29?etl="
    assert len(list(watched._folder.iterdir())) == 1


def test_a_process_that_starts_during_an_outage_knows_what_the_last_one_knew(watched, app, make, session):
    merchant = make.merchant(slug="toko")
    stays, goes = (make.link(make.community(), make.product(merchant)) for _ in range(2))
    watched.refresh()
    links.withdraw(session, goes.id, now=clock.now())
    watched.refresh()
    successor = made(app)
    successor._folder = watched._folder
    with no_database():
        successor.start()
        assert successor.find(stays.code) == watched.find(stays.code) is not None
        assert successor.find(goes.code) is None
    newer = make.link(make.community(), make.product(merchant))
    successor.refresh()
    assert successor.find(newer.code).link_id == newer.id


def test_another_databases_links_are_not_taken_over(watched, app, make):
    link = make.link(make.community(), make.product(make.merchant()))
    watched.refresh()
    stranger = made(app)
    stranger._folder, stranger._of_database = watched._folder, "another"
    with no_database():
        stranger.start()
        assert stranger.find(link.code) is None


def test_a_disk_that_takes_no_links_costs_questions_but_no_wrong_answer(watched, make, session, monkeypatch):
    product = make.product(make.merchant(slug="toko"))
    link = make.link(make.community(), product)
    watched.refresh()
    assert watched.find(link.code).before == f"{product.url}?etl="

    def full(_payloads: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(watched._journal, "_write", full)
    product.url, product.changed_at = "https://toko.test/moved", clock.now()
    session.flush()
    watched.refresh()
    assert watched.find(link.code).before == "https://toko.test/moved?etl="
    monkeypatch.undo()
    watched._overlap = {}
    watched.refresh()
    assert watched._recall(link.code).before == "https://toko.test/moved?etl="


def test_the_stores_settings_stand_in_the_journal_without_a_secret(watched, make):
    make.merchant(slug="toko")
    watched.refresh()
    rows = json.loads(watched._journal.notes["shops"])
    assert [row[1:] for row in rows] == [["etl", "toko.test"]]
    assert "sqlite" not in watched._journal.path.read_text()
    assert "postgres" not in watched._journal.path.read_text()


def test_no_old_answer_comes_back_behind_a_change():
    """Threads make answers from a fact that changes; once it stays, every ready answer is the last one."""
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    ready, fact, stop = Ready(), [0], threading.Event()

    def answer() -> None:
        while not stop.is_set():
            if ready.get("c") is None:
                version = ready.version
                ready.put("c", Handover(fact[0], "", ""), version)

    threads = [threading.Thread(target=answer) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for number in range(1, 3000):
            fact[0] = number
            ready.drop(["c"]) if rng.random() < 0.8 else ready.drop_all()
            known = ready.get("c")
            assert known is None or known.link_id == number, seed
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_flood_of_unknown_codes_is_bounded(monkeypatch):
    monkeypatch.setattr(cache.time, "monotonic", lambda: 100.0)
    asking = Asking()
    admitted = 0
    for _ in range(3 * cache.MISSES_PER_SECOND):
        if asking.begin():
            asking.end(missed=True)
            admitted += 1
    assert admitted == cache.MISSES_PER_SECOND
    monkeypatch.setattr(cache.time, "monotonic", lambda: 101.0)
    assert asking.begin()


def test_a_flood_of_unknown_codes_leaves_nothing_on_the_disk(watched):
    before = watched._journal.lines
    for number in range(50):
        assert watched.find(f"flood{number}") is None
    assert watched._journal.lines == before


def test_only_a_few_may_wait_for_a_hanging_database():
    asking = Asking()
    assert [asking.begin() for _ in range(6)] == [True] * cache.ASKING_AT_ONCE + [False, False]


def test_after_a_failure_there_is_a_pause(monkeypatch):
    monkeypatch.setattr(cache.time, "monotonic", lambda: 100.0)
    asking = Asking()
    asking.failed()
    assert not asking.begin()
    monkeypatch.setattr(cache.time, "monotonic", lambda: 100.0 + cache.PAUSE_SECONDS)
    assert asking.begin()
