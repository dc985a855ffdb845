"""Files among webhooks: whatever is applied in whatever order and how often, one state follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.core.signing import sha256_hex
from affiliate.orders import facts, rules
from affiliate.orders.facts import (
    Event,
    EventFacts,
    LineFacts,
    ReadingFacts,
    RefundFacts,
    RefundLineFacts,
    from_content,
)
from affiliate.orders.models import OrderStatus

DAY = datetime(2026, 11, 1, tzinfo=UTC)


def at(hours: float) -> datetime:
    return DAY + timedelta(hours=hours)


def line(ref: str = "1", sku: str | None = "Z-77", unit: int = 1000, pieces: int = 2, tax: int = 0) -> LineFacts:
    return LineFacts(ref, sku, None, None, None, pieces, unit, 0, tax)


def webhook(kind: str, version: int, hours: float, **over: object) -> EventFacts:
    told = {"currency": "IDR", "placed_at": at(0), "lines": (line(),)} | over
    return EventFacts(kind=kind, order_ref="A", version=version, occurred_at=at(hours), **told)


def reading(kind: str, hours: float, *, back: int | None = None, total: bool = False, **over: object) -> EventFacts:
    told = {"currency": "IDR", "placed_at": at(0), "lines": (line("own"),)} | over
    own = ReadingFacts(at(hours), refunded_minor=back, is_total=total)
    return EventFacts(kind=kind, order_ref="A", version=0, occurred_at=at(hours), reading=own, **told)


def refund(ref: str, amount: int, hours: float, *parts: RefundLineFacts) -> EventFacts:
    told = RefundFacts(ref, amount, parts)
    return EventFacts("order.refunded", "A", 0, at(hours), "IDR", refund=told)


def folded(*events: EventFacts) -> rules.OrderState:
    state = rules.fold([Event(one.digest(), DAY, 1, one) for one in events])
    assert state is not None
    return state


def test_what_a_file_said_is_kept_and_read_again_as_it_was():
    told = reading(facts.COMPLETED, 3, back=500)
    kept = told.content()
    assert from_content(told.kind, "A", 0, told.occurred_at, kept) == told
    assert "reading" not in webhook(facts.PLACED, 1, 0).content(), "a webhook's words keep their digest"


@pytest.mark.parametrize(
    ("file_hours", "status", "unit"),
    [(1, OrderStatus.PLACED, 1000), (3, OrderStatus.COMPLETED, 900), (9, OrderStatus.COMPLETED, 900)],
)
def test_the_newer_word_counts_whichever_channel_it_came_by(file_hours, status, unit):
    """Version 7 says nothing against a file: what counts is that it was placed at two o'clock."""
    snapshot = webhook(facts.PLACED, int(at(2).timestamp() * 1000), 2, is_snapshot=True)
    state = folded(snapshot, reading(facts.COMPLETED, file_hours, lines=(line("own", unit=900),)))
    assert (state.status, state.lines[0].line.unit_price_minor) == (status, unit)


def test_an_old_file_undoes_no_cancellation_and_a_new_one_cancels():
    cancelled = webhook(facts.CANCELLED, 2, 5, lines=None)
    assert folded(webhook(facts.PAID, 1, 1), cancelled, reading(facts.COMPLETED, 3)).status is OrderStatus.CANCELLED
    assert folded(webhook(facts.COMPLETED, 1, 1), reading(facts.CANCELLED, 3)).status is OrderStatus.CANCELLED
    assert folded(cancelled, reading(facts.COMPLETED, 9)).status is OrderStatus.COMPLETED


def test_a_file_fills_gaps_and_empties_or_overwrites_nothing():
    silent, telling = webhook(facts.PLACED, 1, 1), webhook(facts.PLACED, 1, 1, coupon="SHOP", click_token="t")
    file = reading(facts.PAID, 5, coupon="FILE", customer_ref="c", placed_at=at(-9))
    assert (folded(silent, file).coupon, folded(silent, file).customer_ref) == ("FILE", "c")
    assert (folded(telling, file).coupon, folded(telling, file).click_token) == ("SHOP", "t")
    assert folded(telling, file).placed_at == at(0)


def test_only_what_a_files_total_has_beyond_known_refunds_is_refunded_more():
    base = (webhook(facts.COMPLETED, 1, 1), refund("R-1", 300, 2))
    assert folded(*base, reading(facts.COMPLETED, 5, back=300)).refunded_minor == 300
    assert folded(*base, reading(facts.COMPLETED, 5, back=800)).refunded_minor == 800
    assert folded(*base, reading(facts.COMPLETED, 5, back=0)).refunded_minor == 300
    later = refund("R-2", 100, 7)
    assert folded(*base, reading(facts.COMPLETED, 5, back=800), later).refunded_minor == 900
    newest = folded(*base, reading(facts.COMPLETED, 5, back=800), reading(facts.COMPLETED, 6, back=500))
    assert newest.refunded_minor == 500
    assert [one.refund.refund_ref for one in newest.refunds] == ["R-1", "file total"]


