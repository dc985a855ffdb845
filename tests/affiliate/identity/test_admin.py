"""The admin's lists of people and keys: who sees them, what they list, a key that is shown once."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from affiliate.identity.models import ApiKey, AuditEntry, Role
from tests.factories import PASSWORD


@pytest.mark.parametrize("role", [Role.COMMUNITY_OWNER, Role.CURATOR, Role.MERCHANT_STAFF, Role.FINANCE_APPROVER])
def test_nobody_else_learns_that_the_page_is_there(client, make, session, role):
    kind = {Role.MERCHANT_STAFF: make.merchant, Role.FINANCE_APPROVER: None}.get(role, make.community)
    user = make.user(role, kind().id if kind else None)
    session.commit()
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    assert client.get("/admin/").status_code == 404
    assert client.post("/admin/keys", data={"name": "x", "role": "admin"}).status_code == 404
    assert client.post("/admin/keys/1/revocation").status_code == 404
    assert session.scalars(sa.select(ApiKey)).all() == []


def test_people_are_listed_with_their_roles_and_places(client, make, session, admin):
    make.user(Role.CURATOR, make.community(name="Kebaya Kita").id, name="Sari <b>Dewi</b>")
    session.commit()
    page = client.get("/admin/").text
    assert "Sari &lt;b&gt;Dewi&lt;/b&gt;" in page
    assert "Curator" in page
    assert "Kebaya Kita" in page
    assert "Platform admin" in page


def test_people_are_found_by_name_or_address(client, make, session, admin):
    make.user(name="Sari Dewi", email="sari@contoh.test")
    make.user(name="Budi", email="seratus_persen%@contoh.test")
    session.commit()
    assert "sari@contoh.test" in client.get("/admin/?q=sArI").text
    assert "seratus_persen%@contoh.test" not in client.get("/admin/?q=sari").text
    assert "sari@contoh.test" not in client.get("/admin/?q=%25@").text
    assert "Nobody fits" in client.get("/admin/?q=tidak-ada").text


def test_a_long_list_goes_on(client, make, session, admin):
    for number in range(52):
        make.user(name=f"Orang {number:02}")
    session.commit()
    first = client.get("/admin/").text
    older = re.search(r'href="(/admin/\?cursor=[^"]+)"', first)
    assert older is not None
    assert "Orang 51" in client.get(older[1]).text
    assert client.get("/admin/?cursor=foreign").status_code == 422


def test_a_key_is_shown_once_and_works(client, make, session, admin):
    store = make.merchant(slug="batik")
    session.commit()
    answer = client.post("/admin/keys", data={"name": "Kasir", "role": "merchant_staff", "scope": "merchant:batik"})
    assert answer.status_code == 201
    secret = re.search(r'data-copy="(etk_[^"]+)"', answer.text)
    assert secret is not None
    listed = client.get("/api/v1/merchants", headers={"Authorization": f"Bearer {secret[1]}"}).json["items"]
    assert [row["slug"] for row in listed] == [store.slug]
    page = client.get("/admin/keys").text
    assert "Kasir" in page
    assert secret[1] not in page
    assert session.scalars(sa.select(AuditEntry.action)).all() == ["api_key.created"]


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"name": "", "role": "admin"}, "name"),
        ({"name": "x" * 121, "role": "admin"}, "name"),
        ({"name": "\x00", "role": "admin"}, "name"),
        ({"name": "x", "role": "emperor"}, "role"),
        ({"name": "x", "role": "merchant_staff"}, "scope"),
        ({"name": "x", "role": "merchant_staff", "scope": "merchant:none"}, "scope"),
        ({"name": "x", "role": "merchant_staff", "scope": "community:kebaya"}, "scope"),
        ({"name": "x", "role": "admin", "scope": "community:kebaya"}, "scope"),
        ({"name": "x", "role": "admin", "scope": "\x00:\x00"}, "scope"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(client, make, session, admin, form, field):
    make.community(slug="kebaya")
    session.commit()
    answer = client.post("/admin/keys", data=form)
    assert answer.status_code == 422
    assert f'id="f-{field}"' in answer.text
    assert "field-wrong" in answer.text
    assert session.scalars(sa.select(ApiKey)).all() == []


def test_a_revoked_key_is_refused_at_once(client, make, session, admin):
    headers = make.key(Role.ADMIN)
    key_id = session.scalars(sa.select(ApiKey.id)).one()
    assert client.get("/api/v1/merchants", headers=headers).status_code == 200
    assert client.post(f"/admin/keys/{key_id}/revocation").status_code == 303
    assert "refused from now on" in client.get("/admin/keys").text
    assert client.get("/api/v1/merchants", headers=headers).status_code == 401
    assert client.post(f"/admin/keys/{key_id}/revocation").status_code == 404
