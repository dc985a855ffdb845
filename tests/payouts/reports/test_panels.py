from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

from flask import g

from affiliate.core import clock, slots
from affiliate.identity.models import Role
from payouts.reports import panels
from tests.conftest import NOW
from tests.payouts.earning import Earnings
from tests.payouts.reports.test_views import words


@contextmanager
def seen_by(app, actor):
    """A request of this person, so that the slots render for them."""
    with app.test_request_context(headers={"Accept-Language": "en"}):
        g.actor = actor
        yield


def test_the_communitys_home_shows_its_money(app, make):
    earnings = Earnings(make)
    earnings.earn(10_000_000, available_on=NOW)
    day = clock.now() + timedelta(days=3)
    earnings.earn(5_000_000, available_on=day)
    earnings.book()
    owner = make.actor(make.user(Role.COMMUNITY_OWNER, earnings.community.id))
    with seen_by(app, owner):
        text = words(slots.render("portal.home", earnings.community))
    assert "Your money Available Rp90.000" in text
    assert f"Next money {clock.local_date(day, 'Asia/Jakarta'):%-d %b %Y}" in text


def test_the_stores_home_shows_its_debt(app, make):
    earnings = Earnings(make)
    earnings.earn(10_000_000)
    earnings.book()
    staff = make.actor(make.user(Role.MERCHANT_STAFF, earnings.merchant.id))
    with seen_by(app, staff):
        text = words(slots.render("merchant.home", earnings.merchant))
    assert "Open Rp100.000 Owed in all Rp100.000 Received Rp0" in text


def test_before_there_is_money_and_for_strangers_a_panel_is_empty(app, make):
    earnings = Earnings(make)
    with app.test_request_context():
        owner = make.actor(make.user(Role.COMMUNITY_OWNER, earnings.community.id))
        staff = make.actor(make.user(Role.MERCHANT_STAFF, earnings.merchant.id))
        assert panels.community_home(owner, earnings.community) is None
        assert panels.merchant_home(staff, earnings.merchant) is None
        earnings.earn(1_000)
        earnings.book()
        assert panels.community_home(owner, earnings.community) is not None
        assert panels.community_home(staff, earnings.community) is None
        assert panels.merchant_home(owner, earnings.merchant) is None
