"""From the outbox to a real receiver: signed, retried, fair to the others, and never twice under another id."""

from __future__ import annotations

import contextlib
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from affiliate.core import clock
from affiliate.core.db import transaction
from affiliate.identity.models import AuditEntry
from affiliate.outbox import announcing, jobs, recording, rules, sending, service
from affiliate.outbox import courier as courier_module
from affiliate.outbox.announcing import Fact
from affiliate.outbox.courier import THREADS, Courier
from affiliate.outbox.models import EndpointStatus, MessageStatus, StopReason, WebhookMessage, WebhookTry
from affiliate.outbox.rules import EventType, Outcome
from tests.affiliate.outbox.receiver import verified
from tests.conftest import NOW
from tests.factories import ROBOT

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def tries(session, message):
    rows = session.execute(sa.select(WebhookTry).where(WebhookTry.message_id == message.id).order_by(WebhookTry.number))
    return list(rows.scalars())


def test_what_is_told_arrives_signed_byte_by_byte_and_stands_in_the_log(session, listen, tell, send, receiver):
    endpoint = listen()
    (message,) = tell(endpoint)
    send()
    (got,) = receiver.got
    assert got.body == message.body.encode()
    assert verified(endpoint.secret, got) == [True]
    assert verified(service.new_webhook_secret(), got) == [False]  # the control
    assert (got.id, got.path) == (message.message_id, "/hooks?from=etalase")
    assert got.headers["content-type"] == "application/json"
    assert (message.status, message.tries, message.next_try_at) == (MessageStatus.DELIVERED, 1, None)
    (one,) = tries(session, message)
    assert (one.outcome, one.status_code, one.headers["webhook-id"]) == (Outcome.DELIVERED, 204, got.id)
    assert one.took_ms is not None
    send(NOW + DAY)
    assert len(receiver.got) == 1


def test_the_same_fact_is_told_once_and_what_was_rolled_back_never(session, listen, send, receiver):
    endpoint = listen()
    listeners = announcing.listening(session, communities=[endpoint.community_id])
    fact = Fact(EventType.PAYOUT_PAID, endpoint.owner, "payout:1:paid", NOW, {})
    assert announcing.announce(session, listeners, [fact], now=NOW) == 1
    assert announcing.announce(session, listeners, [fact], now=NOW + HOUR) == 0
    session.commit()
    other = Fact(EventType.PAYOUT_PAID, endpoint.owner, "payout:2:paid", NOW, {})
    with contextlib.suppress(ZeroDivisionError), transaction(session) as open_one:
        assert announcing.announce(open_one, listeners, [other], now=NOW) == 1
        raise ZeroDivisionError  # what the fact was part of fails
    send()
    assert [one.told["type"] for one in receiver.got] == ["payout.paid"]


def test_only_who_listens_hears_and_only_what_they_chose(session, make, listen, tell, receiver, send):
    ours, theirs, store = make.community(), make.community(), make.merchant()
    mine = listen(ours, types=[EventType.COMMISSION_EARNED])
    listen(theirs)
    listen(store)
    assert tell(mine, kind=EventType.CONVERSION_CREATED) == []
    assert len(tell(mine, kind=EventType.COMMISSION_EARNED)) == 1
    service.pause(session, mine, actor=ROBOT, now=NOW)
    assert tell(mine, kind=EventType.COMMISSION_EARNED) == []
    send()
    assert receiver.got == []  # it waits until it is switched on again
    service.resume(session, mine, actor=ROBOT, now=NOW)
    session.commit()
    send()
    assert receiver.types() == ["commission.earned"]


def test_nobody_listening_is_one_query(session, make, count_statements):
    communities = [make.community().id for _ in range(3)]
    session.commit()
    session.connection()  # of a test: its savepoint is none of ours
    with count_statements() as made:
        assert not announcing.listening(session, communities=communities, merchants=[1, 2, 3])
    assert made[0] == 1


def test_a_thousand_facts_are_a_fixed_number_of_statements(session, listen, count_statements):
    endpoint = listen()
    facts = [Fact(EventType.COMMISSION_EARNED, endpoint.owner, f"c:{n}:1", NOW, {}) for n in range(1000)]
    session.connection()
    with count_statements() as made:
        listeners = announcing.listening(session, communities=[endpoint.community_id])
        assert announcing.announce(session, listeners, facts, now=NOW) == 1000
    assert made[0] <= 2


