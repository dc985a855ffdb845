"""The operator's pages of communities: what each still needs, its people, curators who get their account."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from affiliate.communities.models import Curator
from affiliate.identity.models import AuditEntry, Grant, Role, User
from tests.affiliate.identity.conftest import link_on
from tests.factories import PASSWORD

NEW = {"name": "Rina Baru", "email": "rina@kebaya.test", "role": "curator", "handle": "rina"}


@pytest.fixture
def community(client, make, session):
    row = make.community(slug="kebaya", name="Kebaya Kita")
    user = make.user(Role.ADMIN, locale="en")
    session.commit()
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    return row


def main(answer) -> str:
    return answer.get_data(as_text=True).split('<main id="main"')[1].split("</main>")[0].replace("\u00a0", " ")


def wrong(answer) -> set[str]:
    assert answer.status_code == 422
    return set(re.findall(r'field-wrong">\s*<label for="f-([^"]+)"', answer.text))


def test_the_list_says_which_community_has_no_owner(client, make, session, community):
    assert "no owner" in main(client.get("/admin/communities"))
    make.user(Role.COMMUNITY_OWNER, community.id)
    session.commit()
    assert "has an owner" in main(client.get("/admin/communities"))


def test_a_curator_comes_with_a_handle_by_a_link(app, client, session, community):
    answer = client.post("/admin/communities/kebaya/people", data=NEW)
    assert answer.status_code == 201
    user = session.scalars(sa.select(User).where(User.email == "rina@kebaya.test")).one()
    curator = session.scalars(sa.select(Curator)).one()
    assert (curator.handle, curator.name, curator.user_id) == ("rina", "Rina Baru", user.id)
    assert "@rina" in main(client.get("/admin/communities/kebaya"))
    theirs = app.test_client()
    chosen = {"password": "kebaya biru di jemuran", "again": "kebaya biru di jemuran"}
    assert theirs.post(link_on(answer.text), data=chosen).location == "/portal/"
    assert theirs.get("/portal/kebaya/collections").status_code == 200
    assert theirs.get("/portal/kebaya/brand").status_code == 404  # that is the owner's


def test_an_owner_needs_no_handle(client, session, community):
    form = NEW | {"role": "community_owner", "handle": " "}
    assert client.post("/admin/communities/kebaya/people", data=form).status_code == 201
    assert session.scalars(sa.select(Curator)).all() == []
    grant = session.scalars(sa.select(Grant).where(Grant.scope_id == community.id)).one()
    assert grant.role is Role.COMMUNITY_OWNER
    assert "with the first pick" in main(client.get("/admin/communities/kebaya"))


def test_a_curator_from_before_gets_their_account(client, make, session, community):
    """Picks and what they have earned belong to the curator's row: it stays, and is theirs from now on."""
    early = make.curator(community, handle="rina", name="Rina")
    session.commit()
    assert "Without an account" in main(client.get("/admin/communities/kebaya"))
    assert client.post("/admin/communities/kebaya/people", data=NEW).status_code == 201
    row = session.scalars(sa.select(Curator)).one()
    user = session.scalars(sa.select(User).where(User.email == "rina@kebaya.test")).one()
    assert (row.id, row.name, row.user_id) == (early.id, "Rina", user.id)
    assert "curator.linked" in session.scalars(sa.select(AuditEntry.action)).all()


def test_nobody_takes_anothers_handle(client, make, session, community):
    other = make.user(Role.CURATOR, community.id)
    make.curator(community, handle="rina", user_id=other.id)
    session.commit()
    assert wrong(client.post("/admin/communities/kebaya/people", data=NEW)) == {"handle"}
    assert session.scalars(sa.select(Curator.user_id)).one() == other.id
    assert session.scalars(sa.select(User).where(User.email == "rina@kebaya.test")).all() == []  # all or nothing


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"name": ""}, "name"),
        ({"email": "x"}, "email"),
        ({"role": "admin"}, "role"),
        ({"role": "merchant_staff"}, "role"),
        ({"handle": "Rina W"}, "handle"),
        ({"handle": "x"}, "handle"),
    ],
)
def test_a_refused_person_is_said_and_nothing_is_kept(client, session, community, over, field):
    answer = client.post("/admin/communities/kebaya/people", data=NEW | over)
    assert wrong(answer) == {field}
    assert session.scalars(sa.select(sa.func.count(User.id))).one() == 1
    assert session.scalars(sa.select(Curator)).all() == []


def test_the_page_says_with_whom_it_sells(client, make, session, community):
    page = main(client.get("/admin/communities/kebaya"))
    assert "its picks earn nothing so far" in page
    assert "No store has a programme yet" in page
    programme = make.programme(make.merchant(name="Zalia"), name="Utama")
    session.commit()
    assert f'href="/admin/programmes/{programme.id}#admit"' in main(client.get("/admin/communities/kebaya"))
    enrollment = make.enrollment(programme, community)
    session.commit()
    page = main(client.get("/admin/communities/kebaya"))
    assert f'href="/admin/enrollments/{enrollment.id}"' in page
    assert "60 %" in page
    assert "Admit it to" not in page


@pytest.mark.parametrize("role", [Role.COMMUNITY_OWNER, Role.CURATOR, Role.MERCHANT_STAFF, Role.FINANCE_MAKER])
def test_nobody_else_reaches_it(client, make, session, community, role):
    scope = {Role.MERCHANT_STAFF: make.merchant, Role.FINANCE_MAKER: None}.get(role, lambda: community)
    user = make.user(role, scope().id if scope else None)
    session.commit()
    client.post("/sign-out")
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    for path in ("", "/new", "/kebaya"):
        assert client.get(f"/admin/communities{path}").status_code == 404
    assert client.post("/admin/communities/kebaya/people", data=NEW).status_code == 404
    assert session.scalars(sa.select(User).where(User.email == "rina@kebaya.test")).all() == []
