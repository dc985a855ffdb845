"""How a programme credits orders, and whom coupons stand for: by API and on the pages, refused where it contradicts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from affiliate.core import clock
from affiliate.core.errors import NotFound
from affiliate.identity.models import AuditEntry, Role
from affiliate.merchants import crediting, rules
from affiliate.merchants.models import AttributionModel, AttributionPolicy, Coupon, CouponRule, Rung
from tests.affiliate.conversions.test_views import page, sign_in
from tests.factories import EARLY, ROBOT

FROM = "2026-11-01T00:00:00Z"


class Shop:
    """A store with a programme and a community in it."""

    def __init__(self, make) -> None:
        self.merchant = make.merchant()
        self.programme = make.programme(self.merchant)
        self.community = make.community()
        make.enrollment(self.programme, self.community)
        self.curator = make.curator(self.community)
        self.staff = make.key(Role.MERCHANT_STAFF, self.merchant.id)
        self.policies = f"/api/v1/programmes/{self.programme.id}/attribution"
        self.coupons = f"/api/v1/merchants/{self.merchant.slug}/coupons"

    def wanted(self, **over) -> dict:
        return {"code": "KITA10", "community": self.community.slug, **over}


@pytest.fixture
def shop(make) -> Shop:
    return Shop(make)


@pytest.mark.parametrize(
    ("rungs", "rule", "model", "fault"),
    [
        ("token coupon remembered reference", "click_wins", "last_click", None),
        ("token", "click_wins", "last_click", None),
        ("token", "coupon_wins", "last_click", None),
        ("coupon token", "coupon_wins", "last_click", None),
        ("token remembered", "fresh_click_wins", "linear", None),
        ("token token", "click_wins", "last_click", "rung_twice"),
        ("coupon remembered", "coupon_wins", "last_click", "token_missing"),
        ("coupon token", "click_wins", "last_click", "against_coupon_rule"),
        ("coupon token", "fresh_click_wins", "last_click", "against_coupon_rule"),
        ("token coupon", "coupon_wins", "last_click", "against_coupon_rule"),
        ("token coupon", "click_wins", "first_click", "remembered_missing"),
    ],
)
def test_a_policy_never_says_one_thing_and_does_another(rungs, rule, model, fault):
    ladder = [Rung(word) for word in rungs.split()]
    assert rules.ladder_fault(ladder, CouponRule(rule), AttributionModel(model)) == fault


def test_a_store_adds_a_version_and_both_sides_read_it_in_words(client, make, shop):
    assert client.get(shop.policies, headers=shop.staff).get_json() == {"items": [], "next": None}
    made = client.post(
        shop.policies, json={"valid_from": FROM, "model": "position", "coupon_rule": "coupon_wins"}, headers=shop.staff
    )
    assert made.status_code == 201
    assert made.get_json()["ladder"] == ["coupon", "token", "remembered", "reference"]
    community = make.key(Role.CURATOR, shop.community.id)
    (seen,) = client.get(shop.policies, headers=community).get_json()["items"]
    assert (seen["version"], seen["model"], seen["window_days"]) == (1, "position", 30)
    assert any("40 %" in sentence for sentence in seen["words"])


def test_versions_are_added_and_the_old_ones_stay(client, make, shop, session):
    for model in ("linear", "time_decay"):
        assert (
            client.post(shop.policies, json={"valid_from": FROM, "model": model}, headers=shop.staff).status_code == 201
        )
    rows = session.execute(sa.select(AttributionPolicy.version, AttributionPolicy.model)).all()
    assert [tuple(row) for row in rows] == [(1, AttributionModel.LINEAR), (2, AttributionModel.TIME_DECAY)]
    actions = session.execute(sa.select(AuditEntry.action)).scalars()
    assert list(actions).count("attribution.added") == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "valid_from"),
        ({"valid_from": FROM, "model": "best"}, "model"),
        ({"valid_from": FROM, "coupon_rule": "later"}, "coupon_rule"),
        ({"valid_from": FROM, "ladder": []}, "ladder"),
        ({"valid_from": FROM, "ladder": ["token", "token"]}, "ladder"),
        ({"valid_from": FROM, "ladder": ["coupon", "token"]}, "ladder"),
        ({"valid_from": FROM, "ladder": "token"}, "ladder"),
        ({"valid_from": FROM, "model": "linear", "ladder": ["token"]}, "ladder"),
        ({"valid_from": "yesterday"}, "valid_from"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(client, shop, session, body, field):
    answer = client.post(shop.policies, json=body, headers=shop.staff)
    assert answer.status_code == 422
    assert any(name.split(".")[0] == field for name in answer.get_json()["errors"])
    assert session.execute(sa.select(sa.func.count()).select_from(AttributionPolicy)).scalar_one() == 0


def test_strangers_and_onlookers_cannot_change_a_programme(client, make, shop):
    body = {"valid_from": FROM, "model": "linear"}
    assert client.post(shop.policies, json=body, headers=Shop(make).staff).status_code == 404
    assert client.post(shop.policies, json=body, headers=make.key(Role.CURATOR, shop.community.id)).status_code == 404
    assert client.get(shop.policies, headers=make.key(Role.CURATOR, make.community().id)).status_code == 404


def test_a_coupon_stands_for_a_community_and_its_curator(client, make, shop, session):
    body = shop.wanted(curator=shop.curator.handle, valid_from=FROM, valid_until="2026-12-01T00:00:00Z")
    made = client.post(shop.coupons, json=body, headers=shop.staff)
    assert made.status_code == 201
    assert {**body, "valid_until": "2026-12-01T00:00:00Z"}.items() <= made.get_json().items()
    community = client.get(shop.coupons, headers=make.key(Role.CURATOR, shop.community.id)).get_json()["items"]
    assert [one["code"] for one in community] == ["KITA10"]
    make.enrollment(shop.programme, other := make.community())
    assert client.get(shop.coupons, headers=make.key(Role.CURATOR, other.id)).get_json()["items"] == []
    assert client.get(shop.coupons, headers=Shop(make).staff).status_code == 404


def test_one_code_stands_for_one_community_at_a_time_however_it_is_written(client, make, shop):
    other = make.community()
    make.enrollment(shop.programme, other)
    assert client.post(shop.coupons, json=shop.wanted(valid_from=FROM), headers=shop.staff).status_code == 201
    again = client.post(shop.coupons, json=shop.wanted(code="kita10", community=other.slug), headers=shop.staff)
    assert (again.status_code, again.get_json()["code"]) == (409, "coupon_taken")
    before = {"valid_from": "2026-10-01T00:00:00Z", "valid_until": FROM}
    assert (
        client.post(shop.coupons, json=shop.wanted(community=other.slug, **before), headers=shop.staff).status_code
        == 201
    )


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"code": "A"}, "code"), ({"code": "TWO WORDS"}, "code"), ({"code": "A,B"}, "code"), ({"code": "A\n"}, "code"),
        ({"code": "x" * 41}, "code"), ({"community": "nobody"}, "community"), ({"curator": "nobody"}, "curator"),
        ({"valid_from": FROM, "valid_until": FROM}, "valid_until"), ({"valid_until": "soon"}, "valid_until"),
        ({"extra": 1}, "extra"),
    ],
)  # fmt: skip
def test_a_coupon_that_cannot_be_is_refused(client, shop, over, field):
    answer = client.post(shop.coupons, json=shop.wanted(**over), headers=shop.staff)
    assert answer.status_code == 422
    assert field in answer.get_json()["errors"]


def test_a_community_that_does_not_sell_with_the_store_has_no_coupon_of_it(client, make, shop):
    answer = client.post(shop.coupons, json=shop.wanted(community=make.community().slug), headers=shop.staff)
    assert "community" in answer.get_json()["errors"]


def test_an_ended_coupon_is_free_for_another_and_cannot_end_twice(client, make, shop):
    made = client.post(shop.coupons, json=shop.wanted(valid_from="2026-01-01T00:00:00Z"), headers=shop.staff).get_json()
    place = f"{shop.coupons}/{made['id']}"
    assert client.delete(place, headers=Shop(make).staff).status_code == 404
    assert client.delete(place, headers=shop.staff).status_code == 204
    assert client.delete(place, headers=shop.staff).status_code == 404
    assert client.post(shop.coupons, json=shop.wanted(), headers=shop.staff).status_code == 201


def test_a_coupon_that_has_not_begun_ends_as_soon_as_it_begins(session, make, shop):
    later = datetime(2027, 1, 1, tzinfo=UTC)
    coupon = make.coupon(shop.merchant, shop.community, "NANTI", valid_from=later)
    crediting.end_coupon(session, shop.merchant, coupon.id, actor=ROBOT, now=EARLY)
    ends = session.execute(sa.select(Coupon.valid_until)).scalar_one()
    assert ends == later + timedelta(seconds=1)
    with pytest.raises(NotFound):
        crediting.end_coupon(session, shop.merchant, coupon.id + 1, actor=ROBOT, now=EARLY)


def test_the_store_writes_a_version_on_its_page_and_the_community_reads_it(client, make, shop, session):
    session.commit()
    sign_in(client, make, Role.MERCHANT_STAFF, shop.merchant.id, locale="en")
    place = f"/merchant/{shop.merchant.slug}/programmes/{shop.programme.id}/attribution"
    assert "where a programme has not said anything else" in page(client, place)
    steps = {"step_1": "token", "step_2": "coupon", "step_3": "remembered", "step_4": ""}
    form = {"model": "time_decay", "coupon_rule": "fresh_click_wins", "valid_from": "", **steps}
    assert client.post(place, data=form).status_code == 303
    refused = client.post(place, data={**form, "step_1": "coupon", "step_2": "token"})
    assert refused.status_code == 422
    assert "say different things" in refused.text
    assert "seven days older counts half" in page(client, place)
    client.get("/sign-out")
    sign_in(client, make, Role.CURATOR, shop.community.id, locale="id")
    read = page(client, f"/portal/{shop.community.slug}/programmes/{shop.programme.id}/attribution")
    assert "klik yang tujuh hari lebih lama" in read
    assert '<form method="post" action="/merchant' not in read


def test_pages_of_others_are_not_there(client, make, shop, session):
    other = Shop(make)
    session.commit()
    sign_in(client, make, Role.MERCHANT_STAFF, other.merchant.id)
    for place in (
        f"/merchant/{shop.merchant.slug}/coupons",
        f"/merchant/{shop.merchant.slug}/programmes/{shop.programme.id}/attribution",
        f"/merchant/{other.merchant.slug}/programmes/{shop.programme.id}/attribution",
    ):
        assert client.get(place).status_code == 404, place
        assert client.post(place, data={}).status_code in {404, 422}, place
    assert session.execute(sa.select(sa.func.count()).select_from(Coupon)).scalar_one() == 0


def test_the_store_assigns_and_ends_a_coupon_on_its_page(client, make, shop, session):
    session.commit()
    sign_in(client, make, Role.MERCHANT_STAFF, shop.merchant.id, locale="en")
    place = f"/merchant/{shop.merchant.slug}/coupons"
    assert "No coupon stands for a community yet" in page(client, place)
    form = {"code": "KITA10", "community": shop.community.slug, "curator": "", "valid_from": "", "valid_until": ""}
    assert client.post(place, data=form).status_code == 303
    twice = client.post(place, data=form)
    assert twice.status_code == 409
    assert "already at that time" in twice.text
    assert client.post(place, data={**form, "valid_from": "31.12.2026"}).status_code == 422
    assert "KITA10" in page(client, place)
    coupon = session.execute(sa.select(Coupon.id)).scalar_one()
    assert client.post(f"{place}/{coupon}/end").status_code == 303
    ended = session.execute(sa.select(Coupon.valid_until)).scalar_one()
    assert ended is not None
    assert ended <= clock.now() + timedelta(seconds=2)