def test_a_shops_later_snapshot_tells_all_its_refunds_so_that_the_files_total_is_over():
    snapshot = webhook(facts.COMPLETED, int(at(9).timestamp() * 1000), 9, is_snapshot=True)
    assert folded(snapshot, reading(facts.COMPLETED, 5, back=800)).refunded_minor == 0


def test_a_files_lines_keep_the_ids_of_the_shop_so_that_refunds_of_lines_find_them():
    shop = webhook(facts.COMPLETED, 1, 1, lines=(line("11", "A", 500), line("12", "B", 700)))
    file = reading(facts.COMPLETED, 5, lines=(line("x", "B", 650), line("y", "A", 500), line("11", "C", 10)))
    back = refund("R-1", 100, 2, RefundLineFacts("12", 1, 100))
    state = folded(shop, file, back)
    assert [(one.line.line_ref, one.refunded_minor) for one in state.lines] == [("12", 100), ("11", 0), ("11~2", 0)]
    bare = reading(facts.COMPLETED, 5, lines=(line("1", None, 480), line("2", None, 650)))
    assert [(one.line.line_ref, one.line.sku) for one in folded(shop, bare, back).lines] == [("11", "A"), ("12", "B")]


def test_a_bare_total_keeps_the_known_lines_and_their_shares_of_it():
    shop = webhook(facts.COMPLETED, 1, 1, lines=(line("11", "A", 500), line("12", "B", 700)))
    same = reading(facts.COMPLETED, 5, total=True, lines=(line("1", None, 2400, 1),))
    assert [one.line for one in folded(shop, same).lines] == list(shop.lines or ())
    less = reading(facts.COMPLETED, 5, total=True, lines=(line("1", None, 1200, 1),))
    assert [(one.line.line_ref, one.line.net_minor) for one in folded(shop, less).lines] == [("11", 500), ("12", 700)]


def test_the_same_words_later_change_nothing():
    for kind in (facts.PLACED, facts.COMPLETED, facts.CANCELLED):
        once, twice = reading(kind, 3, back=100), reading(kind, 8, back=100)
        assert folded(once, twice).state_hash() == folded(once).state_hash()


def test_another_currency_in_a_file_does_not_count():
    file = reading(facts.COMPLETED, 5, currency="USD")
    state = folded(webhook(facts.PLACED, 1, 9), file)
    assert (state.currency, state.status, state.foreign) == ("IDR", OrderStatus.PLACED, {file.digest()})


hours = st.integers(0, 9)
kinds = st.sampled_from(facts.LIFE)
lines = st.lists(
    st.builds(line, st.sampled_from("123"), st.sampled_from(["A", "B", None]), st.integers(0, 900), st.integers(1, 3)),
    max_size=3, unique_by=lambda one: one.line_ref,
).map(tuple)  # fmt: skip
events = st.one_of(
    st.builds(lambda k, v, h, ls, c: webhook(k, v, h, lines=ls, coupon=c), kinds, st.integers(0, 4), hours,
              st.none() | lines, st.sampled_from([None, "X"])),
    st.builds(lambda k, h, ls: webhook(k, int(at(h).timestamp() * 1000), h, lines=ls, is_snapshot=True), kinds, hours,
              lines),
    st.builds(lambda k, h, b, t, ls: reading(k, h, back=b, total=t, lines=ls), kinds, hours,
              st.none() | st.integers(0, 3000), st.booleans(), lines),
    st.builds(refund, st.sampled_from(["R-1", "R-2"]), st.integers(0, 2000), hours),
)  # fmt: skip


@given(st.lists(events, min_size=1, max_size=7), st.randoms(use_true_random=False), st.lists(st.integers(0, 6)))
def test_any_order_and_any_repeats_give_one_state(told, chance, again):
    known = [Event(one.digest(), DAY, 1, one) for one in told]
    shuffled = known + [known[place % len(known)] for place in again]
    chance.shuffle(shuffled)
    one, other = rules.fold(known), rules.fold(shuffled)
    assert (one and one.state_hash()) == (other and other.state_hash())
    if one:
        assert len({row.line.line_ref for row in one.lines}) == len(one.lines)
        assert all(0 <= row.refunded_minor <= row.line.net_minor for row in one.lines)


def test_a_fold_that_listened_to_arrival_would_be_found_out():
    """The control: the last word that came in is not a function of the set."""
    told = [webhook(facts.PLACED, 1, 1), reading(facts.CANCELLED, 5)]
    assert sha256_hex(repr(told[-1]).encode()) != sha256_hex(repr(told[::-1][-1]).encode())
    by_arrival = [folded(one).status for one in (told[-1], told[::-1][-1])]
    assert by_arrival[0] is not by_arrival[1]
    assert folded(*told).status is folded(*told[::-1]).status is OrderStatus.CANCELLED
