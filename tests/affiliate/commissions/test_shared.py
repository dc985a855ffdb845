"""An order that several communities share: exact through its whole life, and seen by each as theirs."""

from __future__ import annotations

import random

import pytest
import sqlalchemy as sa

from affiliate.commissions.checks import CHECKS
from affiliate.commissions.models import Commission, CommissionEvent, CommissionShare
from affiliate.conversions.models import Credit
from affiliate.core import money
from affiliate.identity.models import Role
from affiliate.orders.models import OrderStatus
from tests.affiliate.conversions.test_ladder import House
from tests.affiliate.conversions.test_views import page, sign_in

LINE = {"unit_price_minor": 9_999_999}  # 10 % of it is 1,000,000 after rounding


@pytest.fixture
def house(make) -> House:
    """Two communities share evenly: ours by 10, 60, 30, the other by 20, 80 and no curator."""
    house = House(make)
    make.policy(house.programme, model="linear")
    return house


def booked(house: House, order) -> dict[str, int]:
    rows = house.session.execute(
        sa.select(CommissionShare.owner, sa.func.sum(CommissionShare.amount_minor))
        .join(CommissionEvent, CommissionEvent.id == CommissionShare.event_id)
        .join(Commission, Commission.id == CommissionEvent.commission_id)
        .where(Commission.order_id == order.id)
        .group_by(CommissionShare.owner)
    )
    return {owner: int(amount) for owner, amount in rows}


def owners(house: House) -> tuple[str, str, str]:
    return f"community:{house.community.id}", f"curator:{house.curator.id}", f"community:{house.other.id}"


def broken(session) -> set[str]:
    session.flush()
    return {code for code, _sentence, check in CHECKS if check(session)}


def test_each_credit_is_shared_by_its_own_split(house):
    order = house.order(LINE, token=house.journey())
    house.settle(order)
    ours, curator, theirs = owners(house)
    assert booked(house, order) == {
        "platform": 50_000 + 100_000, ours: 300_000, curator: 150_000, theirs: 400_000,
    }  # fmt: skip
    assert broken(house.session) == set()


@pytest.mark.parametrize("model", ["linear", "position", "time_decay"])
def test_refunds_in_any_parts_leave_exact_shares_and_at_last_nothing(house, make, model):
    make.policy(house.programme, model=model)
    dice = random.Random(11)
    order = house.order({"unit_price_minor": 7_777_777}, token=house.journey())
    house.settle(order)
    line = house.line(order)
    while line.refunded_minor < line.net_minor:
        line = house.line(order)
        line.refunded_minor = min(line.net_minor, line.refunded_minor + dice.randint(1, 2_500_000))
        order.net_minor = line.net_minor - line.refunded_minor
        left = money.apply_rate(order.net_minor, 1000)
        house.settle(order)
        assert sum(booked(house, order).values()) == left
        assert broken(house.session) == set()
        line = house.line(order)
    assert set(booked(house, order).values()) == {0}


def test_the_parts_are_cut_by_largest_remainder_then_by_the_split(house):
    order = house.order({"unit_price_minor": 30}, token=house.journey())  # 3 minor units: 2 and 1
    house.settle(order)
    ours, curator, theirs = owners(house)
    first, second = 2, 1  # the other community's click came first
    split_first = money.split(first, [2000, 8000])
    split_second = money.split(second, [1000, 6000, 3000])
    found = booked(house, order)
    assert found["platform"] if split_first[0] + split_second[0] else "platform" not in found
    assert (found.get(theirs, 0), found.get(ours, 0), found.get(curator, 0)) == (
        split_first[1], split_second[1], split_second[2],
    )  # fmt: skip
    assert sum(found.values()) == 3


def test_a_cancelled_order_takes_all_back_from_everybody(house):
    order = house.order(LINE, token=house.journey())
    house.settle(order)
    order.status = OrderStatus.CANCELLED
    house.settle(order)
    assert set(booked(house, order).values()) == {0}
    estimates = house.session.execute(sa.select(Credit.estimate_minor).where(Credit.withdrawn_at.is_(None)))
    assert set(estimates.scalars()) == {0}
    assert broken(house.session) == set()


