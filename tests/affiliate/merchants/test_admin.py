"""The operator brings a store on board by pages: profile, staff, programme, terms, communities with their split."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from affiliate.core import clock
from affiliate.identity.models import AuditEntry, Grant, Role, User
from affiliate.links import queries as links
from affiliate.merchants import queries
from affiliate.merchants.models import Enrollment, Merchant, Programme, Rate, RateKind, Split, Terms
from tests.affiliate.identity.conftest import link_on
from tests.factories import PASSWORD

PROGRAMME = {
    "name": "Utama",
    "window_days": "30",
    "hold_days": "7",
    "payable_when": "held",
    "timezone": "Asia/Makassar",
}
TERMS = {"scope-0": "all", "match-0": "", "kind-0": "percent", "value-0": "10"}
SPLIT = {"platform_bps": "10", "community_bps": "60", "curator_bps": "30", "evangelist_bps": ""}


@pytest.fixture
def admin(client, make, session):
    user = make.user(Role.ADMIN, locale="en")
    session.commit()
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    return user


@pytest.fixture
def store(make, session, admin):
    row = make.merchant(slug="zalia", name="Zalia")
    session.commit()
    return row


@pytest.fixture
def programme(make, session, store):
    row = make.programme(store, name="Utama")
    session.commit()
    return row


def main(answer) -> str:
    return answer.get_data(as_text=True).split('<main id="main"')[1].split("</main>")[0].replace("\u00a0", " ")


def wrong(answer) -> set[str]:
    assert answer.status_code == 422
    return set(re.findall(r'field-wrong">\s*<label for="f-([^"]+)"', answer.text))


def actions(session) -> list[str]:
    return list(session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)))


def test_the_list_says_what_a_store_still_needs(client, make, session, store):
    page = main(client.get("/admin/merchants"))
    for said in ("nobody of its staff", "no terms", "no community", "no webhook key"):
        assert said in page
    programme = make.programme(store)
    make.enrollment(programme, make.community())
    make.webhook_key(store)
    make.user(Role.MERCHANT_STAFF, store.id)
    session.commit()
    page = main(client.get("/admin/merchants"))
    assert "Sells" in page
    assert "no terms" not in page
    assert "Up to its first sale" not in main(client.get("/admin/merchants/zalia"))


def test_a_person_who_is_out_is_no_staff(client, make, session, store):
    user = make.user(Role.MERCHANT_STAFF, store.id)
    user.is_active = False
    session.commit()
    assert "nobody of its staff" in main(client.get("/admin/merchants"))


def test_the_steps_lead_on_one_after_another(client, make, session, store):
    def current() -> str:
        found = re.search(
            r'<li aria-current="step">\s*<strong>(?:<a[^>]+>)?([^<]+)', main(client.get("/admin/merchants/zalia"))
        )
        assert found is not None
        return found[1]

    assert current() == "Invite somebody of its staff"
    make.user(Role.MERCHANT_STAFF, store.id)
    session.commit()
    assert current() == "Make a programme"
    client.post("/admin/merchants/zalia/programmes", data=PROGRAMME)
    assert current() == "Give it terms"
    programme_id = session.scalars(sa.select(Programme.id)).one()
    client.post(f"/admin/programmes/{programme_id}/terms", data=TERMS)
    assert current() == "Admit a community"
    make.community(slug="kebaya")
    session.commit()
    client.post(f"/admin/programmes/{programme_id}/enrollments", data={"community": "kebaya", **SPLIT})
    assert current() == "Make a webhook key"


def test_a_profile_is_changed_and_the_redirect_follows(client, make, session, store):
    make.link(make.community(), make.product(store))
    session.commit()
    form = {
        "name": "Zalia Baru",
        "shop_url": "https://baru.test/",
        "allowed_hosts": "baru.test\nzalia.test",
        "click_param": "u1",
    }
    assert client.post("/admin/merchants/zalia/profile", data=form).status_code == 303
    session.expire_all()
    row = session.get_one(Merchant, store.id)
    assert (row.name, row.shop_url, row.allowed_hosts, row.click_param) == (
        "Zalia Baru",
        "https://baru.test/",
        ["baru.test", "zalia.test"],
        "u1",
    )
    assert links.shop_of(session, store.id).click_param == "u1"
    assert "<strong>u1</strong>=" in main(client.get("/admin/merchants/zalia"))
    entry = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (entry.action, set(entry.detail)) == ("merchant.saved", {"name", "shop_url", "allowed_hosts", "click_param"})
    client.post("/admin/merchants/zalia/profile", data=form)
    assert actions(session).count("merchant.saved") == 1  # the same again is no deed


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"name": ""}, "name"),
        ({"allowed_hosts": "*.zalia.test"}, "allowed_hosts"),
        ({"allowed_hosts": ""}, "allowed_hosts"),
        ({"shop_url": "https://elsewhere.test"}, "shop_url"),
        ({"shop_url": "javascript:alert(1)"}, "shop_url"),
        ({"click_param": "a b"}, "click_param"),
        ({"click_param": "x" * 41}, "click_param"),
    ],
)
def test_a_refused_profile_is_said_and_nothing_is_changed(client, session, store, over, field):
    form = {
        "name": "Baru",
        "shop_url": "https://zalia.test",
        "allowed_hosts": "zalia.test",
        "click_param": "etl",
    } | over
    assert field in wrong(client.post("/admin/merchants/zalia/profile", data=form))
    session.expire_all()
    assert session.get_one(Merchant, store.id).name == "Zalia"


def test_slug_and_currency_are_not_in_the_form(client, session, store):
    form = {"name": "Z", "shop_url": "https://zalia.test", "allowed_hosts": "zalia.test", "click_param": "etl"}
    answer = client.post("/admin/merchants/zalia/profile", data=form | {"slug": "other", "currency": "USD"})
    assert answer.status_code == 422
    session.expire_all()
    assert session.get_one(Merchant, store.id).currency == "IDR"


def test_hosts_from_before_a_rule_may_stay_as_they_are(client, make, session, admin):
    make.merchant(slug="lama", shop_url="http://127.0.0.1:8000/toko", allowed_hosts=["127.0.0.1:8000"])
    session.commit()
    form = {
        "name": "Lama",
        "shop_url": "http://127.0.0.1:8000/toko",
        "allowed_hosts": "127.0.0.1:8000",
        "click_param": "x",
    }
    assert client.post("/admin/merchants/lama/profile", data=form).status_code == 303
    assert (
        client.post("/admin/merchants/lama/profile", data=form | {"allowed_hosts": "127.0.0.1:9000"}).status_code == 422
    )


def test_staff_come_in_by_a_link_and_see_this_store_only(app, client, make, session, store):
    make.merchant(slug="lain")
    session.commit()
    answer = client.post("/admin/merchants/zalia/staff", data={"name": "Sari", "email": "sari@zalia.test"})
    assert answer.status_code == 201
    theirs = app.test_client()
    chosen = {"password": "kebaya biru di jemuran", "again": "kebaya biru di jemuran"}
    assert theirs.post(link_on(answer.text), data=chosen).location == "/merchant/"
    assert theirs.get("/merchant/zalia/").status_code == 200
    assert theirs.get("/merchant/lain/").status_code == 404
    assert theirs.get("/admin/merchants/zalia").status_code == 404
    again = client.post("/admin/merchants/zalia/staff", data={"name": "Sari", "email": "sari@zalia.test"})
    assert wrong(again) == {"email"}
    assert session.scalars(sa.select(sa.func.count(Grant.id)).where(Grant.role == Role.MERCHANT_STAFF)).one() == 1


@pytest.mark.parametrize(
    ("over", "field"), [({"name": ""}, "name"), ({"email": "x"}, "email"), ({"email": ""}, "email")]
)
def test_staff_without_a_name_or_address_is_refused(client, session, store, over, field):
    form = {"name": "Sari", "email": "sari@zalia.test"} | over
    assert wrong(client.post("/admin/merchants/zalia/staff", data=form)) == {field}
    assert session.scalars(sa.select(sa.func.count(User.id))).one() == 1


def test_a_programme_is_made(client, session, store):
    answer = client.post("/admin/merchants/zalia/programmes", data=PROGRAMME)
    row = session.scalars(sa.select(Programme)).one()
    assert answer.location == f"/admin/programmes/{row.id}/terms/new"
    assert (row.window_days, row.hold_days, row.timezone) == (30, 7, "Asia/Makassar")
    assert "Without terms a sale pays nothing" in main(client.get(f"/admin/programmes/{row.id}"))
    assert actions(session) == ["programme.created"]


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"name": ""}, "name"),
        ({"window_days": "0"}, "window_days"),
        ({"window_days": "366"}, "window_days"),
        ({"window_days": "9" * 5000}, "window_days"),
        ({"hold_days": "-1"}, "hold_days"),
        ({"hold_days": "1.5"}, "hold_days"),
        ({"hold_days": ""}, "hold_days"),
        ({"payable_when": "x"}, "payable_when"),
        ({"timezone": "Mars"}, "timezone"),
    ],
)
def test_a_refused_programme_keeps_what_was_typed(client, session, store, over, field):
    answer = client.post("/admin/merchants/zalia/programmes", data=PROGRAMME | {"name": "Nama Ini"} | over)
    assert wrong(answer) == {field}
    assert field == "name" or "Nama Ini" in answer.text
    assert session.scalars(sa.select(Programme)).all() == []


def test_terms_are_added_version_by_version_and_none_is_edited(client, session, programme):
    first = session.scalars(sa.select(Rate)).one()
    shown = client.get(f"/admin/programmes/{programme.id}/terms/new").text
    assert 'name="value-0" type="text" value="10"' in shown  # begins with the newest version's rates
    form = TERMS | {"value-0": "8", "scope-1": "brand", "match-1": "Acme", "kind-1": "per_item", "value-1": "Rp5.000"}
    assert client.post(f"/admin/programmes/{programme.id}/terms", data=form).status_code == 303
    versions = queries.frozen_terms(session, [programme.id])
    assert [terms.version for terms, _rates in versions] == [1, 2]
    assert [(rate.scope, rate.match, rate.rate_bps, rate.amount_minor) for rate in versions[1][1]] == [
        ("all", None, 800, None),
        ("brand", "Acme", None, 500_000),
    ]
    assert session.get_one(Rate, first.id).rate_bps == 1000
    page = main(client.get(f"/admin/programmes/{programme.id}"))
    assert "an order of Rp300.000 pays Rp24.000" in page
    assert "Rp5.000 for each item of the brand Acme" in page
    assert page.index("Terms 2") < page.index("Terms 1")


def test_terms_of_a_later_day_wait_for_it(client, session, programme):
    later = (clock.now() + timedelta(days=30)).date().isoformat()
    client.post(f"/admin/programmes/{programme.id}/terms", data=TERMS | {"value-0": "5", "valid_from": later})
    newest = session.scalars(sa.select(Terms).order_by(Terms.version.desc())).first()
    assert clock.local_date(newest.valid_from, "Asia/Jakarta").isoformat() == later
    assert clock.start_of_day(clock.local_date(newest.valid_from, "Asia/Jakarta"), "Asia/Jakarta") == newest.valid_from
    page = main(client.get(f"/admin/programmes/{programme.id}"))
    assert page.count("In force") == page.count("Later") == 1
    with time_machine.travel(clock.now() + timedelta(days=31), tick=False):
        terms = queries.terms_in_force(session, programme.id, at=clock.now())
    assert terms[0].version == 2


@pytest.mark.parametrize(
    ("over", "fields"),
    [
        ({"value-0": "x"}, {"value-0"}),
        ({"value-0": "", "match-0": "K"}, {"match-0"}),
        ({"valid_from": "2020-01-01"}, {"valid_from"}),
        ({"kind-0": "per_item", "value-0": "seribu"}, {"value-0"}),
        ({"kind-0": "per_item", "value-0": "-5"}, {"value-0"}),
        ({"value-0": "", "scope-5": "sku", "match-5": "A", "kind-5": "percent", "value-5": "x"}, {"value-0"}),
    ],
)
def test_refused_terms_are_said_beside_the_row(client, session, programme, over, fields):
    answer = client.post(f"/admin/programmes/{programme.id}/terms", data=TERMS | over)
    assert wrong(answer) == fields
    assert session.scalars(sa.select(sa.func.count(Terms.id))).one() == 1


def test_terms_without_a_rate_are_refused(client, session, programme):
    answer = client.post(f"/admin/programmes/{programme.id}/terms", data={"valid_from": ""})
    assert answer.status_code == 422
    assert "Give at least one rate" in main(answer)
    assert session.scalars(sa.select(sa.func.count(Terms.id))).one() == 1


def test_another_row_keeps_what_was_typed_and_nothing_else(client, session, programme):
    answer = client.post(f"/admin/programmes/{programme.id}/terms", data=TERMS | {"value-0": "8,5", "more": "1"})
    assert answer.status_code == 200
    assert 'name="value-0" type="text" value="8,5"' in answer.text
    assert 'name="value-1"' in answer.text
    assert session.scalars(sa.select(sa.func.count(Terms.id))).one() == 1


def test_the_example_follows_what_is_typed(client, programme):
    def told(**rows: str) -> str:
        return client.get(f"/admin/programmes/{programme.id}/example", query_string=rows).text.replace("\u00a0", " ")

    assert "an order of Rp300.000 pays Rp37.500" in told(**TERMS | {"value-0": "12,5"})
    assert "pays Rp2.000" in told(**TERMS | {"kind-0": "per_order", "value-0": "2.000"})
    assert "As soon as" in told(**TERMS | {"value-0": "x"})
    assert "As soon as" in told()


def test_a_community_is_admitted_with_a_split_that_makes_a_whole(client, make, session, programme):
    community = make.community(slug="kebaya", name="Kebaya Kita")
    session.commit()
    form = {"community": "kebaya", **SPLIT}
    path = f"/admin/programmes/{programme.id}/enrollments"
    refused = client.post(path, data=form | {"curator_bps": "20"})
    assert refused.status_code == 422
    assert "these make 90 %" in main(refused)
    assert 'value="20"' in refused.text
    assert wrong(client.post(path, data=form | {"curator_bps": "x"})) == {"curator_bps"}
    assert wrong(client.post(path, data=form | {"community": "tidak-ada"})) == {"community"}
    assert session.scalars(sa.select(Enrollment)).all() == []
    assert client.post(path, data=form).status_code == 303
    row = session.scalars(sa.select(Enrollment)).one()
    split = session.scalars(sa.select(Split)).one()
    assert (row.community_id, split.platform_bps, split.community_bps, split.curator_bps) == (
        community.id,
        1000,
        6000,
        3000,
    )
    page = main(client.get(f"/admin/enrollments/{row.id}"))
    assert "An order of Rp300.000 pays Rp30.000" in page
    assert "Rp18.000" in page
    assert "Every community is in it" in main(client.get(f"/admin/programmes/{programme.id}"))


def test_a_new_split_is_a_new_version(client, make, session, programme):
    row = make.enrollment(programme, make.community())
    session.commit()
    path = f"/admin/enrollments/{row.id}/splits"
    assert client.post(path, data=SPLIT | {"platform_bps": "12.5", "community_bps": "57,5"}).status_code == 303
    versions = session.scalars(sa.select(Split).order_by(Split.version)).all()
    assert [(one.version, one.platform_bps) for one in versions] == [(1, 1000), (2, 1250)]
    client.post(path, data=SPLIT | {"platform_bps": "12.5", "community_bps": "57,5"})
    assert session.scalars(sa.select(sa.func.count(Split.id))).one() == 2  # the same again changes nothing
    assert client.post(path, data=SPLIT | {"platform_bps": "11"}).status_code == 422


def test_an_enrollment_ends_and_the_end_can_be_undone(client, make, session, programme):
    row = make.enrollment(programme, make.community(name="Kebaya Kita"))
    session.commit()
    assert client.post(f"/admin/enrollments/{row.id}/end").status_code == 303
    session.expire_all()
    assert session.get_one(Enrollment, row.id).ended_at is not None
    page = client.get(f"/admin/enrollments/{row.id}").text
    assert f'action="/admin/enrollments/{row.id}/resumption"' in page
    assert "/splits" not in page
    first = session.get_one(Enrollment, row.id).ended_at
    client.post(f"/admin/enrollments/{row.id}/end")
    session.expire_all()
    assert session.get_one(Enrollment, row.id).ended_at == first  # twice is once
    assert client.post(f"/admin/enrollments/{row.id}/resumption").status_code == 303
    session.expire_all()
    assert session.get_one(Enrollment, row.id).ended_at is None
    assert actions(session) == ["enrollment.ended", "enrollment.resumed"]


def test_the_stores_own_staff_read_it_and_cannot_change_it(client, make, session, programme, store):
    row = make.enrollment(programme, make.community(name="Kebaya Kita"))
    user = make.user(Role.MERCHANT_STAFF, store.id)
    session.commit()
    client.post("/sign-out")
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    page = main(client.get("/merchant/zalia/settings"))
    assert "Utama" in page
    assert "Kebaya Kita" in page
    assert "/admin/" not in page
    for path in (
        "/admin/merchants",
        "/admin/merchants/zalia",
        "/admin/merchants/zalia/profile",
        f"/admin/programmes/{programme.id}",
        f"/admin/programmes/{programme.id}/terms/new",
        f"/admin/enrollments/{row.id}",
    ):
        assert client.get(path).status_code == 404
    for path, form in (
        ("/admin/merchants/zalia/staff", {"name": "x", "email": "x@x.test"}),
        (f"/admin/programmes/{programme.id}/terms", TERMS),
        (f"/admin/enrollments/{row.id}/end", {}),
        (f"/admin/enrollments/{row.id}/splits", SPLIT),
    ):
        assert client.post(path, data=form).status_code == 404
    assert session.scalars(sa.select(sa.func.count(Terms.id))).one() == 1
    assert session.get_one(Enrollment, row.id).ended_at is None
    assert session.scalars(sa.select(Rate.kind)).all() == [RateKind.PERCENT]


def test_an_ended_enrollment_gets_no_new_split_by_the_back_door(client, make, session, programme):
    community = make.community(slug="kebaya")
    row = make.enrollment(programme, community)
    session.commit()
    client.post(f"/admin/enrollments/{row.id}/end")
    answer = client.post(f"/admin/programmes/{programme.id}/enrollments", data={"community": "kebaya", **SPLIT})
    assert answer.status_code == 303
    assert "enrollment has ended" in main(client.get(answer.location))
    assert client.post(f"/admin/enrollments/{row.id}/splits", data=SPLIT | {"platform_bps": "0"}).status_code == 422
    changed = SPLIT | {"platform_bps": "20", "community_bps": "50"}
    assert client.post(f"/admin/enrollments/{row.id}/splits", data=changed).status_code == 303
    assert session.scalars(sa.select(sa.func.count(Split.id))).one() == 1


def test_a_program_ends_and_resumes_its_own_enrollments_too(client, make, session, programme, store):
    row = make.enrollment(programme, make.community())
    own, stranger = make.key(Role.MERCHANT_STAFF, store.id), make.key(Role.MERCHANT_STAFF, make.merchant().id)
    path = f"/api/v1/enrollments/{row.id}"
    assert client.post(f"{path}/end", headers=stranger).status_code == 404
    assert client.post(f"{path}/end", headers=make.key(Role.FINANCE_MAKER)).status_code == 404
    assert client.post(f"{path}/end", headers=own).json["ended_at"] is not None
    body = {"programme": programme.id, "community": client.get(path, headers=own).json["community"]}
    split = {"platform_bps": 0, "community_bps": 10_000}
    refused = client.post("/api/v1/enrollments", json=body | {"split": split}, headers=own)
    assert (refused.status_code, refused.json["code"]) == (409, "enrollment_ended")
    assert client.post(f"{path}/resumption", headers=own).json["ended_at"] is None
