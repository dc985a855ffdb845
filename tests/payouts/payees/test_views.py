"""Where to pay: given by the one who is paid, seen by few, kept for ever."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import g
from flask.testing import FlaskClient

from affiliate.identity.models import AuditEntry, Role
from payouts.payees.models import PayoutAccount
from payouts.payees.queries import newest_accounts
from tests.factories import PASSWORD

FORM = {"holder_name": "Siti Rahma", "bank_code": "014", "account_number": "001 234 5678"}


class Browser(FlaskClient):
    """One of several browsers in a test: the shared application context must not remember who asked last."""

    def open(self, *args, **kwargs):
        g.pop("_login_user", None)
        return super().open(*args, **kwargs)


@pytest.fixture
def browser(app, make):
    """A signed-in browser for a user."""

    def signed_in(user):
        make.session.commit()
        found = Browser(app, app.response_class)
        assert found.post("/sign-in", data={"email": user.email, "password": PASSWORD}).status_code == 303
        return found

    return signed_in


@pytest.fixture
def community(make):
    return make.community(slug="wota")


@pytest.fixture
def owner(browser, make, community):
    return browser(make.user(Role.COMMUNITY_OWNER, community.id))


def accounts(session):
    return session.execute(sa.select(PayoutAccount).order_by(PayoutAccount.id)).scalars().all()


def give(client, owner, **over):
    return client.post("/portal/wota/payout-account", data=FORM | {"owner": owner} | over)


def test_an_owner_gives_and_changes_the_account(owner, community, session):
    key = f"community:{community.id}"
    assert "Rekening belum diisi" in owner.get("/portal/wota/payout-account").text
    assert give(owner, key).status_code == 303
    assert give(owner, key).status_code == 303
    assert give(owner, key, bank_code="002", account_number="99887766").status_code == 303
    assert [(row.bank_code, row.account_number) for row in accounts(session)] == [
        ("014", "0012345678"),
        ("002", "99887766"),
    ]
    assert newest_accounts(session, "IDR")[key].bank_code == "002"
    page = owner.get("/portal/wota/payout-account").text
    assert "•••• 7766" in page
    assert "•••• 5678" in page
    assert "0012345678" not in page
    audit = session.execute(sa.select(AuditEntry).where(AuditEntry.action == "payout_account.changed")).scalars().all()
    assert [entry.detail["ends_in"] for entry in audit] == ["5678", "7766"]


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"account_number": "12"}, "account_number"),
        ({"account_number": "1" * 30}, "account_number"),
        ({"bank_code": "999"}, "bank_code"),
        ({"bank_code": "\x00"}, "bank_code"),
        ({"holder_name": " "}, "holder_name"),
        ({"holder_name": "x" * 121}, "holder_name"),
    ],
)
def test_a_wrong_account_shows_the_form_again(owner, community, session, over, field):
    answer = give(owner, f"community:{community.id}", **over)
    assert answer.status_code == 422
    assert answer.text.split('class="wrong"')[0].rsplit('id="f-', 1)[1].startswith(field)
    assert accounts(session) == []


def test_a_curator_changes_only_their_own(browser, make, community, session):
    person = make.user(Role.CURATOR, community.id)
    mine = make.curator(community, user_id=person.id)
    other = make.curator(community)
    curator = browser(person)
    assert mine.name in curator.get("/portal/wota/payout-account").text
    assert give(curator, f"curator:{mine.id}").status_code == 303
    for foreign in (f"curator:{other.id}", f"community:{community.id}", "platform", "x" * 40):
        assert give(curator, foreign).status_code == 404
        assert curator.get(f"/portal/wota/payout-account?payee={foreign}").status_code == 404
    assert [row.owner for row in accounts(session)] == [f"curator:{mine.id}"]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.FINANCE_MAKER, Role.FINANCE_APPROVER])
def test_platform_staff_read_and_never_write(browser, make, owner, community, session, role):
    give(owner, f"community:{community.id}")
    staff = browser(make.user(role))
    page = staff.get("/portal/wota/payout-account")
    assert page.status_code == 200
    assert "•••• 5678" in page.text
    assert 'name="account_number"' not in page.text
    assert give(staff, f"community:{community.id}", account_number="66666666").status_code == 404
    assert len(accounts(session)) == 1


def test_strangers_get_404(browser, make, community, session):
    elsewhere = make.community()
    for user in (
        make.user(Role.COMMUNITY_OWNER, elsewhere.id),
        make.user(Role.CURATOR, community.id),  # curates, but no picks of theirs earn
        make.user(Role.MERCHANT_STAFF, make.merchant().id),
    ):
        stranger = browser(user)
        assert stranger.get("/portal/wota/payout-account").status_code == 404
        assert give(stranger, f"community:{community.id}").status_code == 404
        assert stranger.get("/portal/tidak-ada/payout-account").status_code == 404
    assert accounts(session) == []
