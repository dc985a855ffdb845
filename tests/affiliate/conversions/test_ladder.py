"""The ladder over real rows: coupons, other clicks of a visitor, remembered customers, references, shared orders."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from affiliate.conversions import service
from affiliate.conversions.models import Credit, CustomerClick
from affiliate.orders.models import OrderStatus
from affiliate.tracking.models import Click
from tests.affiliate.conversions.sold import CLICKED, NOW, PLACED, Sold, statements


class House(Sold):
    """A store with two communities of one programme."""

    def __init__(self, make, **programme: Any) -> None:
        super().__init__(make, **programme)
        self.other = make.community()
        self.other_enrollment = make.enrollment(self.programme, self.other, split=(2000, 8000, 0, 0))
        self.other_pick = make.pick(self.other, make.product(self.merchant), curator=make.curator(self.other))

    def click(self, link_id: int, at: datetime, nonce: int, visitor: str = "v1", **over: Any) -> None:
        owner = self.other if link_id == self.other_pick.link_id else self.community
        self.session.add(
            Click(
                clicked_at=at, nonce=nonce, link_id=link_id, community_id=owner.id, merchant_id=self.merchant.id,
                visitor=visitor, device="phone", **{"is_qualified": True, **over},
            )
        )  # fmt: skip
        self.session.flush()

    def journey(self) -> str:
        """The other community's click a day before, ours on the order: the token that comes back."""
        self.click(self.other_pick.link_id, CLICKED - timedelta(days=1), 901)
        self.click(self.pick.link_id, CLICKED, 902)
        return self.token(nonce=902)

    def credits(self, order) -> list[tuple[int, int, str | None]]:
        """(community, part, reason) in force, in their order."""
        wanted = sa.select(Credit.community_id, Credit.weight_bps, Credit.reason)
        wanted = wanted.where(Credit.conversion_id == self.conversion(order).id, Credit.withdrawn_at.is_(None))
        return [tuple(row) for row in self.session.execute(wanted.order_by(Credit.position))]


@pytest.fixture
def house(make) -> House:
    return House(make)


def test_the_last_click_has_all_and_the_other_community_is_told_why_not(house):
    order = house.order(token=house.journey())
    house.settle(order)
    assert house.credits(order) == [(house.community.id, 10_000, None), (house.other.id, 0, "earlier_click")]


def test_a_shared_order_has_a_credit_for_each(house, make):
    make.policy(house.programme, model="linear")
    order = house.order(token=house.journey())
    house.settle(order)
    assert house.credits(order) == [(house.other.id, 5000, None), (house.community.id, 5000, None)]
    assert house.conversion(order).community_id == house.other.id


def test_another_visitors_click_is_none_of_this_order(house, make):
    make.policy(house.programme, model="linear")
    house.click(house.other_pick.link_id, CLICKED - timedelta(days=1), 901, visitor="v2")
    house.click(house.pick.link_id, CLICKED, 902)
    order = house.order(token=house.token(nonce=902))
    house.settle(order)
    assert house.credits(order) == [(house.community.id, 10_000, None)]


@pytest.mark.parametrize("code", ["kita10", " KITA10 ", "SAVE5, Kita10", "unknown;KITA10"])
def test_a_coupon_counts_however_it_is_written(house, make, code):
    curator = make.curator(house.other)
    make.coupon(house.merchant, house.other, "KITA10", curator=curator)
    order = house.order(token=None, coupon=code)
    house.settle(order)
    row = house.conversion(order)
    assert (row.community_id, row.curator_id, row.link_id, row.clicked_at) == (house.other.id, curator.id, None, None)
    assert row.evidence["decided_by"] == "coupon"


def test_of_several_codes_the_first_that_stands_for_somebody_then_counts(house, make):
    make.coupon(house.merchant, house.community, "OVER", valid_until=PLACED)
    make.coupon(house.merchant, house.other, "NOW")
    make.coupon(house.merchant, house.community, "ALSO")
    order = house.order(token=None, coupon="OVER,NOW,ALSO")
    house.settle(order)
    assert house.conversion(order).community_id == house.other.id


@pytest.mark.parametrize(
    ("begins", "ends", "reason"),
    [
        (PLACED, None, None),
        (PLACED + timedelta(seconds=1), None, "coupon_not_valid"),
        (PLACED - timedelta(days=9), PLACED + timedelta(seconds=1), None),
        (PLACED - timedelta(days=9), PLACED, "coupon_not_valid"),
    ],
)
def test_a_coupon_has_its_time(house, make, begins, ends, reason):
    make.coupon(house.merchant, house.other, "KITA10", valid_from=begins, valid_until=ends)
    order = house.order(token=None, coupon="KITA10")
    house.settle(order)
    row = house.conversion(order)
    assert (row.reason, row.community_id) == (reason, house.other.id)


