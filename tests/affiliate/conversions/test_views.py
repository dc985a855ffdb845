"""The lists of orders: what sold, in words, for those whom it concerns."""

from __future__ import annotations

import pytest

from affiliate.identity.models import Role
from affiliate.links.models import TrackingLink
from affiliate.orders.models import OrderStatus
from tests.affiliate.conversions.sold import Sold
from tests.factories import PASSWORD


@pytest.fixture
def sold(make) -> Sold:
    return Sold(make)


def sign_in(client, make, role, scope_id=None, locale="id"):
    user = make.user(role, scope_id, locale=locale)
    make.session.commit()
    assert client.post("/sign-in", data={"email": user.email, "password": PASSWORD}).status_code == 303


def page(client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_a_community_sees_what_sold_and_why_the_rest_does_not_count(client, make, sold):
    orders = [sold.order(), sold.order(status=OrderStatus.PAID), sold.order(status=OrderStatus.CANCELLED)]
    sold.settle(*orders)
    sign_in(client, make, Role.CURATOR, sold.community.id)
    html = page(client, f"/portal/{sold.community.slug}/orders")
    assert all(order.ref in html for order in orders)
    assert "Rp9.000" in html
    assert "Pesanan dibatalkan." in html
    assert f"/commissions/of-order/{orders[0].id}" in html
    assert f"/commissions/of-order/{orders[1].id}" not in html


def test_a_sale_that_earned_nothing_leads_nowhere(client, make, sold):
    order = sold.order({"refunded_minor": 10_000_000})
    sold.settle(order)
    sign_in(client, make, Role.CURATOR, sold.community.id)
    html = page(client, f"/portal/{sold.community.slug}/orders")
    assert "Terjual" in html
    assert "/commissions/of-order/" not in html


def test_a_store_sees_all_its_orders_with_the_whole_commission(client, make, sold):
    sold.settle(sold.order(), sold.order(token=None))
    sign_in(client, make, Role.MERCHANT_STAFF, sold.merchant.id, locale="en")
    html = page(client, f"/merchant/{sold.merchant.slug}/orders")
    assert "Rp10.000" in html
    assert sold.community.name in html
    assert "did not come through a community" in html


def test_filters_and_empty_lists_say_what_to_do(client, make, sold):
    sign_in(client, make, Role.COMMUNITY_OWNER, sold.community.id, locale="en")
    address = f"/portal/{sold.community.slug}/orders"
    assert "No orders yet" in page(client, address)
    sold.settle(sold.order())
    sold.session.commit()
    assert "A-1" in page(client, address + "?status=confirmed")
    assert "No order fits this filter" in page(client, address + "?status=pending")
    assert "No order fits this filter" in page(client, address + "?order=B-1")
    assert "A-1" in page(client, address + "?status=nonsense&order=%0a")


def test_a_long_list_goes_on(client, make, sold):
    sold.settle(*[sold.order() for _ in range(51)])
    sign_in(client, make, Role.MERCHANT_STAFF, sold.merchant.id, locale="en")
    html = page(client, f"/merchant/{sold.merchant.slug}/orders")
    assert "Older ones" in html
    older = html.split('class="pager"')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")
    assert "A-1</" in page(client, older)


def test_strangers_find_nothing(client, make, sold):
    other = Sold(make)
    sign_in(client, make, Role.COMMUNITY_OWNER, other.community.id)
    assert client.get(f"/portal/{sold.community.slug}/orders").status_code == 404
    assert client.get(f"/merchant/{sold.merchant.slug}/orders").status_code == 404


def test_a_links_own_words_stand_beside_its_orders(client, make, sold):
    other = make.pick(sold.community, make.product(sold.merchant))
    orders = [sold.order(), sold.order(token=sold.token(link_id=other.link_id, nonce=99))]
    sold.settle(*orders)
    link = sold.session.get_one(TrackingLink, other.link_id)
    link.label, link.sub_ids = "Reel Lebaran", {"channel": "tiktok"}
    sign_in(client, make, Role.CURATOR, sold.community.id)
    html = page(client, f"/portal/{sold.community.slug}/orders")
    assert html.count("Reel Lebaran") == 1
    assert html.count("tiktok") == 1
    assert f"/portal/{sold.community.slug}/links/{link.id}" in html


def test_a_store_does_not_read_a_communitys_own_words(client, make, sold):
    sold.settle(sold.order())
    sold.session.get_one(TrackingLink, sold.pick.link_id).label = "Rahasia dapur"
    sign_in(client, make, Role.MERCHANT_STAFF, sold.merchant.id)
    assert "Rahasia dapur" not in page(client, f"/merchant/{sold.merchant.slug}/orders")
