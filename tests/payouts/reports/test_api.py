from __future__ import annotations

from datetime import timedelta

import pytest

from affiliate.conversions.models import ConversionStatus
from affiliate.core import clock
from affiliate.core.money import to_decimal
from affiliate.identity.models import Role
from payouts.receivables.service import record_receipt
from payouts.reports.balances import FIGURES
from tests.conftest import NOW
from tests.factories import ROBOT
from tests.payouts.earning import Earnings


@pytest.fixture
def earnings(make) -> Earnings:
    return Earnings(make)


def ask(client, headers, earnings, **args):
    return client.get("/api/v1/balances", query_string={"community": earnings.community.slug, **args}, headers=headers)


def figures(client, headers, earnings, **args) -> dict[str, dict[str, str]]:
    """{currency: {figure: amount}} without what is zero."""
    answer = ask(client, headers, earnings, **args)
    assert answer.status_code == 200, answer.json
    found = {}
    for item in answer.json["items"]:
        currency = item.pop("currency")
        assert list(item) == list(FIGURES)
        assert {money["currency"] for money in item.values()} == {currency}
        found[currency] = {name: money["amount"] for name, money in item.items() if money["amount"].strip("0.")}
    return found


def test_a_community_without_money_has_no_currency_yet(client, make, earnings):
    headers = make.key(Role.COMMUNITY_OWNER, earnings.community.id)
    assert ask(client, headers, earnings).json == {"items": [], "next": None}


def test_every_figure_of_a_community_and_its_curators(client, make, earnings):
    now = clock.now()
    earnings.earn(100_000, available_on=now - timedelta(days=1))
    earnings.earn(50_000, available_on=now + timedelta(days=5))
    earnings.conversion(earnings.order(), status=ConversionStatus.PENDING, community_estimate_minor=7_000)
    earnings.conversion(earnings.order(), status=ConversionStatus.DECLINED, reason="no_click", estimate_minor=0)
    earnings.needs_funding = True
    earnings.earn(20_000, available_on=now - timedelta(days=1))
    earnings.book()
    earnings.payout(earnings.owner, 60_000, "reserved", "paid")
    earnings.payout(earnings.curator_owner, 10_000, "reserved")
    assert figures(client, make.key(Role.CURATOR, earnings.community.id), earnings) == {
        "IDR": {
            "estimated": "70.00",
            "held": "450.00",
            "awaiting_funds": "180.00",
            "available": "200.00",
            "in_flight": "100.00",
            "paid": "600.00",
        }
    }


def test_what_refunds_took_back_beyond_the_money_is_owed_back(client, make, earnings):
    now = clock.now()
    earned = earnings.earn(100_000, available_on=now - timedelta(days=1))
    earnings.book()
    earnings.payout(earnings.owner, 60_000, "reserved", "paid")
    earnings.take(earned, 100_000, at=now)
    earnings.book()
    found = figures(client, make.key(Role.FINANCE_MAKER), earnings)
    assert found == {"IDR": {"paid": "600.00", "owed_back": "600.00"}}


def test_a_debt_of_one_owner_is_not_hidden_by_the_money_of_another(client, make, earnings):
    earned = earnings.earn(100_000, available_on=NOW)
    earnings.book()
    earnings.payout(earnings.curator_owner, 30_000, "reserved", "paid")
    earnings.take(earned, 50_000)
    earnings.book()
    found = figures(client, make.key(Role.ADMIN), earnings)["IDR"]
    assert (found["available"], found["owed_back"]) == ("300.00", "150.00")


def test_a_payout_that_came_back_is_available_again(client, make, earnings):
    earnings.earn(100_000, available_on=NOW)
    earnings.book()
    earnings.payout(earnings.owner, 60_000, "reserved", "paid", "returned", "released")
    assert figures(client, make.key(Role.FINANCE_APPROVER), earnings) == {"IDR": {"available": "900.00"}}


def test_the_stores_payment_makes_money_available(client, make):
    earnings = Earnings(make, needs_funding=True)
    earnings.earn(100_000, available_on=NOW)
    earnings.book()
    headers = make.key(Role.COMMUNITY_OWNER, earnings.community.id)
    assert figures(client, headers, earnings) == {"IDR": {"awaiting_funds": "900.00"}}
    record_receipt(
        earnings.session, earnings.merchant, amount_minor=100_000, currency="IDR", reference="TRF-1",
        received_at=NOW, actor=ROBOT, now=NOW,
    )  # fmt: skip
    assert figures(client, headers, earnings) == {"IDR": {"available": "900.00"}}


def test_balances_as_of_a_moment(client, make, earnings):
    day = NOW + timedelta(days=14)
    earnings.earn(100_000, available_on=day)
    earnings.book()
    headers = make.key(Role.COMMUNITY_OWNER, earnings.community.id)
    before = (NOW - timedelta(seconds=1)).isoformat()
    assert figures(client, headers, earnings, as_of=before) == {}
    assert figures(client, headers, earnings, as_of=NOW.isoformat()) == {"IDR": {"held": "900.00"}}
    assert figures(client, headers, earnings, as_of=day.isoformat()) == {"IDR": {"available": "900.00"}}


def test_each_currency_stands_by_itself_rupiah_first(client, make, earnings):
    earnings.currency = "USD"
    earnings.earn(1_000, available_on=NOW)
    earnings.currency = "IDR"
    earnings.earn(100_000, available_on=NOW)
    earnings.currency = "JPY"
    earnings.earn(1_000, available_on=NOW)
    earnings.book()
    found = figures(client, make.key(Role.ADMIN), earnings)
    assert list(found) == ["IDR", "JPY", "USD"]
    assert {code: each["available"] for code, each in found.items()} == {"IDR": "900.00", "JPY": "900", "USD": "9.00"}
    assert to_decimal(900, "JPY") == "900"


def test_another_communitys_money_is_not_counted(client, make, earnings):
    other = Earnings(make)
    other.earn(100_000, available_on=NOW)
    other.book()
    assert figures(client, make.key(Role.ADMIN), earnings) == {}


@pytest.mark.parametrize("role", [Role.COMMUNITY_OWNER, Role.CURATOR])
def test_people_of_another_community_learn_nothing(client, make, earnings, role):
    headers = make.key(role, make.community().id)
    assert ask(client, headers, earnings).status_code == 404


def test_stores_and_strangers_learn_nothing(client, make, earnings):
    assert ask(client, make.key(Role.MERCHANT_STAFF, earnings.merchant.id), earnings).status_code == 404
    assert ask(client, {}, earnings).status_code == 401


@pytest.mark.parametrize(
    ("args", "field"),
    [
        ({}, "community"),
        ({"community": "x" * 61}, "community"),
        ({"community": "ada", "as_of": "yesterday"}, "as_of"),
        ({"community": "ada", "as_of": "2026-11-01T09:00:00"}, "as_of"),
        ({"community": "ada", "as_of": "9999-12-31T23:59:59Z"}, "as_of"),
    ],
)
def test_a_wrong_question_names_its_field(client, make, args, field):
    answer = client.get("/api/v1/balances", query_string=args, headers=make.key(Role.ADMIN))
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


def test_an_unknown_community_is_not_there(client, make):
    answer = client.get("/api/v1/balances?community=tidak-ada", headers=make.key(Role.ADMIN))
    assert answer.status_code == 404
