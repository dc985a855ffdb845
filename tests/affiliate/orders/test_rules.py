"""The fold: the same order from the same set of events, whatever came first and however often."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from affiliate.orders import rules
from affiliate.orders.facts import Event, EventFacts, LineFacts, RefundFacts, RefundLineFacts, from_content
from affiliate.orders.models import OrderStatus

T0 = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return T0 + timedelta(minutes=minutes)


def line(ref: str = "1", *, quantity: int = 2, price: int = 15_000_000, discount: int = 3_000_000, tax: int = 0):
    return LineFacts(ref, "Z-77", None, "Shoes", "Acme", quantity, price, discount, tax)


def life(kind: str, version: int, minutes: int = 0, **over) -> Event:
    told = {"placed_at": T0, "lines": (line(),), "shipping_minor": 2_000_000} | over
    received = told.pop("received", at(minutes))
    facts = EventFacts(f"order.{kind}", "A-1", version, at(minutes), told.pop("currency", "IDR"), **told)
    return Event(facts.digest(), received, 1, facts)


def refund(ref: str, amount: int, *parts: tuple[str, int, int], version: int = 9, minutes: int = 60, **over) -> Event:
    told = RefundFacts(ref, amount, tuple(RefundLineFacts(*part) for part in parts))
    facts = EventFacts(
        "order.refunded", "A-1", version, at(minutes), over.pop("currency", "IDR"), refund=told, shipping_minor=0
    )
    return Event(facts.digest(), at(minutes), 1, facts)


def fold(*events: Event) -> rules.OrderState:
    state = rules.fold(events)
    assert state is not None
    return state


def left(state: rules.OrderState) -> dict[str, int]:
    return {one.line.line_ref: one.left_minor for one in state.lines}


def test_no_life_event_is_no_order():
    assert rules.fold([]) is None
    assert rules.fold([refund("R-1", 100)]) is None


def test_the_sums_of_an_order():
    state = fold(life("placed", 1, lines=(line(), line("2", quantity=1, price=1_000, discount=0, tax=100))))
    assert state.total_minor == 2_000_000 + 27_000_000 + 1_000
    assert state.net_minor == 27_000_000 + 900
    assert (state.status, state.refunded_minor, state.completed_at) == (OrderStatus.PLACED, 0, None)


STATUSES = [
    ([("placed", 1)], OrderStatus.PLACED),
    ([("placed", 1), ("paid", 2)], OrderStatus.PAID),
    ([("placed", 1), ("paid", 2), ("completed", 3)], OrderStatus.COMPLETED),
    ([("completed", 3), ("updated", 4)], OrderStatus.COMPLETED),
    ([("paid", 2), ("updated", 4)], OrderStatus.PAID),
    ([("updated", 1)], OrderStatus.PLACED),
    ([("completed", 3), ("cancelled", 3)], OrderStatus.CANCELLED),
    ([("completed", 3), ("cancelled", 4)], OrderStatus.CANCELLED),
    ([("cancelled", 2), ("completed", 3)], OrderStatus.COMPLETED),
    ([("completed", 2), ("cancelled", 3), ("updated", 4)], OrderStatus.PLACED),
    ([("completed", 2), ("cancelled", 3), ("paid", 4)], OrderStatus.PAID),
    ([("cancelled", 5), ("completed", 3)], OrderStatus.CANCELLED),
    ([("placed", 0), ("completed", 0)], OrderStatus.COMPLETED),
    ([("placed", 0), ("cancelled", 0)], OrderStatus.CANCELLED),
    ([("cancelled", 1)], OrderStatus.CANCELLED),
]


@pytest.mark.parametrize(("told", "status"), STATUSES)
def test_status_of_every_permutation(told, status):
    events = [life(kind, version, minutes) for minutes, (kind, version) in enumerate(told)]
    assert {fold(*order).status for order in permutations(events)} == {status}


def test_the_highest_version_tells_the_fields_whenever_it_came():
    old, new = life("placed", 1, 10, lines=(line(quantity=5),)), life("updated", 2, 5, lines=(line(quantity=1),))
    assert fold(new, old).lines[0].line.quantity == 1
    assert fold(new, old).version == 2


def test_without_versions_the_later_time_tells_the_fields():
    placed, paid = life("placed", 0, 0), life("paid", 0, 1)
    updated = life("updated", 0, 2, lines=(line(quantity=1),))
    state = fold(updated, paid, placed)
    assert (state.status, state.lines[0].line.quantity) == (OrderStatus.PAID, 1)


def test_a_bare_cancellation_keeps_lines_and_moment_of_the_order():
    state = fold(life("cancelled", 2, 30, lines=None, placed_at=None), life("placed", 1, lines=(line("7"),)))
    assert (state.status, state.placed_at, state.cancelled_at) == (OrderStatus.CANCELLED, T0, at(30))
    assert [one.line.line_ref for one in state.lines] == ["7"]


def test_what_a_newer_event_leaves_out_is_known_from_an_older_one():
    first = life("placed", 1, click_token="tok", coupon="CLOZ10", customer_ref="c", customer_is_new=True, is_test=True)
    state = fold(first, life("completed", 2, coupon="LAIN"))
    assert (state.click_token, state.coupon, state.customer_ref) == ("tok", "LAIN", "c")
    assert (state.customer_is_new, state.is_test) == (True, True)


def test_completion_is_the_earliest_told_and_the_earliest_seen():
    early = life("completed", 3, 10, received=at(50))
    late = life("completed", 4, 20, received=at(40))
    state = fold(early, late)
    assert (state.completed_at, state.completed_seen_at) == (at(10), at(40))


def test_a_completion_before_the_last_cancellation_does_not_count():
    state = fold(life("completed", 1, 1), life("cancelled", 2, 2), life("completed", 3, 30))
    assert (state.status, state.completed_at) == (OrderStatus.COMPLETED, at(30))


def test_a_refund_takes_from_its_line():
    state = fold(life("completed", 1), refund("R-1", 13_500_000, ("1", 1, 13_500_000)))
    assert (state.net_minor, state.refunded_minor) == (13_500_000, 13_500_000)
    assert (state.lines[0].refunded_quantity, state.status) == (1, OrderStatus.COMPLETED)


def test_partial_refunds_then_the_rest_leave_exactly_nothing():
    order = life("completed", 1, lines=(line("1", price=3_333, discount=0), line("2", price=1_001, discount=1)))
    state = fold(order, refund("R-1", 1_111, ("1", 1, 1_111)), refund("R-2", 999), refund("R-3", 8_667))
    assert (state.net_minor, state.refunded_minor) == (0, 8_667)
    assert [one.refunded_quantity for one in state.lines] == [2, 2]


def test_more_than_was_paid_takes_no_more_than_the_net():
    assert fold(life("completed", 1), refund("R-1", 99_000_000)).net_minor == 0
    assert fold(life("completed", 1), refund("R-1", 1, ("1", 9, 99_000_000))).net_minor == 0


def test_a_refund_without_lines_is_spread_by_what_is_left():
    order = life("completed", 1, lines=(line("1", price=300, discount=0), line("2", price=100, discount=0)))
    assert left(fold(order, refund("R-1", 80))) == {"1": 540, "2": 180}
    assert left(fold(order, refund("R-1", 600, ("1", 2, 600)), refund("R-2", 50))) == {"1": 0, "2": 150}


def test_a_gift_is_given_back_with_the_whole_order():
    order = life("completed", 1, lines=(line("1"), line("gift", quantity=1, price=0, discount=0)))
    assert [one.refunded_quantity for one in fold(order, refund("R-1", 27_000_000)).lines] == [2, 1]
    assert [one.refunded_quantity for one in fold(order, refund("R-1", 1)).lines] == [0, 0]


def test_a_refund_of_a_line_that_is_not_there_takes_nothing():
    state = fold(life("completed", 1), refund("R-1", 500, ("removed", 1, 500)))
    assert (state.net_minor, len(state.refunds)) == (27_000_000, 1)


def test_one_refund_id_counts_once_by_its_newest_event():
    first, second = refund("R-1", 100, version=4), refund("R-1", 300, version=5)
    for order in permutations([life("completed", 1), first, second, first]):
        state = fold(*order)
        assert (state.refunded_minor, len(state.refunds)) == (300, 1)


def test_a_refund_in_another_currency_does_not_count_and_is_named():
    foreign = refund("R-1", 100, currency="USD")
    state = fold(life("completed", 1), foreign)
    assert (state.refunded_minor, state.refunds, state.foreign) == (0, (), frozenset({foreign.digest}))


def test_the_currency_is_that_of_the_oldest_life_event():
    foreign = life("completed", 2, currency="USD")
    for order in permutations([life("placed", 1), foreign]):
        state = fold(*order)
        assert (state.currency, state.status, state.foreign) == ("IDR", OrderStatus.PLACED, {foreign.digest})


def test_stored_content_gives_the_same_facts():
    for event in (life("placed", 1, click_token="t"), life("cancelled", 2, lines=None), refund("R-1", 5, ("1", 1, 5))):
        told = event.facts
        again = from_content(told.kind, told.order_ref, told.version, told.occurred_at, told.content())
        assert (again, again.digest()) == (told, event.digest)


def test_the_hash_says_nothing_about_when_something_came_in():
    event = life("completed", 1)
    later = replace(event, received_at=at(999))
    assert fold(event).state_hash() == fold(later).state_hash()
    assert not rules.changed(fold(event), fold(later))
    assert rules.changed(None, fold(event))


LINES = st.lists(
    st.builds(
        line,
        st.sampled_from("123"),
        quantity=st.integers(0, 4),
        price=st.integers(0, 9_999),
        discount=st.just(0),
        tax=st.just(0),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda one: one.line_ref,
).map(tuple)
LIFE = st.builds(
    life,
    st.sampled_from(["placed", "paid", "completed", "updated", "cancelled"]),
    st.integers(0, 4),
    st.integers(0, 5),
    lines=LINES,
    currency=st.sampled_from(["IDR", "IDR", "IDR", "USD"]),
    click_token=st.none() | st.sampled_from(["a", "b"]),
)
REFUND = st.builds(
    lambda ref, amount, parts, version, minutes: refund(ref, amount, *parts, version=version, minutes=minutes),
    st.sampled_from(["R-1", "R-2", "R-3"]),
    st.integers(0, 30_000),
    st.lists(st.tuples(st.sampled_from("1234"), st.integers(0, 3), st.integers(0, 20_000)), max_size=2),
    st.integers(0, 4),
    st.integers(0, 5),
)


@settings(max_examples=300, deadline=None, print_blob=True)
@given(st.lists(LIFE | REFUND, max_size=7), st.data())
def test_every_order_of_arrival_and_every_repeat_gives_one_state(events, data):
    shuffled = data.draw(
        st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=4)) if events else [])
    )
    note([(event.facts.kind, event.facts.version, event.digest[:6]) for event in shuffled])
    one, other = rules.fold(events), rules.fold(shuffled)
    assert one == other
    if one is None:
        assert not any(event.facts.refund is None for event in events)
        return
    assert one.state_hash() == other.state_hash()
    for line_state in one.lines:
        assert 0 <= line_state.refunded_minor <= line_state.line.net_minor
        assert 0 <= line_state.refunded_quantity <= line_state.line.quantity
    told = sum(
        state.refund.amount_minor + sum(part.amount_minor for part in state.refund.lines) for state in one.refunds
    )
    assert one.refunded_minor <= told
    assert one.net_minor + one.refunded_minor == sum(state.line.net_minor for state in one.lines)
