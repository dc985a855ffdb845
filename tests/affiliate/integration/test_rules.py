"""What a test shows, step by step."""

from __future__ import annotations

import pytest

from affiliate.integration import rules
from affiliate.integration.rules import Name, Seen, State, Why

TOKEN = "AbCdEfGh" + "x" * 36
LANDING = f"https://toko.test/p?a=1&etl={TOKEN}"


def seen(**over) -> Seen:
    return Seen(
        **{"delivery_id": 7, "ref": "A-1", "token": TOKEN, "is_test": True, "is_readable": True, "is_worked": True}
        | over
    )


def told(found: Seen | None, **over) -> dict[Name, tuple[State, Why | None]]:
    facts = {"landing_url": LANDING, "token": TOKEN, "param": "etl", "sent_status": None, "has_programme": True,
             "has_community": True} | over  # fmt: skip
    return {step.name: (step.state, step.why) for step in rules.steps(found=found, **facts)}


def test_all_is_green_when_the_order_brings_the_token_back():
    shown = told(seen())
    assert {state for state, _why in shown.values()} == {State.GOOD}
    assert list(shown) == list(Name)


def test_before_the_order_the_rest_waits_for_it():
    shown = told(None)
    assert [state for state, _why in shown.values()] == [State.GOOD] * 3 + [State.WAIT] + [State.LATER] * 3


@pytest.mark.parametrize(
    ("found", "facts", "red", "why"),
    [
        (None, {"landing_url": None, "token": None}, Name.TOKEN, Why.NO_WAY),
        (None, {"landing_url": LANDING + "&etl=twice"}, Name.LANDING, Why.TWICE),
        (None, {"sent_status": 401}, Name.RECEIVED, Why.REFUSED),
        (None, {"sent_status": 503}, Name.RECEIVED, Why.REFUSED),
        (seen(is_readable=False, ref=None, token=None), {}, Name.READ, Why.UNREADABLE),
        (seen(token=None), {}, Name.READ, Why.NO_MARK),
        (seen(token="zzzzzzzz"), {}, Name.READ, Why.OTHER_MARK),
        (seen(token=TOKEN[:40]), {}, Name.READ, Why.CHANGED_MARK),
        (seen(), {"has_programme": False}, Name.CREDIT, Why.NO_PROGRAMME),
    ],
)
def test_the_first_fault_is_red_and_what_follows_waits(found, facts, red, why):
    shown = told(found, **facts)
    assert shown[red] == (State.BAD, why)
    after = list(Name)[list(Name).index(red) + 1 :]
    assert {shown[name][0] for name in after} <= {State.LATER}
    before = list(Name)[: list(Name).index(red)]
    assert {shown[name][0] for name in before} == {State.GOOD}


def test_a_delivery_that_waits_for_the_worker_is_no_fault():
    shown = told(seen(is_worked=False, ref=None, token=None, is_test=False))
    assert shown[Name.SIGNATURE] == (State.GOOD, None)
    assert shown[Name.READ] == (State.WAIT, None)


def test_an_order_that_does_not_call_itself_a_test_is_told_so():
    assert told(seen(is_test=False))[Name.READ] == (State.GOOD, Why.NOT_A_TEST)


def test_other_customers_orders_are_not_mistaken_for_the_test():
    others = [seen(ref=f"B-{number}", token="other-token", is_test=False, delivery_id=number) for number in range(5)]
    assert rules.chosen(others, TOKEN) is None
    assert rules.chosen([*others, seen()], TOKEN).ref == "A-1"
    assert rules.chosen([seen(token=None, ref="T-1"), *others], TOKEN).ref == "T-1"
    assert rules.chosen([seen(token=TOKEN[:20], is_test=False, ref="C-1"), *others], TOKEN).ref == "C-1"
    assert rules.chosen([], TOKEN) is None
    assert rules.chosen([seen()], None) == seen()


@pytest.mark.parametrize(
    ("url", "once"),
    [
        (LANDING, True), (LANDING + "#x", True), (f"https://toko.test/?etl={TOKEN}&etl={TOKEN}", False),
        ("https://toko.test/?etl=other", False), ("https://toko.test/", False),
        (f"https://toko.test/#etl={TOKEN}", False),
    ],
)  # fmt: skip
def test_the_mark_must_stand_once(url: str, once: bool):
    assert rules.marked_once(url, "etl", TOKEN) is once


def test_a_test_is_over_when_all_fits_or_the_click_led_nowhere():
    def over(found, **facts):
        base = {"landing_url": LANDING, "token": TOKEN, "param": "etl", "sent_status": None, "has_programme": True,
                "has_community": True} | facts  # fmt: skip
        return rules.is_over(rules.steps(found=found, **base))

    assert over(seen())
    assert over(None, token=None, landing_url=None)
    assert not over(None)
    assert not over(seen(token=None))
