"""What is told of commissions: each step once, with the parts that its reader may know."""

from __future__ import annotations

import json

import pytest

from affiliate.orders.models import OrderStatus
from tests.affiliate.conversions.sold import Sold
from tests.affiliate.conversions.test_ladder import House
from tests.affiliate.outbox.hearing import heard, listen, types


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "IDR"}


def of_commissions(session, ear):
    return [one for one in heard(session, ear) if one["type"].startswith("commission.")]


@pytest.fixture
def sold(make) -> Sold:
    return Sold(make)


def test_earning_a_refund_and_a_reversal_are_told_with_their_differences(sold, session):
    ear = listen(session, sold.community)
    order = sold.order()
    sold.settle(order)
    line = sold.line(order)
    line.refunded_minor, order.net_minor = 5_000_000, 5_000_000
    sold.settle(order)
    order.status = OrderStatus.CANCELLED
    sold.settle(order)
    sold.settle(order)
    told = of_commissions(session, ear)
    assert types(told) == ["commission.earned", "commission.adjusted", "commission.reversed"]
    assert [one["data"]["amount"]["amount"] for one in told] == ["10000.00", "-5000.00", "-5000.00"]
    assert [one["data"]["number"] for one in told] == [1, 2, 3]
    first = told[0]["data"]
    assert (first["order"], first["merchant"], first["community"]) == (
        order.ref, sold.merchant.slug, sold.community.slug,
    )  # fmt: skip
    assert first["by"] == [
        {"owner": "platform", "role": "platform", "amount": money("1000.00")},
        {"owner": f"community:{sold.community.id}", "role": "community", "amount": money("6000.00")},
        {"owner": f"curator:{sold.curator.id}", "role": "curator", "amount": money("3000.00")},
    ]


def test_of_a_shared_commission_a_community_reads_the_others_in_one_and_the_store_all(make, session):
    house = House(make)
    make.policy(house.programme, model="linear")
    ours, store = listen(session, house.community), listen(session, house.merchant)
    house.settle(house.order({"unit_price_minor": 9_999_999}, token=house.journey()))
    (told,) = of_commissions(session, ours)
    assert told["data"]["by"][-1] == {"owner": "others", "role": "community", "amount": money("4000.00")}
    assert told["data"]["community"] == house.community.slug
    text = json.dumps(told)
    assert house.other.slug not in text
    assert f"community:{house.other.id}" not in text
    (told,) = of_commissions(session, store)
    assert f"community:{house.other.id}" in {part["owner"] for part in told["data"]["by"]}


def test_strangers_are_told_nothing(make, session, sold):
    other = Sold(make)
    ears = [listen(session, other.community), listen(session, other.merchant)]
    sold.settle(sold.order())
    assert [heard(session, ear) for ear in ears] == [[], []]
