"""One's own account: a first or new password by link, a change of it, name and language; and the log of all that."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from affiliate.core import clock
from affiliate.core.limits import limiter
from affiliate.identity import audit, passwords, people, service
from affiliate.identity.models import AuditEntry, PasswordLink, Role, User, UserSession
from tests.factories import PASSWORD, ROBOT

CHOSEN = "kebaya biru di jemuran"
EN = {"Accept-Language": "en"}
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def invited(make, session):
    """(person without a password, path of their link)"""
    community = make.community(slug="kebaya")
    found = people.admit(
        session, "ada@contoh.test", name="Ada", role=Role.COMMUNITY_OWNER, scope_id=community.id, actor=ROBOT,
        now=clock.now(),
    )  # fmt: skip
    session.commit()
    return found.user, f"/welcome/{found.token}"


@pytest.fixture
def owner(client, make, session):
    """Signed in."""
    user = make.user(Role.COMMUNITY_OWNER, make.community(slug="kebaya").id, name="Ada")
    session.commit()
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    return user


def choose(client, path, password=CHOSEN, again=None, **kw):
    return client.post(path, data={"password": password, "again": password if again is None else again}, **kw)


def test_a_link_leads_to_a_password_and_in(client, session, invited):
    user, path = invited
    page = client.get(path, headers=EN)
    assert page.status_code == 200
    assert (page.headers["Referrer-Policy"], page.headers["Cache-Control"]) == ("same-origin", "no-store")
    assert "ada@contoh.test" in page.text
    assert client.get(path).status_code == 200  # a preview in a chat does not use it up
    answer = choose(client, path)
    assert (answer.status_code, answer.location) == (303, "/portal/")
    assert client.get("/portal/kebaya/").status_code == 200
    assert service.check_password(session, user.email, CHOSEN).id == user.id
    assert session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id.desc())).first() == "password.chosen"


def test_a_link_works_once(client, app, session, invited):
    user, path = invited
    choose(client, path)
    thief = app.test_client()
    assert choose(thief, path, "pencuri datang malam").status_code == 404
    assert thief.get(path).status_code == 404
    assert thief.get("/home").status_code == 302
    assert service.check_password(session, user.email, CHOSEN).id == user.id


@pytest.mark.parametrize("token", ["x", "", "a" * 5000, "%00", "ée", "../x"])
def test_no_other_link_works(client, invited, token):
    assert client.get(f"/welcome/{token}").status_code == 404
    assert choose(client, f"/welcome/{token}").status_code in {404, 405}


@pytest.mark.parametrize(
    ("password", "again", "field"),
    [
        ("sandi-1", "sandi-1", "password"), (CHOSEN, "lain", "again"), ("", "", "password"),
        (service.DEMO_PASSWORD, service.DEMO_PASSWORD, "password"), ("x" * 1001, "x" * 1001, "password"),
    ],
)  # fmt: skip
def test_an_unfit_password_is_said_and_the_link_still_works(client, session, invited, password, again, field):
    user, path = invited
    answer = choose(client, path, password, again)
    assert answer.status_code == 422
    assert re.search(rf'field-wrong">\s*<label for="f-{field}"', answer.text)
    assert password not in answer.text or not password
    assert session.get_one(User, user.id).password_hash is None
    assert client.get(path).status_code == 200


def test_a_reset_ends_every_session_and_the_old_password(client, app, session, owner):
    link = f"/welcome/{passwords.make_link(session, owner, actor=ROBOT, now=clock.now())}"
    session.commit()
    assert client.get("/portal/kebaya/").status_code == 200  # the old one works until the link is used
    other = app.test_client()
    assert choose(other, link).status_code == 303
    assert client.get("/portal/kebaya/").status_code == 302
    assert other.get("/portal/kebaya/").status_code == 200
    assert client.post("/sign-in", data={"email": owner.email, "password": PASSWORD}).status_code == 401


def test_whoever_was_signed_in_here_is_out_when_a_link_is_used(client, session, owner, make):
    store = make.merchant(slug="batik")
    new = people.admit(
        session, "sari@contoh.test", name="Sari", role=Role.MERCHANT_STAFF, scope_id=store.id, actor=ROBOT,
        now=clock.now(),
    )  # fmt: skip
    session.commit()
    choose(client, f"/welcome/{new.token}")
    assert client.get("/portal/kebaya/").status_code == 404
    assert client.get("/merchant/batik/").status_code == 200
    rows = session.scalars(sa.select(UserSession).order_by(UserSession.id)).all()
    assert [row.revoked_at is None for row in rows] == [False, True]


def test_a_password_is_changed_with_the_old_one_and_other_browsers_are_out(client, app, session, owner):
    other = app.test_client()
    other.post("/sign-in", data={"email": owner.email, "password": PASSWORD})
    form = {"old": PASSWORD, "password": CHOSEN, "again": CHOSEN}
    assert client.post("/account/password", data=form).status_code == 303
    assert client.get("/account").status_code == 200
    assert other.get("/account").status_code == 302
    assert service.check_password(session, owner.email, CHOSEN).id == owner.id
    with pytest.raises(service.WrongSignIn):
        service.check_password(session, owner.email, PASSWORD)


def test_a_change_ends_an_open_link(client, session, owner):
    link = passwords.make_link(session, owner, actor=ROBOT, now=clock.now())
    session.commit()
    client.post("/account/password", data={"old": PASSWORD, "password": CHOSEN, "again": CHOSEN})
    assert client.get(f"/welcome/{link}").status_code == 404


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"old": "salah", "password": CHOSEN, "again": CHOSEN}, "old"),
        ({"old": PASSWORD, "password": "pendek", "again": "pendek"}, "password"),
        ({"old": PASSWORD, "password": CHOSEN, "again": "lain"}, "again"),
        ({"password": CHOSEN, "again": CHOSEN}, "old"),
    ],
)
def test_a_refused_change_changes_nothing(client, session, owner, form, field):
    answer = client.post("/account/password", data=form)
    assert answer.status_code == 422
    assert re.search(rf'field-wrong">\s*<label for="f-{field}"', answer.text)
    assert service.check_password(session, owner.email, PASSWORD).id == owner.id


def test_guessing_the_old_password_is_stopped(client, owner):
    limiter.reset()
    form = {"old": "salah", "password": CHOSEN, "again": CHOSEN}
    assert [client.post("/account/password", data=form).status_code for _try in range(6)] == [422] * 5 + [429]


def test_a_demo_account_keeps_its_password(client, session, owner):
    owner.is_demo = True
    session.commit()
    assert "demo" in client.get("/account", headers=EN).text
    answer = client.post("/account/password", data={"old": PASSWORD, "password": CHOSEN, "again": CHOSEN})
    assert answer.status_code == 303
    assert service.check_password(session, owner.email, PASSWORD).id == owner.id


def test_name_and_language_are_ones_own(client, session, owner):
    assert client.post("/account", data={"name": "Ada P.", "locale": "en"}).status_code == 303
    page = client.get("/account").text
    assert "Your account" in page
    assert 'value="Ada P."' in page
    session.refresh(owner)
    assert (owner.name, owner.locale) == ("Ada P.", "en")
    client.post("/account", data={"name": "Ada P.", "locale": ""})
    session.refresh(owner)
    assert owner.locale is None
    answer = client.post("/account", data={"name": "", "locale": "fr"}, headers=EN)
    assert answer.status_code == 422
    assert answer.text.count("field-wrong") == 2


def test_the_account_is_for_people_with_any_role_or_none_and_for_no_program(client, make, session):
    user = make.user()
    session.commit()
    assert client.get("/account").location.startswith("/sign-in")
    assert client.get("/account", headers=make.key(Role.ADMIN)).status_code == 404
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    assert client.get("/account").status_code == 200


def test_the_log_says_who_did_what_in_words(client, make, session, admin):
    store = make.merchant(slug="batik", name="Batik Laras")
    service.record(session, ROBOT, "merchant.created", ("merchant", store.id), now=clock.now(), slug="batik")
    session.commit()
    client.post("/admin/people", data={"name": "Sari <b>", "email": "s@contoh.test", "role": "finance_maker"})
    page = client.get("/admin/log").text
    for said in ("invited a person", "gave a role", "added a store", "Batik Laras", "Nadia Admin", "Sari &lt;b&gt;"):
        assert said in page
    assert "Etalase itself (test)" in page
    only = client.get("/admin/log?about=merchant").text
    assert "added a store" in only
    assert "invited a person" not in only
    sari = session.scalars(sa.select(User.id).where(User.email == "s@contoh.test")).one()
    about = client.get(f"/admin/log?person={sari}").text
    assert "invited a person" in about
    assert "added a store" not in about
    assert "Nothing of that kind" in client.get("/admin/log?person=999999999999999999999999").text
    assert client.get("/admin/log?cursor=foreign").status_code == 422


def test_a_long_log_goes_on(client, make, session, admin):
    for number in range(60):
        service.record(session, ROBOT, "pick.added", ("pick", number), now=clock.now())
    session.commit()
    first = client.get("/admin/log").text
    older = re.search(r'href="(/admin/log\?cursor=[^"]+)"', first)
    assert older is not None
    assert first.count("picked a product") == 50
    assert client.get(older[1]).text.count("picked a product") == 10


def test_the_log_is_for_admins(client, make, session, owner):
    assert client.get("/admin/log").status_code == 404


def test_every_deed_that_the_code_records_has_words():
    """Somebody who records something new also says how the log calls it."""
    recorded = set()
    for folder in ("affiliate", "payouts"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "record":
                    recorded |= {
                        one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)
                    }
                    kinds = [one.elts[0] for one in node.args if isinstance(one, ast.Tuple)]
                    for kind in kinds:
                        assert isinstance(kind, ast.Constant), path
                        assert kind.value in audit.PARTS, (path, kind.value)
    assert len(recorded) > 25
    assert recorded - set(audit.DEEDS) == set()


def test_a_link_is_kept_as_its_hash_only(session, invited):
    _user, path = invited
    kept = session.scalars(sa.select(PasswordLink)).one()
    assert path.removeprefix("/welcome/") not in {kept.token_hash, kept.created_by}
    assert len(kept.token_hash) == 64
