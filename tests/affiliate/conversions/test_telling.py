"""What is told of a conversion, to whom, and what of the others stays untold."""

from __future__ import annotations

import json

import pytest

from affiliate.conversions import telling
from affiliate.conversions.models import ConversionStatus
from affiliate.conversions.telling import Standing
from affiliate.orders.models import OrderStatus
from affiliate.outbox.rules import EventType
from tests.affiliate.conversions.sold import Sold, statements
from tests.affiliate.conversions.test_ladder import House
from tests.affiliate.outbox.hearing import heard, listen, types

PENDING = Standing(ConversionStatus.PENDING, None, 10_000)
CONFIRMED = Standing(ConversionStatus.CONFIRMED, None, 10_000)
CANCELLED = Standing(ConversionStatus.DECLINED, "cancelled", 0)
NO_CLICK = Standing(ConversionStatus.DECLINED, "no_click", 0)
CREATED, CONFIRM, DECLINE = telling.KINDS


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (None, PENDING, (CREATED,)),
        (None, CONFIRMED, (CREATED, CONFIRM)),
        (None, NO_CLICK, (DECLINE,)),
        (None, None, ()),
        (PENDING, PENDING, ()),
        (PENDING, Standing(ConversionStatus.PENDING, None, 5000), ()),
        (PENDING, CONFIRMED, (CONFIRM,)),
        (PENDING, CANCELLED, (DECLINE,)),
        (CONFIRMED, CONFIRMED, ()),
        (CONFIRMED, CANCELLED, (DECLINE,)),
        (CONFIRMED, PENDING, (CREATED,)),
        (CANCELLED, CANCELLED, ()),
        (CANCELLED, NO_CLICK, (DECLINE,)),
        (NO_CLICK, PENDING, (CREATED,)),
        (NO_CLICK, CONFIRMED, (CREATED, CONFIRM)),
        (CANCELLED, None, ()),
    ],
)
def test_each_step_is_told_by_the_stages_that_it_passes(before, after, kinds):
    assert telling.kinds_of(before, after) == kinds


@pytest.fixture
def sold(make) -> Sold:
    return Sold(make)


def test_an_order_is_told_from_its_placing_to_its_end(sold, session):
    club, store = listen(session, sold.community), listen(session, sold.merchant)
    order = sold.order(status=OrderStatus.PLACED)
    sold.settle(order)
    assert types(heard(session, club)) == types(heard(session, store)) == ["conversion.created"]
    sold.settle(order)
    assert len(heard(session, club)) == 1
    for status, kind in (
        (OrderStatus.COMPLETED, "conversion.confirmed"),
        (OrderStatus.CANCELLED, "conversion.declined"),
        (OrderStatus.COMPLETED, "conversion.confirmed"),
    ):
        order.status = status
        sold.settle(order)
        told = [one for one in heard(session, club) if one["type"].startswith("conversion.")]
        assert told[-1]["type"] == kind
    assert types(told) == [
        "conversion.created", "conversion.confirmed", "conversion.declined", "conversion.created",
        "conversion.confirmed",
    ]  # fmt: skip
    assert told[2]["data"]["reason"] == "cancelled"
    assert told[1]["data"] == {
        "order": order.ref, "merchant": sold.merchant.slug, "status": "confirmed", "reason": None,
        "weight_bps": 10_000,
        "credits": [{"community": sold.community.slug, "weight_bps": 10_000, "is_other": False}],
        "decided_by": "token", "currency": "IDR", "placed_at": "2026-10-20T03:00:00Z",
        "updated_at": "2026-11-01T09:00:00Z",
    }  # fmt: skip


def test_an_order_without_a_community_is_told_to_its_store_alone(sold, session):
    club, store = listen(session, sold.community), listen(session, sold.merchant)
    sold.settle(sold.order(token=None))
    assert heard(session, club) == []
    (told,) = heard(session, store)
    assert (told["type"], told["data"]["reason"], told["data"]["credits"]) == ("conversion.declined", "no_click", [])


def test_a_community_that_is_not_in_the_programme_is_told_why_its_order_does_not_count(make, session, sold):
    stranger = make.community()
    link = make.link(stranger, make.product(sold.merchant))
    ear = listen(session, stranger)
    sold.settle(sold.order(token=sold.token(link_id=link.id)))
    (told,) = heard(session, ear)
    assert (told["type"], told["data"]["reason"]) == ("conversion.declined", "not_enrolled")


def test_of_a_shared_order_each_reads_its_own_part_and_the_store_all(make, session):
    house = House(make)
    make.policy(house.programme, model="linear")
    ours, theirs, store = (listen(session, one) for one in (house.community, house.other, house.merchant))
    house.settle(house.order(token=house.journey()))
    for ear, own, foreign in ((ours, house.community, house.other), (theirs, house.other, house.community)):
        told = heard(session, ear)[0]["data"]
        assert told["weight_bps"] == 5000
        assert told["credits"] == [
            {"community": own.slug, "weight_bps": 5000, "is_other": False},
            {"community": None, "weight_bps": 5000, "is_other": True},
        ]
        assert foreign.slug not in json.dumps(heard(session, ear))
    told = heard(session, store)[0]["data"]
    assert {part["community"] for part in told["credits"]} == {house.community.slug, house.other.slug}
    assert told["weight_bps"] == 10_000


def test_a_loser_is_told_nothing_and_a_stranger_neither(make, session):
    house = House(make)
    loser, stranger = listen(session, house.other), listen(session, Sold(make).community)
    other_store = listen(session, Sold(make).merchant)
    house.settle(house.order(token=house.journey()))
    assert [heard(session, ear) for ear in (loser, stranger, other_store)] == [[], [], []]


def test_who_loses_an_order_to_another_is_told(make, session):
    house = House(make)
    ours, theirs = listen(session, house.community), listen(session, house.other)
    order = house.order(status=OrderStatus.PLACED)
    house.settle(order)
    order.click_token = house.token(link_id=house.other_pick.link_id)
    house.settle(order)
    assert types(heard(session, ours)) == ["conversion.created", "conversion.declined"]
    assert heard(session, ours)[1]["data"]["reason"] == telling.CREDITED_ELSEWHERE
    assert house.other.slug not in json.dumps(heard(session, ours))
    assert types(heard(session, theirs)) == ["conversion.created"]


def test_only_chosen_types_are_written(sold, session):
    ear = listen(session, sold.community, EventType.CONVERSION_CONFIRMED)
    sold.settle(sold.order())
    assert types(heard(session, ear)) == ["conversion.confirmed"]


def test_a_batch_takes_a_fixed_number_of_statements_and_one_where_nobody_listens(make, session):
    def counted(number: int, *, ears: bool) -> int:
        sold = Sold(make)
        if ears:
            listen(session, sold.community)
            listen(session, sold.merchant)
        orders = [sold.order() for _ in range(number)]
        session.flush()
        with statements(session) as seen:
            sold.settle(*orders)
        return sum("webhook_" in text for text in seen)

    assert counted(1, ears=False) == counted(20, ears=False) == 2  # conversions asked once, commissions once
    assert counted(1, ears=True) == counted(20, ears=True) == 4
