"""Test my link, through the real redirect, the real webhook and the real pipeline; nothing is booked or counted."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from affiliate import pipeline
from affiliate.commissions.models import Commission, CommissionEvent
from affiliate.conversions.models import Conversion, ConversionStatus
from affiliate.core import clock
from affiliate.core.settings import DEMO_SECRET_KEY
from affiliate.identity.models import Role
from affiliate.integration.models import LinkTest
from affiliate.integration.service import SANDBOX_SLUG
from affiliate.links.models import TrackingLink
from affiliate.orders.models import Order
from affiliate.tracking import jobs, redirect, tokens
from affiliate.tracking.models import Click
from tests.affiliate.conversions.sold import Sold
from tests.affiliate.orders import shop
from tests.factories import PASSWORD
from tests.flows.books import violations

KEYS = tokens.keys(DEMO_SECRET_KEY)


@pytest.fixture
def store(make):
    """A store with a programme of 10 %, a community with a tenth for the platform, a product and a key."""
    sold = Sold(make, bps=1000)
    sold.product = make.product(sold.merchant, title="Gaun Linen", price_minor=20_000_000)
    sold.key = make.webhook_key(sold.merchant)
    sold.home = f"/merchant/{sold.merchant.slug}/integration"
    make.session.commit()
    return sold


@pytest.fixture
def staff(make, store, client):
    user = make.user(Role.MERCHANT_STAFF, store.merchant.id)
    make.session.commit()
    sign_in(client, user)
    return user


def sign_in(client, user):
    assert client.post("/sign-in", data={"email": user.email, "password": PASSWORD}).status_code == 303


def begin(client, store, **over):
    data = {"product": store.product.id, "community": store.community.id} | over
    return client.post(f"{store.home}/tests", data=data)


def states(page: str) -> list[str]:
    return re.findall(r'<li class="is-(\w+)', page)


def count(session, *where) -> int:
    return session.execute(sa.select(sa.func.count()).select_from(where[0]).where(*where[1:])).scalar_one()


def test_the_whole_way_turns_green_and_nothing_is_booked(app, client, store, staff, session):
    answer = begin(client, store)
    assert answer.status_code == 303
    place = answer.headers["Location"]
    test = session.execute(sa.select(LinkTest)).scalar_one()
    token = parse_qs(urlsplit(test.landing_url).query)["etl"][0]
    assert tokens.read(token, KEYS).link_id == test.link_id
    page = client.get(place).text
    assert f"<mark>{token}</mark>" in page
    assert store.product.url in page
    assert states(page) == ["good", "good", "good", "wait", "later", "later", "later"]

    assert client.post(f"{place}/order").status_code == 303
    assert states(client.get(place).text)[:5] == ["good"] * 5
    while pipeline.run(clock.now()):
        pass
    page = client.get(place).text
    assert states(page) == ["good"] * 7
    assert "Rp20.000" in page  # 10 % of Rp200.000
    assert "Rp18.000" in page  # nine tenths of it
    assert store.community.name in page
    assert "hx-get" not in page

    conversion = session.execute(sa.select(Conversion)).scalar_one()
    assert (conversion.status, conversion.reason) == (ConversionStatus.DECLINED, "test_order")
    assert (count(session, Commission), count(session, CommissionEvent)) == (0, 0)
    assert violations(session) == {}


def test_the_click_is_recorded_but_nobodys_and_its_link_is_closed(app, client, store, staff, session):
    begin(client, store)
    redirect.stop(app)
    while jobs.run(clock.now()):
        pass
    session.expire_all()
    click = session.execute(sa.select(Click)).scalar_one()
    link = session.get_one(TrackingLink, click.link_id)
    assert not click.is_qualified
    assert click.community_id != store.community.id
    assert link.withdrawn_at is not None
    assert client.get(f"/go/{link.code}").status_code == 410


def test_a_real_order_with_a_test_token_earns_nothing_whatever_it_says(app, client, store, staff, session):
    """The safety is in the link, not in the order's word: also before the click is loaded."""
    begin(client, store)
    test = session.execute(sa.select(LinkTest)).scalar_one()
    now = clock.rfc3339(clock.now() + timedelta(seconds=1))
    message = shop.message(
        "order.completed", timestamp=now, order_id="NYATA-1", click_token=test.token, placed_at=now, version=3
    )
    assert shop.send(client, store.merchant.slug, store.key, "nyata-1", message).status_code == 202
    while pipeline.run(clock.now()):
        pass
    conversion = session.execute(sa.select(Conversion)).scalar_one()
    assert (conversion.status, conversion.reason) == (ConversionStatus.DECLINED, "not_enrolled")
    assert count(session, CommissionEvent) == 0
    page = client.get(f"{store.home}/tests/{test.id}").text
    assert "NYATA-1" in page
    assert "bukan milik siapa pun" in page


def test_the_stores_own_program_may_send_the_order_itself(client, store, staff, session):
    begin(client, store)
    test = session.execute(sa.select(LinkTest)).scalar_one()
    for number, over in enumerate(
        [{"click_token": None}, {"click_token": test.token[:40]}, {"click_token": test.token}]
    ):
        now = clock.rfc3339(clock.now())
        message = shop.message(timestamp=now, order_id=f"U-{number}", placed_at=now, test=True, **over)
        assert shop.send(client, store.merchant.slug, store.key, f"u-{number}", message).status_code == 202
        while pipeline.run(clock.now()):
            pass
        page = client.get(f"{store.home}/tests/{test.id}").text
        assert f"U-{number}" in page
        expected = ["good"] * 5 + (["good"] * 2 if number == 2 else ["bad", "later"])
        assert states(page) == expected


