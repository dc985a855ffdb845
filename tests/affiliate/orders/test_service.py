"""Working deliveries: claimed once, folded set-wise, judged one by one, set aside and replayed."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from affiliate.identity.actors import system
from affiliate.identity.models import AuditEntry
from affiliate.merchants.models import WebhookKind
from affiliate.orders import intake, service
from affiliate.orders.models import (
    Delivery,
    DeliveryStatus,
    Order,
    OrderEvent,
    OrderLine,
    OrderRefund,
    OrderStatus,
    Verdict,
)
from tests.affiliate.orders.shop import body_of, line, message, refund

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
WORKER = system("worker")


@pytest.fixture
def desk(make, session):
    return Desk(session, make.merchant())


class Desk:
    """Takes deliveries in and works them, as intake and pipeline do."""

    def __init__(self, session, merchant) -> None:
        self.session, self.merchant, self.count = session, merchant, 0

    def receive(self, content, *, now: datetime = NOW) -> int:
        self.count += 1
        return intake.keep(
            self.session,
            self.merchant.id,
            WebhookKind.STANDARD,
            headers={"webhook-id": f"msg_{self.count}"},
            body=body_of(content),
            now=now,
        ).delivery_id

    def work(self, *contents, now: datetime = NOW) -> list[int]:
        """Receive these and work everything that is due in one batch."""
        for content in contents:
            self.receive(content, now=now)
        return service.work(self.session, service.claim(self.session, limit=100, now=now), now=now)

    def order(self, ref: str = "A-1001") -> Order:
        self.session.expire_all()
        return self.session.execute(sa.select(Order).where(Order.ref == ref)).scalar_one()

    def verdicts(self) -> list[tuple]:
        self.session.expire_all()
        wanted = sa.select(Delivery.verdict, Delivery.reason, Delivery.reason_field).order_by(Delivery.id)
        return [tuple(row) for row in self.session.execute(wanted)]

    def rows(self, kind) -> int:
        return self.session.execute(sa.select(sa.func.count()).select_from(kind)).scalar_one()


def accepted(count: int) -> list[tuple]:
    return [(Verdict.ACCEPTED, None, None)] * count


def test_an_order_is_written_with_its_lines(desk):
    changed = desk.work(message("order.placed", click_token="tok", shipping="20000", customer={"ref": "c"}))
    order = desk.order()
    assert changed == [order.id]
    assert (order.status, order.currency, order.click_token) == (OrderStatus.PLACED, "IDR", "tok")
    assert (order.total_minor, order.net_minor, order.refunded_minor) == (29_000_000, 27_000_000, 0)
    row = desk.session.execute(sa.select(OrderLine)).scalar_one()
    assert (row.sku, row.category, row.brand, row.quantity, row.net_minor) == ("Z-77", "Shoes", "Acme", 2, 27_000_000)
    assert desk.verdicts() == accepted(1)
    delivery = desk.session.execute(sa.select(Delivery)).scalar_one()
    assert (delivery.status, delivery.topic, delivery.order_ref) == (DeliveryStatus.WORKED, "order.placed", "A-1001")
    assert (delivery.worked_at, delivery.lease_until) == (NOW, None)


def test_a_whole_life_in_one_batch_and_one_by_one_is_the_same(desk):
    life = [message(f"order.{kind}", version=n) for n, kind in enumerate(("placed", "paid", "completed"), 1)]
    for content in [*life, refund("R-1", "1000", version=4)]:
        assert desk.work(content)
    one_by_one = desk.order().state_hash
    for ref_changed in ([*life, refund("R-1", "1000", version=4)],):
        desk.work(*(content | {"data": content["data"] | {"order_id": "B-1"}} for content in ref_changed))
    assert desk.order("B-1").state_hash == one_by_one
    assert desk.verdicts() == accepted(8)


def test_completion_is_the_shops_word_and_our_first_receipt(desk):
    desk.work(message("order.completed", timestamp="2026-11-01T10:00:00Z", version=3))
    desk.work(message("order.completed", timestamp="2026-11-01T11:00:00Z", version=4), now=NOW + timedelta(hours=5))
    order = desk.order()
    assert order.completed_at == datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert order.completed_seen_at == NOW


def test_the_same_words_in_another_delivery_are_a_repeat(desk):
    desk.work(message())
    assert desk.work(message()) == []
    assert desk.verdicts() == [*accepted(1), (Verdict.REPEAT, None, None)]
    assert (desk.rows(OrderEvent), desk.rows(Order), desk.rows(OrderLine)) == (1, 1, 1)


def test_a_repeat_inside_one_batch(desk):
    desk.work(message(), message())
    assert desk.verdicts() == [*accepted(1), (Verdict.REPEAT, None, None)]


def test_an_older_version_is_stale_and_changes_nothing(desk):
    desk.work(message("order.paid", version=2))
    before = desk.order().state_hash
    assert desk.work(message("order.placed", version=1, lines=[line(quantity=1)])) == []
    assert desk.order().state_hash == before
    assert desk.verdicts() == [*accepted(1), (Verdict.STALE, None, None)]


def test_a_late_completion_of_an_older_version_still_completes(desk):
    desk.work(message("order.updated", version=4, lines=[line(quantity=1)]))
    assert desk.work(message("order.completed", version=3))
    order = desk.order()
    assert (order.status, order.version, order.net_minor) == (OrderStatus.COMPLETED, 4, 12_000_000)
    assert desk.verdicts() == accepted(2)


def test_cancelled_wins_at_the_same_version_in_either_order(desk):
    cancel, complete = message("order.cancelled", version=3, lines=None), message("order.completed", version=3)
    desk.work(complete)
    desk.work(cancel)
    assert desk.order().status is OrderStatus.CANCELLED
    other = [content | {"data": content["data"] | {"order_id": "B-1"}} for content in (cancel, complete)]
    desk.work(other[0])
    desk.work(other[1])
    assert desk.order("B-1").state_hash == desk.order().state_hash


def test_a_refund_before_its_order_waits_for_it(desk):
    assert desk.work(refund("R-1", "135000.00", version=2)) == []
    assert (desk.rows(Order), desk.verdicts()) == (0, [(Verdict.UNKNOWN_ORDER, None, None)])
    desk.work(message("order.completed", version=1))
    assert (desk.order().net_minor, desk.rows(OrderRefund)) == (13_500_000, 1)
    assert desk.verdicts() == accepted(2)


def test_a_refund_and_its_order_in_one_batch_wait_for_nothing(desk):
    desk.work(refund("R-1", "135000.00", version=2), message("order.completed", version=1))
    assert (desk.order().net_minor, desk.verdicts()) == (13_500_000, accepted(2))


def test_partial_then_full_then_too_much(desk):
    part = [{"line_id": "1", "quantity": 1, "amount": "135000.00"}]
    desk.work(message("order.completed"))
    desk.work(refund("R-1", refund_lines=part))
    assert (desk.order().net_minor, desk.order().refunded_minor) == (13_500_000, 13_500_000)
    desk.work(refund("R-2", "135000.00"))
    assert desk.order().net_minor == 0
    desk.work(refund("R-3", "99000000.00"))
    order = desk.order()
    assert (order.net_minor, order.refunded_minor, order.status) == (0, 27_000_000, OrderStatus.COMPLETED)
    assert desk.session.execute(sa.select(OrderLine.refunded_quantity)).scalar_one() == 2
    assert desk.rows(OrderRefund) == 3


def test_lines_that_an_edit_removed_are_gone(desk):
    desk.work(message(lines=[line("1"), line("2")]))
    desk.work(message("order.updated", version=2, lines=[line("2", quantity=1)]))
    found = desk.session.execute(sa.select(OrderLine.line_ref, OrderLine.quantity)).all()
    assert [tuple(row) for row in found] == [("2", 1)]


def test_a_refund_in_another_currency_is_parked_with_the_reason(desk):
    desk.work(message("order.completed"))
    assert desk.work(refund("R-1", "5.00", currency="USD")) == []
    assert desk.verdicts()[1] == (Verdict.UNREADABLE, "currency_mismatch", "data.currency")
    assert statuses(desk) == [DeliveryStatus.WORKED, DeliveryStatus.PARKED]
    assert desk.order().refunded_minor == 0


def test_an_early_refund_in_another_currency_is_found_out_later(desk):
    desk.work(refund("R-1", "5.00", currency="USD"))
    desk.work(message("order.completed"))
    assert desk.verdicts()[0] == (Verdict.UNREADABLE, "currency_mismatch", "data.currency")
    assert statuses(desk) == [DeliveryStatus.PARKED, DeliveryStatus.WORKED]
    assert desk.order().refunded_minor == 0


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_who_is_parked_for_its_currency_follows_from_the_set_and_not_from_the_order_of_arrival(desk, order):
    """The oldest version tells the currency: when it comes last, some are let go and others parked."""
    told = [
        message("order.placed", version=1, currency="USD"),
        message("order.completed", version=2, currency="IDR"),
        refund("R-1", "5.00", currency="USD"),
        refund("R-2", "50000.00", currency="IDR"),
    ]
    for number in order:
        desk.work(told[number])
    states = dict(zip(order, statuses(desk), strict=True))
    parked = {number for number, status in states.items() if status is DeliveryStatus.PARKED}
    assert parked == {1, 3}
    assert desk.order().currency == "USD"
    verdicts = dict(zip(order, desk.verdicts(), strict=True))
    assert [verdicts[number][0] is Verdict.UNREADABLE for number in range(4)] == [False, True, False, True]


def statuses(desk) -> list[DeliveryStatus]:
    return list(desk.session.execute(sa.select(Delivery.status).order_by(Delivery.id)).scalars())


def test_what_cannot_be_read_stops_nothing_else(desk):
    changed = desk.work(b"\xff", message("order.paid", lines=[line(tax="-1")]), message(), {"type": "hello"})
    assert len(changed) == 1
    assert desk.verdicts() == [
        (Verdict.UNREADABLE, "not_utf8", None),
        (Verdict.UNREADABLE, "negative_amount", "data.lines.0.tax"),
        (Verdict.ACCEPTED, None, None),
        (Verdict.IGNORED, None, None),
    ]


def test_two_shops_may_use_the_same_order_number(desk, make):
    other = Desk(desk.session, make.merchant())
    desk.work(message())
    other.work(message(lines=[line(quantity=1)]))
    found = desk.session.execute(sa.select(Order.merchant_id, Order.net_minor).order_by(Order.id)).all()
    assert [tuple(row) for row in found] == [(desk.merchant.id, 27_000_000), (other.merchant.id, 12_000_000)]


def test_a_shuffled_and_doubled_history_gives_the_same_orders(desk):
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    told = []
    for number in range(12):
        ref = f"B-{number}"
        told += [message(f"order.{kind}", version=n, order_id=ref) for n, kind in enumerate(("placed", "paid"), 1)]
        last = dice.choice(["completed", "cancelled"])
        told.append(message(f"order.{last}", version=3, order_id=ref))
        told += [refund(f"R-{n}", str(dice.randrange(1, 200_000)), order_id=ref, version=4) for n in range(2)]
    hashes = []
    for suffix in ("", "x"):
        batch = [body | {"data": body["data"] | {"order_id": body["data"]["order_id"] + suffix}} for body in told]
        shuffled = batch + dice.sample(batch, 12) if suffix else batch
        dice.shuffle(shuffled)
        while shuffled:
            size = dice.randrange(1, 9)
            desk.work(*shuffled[:size])
            del shuffled[:size]
        refs = [f"B-{number}{suffix}" for number in range(12)]
        hashes.append([desk.order(ref).state_hash for ref in refs])
    assert hashes[0] == hashes[1], f"seed {seed}"


def test_a_claim_is_a_lease(desk):
    ids = [desk.receive(message(order_id=f"A-{n}")) for n in range(3)]
    assert service.claim(desk.session, limit=2, now=NOW) == ids[:2]
    assert service.claim(desk.session, limit=2, now=NOW) == ids[2:]
    assert service.claim(desk.session, limit=2, now=NOW) == []
    assert service.claim(desk.session, limit=9, now=NOW + service.LEASE + timedelta(seconds=1)) == ids


def test_failures_back_off_and_are_parked_after_ten_tries(desk):
    delivery_id, moment, waits = desk.receive(message()), NOW, []
    for _try in range(service.TRIES_MAX):
        assert service.claim(desk.session, limit=1, now=moment) == [delivery_id]
        service.set_aside(desk.session, delivery_id, error="it broke", now=moment)
        desk.session.expire_all()
        row = desk.session.get(Delivery, delivery_id)
        waits.append(int((row.next_try_at - moment).total_seconds() // 60))
        assert service.claim(desk.session, limit=1, now=moment) == []
        moment = row.next_try_at
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert (row.status, row.error, row.attempts) == (DeliveryStatus.PARKED, "it broke", 10)
    assert service.claim(desk.session, limit=1, now=moment + timedelta(days=9)) == []


def test_a_replay_works_once_more_and_changes_nothing(desk):
    desk.work(message("order.paid", version=2), message("order.placed", version=1))
    before, delivery = desk.order().state_hash, desk.session.execute(sa.select(Delivery).limit(1)).scalar_one()
    service.replay(desk.session, delivery, actor=WORKER, now=NOW)
    assert desk.work() == []
    assert (desk.order().state_hash, desk.rows(OrderEvent)) == (before, 2)
    assert desk.verdicts() == [*accepted(1), (Verdict.STALE, None, None)]
    assert desk.session.execute(sa.select(AuditEntry.action)).scalars().all() == ["delivery.replayed"]


def test_a_stale_delivery_replayed_stays_stale(desk):
    desk.work(message("order.paid", version=2), message("order.placed", version=1))
    older = desk.session.execute(sa.select(Delivery).order_by(Delivery.id.desc()).limit(1)).scalar_one()
    service.replay(desk.session, older, actor=WORKER, now=NOW)
    desk.work()
    assert desk.verdicts()[1] == (Verdict.STALE, None, None)


def test_a_parked_delivery_is_worked_after_its_replay(desk):
    delivery_id = desk.receive(message())
    desk.session.execute(sa.update(Delivery).values(status=DeliveryStatus.PARKED, attempts=10))
    assert desk.work() == []
    desk.session.expire_all()
    service.replay(desk.session, desk.session.get(Delivery, delivery_id), actor=WORKER, now=NOW)
    assert desk.work() == [desk.order().id]


def test_what_is_waiting_cannot_be_replayed(desk):
    delivery = desk.session.get(Delivery, desk.receive(message()))
    with pytest.raises(service.NotReplayable):
        service.replay(desk.session, delivery, actor=WORKER, now=NOW)


def test_a_batch_takes_a_fixed_number_of_statements(desk):
    def statements(count: int, prefix: str) -> int:
        for number in range(count):
            desk.receive(message(order_id=f"{prefix}-{number}"))
            desk.receive(refund("R-1", "1000", order_id=f"{prefix}-{number}"))
        ids = service.claim(desk.session, limit=1000, now=NOW)
        seen = []
        connection = desk.session.connection()

        def note(_connection, _cursor, statement, *_rest):
            seen.append(statement)

        sa.event.listen(connection, "before_cursor_execute", note)
        try:
            service.work(desk.session, ids, now=NOW)
        finally:
            sa.event.remove(connection, "before_cursor_execute", note)
        return len(seen)

    assert statements(2, "few") == statements(40, "many")