def test_a_stores_own_coupon_credits_nobody_and_another_stores_neither(house, make):
    order = house.order(token=None, coupon="LEBARAN")
    house.settle(order)
    row = house.conversion(order)
    assert (row.reason, row.community_id) == ("no_click", None)
    assert row.evidence["candidates"][0]["verdict"] == "coupon_unknown"


def test_click_against_coupon_by_the_programmes_rule(house, make):
    make.coupon(house.merchant, house.other, "KITA10")
    make.policy(house.programme, coupon_rule="coupon_wins", valid_from=PLACED + timedelta(days=1))
    before = house.order(coupon="KITA10")
    after = house.order(
        coupon="KITA10", placed_at=PLACED + timedelta(days=2), token=house.token(clicked_at=PLACED, nonce=55)
    )
    house.settle(before, after)
    assert house.credits(before) == [(house.community.id, 10_000, None), (house.other.id, 0, "click_won")]
    assert house.credits(after) == [(house.other.id, 10_000, None), (house.community.id, 0, "coupon_won")]


@pytest.mark.parametrize("token", ["tampered" + "x" * 36, "nonsense"])
def test_a_broken_mark_falls_to_the_coupon_and_stays_in_the_evidence(house, make, token):
    make.coupon(house.merchant, house.other, "KITA10")
    order = house.order(token=token, coupon="KITA10")
    house.settle(order)
    row = house.conversion(order)
    assert (row.reason, row.community_id) == (None, house.other.id)
    assert {one["verdict"] for one in row.evidence["candidates"]} == {"bad_token", "won"}


def test_an_expired_mark_declines_with_that_reason(house):
    order = house.order(token=house.token(clicked_at=PLACED - timedelta(days=31)))
    house.settle(order)
    assert house.conversion(order).reason == "outside_window"


@pytest.mark.parametrize("by", ["slug", "code"])
def test_a_store_may_name_a_community_or_a_link(house, by):
    link = house.session.execute(
        sa.text("SELECT code FROM tracking_links WHERE id = :i"), {"i": house.other_pick.link_id}
    )
    named = {"slug": house.other.slug.upper(), "code": link.scalar_one()}[by]
    order = house.order(token=None, reference=named)
    house.settle(order)
    row = house.conversion(order)
    assert (row.community_id, row.evidence["decided_by"]) == (house.other.id, "reference")
    assert (row.link_id is not None) == (by == "code")


def test_a_reference_to_nobody_credits_nobody(house):
    order = house.order(token=None, reference="tidak-ada")
    house.settle(order)
    assert house.conversion(order).evidence["candidates"][0]["verdict"] == "reference_unknown"


def again(house: House, days: int = 3, **over: Any):
    """The same customer's next order, without a mark."""
    values = {"token": None, "customer_ref": "c-1", "placed_at": PLACED + timedelta(days=days), **over}
    return house.order(**values)


@pytest.mark.parametrize("first_comes_first", [True, False])
def test_a_known_customer_is_remembered_whichever_order_comes_in_first(house, first_comes_first):
    first, second = house.order(customer_ref="c-1"), again(house)
    for order in (first, second) if first_comes_first else (second, first):
        house.settle(order)
    row = house.conversion(second)
    assert (row.reason, row.community_id, row.evidence["decided_by"]) == (None, house.community.id, "remembered")
    assert house.shares(second) == house.shares(first)


def test_one_batch_remembers_what_it_has_just_learned(house):
    first, second = house.order(customer_ref="c-1"), again(house)
    house.settle(second, first)
    assert house.conversion(second).evidence["decided_by"] == "remembered"


def test_later_clicks_of_a_known_customers_visitor_are_known(house):
    house.click(house.pick.link_id, CLICKED, 902)
    first = house.order(customer_ref="c-1", token=house.token(nonce=902))
    house.click(house.other_pick.link_id, PLACED + timedelta(days=2), 903)
    second = again(house)
    house.settle(first, second)
    assert house.conversion(second).community_id == house.other.id
    assert house.credits(second)[1] == (house.community.id, 0, "earlier_click")


@pytest.mark.parametrize("ref", ["guest", "0", " - ", "Anonymous"])
def test_a_word_for_nobody_is_no_customer(house, ref):
    first, second = house.order(customer_ref=ref), again(house, customer_ref=ref)
    house.settle(first, second)
    assert house.conversion(second).reason == "no_click"


