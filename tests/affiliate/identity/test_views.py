"""Signing in and out, where it leads, the language, and who is kept out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from affiliate.core import clock
from affiliate.core.limits import limiter
from affiliate.identity import service
from affiliate.identity.models import Role, UserSession
from tests.factories import PASSWORD


@pytest.fixture(autouse=True)
def nobody_is_waiting(app: Flask):
    limiter.reset()


def sign_in(client, user, *, password=PASSWORD, **form):
    return client.post("/sign-in", data={"email": user.email, "password": password, **form})


def is_signed_in(client) -> bool:
    return client.get("/home").status_code == 303


@pytest.fixture
def owner(make, session):
    user = make.user(Role.COMMUNITY_OWNER, make.community(slug="kebaya").id)
    session.commit()
    return user


def test_a_person_signs_in_and_out(client, owner, session):
    assert client.get("/home").headers["Location"].startswith("/sign-in?next=/home")
    answer = sign_in(client, owner)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/portal/")
    assert is_signed_in(client)
    assert client.post("/sign-out").headers["Location"] == "/"
    assert not is_signed_in(client)
    assert session.scalars(sa.select(UserSession.revoked_at)).one() is not None


def test_the_address_is_read_as_people_type_it(client, owner):
    answer = client.post("/sign-in", data={"email": f"  {owner.email.upper()} ", "password": PASSWORD})
    assert answer.status_code == 303


def test_a_cookie_is_safe_lasts_and_is_not_sent_again(client, owner):
    cookie = sign_in(client, owner).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Expires=" in cookie
    assert "Set-Cookie" not in client.get("/home").headers


def test_production_sends_the_cookie_over_https_only(app: Flask, client, owner, monkeypatch):
    monkeypatch.setitem(app.config, "SESSION_COOKIE_SECURE", True)
    assert "Secure" in sign_in(client, owner).headers["Set-Cookie"]


def test_signing_in_starts_a_fresh_session(client, owner, session):
    """Nothing of an earlier session lives on, and the browser's old one is revoked."""
    sign_in(client, owner)
    with client.session_transaction() as cookie:
        cookie["planted"] = "by somebody else"
        first = cookie["_user_id"]
    sign_in(client, owner)
    with client.session_transaction() as cookie:
        assert "planted" not in cookie
        assert cookie["_user_id"] != first
    rows = session.scalars(sa.select(UserSession).order_by(UserSession.id)).all()
    assert [row.revoked_at is None for row in rows] == [False, True]


def test_a_revoked_session_is_out_at_once(client, owner, session):
    sign_in(client, owner)
    session.execute(sa.update(UserSession).values(revoked_at=clock.now()))
    session.commit()
    assert not is_signed_in(client)


def test_a_session_ends_by_itself(client, owner):
    sign_in(client, owner)
    with time_machine.travel(clock.now() + service.SESSION_LIFE + timedelta(minutes=1), tick=False):
        assert not is_signed_in(client)


def test_a_closed_account_is_out_at_once_and_stays_out(client, owner, session):
    sign_in(client, owner)
    owner.is_active = False
    session.commit()
    assert not is_signed_in(client)
    assert sign_in(client, owner).status_code == 401


@pytest.mark.parametrize(
    "email", ["", "nobody@contoh.test", "\x00", "a" * 200, "' OR 1=1 --", "\ud800".encode("utf-8", "replace").decode()]
)
def test_a_wrong_sign_in_says_so_and_keeps_the_address(client, owner, session, email):
    answer = client.post("/sign-in", data={"email": email, "password": "salah"}, headers={"Accept-Language": "en"})
    assert answer.status_code == 401
    assert "do not fit together" in answer.text
    assert answer.text.count("<h1") == 1
    assert session.scalars(sa.select(UserSession)).all() == []


def test_the_wrong_password_of_a_real_person_reads_the_same(client, owner):
    stranger = client.post("/sign-in", data={"email": "x@contoh.test", "password": "salah-sekali"})
    known = sign_in(client, owner, password="salah-sekali")
    assert stranger.status_code == known.status_code == 401
    assert known.text.count("tidak cocok") == stranger.text.count("tidak cocok") == 1


def test_too_many_wrong_passwords_lock_that_address_for_a_while(client, make, owner, session):
    other = make.user(Role.ADMIN)
    session.commit()
    assert [sign_in(client, owner, password="salah").status_code for _try in range(6)] == [401] * 5 + [429]
    answer = sign_in(client, owner)
    assert answer.status_code == 429
    assert "Terlalu sering" in answer.text
    assert sign_in(client, other).status_code == 303


def test_right_passwords_are_never_counted(client, owner):
    assert [sign_in(client, owner).status_code for _try in range(12)] == [303] * 12


def test_demo_accounts_stay_out_of_production(app: Flask, client, session, monkeypatch):
    service.create_user(
        session, "demo@contoh.test", name="Demo", password=service.DEMO_PASSWORD, now=clock.now(), is_demo=True
    )
    session.commit()
    assert "demo@contoh.test" in client.get("/").text
    form = {"email": "demo@contoh.test", "password": service.DEMO_PASSWORD}
    assert client.post("/sign-in", data=form).status_code == 303
    client.post("/sign-out")
    settings = replace(app.config["ETALASE"], public_url="https://etalase.example")
    monkeypatch.setitem(app.config, "ETALASE", settings)
    assert "demo@contoh.test" not in client.get("/").text
    assert client.post("/sign-in", data=form).status_code == 401


