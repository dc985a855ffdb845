"""A sale is told: from a store's signed order to the signed webhooks that a community's and the store's programs get.

The receiver is a real HTTP server with its own reading of the Standard Webhooks text. What is proved: everything that
happened arrives, signed, once under each id; a receiver that is down for a while misses nothing; while a secret is
changed both verify; and what was rolled back is never told.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

import app as application
from affiliate import pipeline
from affiliate.commissions import telling as commissions_telling
from affiliate.conversions import telling as conversions_telling
from affiliate.core import clock, work
from affiliate.core.db import db, transaction
from affiliate.outbox import announcing, jobs
from affiliate.outbox.models import WebhookMessage
from tests.affiliate.outbox.receiver import practising, receiving, verified
from tests.flows.books import violations
from tests.flows.test_api_walk import Walk

HOUR = timedelta(hours=1)
LINE = {"line_id": "1", "sku": "Z-77", "quantity": 1, "unit_price": "100000.00", "discount": "0.00", "tax": "0.00"}


class Told:
    """A store and a community that sell together, both with a program that listens."""

    def __init__(self, walk: Walk, make, session, receiver) -> None:
        self.walk, self.session, self.receiver = walk, session, receiver
        self.community, self.merchant = make.community(), make.merchant()
        make.enrollment(make.programme(self.merchant), self.community)
        self.pick = make.pick(self.community, make.product(self.merchant), curator=make.curator(self.community))
        session.commit()
        self.hook = walk.post(f"/merchants/{self.merchant.slug}/webhook-keys", {"kind": "standard"})
        events = ["conversion.created", "conversion.confirmed", "commission.earned", "commission.reversed"]
        self.club = self.listen(community=self.community.slug, events=[*events, "payout.sent", "payout.paid"])
        self.store = self.listen(merchant=self.merchant.slug, events=events)

    def listen(self, **body):
        url = self.receiver.url.replace("/hooks", f"/{next(iter(body))}")
        return self.walk.post("/webhook-endpoints", {"url": url, **body})

    def sell(self, ref: str, *kinds: str) -> None:
        link = self.walk.client.get(f"/go/{self._code()}", headers={"User-Agent": "Mozilla/5.0 (Android 14)"})
        token = link.headers["Location"].partition("etl=")[2].partition("&")[0]
        for version, kind in enumerate(kinds, 1):
            data = {
                "order_id": ref, "version": version, "currency": "IDR", "lines": [LINE], "click_token": token,
                "placed_at": clock.rfc3339(clock.now() + timedelta(seconds=1)),
            }  # fmt: skip
            assert self.walk.deliver(self.hook["url"], self.hook["secret"], kind, data) == 202

    def _code(self) -> str:
        from affiliate.links.models import TrackingLink

        return self.session.get_one(TrackingLink, self.pick.link_id).code

    def at(self, path: str):
        return [got for got in self.receiver.got if got.path.startswith(f"/{path}")]


def due_work() -> None:
    work.run_once(application.STEPS)


@pytest.fixture
def told(app, client, make, session):
    with practising(app), receiving() as receiver:
        yield Told(Walk(client, make), make, session, receiver)


def test_a_sale_is_told_to_the_community_and_the_store_signed(told: Told, session):
    told.sell("A-1", "order.placed", "order.completed")
    due_work()
    for path, secret in (("community", told.club["secret"]), ("merchant", told.store["secret"])):
        got = told.at(path)
        assert [one.told["type"] for one in got] == ["conversion.created", "conversion.confirmed", "commission.earned"]
        assert all(verified(secret, one) == [True] for one in got)
        assert len({one.id for one in got}) == 3
        earned = got[-1].told["data"]
        assert (earned["order"], earned["amount"]) == ("A-1", {"amount": "10000.00", "currency": "IDR"})
    assert not {one.id for one in told.at("community")} & {one.id for one in told.at("merchant")}
    assert not any(verified(told.store["secret"], one)[0] for one in told.at("community"))  # the control
    assert violations(session) == {}

    told.sell("A-1", "order.completed", "order.cancelled")
    due_work()
    assert [one.told["type"] for one in told.at("merchant")][3:] == ["commission.reversed"]


def test_a_receiver_that_is_down_for_a_while_misses_nothing(told: Told, session):
    told.receiver.reply = lambda _got: None  # it hangs up
    told.sell("A-1", "order.placed")
    due_work()
    told.sell("A-2", "order.completed")
    due_work()
    first = {one.id for one in told.receiver.got}
    told.receiver.got.clear()
    told.receiver.reply = lambda _got: (200, {}, b"")
    later = clock.now() + HOUR
    while jobs.run(later) or jobs.finish(later):
        pass
    got = told.at("community")
    assert sorted(one.told["data"]["order"] for one in got) == ["A-1", "A-2", "A-2", "A-2"]
    assert first <= {one.id for one in told.receiver.got}
    assert len({one.id for one in got}) == 4
    assert session.scalar(sa.select(sa.func.count()).where(WebhookMessage.status != "delivered")) == 0


def test_while_a_secret_is_changed_both_verify(told: Told):
    old = told.club["secret"]
    new = told.walk.post(f"/webhook-endpoints/{told.club['id']}/rotation", {}, status=200)["secret"]
    told.sell("A-1", "order.placed")
    due_work()
    (got,) = told.at("community")
    assert (verified(new, got), verified(old, got)) == ([True, False], [False, True])
    assert verified(told.store["secret"], told.at("merchant")[0]) == [True]


class Broken(Exception):
    """The books fail."""


def fails(*_args, **_named):
    raise Broken


def stored() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(WebhookMessage)) or 0


def test_what_was_rolled_back_is_never_told(told: Told, monkeypatch):
    monkeypatch.setattr(pipeline.commissions, "settle", fails)  # after the conversion was told
    told.sell("A-1", "order.completed")
    due_work()
    assert (stored(), told.receiver.got) == (0, [])
    monkeypatch.undo()
    told.sell("A-2", "order.completed")
    due_work()
    assert {one.told["data"]["order"] for one in told.receiver.got} == {"A-2"}


def test_an_outbox_beside_the_transaction_would_tell_it(told: Told, monkeypatch):
    """The control of the test above: facts that are kept apart and written in a transaction of their own."""
    kept: list = []

    def beside(_session, listeners, facts, *, now):
        kept.append((listeners, facts, now))

    for room in (conversions_telling, commissions_telling):
        monkeypatch.setattr(room.announcing, "announce", beside)
    with monkeypatch.context() as damage:
        damage.setattr(pipeline.commissions, "settle", fails)
        told.sell("A-1", "order.completed")
        due_work()
    monkeypatch.undo()
    for listeners, facts, now in kept:
        with transaction(db.session) as session:
            announcing.announce(session, listeners, facts, now=now)
    due_work()
    assert {one.told["data"]["order"] for one in told.receiver.got} == {"A-1"}  # an order that was never booked
