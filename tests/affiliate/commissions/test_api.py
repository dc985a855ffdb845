"""GET /api/v1/commissions and the explanation: sums, rights, and the whole story of one amount."""

from __future__ import annotations

import pytest

from affiliate.identity.models import Role
from tests.affiliate.conversions.sold import NOW, Sold

URL = "/api/v1/commissions"


@pytest.fixture
def sold(make) -> Sold:
    sold = Sold(make)
    sold.kept = sold.order({"quantity": 2, "discount_minor": 55, "title": "Kemeja batik"}, {"sku": "T-2"})
    sold.settle(sold.kept)
    sold.session.commit()
    return sold


@pytest.fixture
def owner(make, sold) -> dict[str, str]:
    return make.key(Role.COMMUNITY_OWNER, sold.community.id)


def idr(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "IDR"}


def test_one_commission_as_programs_see_it(client, sold, owner):
    items = client.get(URL, query_string={"order": "A-1"}, headers=owner).get_json()["items"]
    assert items == [
        {
            "id": sold.commission(sold.kept).id,
            "order": "A-1",
            "merchant": sold.merchant.slug,
            "community": sold.community.slug,
            "currency": "IDR",
            "earned": idr("29999.94"),
            "by": [
                {"owner": "platform", "role": "platform", "amount": idr("3000.00")},
                {"owner": f"community:{sold.community.id}", "role": "community", "amount": idr("17999.96")},
                {"owner": f"curator:{sold.curator.id}", "role": "curator", "amount": idr("8999.98")},
            ],
            "available_on": "2026-11-05T17:00:00Z",
            "needs_funding": False,
        }
    ]


def test_earned_is_the_sum_over_all_events(client, sold, owner):
    line = sold.line(sold.kept, 2)
    line.refunded_minor = line.net_minor
    sold.settle(sold.kept)
    sold.session.commit()
    (item,) = client.get(URL, headers=owner).get_json()["items"]
    assert item["earned"] == idr("19999.94")
    assert len(sold.events(sold.kept)) == 2


def test_each_sees_their_own(client, make, sold):
    other = make.community()
    keys = {
        "merchant": make.key(Role.MERCHANT_STAFF, sold.merchant.id),
        "finance": make.key(Role.FINANCE_APPROVER),
        "stranger": make.key(Role.CURATOR, other.id),
    }
    counts = {name: len(client.get(URL, headers=key).get_json()["items"]) for name, key in keys.items()}
    assert counts == {"merchant": 1, "finance": 1, "stranger": 0}
    for query in ({"merchant": sold.merchant.slug}, {"community": sold.community.slug}):
        assert client.get(URL, query_string=query, headers=keys["stranger"]).status_code == 404
        assert len(client.get(URL, query_string=query, headers=keys["merchant"]).get_json()["items"]) == 1
    explained = f"{URL}/{sold.commission(sold.kept).id}/explanation"
    assert client.get(explained, headers=keys["stranger"]).status_code == 404
    assert client.get(explained, headers=keys["merchant"]).status_code == 200


def test_the_explanation_tells_the_whole_story(client, sold, owner):
    commission = sold.commission(sold.kept)
    told = client.get(f"{URL}/{commission.id}/explanation", headers=owner).get_json()
    assert (told["order"]["ref"], told["order"]["status"]) == ("A-1", "completed")
    (click,) = told["attribution"]["candidates"]
    assert (click["verdict"], click["community"]["slug"], click["window_days"]) == ("won", sold.community.slug, 30)
    first, second = told["lines"]
    assert (first["net"], first["counted"]) == (idr("199999.45"), idr("199999.45"))
    assert (first["exact"], first["commission"]) == ("1999994.5", idr("19999.94"))
    assert first["rate"]["bps"] == 1000
    assert second["commission"] == idr("10000.00")
    assert (told["reckoned"], told["total"], told["earned"]) == (idr("29999.94"),) * 3
    assert (told["terms"]["version"], told["terms"]["hold_days"]) == (1, 14)
    assert [part["weight_bps"] for part in told["split"]] == [1000, 6000, 3000]
    assert [(event["kind"], event["amount"], event["total"]) for event in told["events"]] == [
        ("earned", idr("29999.94"), idr("29999.94"))
    ]
    assert told["payment"]["available_on"] == "2026-11-05T17:00:00Z"


def test_what_a_refund_took_stands_in_the_events(client, sold, owner):
    line = sold.line(sold.kept, 2)
    line.refunded_minor = line.net_minor
    sold.settle(sold.kept, now=NOW)
    sold.session.commit()
    told = client.get(f"{URL}/{sold.commission(sold.kept).id}/explanation", headers=owner).get_json()
    assert [(event["amount"], event["total"]) for event in told["events"]] == [
        (idr("29999.94"), idr("29999.94")),
        (idr("-10000.00"), idr("19999.94")),
    ]
    assert told["lines"][1]["excluded"] == "nothing_left"
    assert told["earned"] == told["total"] == idr("19999.94")


@pytest.mark.parametrize("number", [0, 999_999, 2**63, 10**30])
def test_a_commission_that_is_not_there(client, make, number):
    assert client.get(f"{URL}/{number}/explanation", headers=make.key(Role.ADMIN)).status_code == 404