def test_a_word_that_many_people_share_is_no_customer(house):
    for number in range(6):
        house.click(house.pick.link_id, CLICKED + timedelta(minutes=number), 700 + number, visitor=f"v{number}")
    orders = [
        house.order(customer_ref="kasir", token=house.token(clicked_at=CLICKED + timedelta(minutes=n), nonce=700 + n))
        for n in range(6)
    ]
    house.settle(*orders)
    late = again(house, customer_ref="kasir")
    house.settle(late)
    assert house.conversion(late).reason == "no_click"


def test_another_stores_customer_of_the_same_word_is_another(house, make):
    there = House(make)
    house.settle(house.order(customer_ref="c-1"))
    order = again(there)
    there.settle(order)
    assert there.conversion(order).reason == "no_click"


def test_only_a_keyed_hash_of_the_customer_is_kept(house):
    house.settle(house.order(customer_ref="budi@contoh.test"))
    row = house.session.execute(sa.select(CustomerClick)).scalar_one()
    assert len(row.customer_key) == 32
    assert "budi" not in row.customer_key


def test_a_credit_stays_when_clicks_are_loaded_late(house, make):
    """Pending or confirmed: what was credited is not credited anew while the order names the same."""
    make.policy(house.programme, model="linear")
    order = house.order(status=OrderStatus.PAID, token=house.token(nonce=902))
    house.settle(order)
    house.journey()
    order.status = OrderStatus.COMPLETED
    house.settle(order)
    assert house.credits(order) == [(house.community.id, 10_000, None)]


def test_a_coupon_that_comes_later_is_judged_and_the_earlier_credit_is_kept_as_withdrawn(house, make):
    make.coupon(house.merchant, house.other, "KITA10")
    make.policy(house.programme, coupon_rule="coupon_wins")
    order = house.order()
    house.settle(order)
    order.coupon = "KITA10"
    house.settle(order)
    assert house.credits(order)[0] == (house.other.id, 10_000, None)
    withdrawn = sa.select(Credit.community_id).where(Credit.withdrawn_at == NOW)
    assert list(house.session.execute(withdrawn).scalars()) == [house.community.id]


def test_a_credit_of_before_there_were_coupons_is_not_judged_anew(house, make):
    order = house.order(coupon="KITA10")
    house.settle(order)
    row = house.conversion(order)
    row.evidence = {"token": order.click_token, "candidates": row.evidence["candidates"]}
    make.coupon(house.merchant, house.other, "KITA10")
    make.policy(house.programme, coupon_rule="coupon_wins")
    house.settle(order)
    assert house.conversion(order).community_id == house.community.id


def test_however_many_rungs_a_batch_needs_the_statements_are_as_many(house, make):
    make.coupon(house.merchant, house.other, "KITA10")
    make.policy(house.programme, model="position")
    token, counts = house.journey(), []
    for size in (2, 30):
        orders = []
        for number in range(size):
            ref = f"c-{size}-{number}"
            orders += [
                house.order(token=token, customer_ref=ref), again(house, customer_ref=ref),
                house.order(token=None, coupon="KITA10"), house.order(token=None, reference=house.other.slug),
            ]  # fmt: skip
        house.session.flush()
        with statements(house.session) as seen:
            service.settle(house.session, [order.id for order in orders], keys=house.keys, now=NOW)
        counts.append(len(seen))
    assert counts[0] == counts[1] > 0, counts


def test_no_question_reads_a_whole_table(house, make):
    """On SQLite, which tells its plan: large tables are only ever searched by an index."""
    if house.session.get_bind().dialect.name != "sqlite":
        pytest.skip("PostgreSQL scans small tables whatever their indexes")
    make.coupon(house.merchant, house.other, "KITA10")
    orders = [house.order(token=house.journey(), customer_ref="c-1"), again(house), house.order(coupon="KITA10")]
    house.settle(*orders)
    orders.append(house.order(token=None, reference="tidak-ada", coupon="KITA10"))
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    bind = house.session.get_bind()
    house.session.flush()
    sa.event.listen(bind, "before_cursor_execute", note)
    try:
        service.settle(house.session, [order.id for order in orders], keys=house.keys, now=NOW)
    finally:
        sa.event.remove(bind, "before_cursor_execute", note)
    plans = {
        row[3]
        for statement, parameters in asked
        for row in house.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    }
    large = ("clicks", "conversions", "credits", "customer_clicks", "orders", "coupons", "tracking_links")
    assert len(asked) > 8
    assert [plan for plan in plans if plan.startswith(tuple(f"SCAN {table}" for table in large))] == []
