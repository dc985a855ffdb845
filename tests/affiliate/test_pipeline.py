"""The conveyor end to end: signed deliveries in, commissions out, in any order of arrival; poison blocks nobody."""

from __future__ import annotations

import logging
import random
from datetime import timedelta

import pytest
import sqlalchemy as sa

from affiliate import pipeline
from affiliate.commissions.models import Commission
from affiliate.core import clock
from affiliate.core.clock import rfc3339
from affiliate.merchants.models import RateKind, RateScope
from affiliate.orders.models import Delivery, DeliveryStatus, Order
from tests.affiliate.conversions.sold import PLACED, Sold
from tests.affiliate.orders import shop

LIFE = {"placed": 1, "paid": 2, "completed": 3}


def stories(sold: Sold) -> list[dict]:
    """Messages about orders of every fate: completed, refunded in parts and wholly, cancelled, opened again, test."""
    told: list[dict] = []
    fates = {
        "plain": {}, "partly": {}, "wholly": {}, "cancelled": {}, "reopened": {}, "test": {"test": True},
        "unknown": {"click_token": None},
    }  # fmt: skip
    for number, (name, over) in enumerate(fates.items()):
        common = {"order_id": f"P-{name}", "click_token": sold.token(nonce=100 + number), "placed_at": rfc3339(PLACED)}
        life = [_life(kind, version, common | over) for kind, version in LIFE.items()]
        told += life
    told.append(shop.refund("R-1", "40000.01", order_id="P-partly", version=4))
    told.append(shop.refund("R-2", "9999.99", order_id="P-partly", version=5))
    told.append(shop.refund("R-3", "100000.01", order_id="P-wholly", version=4))
    told.append(shop.refund("R-4", "169999.99", order_id="P-wholly", version=5))
    for name in ("cancelled", "reopened"):
        common = {"order_id": f"P-{name}", "click_token": None, "placed_at": rfc3339(PLACED), "lines": None}
        told.append(_life("cancelled", 4, common))
    again = {"order_id": "P-reopened", "click_token": None, "placed_at": rfc3339(PLACED)}
    told.append(_life("completed", 5, again))
    return told


def _life(kind: str, version: int, data: dict) -> dict:
    moment = rfc3339(PLACED + timedelta(hours=version))
    return shop.message(f"order.{kind}", timestamp=moment, version=version, **data)


class House:
    """A store, its key, and a way to send."""

    def __init__(self, client, make, **programme) -> None:
        self.sold = Sold(make, **programme)
        self.key = make.webhook_key(self.sold.merchant)
        self.client, self.session = client, make.session
        self.session.commit()
        self._count = 0

    def send(self, message: dict, delivery: str | None = None) -> None:
        self._count += 1
        name = delivery or f"d-{self._count}"
        answer = shop.send(self.client, self.sold.merchant.slug, self.key, name, message)
        assert answer.status_code == 202, answer.get_data(as_text=True)

    def work(self) -> int:
        return pipeline.run(clock.now())

    def books(self) -> dict[str, dict[str, int]]:
        """Sums by role of every order of this store that has earned anything, by the order's name."""
        self.session.expire_all()
        orders = self.session.execute(
            sa.select(Order)
            .join(Commission, Commission.order_id == Order.id)
            .where(Order.merchant_id == self.sold.merchant.id)
        ).scalars()
        sums = {order.ref: self.sold.shares(order) for order in orders}
        return {ref: shares for ref, shares in sums.items() if any(shares.values())}


def test_a_signed_order_becomes_a_commission(client, make):
    house = House(client, make)
    for message in stories(house.sold):
        house.send(message)
    assert house.work() > 0
    assert house.work() == 0
    assert house.books() == {
        "P-plain": {"platform": 2_700_000 // 10, "community": 1_620_000, "curator": 810_000},
        "P-partly": {"platform": 220_000, "community": 1_320_000, "curator": 660_000},
        "P-reopened": {"platform": 270_000, "community": 1_620_000, "curator": 810_000},
    }


def test_every_shuffle_with_repeats_comes_to_the_same_books(client, make):
    seed = random.SystemRandom().randrange(2**32)
    dice = random.Random(seed)
    outcomes = []
    for _ in range(6):
        house = House(client, make, bps=1237)
        deliveries = list(enumerate(stories(house.sold)))
        deliveries += dice.sample(deliveries, len(deliveries) // 3)
        dice.shuffle(deliveries)
        for number, message in deliveries:
            house.send(message, delivery=f"s-{number}")
            if dice.random() < 0.3:
                house.work()
        while house.work():
            pass
        outcomes.append(house.books())
    assert all(outcome == outcomes[0] for outcome in outcomes), f"seed {seed}"
    assert set(outcomes[0]) == {"P-plain", "P-partly", "P-reopened"}


@pytest.fixture
def poisoned(client, make) -> House:
    """Terms by which a million pieces would earn more than any amount can be."""
    boundless = {"scope": RateScope.SKU, "match": "BOOM", "kind": RateKind.PER_ITEM, "amount_minor": 2**53 - 1}
    percent = {"scope": RateScope.ALL, "kind": RateKind.PERCENT, "rate_bps": 1000}
    return House(client, make, rates=[boundless | {"currency": "IDR"}, percent])


def test_a_delivery_that_fails_is_set_aside_and_blocks_nobody(poisoned, caplog):
    house = poisoned
    common = {"placed_at": rfc3339(PLACED)}
    boom = shop.line(sku="BOOM", quantity=1_000_000, unit_price="1.00", discount="0.00")
    house.send(_life("completed", 3, common | {"order_id": "G-1", "click_token": house.sold.token(nonce=1)}))
    house.send(
        _life("completed", 3, common | {"order_id": "BAD", "click_token": house.sold.token(nonce=2), "lines": [boom]}),
        delivery="poison",
    )
    house.send(_life("completed", 3, common | {"order_id": "G-2", "click_token": house.sold.token(nonce=3)}))
    with caplog.at_level(logging.CRITICAL):
        assert house.work() == 3
    assert set(house.books()) == {"G-1", "G-2"}
    poison = house.session.execute(sa.select(Delivery).where(Delivery.delivery_id == "poison")).scalar_one()
    assert (poison.status, poison.lease_until, poison.order_ref) == (DeliveryStatus.RETRY, None, None)
    assert poison.error
    assert poison.next_try_at > clock.now()
    statuses = set(house.session.execute(sa.select(Delivery.status).where(Delivery.delivery_id != "poison")).scalars())
    assert statuses == {DeliveryStatus.WORKED}
    assert house.work() == 0
    assert house.session.execute(sa.select(Order).where(Order.ref == "BAD")).scalar_one_or_none() is None


def test_an_idle_conveyor_does_nothing(app):
    assert pipeline.run(clock.now()) == 0
