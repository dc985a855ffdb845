"""GET /api/v1/conversions: each sees their own, a named stranger is a 404."""

from __future__ import annotations

import pytest

from affiliate.identity.models import Role
from affiliate.links.models import TrackingLink
from affiliate.orders.models import OrderStatus
from tests.affiliate.conversions.sold import Sold

URL = "/api/v1/conversions"


@pytest.fixture
def houses(make) -> tuple[Sold, Sold]:
    """Two stores with a community each, both with a completed, a paid and an uncredited order."""
    both = Sold(make), Sold(make)
    for sold in both:
        sold.settle(sold.order(), sold.order(status=OrderStatus.PAID), sold.order(token=None))
        sold.session.commit()
    return both


def refs(answer) -> list[str]:
    assert answer.status_code == 200, answer.get_json()
    return [item["order"] for item in answer.get_json()["items"]]


def test_one_conversion_as_programs_see_it(client, make, houses):
    sold = houses[0]
    key = make.key(Role.COMMUNITY_OWNER, sold.community.id)
    items = client.get(URL, query_string={"order": "A-2"}, headers=key).get_json()["items"]
    assert items == [
        {
            "order": "A-2",
            "merchant": sold.merchant.slug,
            "community": sold.community.slug,
            "curator": sold.curator.handle,
            "product": items[0]["product"],
            "link": {"code": items[0]["link"]["code"], "label": "", "sub_ids": {}},
            "status": "pending",
            "reason": None,
            "estimate": {"amount": "10000.00", "currency": "IDR"},
            "decided_by": "token",
            "clicked_at": "2026-10-20T01:00:00Z",
            "placed_at": "2026-10-20T03:00:00Z",
            "updated_at": "2026-11-01T09:00:00Z",
        }
    ]


def test_each_sees_their_own_and_platform_staff_see_all(client, make, houses):
    one, other = houses
    assert refs(client.get(URL, headers=make.key(Role.COMMUNITY_OWNER, one.community.id))) == ["A-2", "A-1"]
    assert refs(client.get(URL, headers=make.key(Role.MERCHANT_STAFF, other.merchant.id))) == ["A-3", "A-2", "A-1"]
    assert len(refs(client.get(URL, headers=make.key(Role.FINANCE_MAKER)))) == 6
    assert len(refs(client.get(URL, headers=make.key(Role.ADMIN)))) == 6
    stranger = make.key(Role.COMMUNITY_OWNER, make.community().id)
    assert refs(client.get(URL, headers=stranger)) == []


def test_a_store_or_community_that_is_not_theirs_is_not_there(client, make, houses):
    one, other = houses
    community = make.key(Role.COMMUNITY_OWNER, one.community.id)
    merchant = make.key(Role.MERCHANT_STAFF, one.merchant.id)
    for key in (community, merchant):
        for name, slug in (("merchant", other.merchant.slug), ("community", other.community.slug), ("merchant", "x")):
            assert client.get(URL, query_string={name: slug}, headers=key).status_code == 404
    assert refs(client.get(URL, query_string={"merchant": one.merchant.slug}, headers=community)) == ["A-2", "A-1"]
    assert refs(client.get(URL, query_string={"community": one.community.slug}, headers=merchant)) == ["A-2", "A-1"]


def test_filters_narrow(client, make, houses):
    key = make.key(Role.MERCHANT_STAFF, houses[0].merchant.id)
    assert refs(client.get(URL, query_string={"status": "confirmed"}, headers=key)) == ["A-1"]
    assert refs(client.get(URL, query_string={"status": "declined"}, headers=key)) == ["A-3"]
    assert refs(client.get(URL, query_string={"order": "A-9"}, headers=key)) == []


def test_the_list_goes_on_by_cursor(client, make, houses):
    key = make.key(Role.MERCHANT_STAFF, houses[0].merchant.id)
    first = client.get(URL, query_string={"limit": 2}, headers=key)
    following = client.get(URL, query_string={"limit": 2, "cursor": first.get_json()["next"]}, headers=key)
    assert (refs(first), refs(following), following.get_json()["next"]) == (["A-3", "A-2"], ["A-1"], None)


@pytest.mark.parametrize(
    "bad",
    [{"status": "sold"}, {"limit": "0"}, {"limit": "x"}, {"cursor": "!"}],
)
def test_what_cannot_be_asked_is_said(client, make, houses, bad):
    answer = client.get(URL, query_string=bad, headers=make.key(Role.ADMIN))
    assert answer.status_code == 422
    assert next(iter(bad)) in answer.get_json()["errors"]


@pytest.mark.parametrize("order", ["\ud800", "'; --", "x" * 5000])
def test_strange_order_numbers_find_nothing(client, make, houses, order):
    query = {"order": order.encode("utf-8", "surrogatepass")}
    assert refs(client.get(URL, query_string=query, headers=make.key(Role.ADMIN))) == []


def test_nobody_gets_in_without_a_key(client):
    assert client.get(URL).status_code == 401


def test_label_and_sub_ids_come_back_to_the_community_and_to_nobody_else(client, make, houses):
    sold = houses[0]
    link = sold.session.get_one(TrackingLink, sold.pick.link_id)
    link.label, link.sub_ids = "Reel Lebaran", {"channel": "tiktok", "sub1": "pagi"}
    sold.session.commit()
    own = client.get(URL, query_string={"order": "A-1"}, headers=make.key(Role.CURATOR, sold.community.id)).get_json()
    assert own["items"][0]["link"] == {"code": link.code, "label": "Reel Lebaran", "sub_ids": link.sub_ids}
    store = client.get(URL, query_string={"order": "A-1"}, headers=make.key(Role.MERCHANT_STAFF, sold.merchant.id))
    assert store.get_json()["items"][0]["link"] is None
    assert "tiktok" not in store.text
