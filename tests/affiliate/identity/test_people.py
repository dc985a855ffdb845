"""The admin admits people, gives and withdraws roles, closes accounts and hands out one-time links."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from affiliate.core import clock
from affiliate.core.signing import sha256_hex
from affiliate.identity import passwords, people
from affiliate.identity.models import AuditEntry, Grant, PasswordLink, Role, User, UserSession
from tests.affiliate.identity.conftest import link_on
from tests.factories import PASSWORD, ROBOT

NEW = {"name": "Sari Baru", "email": "Sari@Contoh.test ", "role": "merchant_staff", "scope": "merchant:batik"}
CHOSEN = "kebaya biru di jemuran"


def actions(session) -> list[str]:
    return list(session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)))


def roles_of(session, user) -> list[tuple[Role, int | None]]:
    rows = session.execute(sa.select(Grant.role, Grant.scope_id).where(Grant.user_id == user.id).order_by(Grant.id))
    return [(row.role, row.scope_id) for row in rows]


def test_somebody_new_is_invited_by_a_link_that_is_shown_once(client, make, session, admin):
    store = make.merchant(slug="batik")
    session.commit()
    answer = client.post("/admin/people", data=NEW)
    assert answer.status_code == 201
    link = link_on(answer.text)
    user = session.execute(sa.select(User).where(User.email == "sari@contoh.test")).scalar_one()
    assert (user.name, user.password_hash, user.is_active) == ("Sari Baru", None, True)
    assert roles_of(session, user) == [(Role.MERCHANT_STAFF, store.id)]
    kept = session.scalars(sa.select(PasswordLink)).one()
    assert kept.token_hash == sha256_hex(link.removeprefix("/welcome/").encode())
    assert link not in client.get(f"/admin/people/{user.id}").text
    assert "Invited" in client.get("/admin/").text
    assert actions(session) == ["user.invited", "role.given", "password_link.created"]
    assert not session.scalars(sa.select(AuditEntry.detail)).all()[-1]  # the log knows no secret


def test_an_invited_person_cannot_sign_in_before_they_chose_a_password(client, make, session, admin):
    make.merchant(slug="batik")
    session.commit()
    client.post("/admin/people", data=NEW)
    client.post("/sign-out")
    for password in ("", "None", PASSWORD):
        form = {"email": "sari@contoh.test", "password": password}
        assert client.post("/sign-in", data=form).status_code == 401


def test_somebody_known_gets_the_role_and_no_link(client, make, session, admin):
    store = make.merchant(slug="batik")
    user = make.user(name="Sari Lama", email="sari@contoh.test")
    session.commit()
    answer = client.post("/admin/people", data=NEW)
    assert (answer.status_code, answer.location) == (303, f"/admin/people/{user.id}")
    assert roles_of(session, user) == [(Role.MERCHANT_STAFF, store.id)]
    assert session.scalars(sa.select(PasswordLink)).all() == []
    assert session.get_one(User, user.id).name == "Sari Lama"
    again = client.post("/admin/people", data=NEW)
    assert again.status_code == 422
    assert "has this role already" in again.text


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"name": ""}, "name"), ({"name": "x" * 121}, "name"), ({"name": "\x00"}, "name"),
        ({"email": "bukan-alamat"}, "email"), ({"email": ""}, "email"), ({"email": "a" * 250 + "@x.te"}, "email"),
        ({"role": "emperor"}, "role"), ({"scope": ""}, "scope"), ({"scope": "merchant:none"}, "scope"),
        ({"role": "admin"}, "scope"), ({"scope": "community:batik"}, "scope"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said_beside_its_field_and_nothing_is_kept(client, make, session, admin, over, field):
    make.merchant(slug="batik")
    session.commit()
    answer = client.post("/admin/people", data=NEW | over)
    assert answer.status_code == 422
    assert re.search(rf'field-wrong">\s*<label for="f-{field}"', answer.text)
    kept = "Sari@Contoh.test" if field != "email" else "Sari Baru"
    assert kept in answer.text
    assert session.scalars(sa.select(sa.func.count(User.id))).one() == 1
    assert session.scalars(sa.select(PasswordLink)).all() == []


def test_a_role_is_given_withdrawn_and_brought_back(client, make, session, admin):
    community = make.community(slug="kebaya", name="Kebaya Kita")
    user = make.user()
    session.commit()
    form = {"role": "curator", "scope": "community:kebaya"}
    assert client.post(f"/admin/people/{user.id}/roles", data=form).status_code == 303
    assert client.post(f"/admin/people/{user.id}/roles", data=form).status_code == 422
    grant_id = session.scalars(sa.select(Grant.id).where(Grant.user_id == user.id)).one()
    assert "Kebaya Kita" in client.get(f"/admin/people/{user.id}").text
    assert client.post(f"/admin/people/{user.id}/roles/{grant_id}/withdrawal").status_code == 303
    assert roles_of(session, user) == []
    page = client.get(f"/admin/people/{user.id}").text
    undo = re.search(r'data-undo>.*?action="([^"]+)"', page, re.DOTALL)
    assert undo is not None
    assert client.post(undo[1]).status_code == 303
    assert roles_of(session, user) == [(Role.CURATOR, community.id)]
    assert client.post(f"/admin/people/{user.id}/roles/999999/withdrawal").status_code == 404
    assert actions(session) == ["role.given", "role.withdrawn", "role.given"]


def test_a_withdrawn_role_ends_at_once(app, client, make, session, admin):
    community = make.community(slug="kebaya")
    user = make.user(Role.COMMUNITY_OWNER, community.id)
    session.commit()
    theirs = app.test_client()
    theirs.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    assert theirs.get("/portal/kebaya/").status_code == 200
    grant_id = session.scalars(sa.select(Grant.id).where(Grant.user_id == user.id)).one()
    client.post(f"/admin/people/{user.id}/roles/{grant_id}/withdrawal")
    assert theirs.get("/portal/kebaya/").status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [("curator/0", 404), ("admin/1", 404), ("emperor/0", 404), ("curator/999999", 404), ("merchant_staff/999999", 404)],
)
def test_only_a_role_that_makes_sense_is_brought_back(client, make, session, admin, path, status):
    user = make.user()
    session.commit()
    assert client.post(f"/admin/people/{user.id}/roles/{path}/restoration").status_code == status
    assert roles_of(session, user) == []


def test_nobody_both_makes_and_approves_payouts(client, make, session, admin):
    user = make.user(Role.FINANCE_MAKER)
    session.commit()
    answer = client.post(f"/admin/people/{user.id}/roles", data={"role": "finance_approver"})
    assert answer.status_code == 422
    assert "Nobody both makes and approves payouts" in answer.text
    assert roles_of(session, user) == [(Role.FINANCE_MAKER, None)]
    assert client.post(f"/admin/people/{user.id}/roles", data={"role": "admin"}).status_code == 303


def test_the_last_admin_stays(client, make, session, admin):
    own = session.scalars(sa.select(Grant.id).where(Grant.user_id == admin.id)).one()
    assert client.post(f"/admin/people/{admin.id}/roles/{own}/withdrawal").status_code == 303
    assert "Nobody else could run the platform then" in client.get(f"/admin/people/{admin.id}").text
    people.admit(session, "baru@contoh.test", name="Baru", role=Role.ADMIN, scope_id=None, actor=ROBOT, now=clock.now())
    session.commit()
    client.post(f"/admin/people/{admin.id}/roles/{own}/withdrawal")
    assert roles_of(session, admin) == [(Role.ADMIN, None)]  # the other has no password yet, so cannot sign in
    make.user(Role.ADMIN)
    session.commit()
    answer = client.post(f"/admin/people/{admin.id}/roles/{own}/withdrawal")
    assert (answer.status_code, answer.location) == (303, "/admin/")
    assert roles_of(session, admin) == []
    assert client.get("/admin/").status_code == 404


def test_a_closed_account_is_out_at_once_and_can_be_opened_again(app, client, make, session, admin):
    user = make.user(Role.COMMUNITY_OWNER, make.community(slug="kebaya").id)
    session.commit()
    theirs = app.test_client()
    theirs.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    with app.test_request_context():
        link = passwords.make_link(session, user, actor=ROBOT, now=clock.now())
    session.commit()
    assert client.post(f"/admin/people/{user.id}/closing").status_code == 303
    assert theirs.get("/portal/kebaya/").status_code == 302
    assert session.scalars(sa.select(UserSession.revoked_at).where(UserSession.user_id == user.id)).one() is not None
    assert theirs.post("/sign-in", data={"email": user.email, "password": PASSWORD}).status_code == 401
    assert theirs.get(f"/welcome/{link}").status_code == 404
    page = client.get(f"/admin/people/{user.id}").text
    assert "Closed" in page
    assert f'action="/admin/people/{user.id}/opening"' in page
    assert client.post(f"/admin/people/{user.id}/closing").status_code == 303  # twice is once
    assert client.post(f"/admin/people/{user.id}/opening").status_code == 303
    assert theirs.get("/portal/kebaya/").status_code == 302  # opened again is not signed in again
    assert theirs.post("/sign-in", data={"email": user.email, "password": PASSWORD}).status_code == 303
    assert [one for one in actions(session) if one.startswith("user.")] == ["user.closed", "user.opened"]


def test_you_cannot_close_your_own_account(client, make, session, admin):
    make.user(Role.ADMIN)
    session.commit()
    assert f'action="/admin/people/{admin.id}/closing"' not in client.get(f"/admin/people/{admin.id}").text
    assert client.post(f"/admin/people/{admin.id}/closing").status_code == 303
    assert "cannot close your own account" in client.get("/admin/").text
    assert session.get_one(User, admin.id).is_active


def test_a_new_link_ends_the_one_before(client, make, session, admin):
    user = make.user()
    session.commit()
    first = link_on(client.post(f"/admin/people/{user.id}/link").text)
    second = link_on(client.post(f"/admin/people/{user.id}/link").text)
    assert client.get(first).status_code == 404
    assert client.get(second).status_code == 200


def test_no_link_for_a_closed_or_a_demo_account(client, make, session, admin):
    closed, shown = make.user(), make.user()
    closed.is_active = False
    shown.is_demo = True
    session.commit()
    for user in (closed, shown):
        assert client.post(f"/admin/people/{user.id}/link").status_code == 303
    assert session.scalars(sa.select(PasswordLink)).all() == []


def test_people_are_found_by_role_and_state(client, make, session, admin):
    make.user(Role.FINANCE_MAKER, name="Fina Maker")
    closed = make.user(name="Tutup")
    closed.is_active = False
    session.commit()
    people.admit(
        session, "b@contoh.test", name="Diundang", role=Role.ADMIN, scope_id=None, actor=ROBOT, now=clock.now()
    )
    session.commit()

    def names(query: str) -> set[str]:
        page = client.get(f"/admin/?{query}").text.split('<main id="main"')[1]
        return {name for name in ("Fina Maker", "Tutup", "Diundang", "Nadia Admin") if f">{name}</a>" in page}

    assert names("role=finance_maker") == {"Fina Maker"}
    assert names("role=admin") == {"Diundang", "Nadia Admin"}
    assert names("state=closed") == {"Tutup"}
    assert names("state=invited") == {"Diundang"}
    assert names("role=emperor&state=x") == {"Fina Maker", "Tutup", "Diundang", "Nadia Admin"}


@pytest.mark.parametrize("role", [Role.COMMUNITY_OWNER, Role.MERCHANT_STAFF, Role.FINANCE_APPROVER, None])
def test_nobody_else_reaches_any_of_it(client, make, session, role):
    scope = {Role.COMMUNITY_OWNER: make.community, Role.MERCHANT_STAFF: make.merchant}.get(role)
    user = make.user(role, scope().id if scope else None)
    other = make.user(Role.CURATOR, make.community().id)
    session.commit()
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    grant_id = session.scalars(sa.select(Grant.id).where(Grant.user_id == other.id)).one()
    here = f"/admin/people/{other.id}"
    assert client.get(here).status_code == client.get("/admin/people/new").status_code == 404
    for path in (
        "/link",
        "/closing",
        "/opening",
        "/roles",
        f"/roles/{grant_id}/withdrawal",
        "/roles/admin/0/restoration",
    ):
        assert client.post(here + path, data={"role": "admin"}).status_code == 404
    assert client.post("/admin/people", data=NEW).status_code == 404
    assert roles_of(session, other) == [
        (Role.CURATOR, session.scalars(sa.select(Grant.scope_id).where(Grant.id == grant_id)).one())
    ]
    assert session.scalars(sa.select(AuditEntry)).all() == []


def test_a_link_expires(client, make, session, admin):
    user = make.user()
    session.commit()
    link = link_on(client.post(f"/admin/people/{user.id}/link").text)
    now = clock.now()
    with time_machine.travel(now + passwords.RESET_LIFE - timedelta(minutes=1), tick=False):
        assert client.get(link).status_code == 200
    with time_machine.travel(now + passwords.RESET_LIFE + timedelta(minutes=1), tick=False):
        assert client.get(link).status_code == 404
        assert client.post(link, data={"password": CHOSEN, "again": CHOSEN}).status_code == 404