def test_a_receiver_that_was_down_gets_it_later_under_the_same_id(session, listen, tell, send, receiver):
    endpoint = listen()
    (message,) = tell(endpoint)
    receiver.reply = lambda _got: (500, {}, b"not now")
    send()
    assert (message.status, message.tries) == (MessageStatus.WAITING, 1)
    assert timedelta(seconds=4) < message.next_try_at - NOW < timedelta(seconds=6)
    assert endpoint.failing_since == NOW
    assert send(NOW + timedelta(seconds=3)) == 0
    receiver.reply = lambda _got: (200, {}, b"ok")
    send(NOW + HOUR)
    assert (message.status, message.tries, endpoint.failing_since) == (MessageStatus.DELIVERED, 2, None)
    first, second = receiver.got
    assert first.id == second.id
    assert first.body == second.body
    assert verified(endpoint.secret, second) == [True]
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    log = tries(session, message)
    assert [(one.outcome, one.status_code, one.answer) for one in log] == [
        (Outcome.REFUSED, 500, "not now"),
        (Outcome.DELIVERED, 200, "ok"),
    ]


def test_messages_go_in_their_order_and_the_first_failure_holds_the_rest(session, listen, tell, send, receiver):
    endpoint = listen()
    told = tell(endpoint, 5)
    receiver.reply = lambda _got: (500 if len(receiver.got) == 3 else 200, {}, b"")
    send()
    assert [message.tries for message in told] == [1, 1, 1, 0, 0]
    assert session.scalar(sa.select(sa.func.count()).select_from(WebhookTry)) == 3
    receiver.reply = lambda _got: (200, {}, b"")
    send(NOW + HOUR)
    assert [message.status for message in told] == [MessageStatus.DELIVERED] * 5
    assert [one.id for one in receiver.got[:3]] == [message.message_id for message in told[:3]]
    assert len(receiver.got) == 6


def test_three_days_of_failures_stop_an_endpoint_and_its_owner_is_told(session, listen, tell, send, receiver):
    endpoint = listen()
    (message,) = tell(endpoint)
    receiver.reply = lambda _got: (503, {}, b"")
    moment = NOW
    for _ in range(30):
        send(moment)
        if message.status is MessageStatus.FAILED:
            break
        moment = max(message.next_try_at, endpoint.quiet_until)
    assert moment == NOW + rules.LASTS
    assert message.tries in {10, 11}  # by chance the last but one lies within the three days, or not
    tried = message.tries
    assert (endpoint.status, endpoint.stop_reason) == (EndpointStatus.STOPPED, StopReason.FAILING)
    deeds = session.scalars(sa.select(AuditEntry.action).where(AuditEntry.actor == "system:webhooks")).all()
    assert deeds == ["webhook_endpoint.stopped"]
    assert tell(endpoint) == []  # nothing is written for it any more
    with pytest.raises(service.EndpointSilent):
        service.replay(session, endpoint, message, actor=ROBOT, now=moment)
    service.resume(session, endpoint, actor=ROBOT, now=moment)
    assert service.replay_failed(session, endpoint, since=NOW, actor=ROBOT, now=moment) == 1
    session.commit()
    receiver.reply = lambda _got: (200, {}, b"")
    send(moment)
    assert (message.status, message.tries) == (MessageStatus.DELIVERED, tried + 1)
    assert len({got.id for got in receiver.got}) == 1


def test_gone_is_gone_at_once(session, listen, tell, send, receiver):
    endpoint = listen()
    told = tell(endpoint, 3)
    receiver.reply = lambda _got: (410, {}, b"")
    send()
    assert [message.status for message in told] == [MessageStatus.FAILED] * 3
    assert (endpoint.status, endpoint.stop_reason) == (EndpointStatus.STOPPED, StopReason.GONE)
    assert len(receiver.got) == 1


