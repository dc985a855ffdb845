"""The memory of links follows every change, and guards the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from affiliate.core import clock
from affiliate.links import service as links
from affiliate.tracking import cache
from affiliate.tracking.cache import Asking, LinkCache


@pytest.fixture
def watched(app):
    """A cache as it stands in a server: loaded, answering from memory only, refreshed by hand here."""
    made = LinkCache(app)
    made._is_watching = True
    return made


def test_new_withdrawn_moved_and_off_host_links_are_followed(watched, make, session):
    merchant, community = make.merchant(slug="toko"), make.community()
    product = make.product(merchant)
    old = make.link(community, product)
    watched.refresh()
    assert watched._links[old.code].before.startswith(product.url)

    new = make.link(community, make.product(merchant))
    watched.refresh()
    assert new.code in watched._links

    product.url, product.changed_at = "https://toko.test/elsewhere", clock.now()
    session.flush()
    watched.refresh()
    assert watched.find(old.code).before == "https://toko.test/elsewhere?etl="

    links.withdraw(session, old.id, now=clock.now())
    watched.refresh()
    assert old.code not in watched._links

    session.execute(sa.update(type(merchant)).values(click_param="ref"))
    watched.refresh()
    assert watched.find(new.code).before.endswith("?ref=")

    session.execute(sa.update(type(merchant)).values(allowed_hosts=["other.test"]))
    watched.refresh()
    assert watched._links == {}


def test_a_restored_link_is_found_by_asking(watched, make, session):
    link = make.link(make.community(), make.product(make.merchant()))
    links.withdraw(session, link.id, now=clock.now())
    watched.refresh()
    assert watched.find(link.code) is None
    links.restore(session, link.id)
    assert watched.find(link.code).link_id == link.id


def test_changes_made_during_an_outage_are_seen_afterwards(watched, make, session):
    link = make.link(make.community(), make.product(make.merchant()))
    watched.refresh()
    watched._loaded_at -= timedelta(hours=5)
    links.withdraw(session, link.id, now=clock.now() - timedelta(hours=4))
    watched.refresh()
    assert watched._links == {}


def test_a_known_link_asks_nothing(watched, make, session):
    link = make.link(make.community(), make.product(make.merchant()))
    watched.refresh()
    asked = []
    sa.event.listen(session.get_bind(), "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert watched.find(link.code).link_id == link.id
    assert asked == []
    watched.find("zzzzzzzz")
    assert len([statement for statement in asked if statement.startswith("SELECT")]) == 1


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