def test_a_key_that_was_revoked_is_not_used(client, store, staff, session):
    store.key.revoked_at = clock.now()
    session.commit()
    place = begin(client, store).headers["Location"]
    answer = client.post(f"{place}/order")
    assert answer.status_code == 409
    assert "kunci webhook" in answer.text
    page = client.get(place).text
    assert "belum punya kunci" in page
    assert count(session, Order) == 0


def test_a_product_off_the_hosts_is_told_in_red(client, store, staff, session):
    store.product.url = "https://elsewhere.test/x"
    store.merchant.shop_url = "https://elsewhere.test/"
    session.commit()
    place = begin(client, store).headers["Location"]
    page = client.get(place).text
    assert states(page) == ["good", "bad", "later", "later", "later", "later", "later"]
    assert client.post(f"{place}/order").status_code == 409


@pytest.mark.parametrize("data", [{}, {"product": "x"}, {"product": 0}, {"product": 2**70}, {"product": 1, "more": 2}])
def test_a_form_that_makes_no_sense_begins_nothing(client, store, staff, session, data):
    assert client.post(f"{store.home}/tests", data=data).status_code == 422
    assert count(session, LinkTest) == 0


def test_another_stores_product_or_community_is_not_taken(client, make, store, staff, session):
    foreign = make.product(make.merchant())
    session.commit()
    assert begin(client, store, product=foreign.id).status_code == 404
    stranger = make.community()
    session.commit()
    begin(client, store, community=stranger.id)
    assert session.execute(sa.select(LinkTest.community_id)).scalar_one() is None


def test_without_a_community_the_store_still_sees_what_it_would_pay(client, store, staff, session):
    store.enrollment.ended_at = clock.now() - timedelta(days=1)
    session.commit()
    place = begin(client, store, community=0).headers["Location"]
    client.post(f"{place}/order")
    while pipeline.run(clock.now()):
        pass
    page = client.get(place).text
    assert states(page) == ["good"] * 7
    assert "Rp20.000" in page


@pytest.mark.parametrize("role", [Role.MERCHANT_STAFF, Role.COMMUNITY_OWNER, Role.CURATOR, None])
def test_strangers_find_neither_guide_nor_test(client, make, store, session, role):
    sign_in(client, make.user(Role.ADMIN))
    place = begin(client, store).headers["Location"]
    client.post("/sign-out")
    scope = {
        Role.MERCHANT_STAFF: make.merchant,
        Role.COMMUNITY_OWNER: make.community,
        Role.CURATOR: make.community,
    }.get(role)
    user = make.user(role, scope().id if scope else None)
    session.commit()
    sign_in(client, user)
    for path in (store.home, place):
        assert client.get(path).status_code == 404
    for path in (f"{store.home}/tests", f"{place}/order"):
        assert client.post(path, data={"product": store.product.id}).status_code == 404
    assert count(session, LinkTest) == 1
    assert count(session, Order) == 0


def test_a_test_of_another_store_is_not_there_under_ones_own_address(client, make, store, staff, session):
    other = LinkTest(
        merchant_id=make.merchant().id, product_id=store.product.id, link_id=store.pick.link_id, deliveries_before=0,
        started_at=clock.now(), started_by="user:1",
    )  # fmt: skip
    session.add(other)
    session.commit()
    assert client.get(f"{store.home}/tests/{other.id}").status_code == 404


def test_finance_reads_but_does_not_test(client, make, store, session):
    user = make.user(Role.FINANCE_MAKER)
    session.commit()
    sign_in(client, user)
    assert client.get(store.home).status_code == 200
    assert begin(client, store).status_code == 404


def test_the_sandbox_is_made_once_and_is_in_no_programme(client, store, staff, session):
    from affiliate.communities.models import Community
    from affiliate.merchants.models import Enrollment

    for _ in range(3):
        begin(client, store)
    sandbox = session.execute(sa.select(Community).where(Community.slug == SANDBOX_SLUG)).scalar_one()
    assert count(session, Enrollment, Enrollment.community_id == sandbox.id) == 0
    assert count(session, TrackingLink, TrackingLink.community_id == sandbox.id) == 3


def test_the_page_says_when_the_last_real_order_with_a_token_came(client, store, staff, session):
    assert "Belum ada di antara" in client.get(store.home).text
    now = clock.rfc3339(clock.now())
    for number, over in enumerate([{"test": True}, {"click_token": None}]):
        message = shop.message(
            timestamp=now, order_id=f"L-{number}", placed_at=now, **{"click_token": store.token()} | over
        )
        shop.send(client, store.merchant.slug, store.key, f"l-{number}", message)
    while pipeline.run(clock.now()):
        pass
    assert "Belum ada di antara" in client.get(store.home).text
    message = shop.message(timestamp=now, order_id="L-NYATA", placed_at=now, click_token=store.token())
    shop.send(client, store.merchant.slug, store.key, "l-nyata", message)
    while pipeline.run(clock.now()):
        pass
    page = client.get(store.home).text
    assert "Terakhir kami terima" in page
    assert f"/merchant/{store.merchant.slug}/orders/L-NYATA" in page