def test_an_order_that_is_credited_anew_moves_the_money_and_nothing_is_lost(house, make):
    make.coupon(house.merchant, house.other, "KITA10")
    make.policy(house.programme, coupon_rule="coupon_wins")
    order = house.order(LINE)
    house.settle(order)
    order.coupon = "KITA10"
    house.settle(order)
    ours, curator, theirs = owners(house)
    assert booked(house, order) == {"platform": 200_000, ours: 0, curator: 0, theirs: 800_000}
    assert broken(house.session) == set()


def test_each_credit_has_its_estimate_before_the_order_is_completed(house):
    order = house.order(LINE, token=house.journey(), status=OrderStatus.PAID)
    house.settle(order)
    row = house.conversion(order)
    assert (row.estimate_minor, row.community_estimate_minor) == (1_000_000, 850_000)
    parts = house.session.execute(sa.select(Credit.community_id, Credit.estimate_minor).order_by(Credit.position))
    assert [tuple(part) for part in parts] == [(house.other.id, 400_000), (house.community.id, 450_000)]


def test_programs_of_each_side_see_their_own_part(client, make, house):
    order = house.order(LINE, token=house.journey())
    house.settle(order)
    house.session.commit()
    ours, curator, theirs = owners(house)
    seen = {}
    for name, key in {
        "ours": make.key(Role.COMMUNITY_OWNER, house.community.id),
        "theirs": make.key(Role.COMMUNITY_OWNER, house.other.id),
        "store": make.key(Role.MERCHANT_STAFF, house.merchant.id),
        "stranger": make.key(Role.COMMUNITY_OWNER, make.community().id),
    }.items():
        items = client.get("/api/v1/commissions", headers=key).get_json()["items"]
        seen[name] = [
            (one["community"], {part["owner"]: part["amount"]["amount"] for part in one["by"]}) for one in items
        ]
        assert all(one["earned"]["amount"] == "10000.00" for one in items)
    assert seen["ours"] == [
        (house.community.slug, {"platform": "1500.00", ours: "3000.00", curator: "1500.00", "others": "4000.00"})
    ]
    assert seen["theirs"] == [(house.other.slug, {"platform": "1500.00", theirs: "4000.00", "others": "4500.00"})]
    assert seen["store"][0][1] == {"platform": "1500.00", ours: "3000.00", curator: "1500.00", theirs: "4000.00"}
    assert seen["stranger"] == []


def test_the_explanation_names_no_other_community_to_a_community(client, make, house):
    order = house.order(LINE, token=house.journey())
    house.settle(order)
    house.session.commit()
    address = f"/api/v1/commissions/{house.commission(order).id}/explanation"
    told = client.get(address, headers=make.key(Role.CURATOR, house.community.id)).get_data(as_text=True)
    assert house.other.slug not in told
    assert house.other.name not in told
    assert f"community:{house.other.id}" not in told
    everything = client.get(address, headers=make.key(Role.FINANCE_MAKER)).get_json()
    assert [one["community"]["slug"] for one in everything["credits"]] == [house.other.slug, house.community.slug]
    assert client.get(address, headers=make.key(Role.CURATOR, make.community().id)).status_code == 404


def test_the_pages_of_both_communities_show_their_own_money(client, make, house):
    order = house.order(LINE, token=house.journey())
    house.settle(order)
    sign_in(client, make, Role.CURATOR, house.community.id)
    orders = page(client, f"/portal/{house.community.slug}/orders")
    assert "Rp4.500" in orders
    assert "Dibagi dengan komunitas lain" in orders
    earned = page(client, f"/portal/{house.community.slug}/commissions")
    assert "Rp4.500" in earned
    why = page(client, f"/commissions/{house.commission(order).id}")
    assert "Komunitas lain" in why
    assert house.other.name not in why


def test_a_credit_that_is_not_whole_is_seen(house):
    order = house.order(LINE, token=house.journey())
    house.settle(order)
    first = sa.select(sa.func.min(Credit.id)).scalar_subquery()
    house.session.execute(sa.update(Credit).where(Credit.id == first).values(weight_bps=4999))
    assert "I-41" in broken(house.session)


def test_a_credit_whose_click_came_after_the_order_is_seen(house):
    order = house.order(LINE, token=house.journey())
    house.settle(order)
    later = sa.update(Credit).where(Credit.position == 1).values(clicked_at=order.placed_at.replace(year=2027))
    house.session.execute(later)
    assert broken(house.session) == {"I-17"}