@pytest.mark.parametrize(
    ("role", "home"),
    [
        (Role.COMMUNITY_OWNER, "/portal/"),
        (Role.CURATOR, "/portal/"),
        (Role.MERCHANT_STAFF, "/merchant/"),
        (Role.FINANCE_MAKER, "/finance/"),
        (Role.FINANCE_APPROVER, "/finance/"),
        (Role.ADMIN, "/admin/"),
    ],
)
def test_everybody_begins_where_their_work_is(client, make, session, role, home):
    scope_id = {"/portal/": make.community().id, "/merchant/": make.merchant().id}.get(home)
    user = make.user(role, scope_id)
    session.commit()
    assert sign_in(client, user).headers["Location"] == home
    assert client.get("/sign-in").headers["Location"] == home


def test_somebody_without_a_role_lands_on_the_start_page(client, make, session):
    user = make.user()
    session.commit()
    assert sign_in(client, user).headers["Location"] == "/"
    assert client.get("/").status_code == 200


def test_after_signing_in_the_wanted_page_comes(client, owner):
    asked = client.get("/portal/kebaya/?days=7")
    assert asked.headers["Location"] == "/sign-in?next=/portal/kebaya/?days%3D7"
    assert 'name="next" value="/portal/kebaya/?days=7"' in client.get(asked.headers["Location"]).text
    assert sign_in(client, owner, next="/portal/kebaya/?days=7").headers["Location"] == "/portal/kebaya/?days=7"


@pytest.mark.parametrize(
    "target", ["https://evil.test", "//evil.test", "/\\evil.test", "javascript:alert(1)", "/\t/evil.test"]
)
def test_no_other_house_is_wanted(client, owner, target):
    assert sign_in(client, owner, next=target).headers["Location"] == "/portal/"
    assert client.get("/sign-in", query_string={"next": target}).headers["Location"] == "/portal/"
    assert client.post("/language", data={"language": "en", "next": target}).headers["Location"] == "/"


def test_no_known_trick_leads_out_after_signing_in(client, owner, shared_data):
    sign_in(client, owner)
    lines = {
        line
        for path in (shared_data / "hostile/redirect").glob("*.txt")
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[::9]
    }
    for line in sorted(lines):
        place = client.get("/sign-in", query_string={"next": line}).headers["Location"]
        assert place.startswith("/")
        assert place[1:2] not in {"/", "\\"}, line
    assert len(lines) > 20


def shown(client, **headers) -> str:
    return client.get("/language", headers=headers).text.split('<html lang="')[1][:2]


def test_a_choice_beats_the_account_and_the_account_beats_the_browser(client, make, session):
    user = make.user(Role.ADMIN, locale="id")
    session.commit()
    english = {"Accept-Language": "en"}
    assert (shown(client), shown(client, **english)) == ("id", "en")
    sign_in(client, user)
    assert shown(client, **english) == "id"
    client.post("/sign-out")
    client.post("/language", data={"language": "en"})
    assert shown(client) == "en"
    sign_in(client, user)
    assert shown(client) == "en"


def test_a_choice_when_signed_in_stays_with_the_account(client, make, session):
    user = make.user(Role.ADMIN, locale="id")
    session.commit()
    sign_in(client, user)
    answer = client.post("/language", data={"language": "en", "next": "/admin/?q=sari"})
    assert answer.headers["Location"] == "/admin/?q=sari"
    assert shown(client) == "en"
    session.refresh(user)
    assert user.locale == "en"
    client.post("/sign-out")
    assert shown(client) == "id"


@pytest.mark.parametrize("form", [{}, {"language": "fr"}, {"language": "id", "extra": "1"}, {"language": ["id", "en"]}])
def test_a_language_that_we_do_not_speak_is_refused(client, form):
    answer = client.post("/language", data=form)
    assert answer.status_code == (303 if isinstance(form.get("language"), list) else 422)


def test_every_page_carries_the_choice_of_language(client, owner):
    assert 'href="/language?next=/nowhere"' in client.get("/nowhere").text
    assert 'action="/language"' in client.get("/").text
    sign_in(client, owner)
    page = client.get("/portal/kebaya/").text
    assert 'action="/language"' in page
    assert 'name="next" value="/portal/kebaya/"' in page


@pytest.mark.parametrize("path", ["/", "/sign-in", "/language", "/nowhere"])
def test_every_page_has_one_heading(client, path):
    assert client.get(path).text.count("<h1") == 1


def test_the_api_ignores_cookies(client, make, session):
    user = make.user(Role.ADMIN)
    session.commit()
    sign_in(client, user)
    assert client.get("/admin/").status_code == 200
    answer = client.get("/api/v1/merchants")
    assert answer.status_code == 401
    assert answer.json["code"] == "not_signed_in"
    assert client.get("/api/v1/merchants", headers=make.key(Role.ADMIN)).status_code == 200


def test_pages_of_people_are_kept_by_nobody(client, owner):
    sign_in(client, owner)
    assert client.get("/portal/kebaya/").headers["Cache-Control"] == "no-store"
