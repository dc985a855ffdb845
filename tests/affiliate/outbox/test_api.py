"""Endpoints by API: made, changed, rotated, tested, replayed, and none of it by strangers."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from affiliate.core import clock
from affiliate.identity.models import Role
from affiliate.outbox import service
from affiliate.outbox.models import WebhookEndpoint, WebhookMessage
from tests.affiliate.outbox.receiver import verified
from tests.factories import ROBOT

PLACE = "/api/v1/webhook-endpoints"
URL = "https://app.contoh.id/hooks"


@pytest.fixture
def community(make):
    return make.community(slug="lemari-uji")


@pytest.fixture
def key(make, community):
    return make.key(Role.COMMUNITY_OWNER, community.id)


def add(client, key, status: int = 201, **body):
    told = {"community": "lemari-uji", "url": URL, "events": ["commission.earned"]} | body
    answer = client.post(PLACE, json={name: value for name, value in told.items() if value is not None}, headers=key)
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.json


def test_an_endpoint_is_made_and_its_secret_is_told_once(client, key):
    made = add(client, key, note="Kas  kecil")
    assert made["secret"].startswith("whsec_")
    shown = client.get(f"{PLACE}/{made['id']}", headers=key).json
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert (shown["community"], shown["status"], shown["note"]) == ("lemari-uji", "enabled", "Kas kecil")
    assert client.get(PLACE, headers=key).json == {"items": [shown], "next": None}


def test_a_store_has_its_own(client, make):
    store = make.merchant(slug="toko-uji")
    key = make.key(Role.MERCHANT_STAFF, store.id)
    made = add(client, key, community=None, merchant="toko-uji", events=["conversion.declined", "commission.earned"])
    assert (made["merchant"], made["events"]) == ("toko-uji", ["conversion.declined", "commission.earned"])
    refused = add(client, key, 422, community=None, merchant="toko-uji", events=["payout.paid"])
    assert "events" in refused["errors"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "http://app.contoh.id/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "http://localhost:8000/"}, "url"),
        ({"url": ""}, "url"),
        ({"url": None}, "url"),
        ({"url": "https://app.contoh.id/" + "a" * 5000}, "url"),
        ({"url": {"a": 1}}, "url"),
        ({"events": []}, "events"),
        ({"events": None}, "events"),
        ({"events": ["order.placed"]}, "events.0"),
        ({"events": ["ping"]}, "events"),
        ({"events": ["payout.paid"] * 100}, "events"),
        ({"note": "a" * 121}, "note"),
        ({"secret": "whsec_x"}, "secret"),
        ({"merchant": "toko"}, "community"),
        ({"community": None}, "community"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_field(client, key, session, body, field):
    assert field in add(client, key, 422, **body)["errors"]
    assert session.scalar(sa.select(sa.func.count()).select_from(WebhookEndpoint)) == 0


def test_the_eleventh_is_refused(client, key):
    for _ in range(service.ENDPOINTS_MAX):
        add(client, key)
    assert add(client, key, 409)["code"] == "too_many_endpoints"


def test_an_endpoint_is_changed_paused_and_removed(client, key):
    place = f"{PLACE}/{add(client, key)['id']}"
    changed = client.patch(place, json={"url": f"{URL}/2", "events": ["payout.paid"]}, headers=key).json
    assert (changed["url"], changed["events"], changed["status"]) == (f"{URL}/2", ["payout.paid"], "enabled")
    assert client.patch(place, json={"enabled": False}, headers=key).json["status"] == "paused"
    assert client.post(f"{place}/test", json={}, headers=key).json["code"] == "endpoint_not_enabled"
    assert client.patch(place, json={"enabled": True, "note": "lagi"}, headers=key).json["status"] == "enabled"
    assert client.delete(place, headers=key).status_code == 204
    assert [client.get(place, headers=key).status_code, client.delete(place, headers=key).status_code] == [404, 404]
    assert client.get(PLACE, headers=key).json["items"] == []


def test_another_address_is_tried_at_once_however_the_old_one_failed(client, key, session, receiver, send):
    place = f"{PLACE}/{add(client, key, url='http://localhost:9/')['id']}"
    client.post(f"{place}/test", json={}, headers=key)
    now = clock.now()
    send(now)
    row = session.scalars(sa.select(WebhookEndpoint)).one()
    assert row.quiet_until is not None
    client.patch(place, json={"url": receiver.url}, headers=key)
    session.expire_all()
    assert (row.failing_since, row.failures, row.quiet_until) == (None, 0, None)


def test_a_rotation_gives_a_new_secret_and_says_how_long_the_old_one_signs(client, key):
    made = add(client, key)
    turned = client.post(f"{PLACE}/{made['id']}/rotation", json={}, headers=key).json
    assert turned["secret"] not in {made["secret"], ""}
    assert turned["old_secret_until"] is not None


def test_a_test_is_sent_logged_and_sent_again(client, key, session, receiver, send):
    made = add(client, key, url=receiver.url)
    place = f"{PLACE}/{made['id']}"
    receiver.reply = lambda _got: (500, {"X-Test": "1"}, b"belum siap")
    told = client.post(f"{place}/test", json={}, headers=key)
    assert (told.status_code, told.json["type"], told.json["status"]) == (202, "ping", "waiting")
    now = clock.now()
    send(now)
    one = client.get(f"{place}/deliveries/{told.json['id']}", headers=key).json
    assert (one["status"], one["tries"], one["body"]) == ("waiting", 1, receiver.got[0].body.decode())
    assert [(entry["outcome"], entry["status_code"], entry["answer"]) for entry in one["log"]] == [
        ("refused", 500, "belum siap")
    ]
    assert one["log"][0]["headers"]["webhook-id"] == one["webhook_id"]
    again = f"{place}/deliveries/{told.json['id']}/replay"
    assert client.post(again, json={}, headers=key).json["code"] == "already_waiting"
    receiver.reply = lambda _got: (200, {}, b"")
    send(now + timedelta(hours=1))
    assert client.post(again, json={}, headers=key).status_code == 202
    send(clock.now() + timedelta(seconds=1))
    assert [got.id for got in receiver.got] == [one["webhook_id"]] * 3
    assert verified(made["secret"], receiver.got[-1]) == [True]
    listed = client.get(f"{place}/deliveries?status=delivered&type=ping", headers=key).json["items"]
    assert [(entry["id"], entry["tries"]) for entry in listed] == [(one["id"], 3)]
    assert client.get(f"{place}/deliveries?status=failed", headers=key).json["items"] == []


def test_everything_that_failed_since_a_moment_is_sent_again(client, key, session):
    made = add(client, key)
    place = f"{PLACE}/{made['id']}"
    for _ in range(3):
        client.post(f"{place}/test", json={}, headers=key)
    row = session.get_one(WebhookEndpoint, made["id"])
    service.give_up_all(session, row.id, now=clock.now())
    session.commit()
    later = clock.rfc3339(clock.now() + timedelta(hours=1))
    assert client.post(f"{place}/replays", json={"since": later}, headers=key).json == {"count": 0}
    early = clock.rfc3339(clock.now() - timedelta(hours=1))
    assert client.post(f"{place}/replays", json={"since": early}, headers=key).json == {"count": 3}
    assert client.post(f"{place}/replays", json={"since": "gestern"}, headers=key).status_code == 422
    waiting = session.scalar(sa.select(sa.func.count()).where(WebhookMessage.status == "waiting"))
    assert waiting == 3


def test_many_tests_in_an_hour_are_refused(client, key):
    place = f"{PLACE}/{add(client, key)['id']}/test"
    answers = [client.post(place, json={}, headers=key).status_code for _ in range(service.PINGS_HOUR_MAX + 1)]
    assert answers == [202] * service.PINGS_HOUR_MAX + [429]


def test_a_log_pages_by_cursor(client, key, session):
    place = f"{PLACE}/{add(client, key)['id']}"
    sent = [client.post(f"{place}/test", json={}, headers=key).json["id"] for _ in range(5)]
    first = client.get(f"{place}/deliveries?limit=3", headers=key).json
    second = client.get(f"{place}/deliveries?limit=3&cursor={first['next']}", headers=key).json
    assert [one["id"] for one in first["items"] + second["items"]] == sent[::-1]
    assert second["next"] is None


@pytest.mark.parametrize("role", [Role.COMMUNITY_OWNER, Role.CURATOR, Role.MERCHANT_STAFF, Role.FINANCE_MAKER])
def test_to_a_stranger_an_endpoint_is_not_there(client, make, session, community, key, role):
    place = f"{PLACE}/{add(client, key)['id']}"
    scope = {Role.COMMUNITY_OWNER: make.community, Role.CURATOR: lambda: community, Role.MERCHANT_STAFF: make.merchant}
    other = make.key(role, scope[role]().id if role in scope else None)
    wanted = {"community": "lemari-uji", "url": URL, "events": ["payout.paid"]}
    assert client.post(PLACE, json=wanted, headers=other).status_code == 404
    calls = [
        client.get(place, headers=other),
        client.patch(place, json={"enabled": False}, headers=other),
        client.delete(place, headers=other),
        client.post(f"{place}/rotation", json={}, headers=other),
        client.post(f"{place}/test", json={}, headers=other),
        client.get(f"{place}/deliveries", headers=other),
        client.post(f"{place}/replays", json={"since": "2026-11-01T00:00:00Z"}, headers=other),
    ]
    assert [answer.status_code for answer in calls] == [404] * 7
    if role in {Role.COMMUNITY_OWNER, Role.MERCHANT_STAFF}:
        assert client.get(PLACE, headers=other).json["items"] == []
    row = session.scalars(sa.select(WebhookEndpoint)).one()
    assert row.status.value == "enabled"


def test_a_message_is_found_only_at_its_own_endpoint(client, key, session, make, community):
    mine = add(client, key)["id"]
    other = service.add_endpoint(
        session, community, url=URL, types=service.heard_by(community), to_localhost=False, actor=ROBOT,
        now=clock.now(),
    )  # fmt: skip
    session.commit()
    sent = client.post(f"{PLACE}/{mine}/test", json={}, headers=key).json["id"]
    assert client.get(f"{PLACE}/{mine}/deliveries/{sent}", headers=key).status_code == 200
    assert client.get(f"{PLACE}/{other.id}/deliveries/{sent}", headers=key).status_code == 404
    assert client.get(f"{PLACE}/{2**70}", headers=key).status_code == 404
