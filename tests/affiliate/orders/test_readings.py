"""What a file said of an order stands among the webhooks by its moment; the same from the same set, in any order."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from affiliate.orders import rules
from affiliate.orders.facts import Event, ReadingFacts, from_content
from affiliate.orders.models import OrderStatus
from tests.affiliate.orders.test_rules import LIFE, LINES, REFUND, at, fold, left, life, line, refund


def read(kind: str, minutes: int, *, refunded: int | None = None, is_total: bool = False, **over) -> Event:
    """A file's reading as of `minutes`."""
    event = life(kind, 0, minutes, **over)
    facts = replace(event.facts, reading=ReadingFacts(at(minutes), refunded, is_total=is_total))
    return Event(facts.digest(), event.received_at, 1, facts)


def in_any_order(*events: Event) -> rules.OrderState:
    states = {fold(*some).state_hash() for some in permutations(events)}
    assert len(states) == 1
    return fold(*events)


def test_an_older_file_never_undoes_a_newer_webhook():
    state = in_any_order(life("completed", 2, 60), read("placed", 30, lines=(line(price=1),)), life("placed", 1, 0))
    assert state.status is OrderStatus.COMPLETED
    assert left(state) == {"1": line().net_minor}


def test_a_newer_file_overtakes_what_webhooks_said_before_it():
    state = in_any_order(life("placed", 1, 0), read("cancelled", 30))
    assert (state.status, state.cancelled_at) == (OrderStatus.CANCELLED, at(30))


def test_a_webhook_after_the_file_overtakes_it():
    state = in_any_order(life("placed", 1, 0), read("cancelled", 30), life("completed", 2, 60))
    assert state.status is OrderStatus.COMPLETED


def test_the_newest_of_two_files_counts_whichever_was_applied_first():
    state = in_any_order(read("completed", 10), read("completed", 20, lines=(line(price=10_000_000),)))
    assert left(state) == {"1": line(price=10_000_000).net_minor}


def test_a_file_fills_gaps_and_replaces_no_click():
    state = in_any_order(
        life("placed", 1, 0, click_token="theirs"), read("completed", 30, click_token="other", coupon="C")
    )
    assert (state.click_token, state.coupon) == ("theirs", "C")


def test_lines_keep_the_ids_of_the_shop_so_that_its_refunds_find_them():
    known = (replace(line("11"), sku="Z-1"), replace(line("12"), sku="Z-2"))
    own = (replace(line("1"), sku="Z-2"), replace(line("2"), sku="Z-1"))
    back = refund("R-1", 0, ("12", 1, 1_000_000))
    state = in_any_order(life("placed", 1, 0, lines=known), read("completed", 90, lines=own), back)
    assert left(state) == {"11": line().net_minor, "12": line().net_minor - 1_000_000}


def test_only_what_a_total_has_beyond_the_known_refunds_is_taken_back():
    told = life("completed", 1, 0), refund("R-1", 4_000_000, minutes=60)
    assert in_any_order(*told, read("completed", 90, refunded=4_000_000)).refunded_minor == 4_000_000
    assert in_any_order(*told, read("completed", 90, refunded=7_000_000)).refunded_minor == 7_000_000
    assert in_any_order(*told, read("completed", 30, refunded=4_000_000)).refunded_minor == 8_000_000  # of then


def test_a_total_alone_is_shared_by_the_known_lines():
    whole = 2 * line().gross_minor
    one = line("total", quantity=1, price=whole // 2, discount=0)
    state = in_any_order(
        life("placed", 1, 0, lines=(line("11"), line("12"))), read("completed", 30, lines=(one,), is_total=True)
    )
    assert left(state) == {"11": whole // 4, "12": whole // 4}


@pytest.mark.parametrize("refunded", [None, 5])
def test_stored_content_gives_the_same_facts(refunded):
    event = read("completed", 30, refunded=refunded)
    told = event.facts
    again = from_content(told.kind, told.order_ref, told.version, told.occurred_at, told.content())
    assert (again, again.digest()) == (told, event.digest)


READING = st.builds(
    read,
    st.sampled_from(["placed", "paid", "completed", "cancelled"]),
    st.integers(0, 5),
    refunded=st.none() | st.integers(0, 30_000),
    lines=LINES,
    click_token=st.none() | st.just("c"),
)


@settings(max_examples=300, deadline=None, print_blob=True)
@given(st.lists(LIFE | REFUND | READING, max_size=7), st.data())
def test_every_order_of_arrival_and_every_repeat_gives_one_state(events, data):
    more = data.draw(st.lists(st.sampled_from(events), max_size=4)) if events else []
    shuffled = data.draw(st.permutations(events + more))
    note([(event.facts.kind, event.facts.version, bool(event.facts.reading), event.digest[:6]) for event in shuffled])
    one, other = rules.fold(events), rules.fold(shuffled)
    assert one == other
    if one is None:
        return
    assert one.state_hash() == other.state_hash()
    for state in one.lines:
        assert 0 <= state.refunded_minor <= state.line.net_minor
    assert one.net_minor + one.refunded_minor == sum(state.line.net_minor for state in one.lines)