def test_a_busy_receiver_is_left_alone_as_long_as_it_asks(session, listen, tell, send, receiver):
    endpoint = listen()
    (message,) = tell(endpoint)
    receiver.reply = lambda _got: (429, {"Retry-After": "600"}, b"")
    send()
    assert message.next_try_at == NOW + timedelta(minutes=10)
    assert endpoint.quiet_until == NOW + timedelta(minutes=10)


def test_after_a_rotation_both_secrets_sign_for_a_day_and_then_the_new_one_alone(session, listen, tell, send, receiver):
    endpoint = listen()
    old = endpoint.secret
    new = service.rotate_secret(session, endpoint, actor=ROBOT, now=NOW)
    session.commit()
    for moment in (NOW, NOW + rules.ROTATION - timedelta(seconds=1), NOW + rules.ROTATION):
        tell(endpoint, now=moment)
        send(moment)
    assert [(verified(new, got), verified(old, got)) for got in receiver.got] == [
        ([True, False], [False, True]),
        ([True, False], [False, True]),
        ([True], [False]),
    ]


def test_a_sender_that_died_is_followed_by_another_with_the_same_id(session, listen, tell, send, receiver):
    endpoint = listen()
    (message,) = tell(endpoint)
    with transaction(session) as open_one:
        (parcel,) = sending.claim(open_one, healthy=1, failing=0, now=NOW)
    assert send(NOW + timedelta(seconds=30)) == 0  # the lease holds
    later = NOW + sending.LEASE + timedelta(seconds=1)
    send(later)
    assert (message.status, message.tries) == (MessageStatus.DELIVERED, 2)
    assert [one.outcome for one in tries(session, message)] == [Outcome.INTERRUPTED, Outcome.DELIVERED]
    assert [got.id for got in receiver.got] == [parcel.sendings[0].headers[2][1]]
    with transaction(session) as open_one:
        late = [sending.Result(parcel.sendings[0], Outcome.REFUSED)]
        assert not recording.record(open_one, parcel, late, jitter=lambda: 0.5, now=later)
    session.expire_all()
    assert message.status is MessageStatus.DELIVERED


def test_two_senders_never_have_the_same_endpoint(session, listen, tell):
    endpoint = listen()
    tell(endpoint, 3)
    with transaction(session) as open_one:
        assert len(sending.claim(open_one, healthy=5, failing=5, now=NOW)) == 1
    with transaction(session) as open_one:
        assert sending.claim(open_one, healthy=5, failing=5, now=NOW) == []


