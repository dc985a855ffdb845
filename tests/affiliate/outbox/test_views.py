"""The pages about webhooks, of a community and of a store."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from affiliate.core import clock
from affiliate.identity.models import Role
from affiliate.outbox import service
from affiliate.outbox.models import EndpointStatus, MessageStatus, StopReason, WebhookEndpoint, WebhookMessage
from tests.factories import PASSWORD

ROOT = Path(__file__).resolve().parents[3]
URL = "https://app.contoh.id/hooks"


@pytest.fixture(params=["portal", "merchant"])
def place(request, client, make, session) -> str:
    """The address of the pages, its owner signed in."""
    owner = make.community() if request.param == "portal" else make.merchant()
    role = Role.COMMUNITY_OWNER if request.param == "portal" else Role.MERCHANT_STAFF
    user = make.user(role, owner.id, locale="en")
    session.commit()
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    return f"/{request.param}/{owner.slug}/webhooks"


def add(client, place: str, **over):
    form = {"url": URL, "note": "Kas", "events": ["conversion.created", "commission.earned"]} | over
    return client.post(place, data=form)


def only(session) -> WebhookEndpoint:
    session.expire_all()
    return session.scalars(sa.select(WebhookEndpoint)).one()


def test_the_empty_page_says_what_to_do(client, place):
    page = client.get(place).get_data(as_text=True)
    assert "Nobody listens yet" in page
    assert ("payout.paid" in page) == place.startswith("/portal")


def test_the_example_of_a_receiver_believes_us_and_nobody_else(session, client, place, receiver, send):
    add(client, place, url=receiver.url)
    row = only(session)
    client.post(f"{place}/{row.id}/test")
    send(clock.now())
    (got,) = receiver.got
    program: dict = {}
    exec((ROOT / "templates/affiliate/outbox/_receiver.py.txt").read_text(encoding="utf-8"), program)
    program["SECRETS"] = ["whsec_AAAA", row.secret]
    assert program["is_from_etalase"](got.headers, got.body)
    assert not program["is_from_etalase"](got.headers, got.body + b" ")
    assert not program["is_from_etalase"](got.headers | {"webhook-timestamp": "1"}, got.body)
    program["SECRETS"] = ["whsec_AAAA"]
    assert not program["is_from_etalase"](got.headers, got.body)
    assert "is_from_etalase" in client.get(place).get_data(as_text=True)


def test_an_address_is_added_and_its_secret_is_shown_once(client, place, session):
    answer = add(client, place)
    row = only(session)
    assert (answer.status_code, row.types) == (201, ["conversion.created", "commission.earned"])
    assert row.secret in answer.get_data(as_text=True)
    for address in (place, f"{place}/{row.id}"):
        page = client.get(address).get_data(as_text=True)
        assert "Kas" in page
        assert row.secret not in page


@pytest.mark.parametrize(
    ("over", "text"),
    [
        ({"url": "http://app.contoh.id/"}, "must begin with https"),
        ({"url": "https://localhost/"}, "private network"),
        ({"url": "https://app.contoh.id:22/"}, "port 443"),
        ({"url": "https://10.0.0.1/"}, "not a number"),
        ({"events": []}, "at least one"),
    ],
)
def test_what_cannot_be_called_is_said_beside_its_field_and_nothing_typed_is_lost(client, place, session, over, text):
    answer = add(client, place, **over)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert text in page
    assert 'value="Kas"' in page
    assert session.scalar(sa.select(sa.func.count()).select_from(WebhookEndpoint)) == 0


def test_a_test_is_sent_and_its_message_opens(client, place, session, receiver, send):
    add(client, place, url=receiver.url)
    row = only(session)
    receiver.reply = lambda _got: (500, {}, b"<b>rusak</b>")
    answer = client.post(f"{place}/{row.id}/test")
    assert answer.status_code == 303
    assert "sent in a moment" in client.get(answer.location).get_data(as_text=True)
    send(clock.now())
    page = client.get(answer.location).get_data(as_text=True)
    assert "&lt;b&gt;rusak&lt;/b&gt;" in page
    assert "webhook-signature" in page
    assert "answered, but not with 2xx" in page
    log = client.get(f"{place}/{row.id}").get_data(as_text=True)
    assert "Nothing has been delivered since" in log
    assert "500" in log


def test_the_log_is_narrowed_by_state_and_event(client, place, session):
    add(client, place)
    row = only(session)
    client.post(f"{place}/{row.id}/test")
    assert "/messages/" in client.get(f"{place}/{row.id}?status=waiting&type=ping").get_data(as_text=True)
    none = client.get(f"{place}/{row.id}?status=failed").get_data(as_text=True)
    assert "Nothing fits this choice" in none
    assert client.get(f"{place}/{row.id}?status=x&type=y").status_code == 200


def test_what_failed_is_sent_again_one_by_one_or_all(client, place, session):
    add(client, place)
    row = only(session)
    for _ in range(2):
        client.post(f"{place}/{row.id}/test")
    service.give_up_all(session, row.id, now=clock.now())
    session.commit()
    first = session.scalars(sa.select(WebhookMessage).order_by(WebhookMessage.id)).first()
    assert "Send again" in client.get(f"{place}/{row.id}").get_data(as_text=True)
    assert client.post(f"{place}/{row.id}/messages/{first.id}/replay").status_code == 303
    session.expire_all()
    assert first.status is MessageStatus.WAITING
    again = client.post(f"{place}/{row.id}/messages/{first.id}/replay", follow_redirects=True)
    assert "waiting to be sent already" in again.get_data(as_text=True)
    page = client.post(f"{place}/{row.id}/replays", data={"days": "1"}, follow_redirects=True).get_data(as_text=True)
    assert "1 message is sent again." in page
    assert client.post(f"{place}/{row.id}/replays", data={"days": "x"}).status_code == 303


def test_the_secret_is_changed_the_address_paused_changed_and_removed(client, place, session):
    add(client, place)
    row = only(session)
    old = row.secret
    answer = client.post(f"{place}/{row.id}/rotation")
    new = only(session).secret
    assert old != new
    assert new in answer.get_data(as_text=True)
    assert "the old secret signs beside it" in answer.get_data(as_text=True)
    assert "two secrets sign until" in client.get(f"{place}/{row.id}").get_data(as_text=True)
    client.post(f"{place}/{row.id}/pause")
    assert only(session).status is EndpointStatus.PAUSED
    assert "Switch it on" in client.get(f"{place}/{row.id}").get_data(as_text=True)
    client.post(f"{place}/{row.id}/resumption")
    assert only(session).status is EndpointStatus.ENABLED
    form = {"url": f"{URL}/2", "note": "", "events": ["conversion.declined"]}
    assert client.post(f"{place}/{row.id}/change", data=form).status_code == 303
    assert (only(session).url, only(session).types) == (f"{URL}/2", ["conversion.declined"])
    assert client.post(f"{place}/{row.id}/change", data=form | {"url": "x"}).status_code == 422
    assert client.post(f"{place}/{row.id}/removal").status_code == 303
    assert client.get(f"{place}/{row.id}").status_code == 404


@pytest.mark.parametrize("query", ["?cursor=rusak", "?status=failed&type=x"])
def test_a_new_secret_is_shown_whatever_else_was_asked(client, place, session, query):
    answer = client.post(f"{place}{query}", data={"url": URL, "note": "Kas", "events": ["conversion.created"]})
    assert (answer.status_code, only(session).secret in answer.get_data(as_text=True)) == (201, True)
    answer = client.post(f"{place}/{only(session).id}/rotation{query}")
    assert (answer.status_code, only(session).secret in answer.get_data(as_text=True)) == (201, True)


def test_an_address_that_stopped_by_itself_is_told_on_the_home_page(client, place, session):
    add(client, place)
    home = place.removesuffix("webhooks")
    assert "No webhooks are sent" not in client.get(home).get_data(as_text=True)
    row = only(session)
    row.status, row.stop_reason = EndpointStatus.STOPPED, StopReason.FAILING
    row.changed_at = clock.now() - timedelta(hours=2)
    session.commit()
    page = client.get(home).get_data(as_text=True)
    assert "No webhooks are sent to Kas any more." in page
    assert f"{place}/{row.id}" in page
    assert "For three days nothing could be delivered" in client.get(f"{place}/{row.id}").get_data(as_text=True)


@pytest.mark.parametrize("role", [Role.COMMUNITY_OWNER, Role.MERCHANT_STAFF, Role.CURATOR, Role.FINANCE_APPROVER])
def test_a_stranger_finds_nothing(client, place, make, session, role):
    add(client, place)
    row = only(session)
    client.post("/sign-out")
    scope = {Role.COMMUNITY_OWNER: make.community, Role.CURATOR: make.community, Role.MERCHANT_STAFF: make.merchant}
    user = make.user(role, scope[role]().id if role in scope else None)
    session.commit()
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    answers = [
        client.get(place), add(client, place), client.get(f"{place}/{row.id}"), client.post(f"{place}/{row.id}/test"),
        client.post(f"{place}/{row.id}/rotation"), client.post(f"{place}/{row.id}/removal"),
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [404] * 6
    assert only(session).status is EndpointStatus.ENABLED


def test_an_address_of_another_place_of_mine_is_not_found_here(client, place, make, session):
    add(client, place)
    row = only(session)
    other = make.community()
    admin = make.user(Role.ADMIN)
    session.commit()
    client.post("/sign-out")
    client.post("/sign-in", data={"email": admin.email, "password": PASSWORD})
    assert client.get(f"{place}/{row.id}").status_code == 200
    assert client.get(f"/portal/{other.slug}/webhooks/{row.id}").status_code == 404
