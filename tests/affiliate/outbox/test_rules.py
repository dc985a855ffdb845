"""When it is tried again, what an answer means, what is signed."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from affiliate.outbox import rules
from affiliate.outbox.rules import EventType, Outcome
from tests.conftest import NOW

END = NOW + rules.LASTS


def test_the_webhook_id_is_one_for_a_fact_and_its_owner():
    mine = rules.message_id("community:3", "commission:17:1")
    assert mine == rules.message_id("community:3", "commission:17:1")
    others = {rules.message_id("community:4", "commission:17:1"), rules.message_id("community:3", "commission:17:2")}
    assert len({mine, *others}) == 3
    assert mine.startswith("msg_")


def test_the_envelope_is_as_the_standard_says_and_keeps_every_letter():
    body = rules.envelope(EventType.PAYOUT_PAID, "2026-11-01T09:00:00Z", {"note": "Kedai “Senja” ☕", "order": None})
    assert json.loads(body) == {
        "type": "payout.paid",
        "timestamp": "2026-11-01T09:00:00Z",
        "data": {"note": "Kedai “Senja” ☕", "order": None},
    }


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "delivered"), (201, "delivered"), (204, "delivered"), (299, "delivered"), (301, "refused"), (302, "refused"),
     (400, "refused"), (404, "refused"), (410, "gone"), (429, "refused"), (500, "refused"), (503, "refused")],
)  # fmt: skip
def test_any_2xx_is_a_delivery_and_nothing_else(status, outcome):
    assert rules.outcome_of(status) is Outcome(outcome)


@pytest.mark.parametrize(
    ("failures", "delay"),
    [(1, timedelta(seconds=5)), (2, timedelta(minutes=5)), (3, timedelta(minutes=30)), (4, timedelta(hours=2)),
     (5, timedelta(hours=5)), (9, timedelta(hours=24)), (40, timedelta(hours=24))],
)  # fmt: skip
def test_each_failure_waits_longer(failures, delay):
    assert rules.next_try(failures, now=NOW, give_up_at=END, jitter=0.5) == NOW + delay
    early = rules.next_try(failures, now=NOW, give_up_at=END, jitter=0.0)
    late = rules.next_try(failures, now=NOW, give_up_at=END, jitter=1.0)
    assert (early, late) == (NOW + 0.9 * delay, NOW + 1.1 * delay)


def test_a_message_is_tried_for_three_days_and_then_no_more():
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201  how to repeat a failure
    rng = random.Random(seed)
    moment, moments = NOW, []
    for failures in range(1, 100):
        again = rules.next_try(failures, now=moment, give_up_at=END, jitter=rng.random())
        if again is None:
            break
        assert moment < again <= END
        moments.append(again)
        moment = again
    assert moments[-1] == END
    assert 8 <= len(moments) <= 10
    assert moments[0] - NOW < timedelta(seconds=6)


@pytest.mark.parametrize(
    ("status", "header", "wait"),
    [
        (503, "120", timedelta(minutes=2)),
        (429, "0", timedelta(0)),
        (429, "99999999999999999999", timedelta(days=1)),
        (503, "Sun, 01 Nov 2026 09:10:00 GMT", timedelta(minutes=10)),
        (503, "Sun, 01 Nov 2026 08:00:00 GMT", timedelta(0)),
        (503, "Mon, 01 Nov 2066 08:00:00 GMT", timedelta(days=1)),
        (503, "soon", None),
        (503, "-5", None),
        (503, "１２０", None),
        (503, "", None),
        (503, None, None),
        (500, "120", None),
        (200, "120", None),
    ],
)
def test_a_busy_receiver_says_how_long_to_wait(status, header, wait):
    assert rules.wait_asked(status, header, now=NOW) == wait


def test_what_the_receiver_asks_for_counts_where_it_is_longer():
    wait = timedelta(minutes=2)
    assert rules.next_try(1, now=NOW, give_up_at=END, jitter=0.5, wait=wait) == NOW + wait
    assert rules.next_try(2, now=NOW, give_up_at=END, jitter=0.5, wait=wait) == NOW + timedelta(minutes=5)
    assert rules.next_try(1, now=NOW, give_up_at=NOW + timedelta(minutes=1), jitter=0.5, wait=wait) == (
        NOW + timedelta(minutes=1)
    )


def test_an_endpoint_that_fails_is_left_alone_for_at_most_ten_minutes():
    waits = [rules.quiet_until(failures, now=NOW) - NOW for failures in range(1, 20)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(seconds=5), timedelta(minutes=10))
    assert rules.quiet_until(1, now=NOW, wait=timedelta(hours=1)) == NOW + timedelta(hours=1)


def test_a_store_hears_nothing_of_payouts():
    assert [kind for kind in rules.MERCHANT_HEARS if kind.startswith("payout.")] == []
    assert EventType.PING not in rules.COMMUNITY_HEARS


def test_the_official_vector_of_standard_webhooks_is_signed_alike():
    from affiliate.core.signing import standard_signature

    at = datetime.fromtimestamp(1614265330, UTC)
    signed = standard_signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}'
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