def test_dead_addresses_never_take_all_threads(session, make, listen, tell, send, receiver):
    dead = [listen(url="http://localhost:9/") for _ in range(THREADS + 2)]
    for endpoint in dead:
        endpoint.failing_since = NOW - HOUR
        tell(endpoint, 3)
    alive = listen()
    tell(alive, 3)
    session.commit()
    courier = Courier(to_localhost=True)
    healthy, failing = courier.free()
    assert (healthy + failing, failing) == (THREADS, THREADS // 2)
    with transaction(session) as open_one:
        parcels = sending.claim(open_one, healthy=healthy, failing=failing, now=NOW)
    assert parcels[0].endpoint_id == alive.id
    assert len(parcels) == 1 + failing
    assert {len(parcel.sendings) for parcel in parcels[1:]} == {1}  # one message asks whether anybody is there
    courier.close()


def test_the_step_never_waits_for_a_receiver(session, listen, tell, receiver):
    endpoint = listen()
    (message,) = tell(endpoint)
    answer = threading.Event()
    receiver.reply = lambda _got: (200, {}, b"") if answer.wait(10) else None
    assert jobs.run(NOW) == 1
    assert [jobs.run(NOW) for _ in range(3)] == [0, 0, 0]
    assert message.status is MessageStatus.WAITING
    answer.set()
    assert jobs.finish(NOW) == 1
    session.expire_all()
    assert message.status is MessageStatus.DELIVERED


def test_no_transaction_is_open_across_the_call(session, listen, tell, send, receiver):
    endpoint = listen()
    tell(endpoint)
    jobs.run(NOW)
    assert not session().in_transaction()
    jobs.finish(NOW)


def test_a_name_that_has_come_to_lead_inside_is_not_called(session, listen, tell, receiver, practice):
    endpoint = listen(url="https://app.contoh.id/hooks")
    (message,) = tell(endpoint)
    courier = practice.extensions["etalase_courier"] = Courier(resolve=lambda _host, _port: ["169.254.169.254"])
    jobs.run(NOW)
    jobs.finish(NOW)
    session.expire_all()
    (one,) = tries(session, message)
    assert (one.outcome, message.status) == (Outcome.INSIDE, MessageStatus.WAITING)
    assert not courier.is_busy


def test_an_address_of_practice_is_not_called_in_earnest(session, listen, tell, receiver, practice):
    endpoint = listen()
    (message,) = tell(endpoint)
    practice.extensions["etalase_courier"] = Courier(to_localhost=False)
    jobs.run(NOW)
    jobs.finish(NOW)
    session.expire_all()
    assert receiver.got == []
    assert tries(session, message)[0].outcome is Outcome.INSIDE


def test_answers_of_any_bytes_are_kept_as_text(session, listen, tell, send, receiver):
    endpoint = listen()
    (message,) = tell(endpoint)
    receiver.reply = lambda _got: (500, {}, b"\0\xff\xfe" + b"a" * 5000)
    send()
    (one,) = tries(session, message)
    assert one.answer.startswith("\ufffd\ufffd\ufffd")
    assert len(one.answer) == 1024


def test_an_endpoint_removed_in_the_middle_of_a_call_waits_for_nothing(session, listen, tell, receiver):
    endpoint = listen()
    (message,) = tell(endpoint)
    receiver.reply = lambda _got: (500, {}, b"")
    jobs.run(NOW)
    service.remove(session, endpoint, actor=ROBOT, now=NOW)
    session.commit()
    jobs.finish(NOW)
    session.expire_all()
    assert (message.status, message.tries) == (MessageStatus.FAILED, 1)


def test_what_is_settled_for_long_is_forgotten_and_what_waits_never(session, listen, tell, send, receiver):
    endpoint = listen()
    tell(endpoint, 3)
    send()
    (waiting,) = tell(endpoint)
    waiting.next_try_at = NOW + 10 * rules.KEPT
    session.commit()
    later = NOW + rules.KEPT + DAY
    (fresh,) = tell(endpoint, now=later)
    send(later)
    kept = set(session.scalars(sa.select(WebhookMessage.id)))
    assert kept == {waiting.id, fresh.id}
    assert set(session.scalars(sa.select(WebhookTry.message_id))) == {fresh.id}


def test_an_error_of_our_own_is_a_failure_and_not_tried_again_at_once(
    session, listen, tell, receiver, practice, monkeypatch, caplog
):
    endpoint = listen()
    (message,) = tell(endpoint)

    def breaks(*_args):
        raise ZeroDivisionError

    monkeypatch.setattr(courier_module, "_send", breaks)
    assert jobs.run(NOW) == 1
    assert jobs.finish(NOW) == 1
    session.expire_all()
    assert (message.status, message.tries) == (MessageStatus.WAITING, 1)
    assert endpoint.quiet_until > NOW
    assert "parcel_failed" in caplog.text
    assert jobs.run(NOW) == 0


def test_the_figures_tell_what_waits_and_how_late_it_is(session, listen, tell, client, receiver):
    endpoint = listen()
    tell(endpoint, 2, now=clock.now() - HOUR)
    shown = {
        line.split(" ")[0]: float(line.split(" ")[1])
        for line in client.get("/metrics").get_data(as_text=True).splitlines()
        if line.startswith("etalase_webhooks_")
    }
    assert shown["etalase_webhooks_waiting"] == 2
    assert 3590 < shown["etalase_webhooks_lag_seconds"] < 3700
    assert shown["etalase_webhooks_stopped"] == 0


def test_a_removed_endpoint_gives_up_what_waits(session, listen, tell, send, receiver):
    endpoint = listen()
    (message,) = tell(endpoint)
    service.remove(session, endpoint, actor=ROBOT, now=NOW)
    session.commit()
    send(NOW + DAY)
    assert (message.status, receiver.got) == (MessageStatus.FAILED, [])
    assert session.scalar(sa.select(sa.func.count()).select_from(WebhookMessage)) == 1
