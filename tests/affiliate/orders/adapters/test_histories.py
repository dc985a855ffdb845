"""Any permutation and any repetition of an order's deliveries gives one state, one balance, one reason."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from affiliate import pipeline
from affiliate.conversions.models import Conversion
from affiliate.core import clock
from affiliate.merchants.models import WebhookKind
from affiliate.orders import rules
from affiliate.orders.facts import Event, EventFacts
from affiliate.orders.models import Order, OrderRefund
from tests.affiliate.conversions.sold import Sold
from tests.affiliate.orders.adapters import shops
from tests.affiliate.orders.adapters.histories import history

KINDS = list(shops.TOPIC_HEADERS)
EARLY = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture
def dice() -> random.Random:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # noqa: T201  shown when the test fails
    return random.Random(seed)


def read(kind: WebhookKind, told) -> list[list[EventFacts]]:
    """The events of each delivery."""
    return [list(shops.read(kind, content, topic).events) for topic, content in told]


def arrive(deliveries: list[list[EventFacts]]) -> rules.OrderState | None:
    """The order after these deliveries, taken in one by one as the worker does: each event once, by its digest."""
    known: dict[str, Event] = {}
    state = None
    for place, events in enumerate(deliveries):
        for facts in events:
            digest = facts.digest()
            if digest not in known:
                known[digest] = Event(digest, EARLY + timedelta(minutes=place), place, facts)
        state = rules.fold(known.values())
    return state


def shuffled(deliveries: list[list[EventFacts]], dice: random.Random) -> list[list[EventFacts]]:
    """All of them at least once, some twice, in any order."""
    again = dice.sample(deliveries, dice.randint(0, len(deliveries)))
    mixed = [*deliveries, *again]
    dice.shuffle(mixed)
    return mixed


def permutations_agree(kind: WebhookKind, dice: random.Random, *, histories: int, shuffles: int) -> int:
    """How many permutations were tried; every one of a history came to one state."""
    for _history in range(histories):
        deliveries = read(kind, history(kind, dice))
        states = set()
        for _shuffle in range(shuffles):
            state = arrive(shuffled(deliveries, dice))
            assert state is not None
            sound(state)
            states.add(state.state_hash())
        assert len(states) == 1
    return histories * shuffles


def sound(state: rules.OrderState) -> None:
    assert all(0 <= one.refunded_minor <= one.line.net_minor for one in state.lines)
    assert all(0 <= one.refunded_quantity <= one.line.quantity for one in state.lines)
    assert 0 <= state.net_minor <= state.total_minor


@pytest.mark.parametrize("kind", KINDS)
def test_a_share_of_permutations_comes_to_one_state(kind, dice):
    assert permutations_agree(kind, dice, histories=40, shuffles=10) == 400


@pytest.mark.campaign
@pytest.mark.parametrize("kind", KINDS)
def test_a_hundred_thousand_permutations_come_to_one_state(kind, dice):
    assert permutations_agree(kind, dice, histories=1700, shuffles=20) == 34_000


@pytest.mark.parametrize("kind", KINDS)
def test_the_check_can_fail_one_that_believes_the_last_to_arrive_is_found(kind, dice):
    def last_to_arrive(deliveries: list[list[EventFacts]]) -> str:
        return " ".join(facts.digest() for facts in deliveries[-1])

    deliveries = read(kind, history(kind, dice))
    assert len({last_to_arrive(shuffled(deliveries, dice)) for _shuffle in range(30)}) > 1


@pytest.mark.parametrize("kind", KINDS)
def test_histories_reach_every_end(kind, dice):
    """A generator that only made dull orders would prove nothing."""
    missing = {(status, back) for status in ("placed", "paid", "completed", "cancelled") for back in (True, False)}
    missing.discard(("cancelled", True))
    for _history in range(3000):  # some ends are rare
        state = arrive(read(kind, history(kind, dice)))
        assert state is not None
        missing.discard((state.status.value, bool(state.refunded_minor)))
        if not missing:
            return
    pytest.fail(f"never came to {missing}")


class Store:
    """A store of one kind with a programme, whose deliveries go the whole way to the books."""

    def __init__(self, client, make, kind: WebhookKind) -> None:
        self.sold = Sold(make, bps=1237)
        self.key = make.webhook_key(self.sold.merchant, kind)
        self.sold.merchant.click_param = "etl"
        self.client, self.session, self.kind = client, make.session, kind
        self.session.commit()

    def send(self, topic: str, content: dict, delivery: str) -> None:
        body = shops.body_of(content).replace(shops.TOKEN.encode(), self.sold.token().encode())
        answer = shops.send(self.client, self.sold.merchant.slug, self.key, body, topic=topic, delivery=delivery)
        assert answer.status_code == 202

    def outcome(self) -> tuple:
        """What must not depend on the order of arrival: state, refunds, balances, status and reason."""
        self.session.expire_all()
        order = self.session.execute(sa.select(Order).where(Order.merchant_id == self.sold.merchant.id)).scalar_one()
        conversion = self.session.execute(
            sa.select(Conversion.status, Conversion.reason).where(Conversion.order_id == order.id)
        ).one()
        refunds = self.session.execute(
            sa.select(OrderRefund.refund_ref, OrderRefund.amount_minor).where(OrderRefund.order_id == order.id)
        ).all()
        told = (order.status, order.net_minor, order.refunded_minor, order.completed_at, order.version)
        shares = self.sold.shares(order)  # one that was booked and reversed is there with nothing
        earned = {role: amount for role, amount in shares.items() if amount}
        return told, sorted(map(tuple, refunds)), earned, tuple(conversion)


@pytest.mark.parametrize("kind", KINDS)
def test_shuffled_and_repeated_deliveries_come_to_the_same_books(client, make, kind, dice):
    told = list(enumerate(history(kind, dice)))
    outcomes = []
    for _shuffle in range(3):
        store = Store(client, make, kind)
        mixed = told + dice.sample(told, len(told) // 2)
        dice.shuffle(mixed)
        for number, (topic, content) in mixed:
            store.send(topic, content, f"d-{number}")
            if dice.random() < 0.5:
                pipeline.run(clock.now())
        while pipeline.run(clock.now()):
            pass
        outcomes.append(store.outcome())
    assert outcomes[1:] == outcomes[:1] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_completed_sale_earns_and_a_test_does_not(client, make, kind):
    done = {
        WebhookKind.SHOPIFY: shops.shopify_order(financial_status="paid", fulfillment_status="fulfilled"),
        WebhookKind.WOOCOMMERCE: shops.woo_order("completed"),
        WebhookKind.ADOBE: shops.adobe_order("complete"),
    }[kind]
    store = Store(client, make, kind)
    store.send(shops.ORDER_TOPICS[kind], done, "d-1")
    pipeline.run(clock.now())
    _told, _refunds, shares, (status, reason) = store.outcome()
    assert (status.value, reason) == ("confirmed", None)
    assert sum(shares.values()) == 30_000_000 * 1237 // 10_000
    if kind is WebhookKind.SHOPIFY:
        test = Store(client, make, kind)
        test.send("orders/updated", done | {"test": True}, "d-1")
        pipeline.run(clock.now())
        assert sum(test.outcome()[2].values()) == 0
