"""The whole way over the API: from commission events to the report; and everybody who must not go it."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest
import sqlalchemy as sa

from affiliate.core import clock
from affiliate.core.money import from_decimal
from affiliate.identity.models import AuditEntry, Role
from payouts.ledger.accounts import CLEARING, PAYABLE, AccountKey
from payouts.ledger.queries import balance
from payouts.runs.models import Payout, PayoutAttempt, PayoutRun
from tests.conftest import NOW
from tests.payouts.runs.paying import API, CUTOFF, DAY, Finance, assert_in_order, earned

FIRST_COLUMNS = ["payout", "run", "owner", "role", "currency", "amount", "status", "rail", "reference"]


@pytest.fixture
def finance(client, make):
    return Finance(client, make)


def report(finance, run):
    answer = finance.client.get(f"{API}/{run['id']}/report.csv", headers=finance.approver)
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))


def test_from_earned_money_to_the_report(finance, session, make):
    earnings = earned(make, 100_000, 33_333)
    run = finance.plan()
    assert run["status"] == "draft"
    assert run["total"] == {"amount": "1200.00", "currency": "IDR"}
    amounts = {row["owner"]: (row["role"], row["amount"]["amount"], row["status"]) for row in run["payouts"]}
    assert amounts == {
        earnings.owner: ("community", "800.01", "planned"),
        earnings.curator_owner: ("curator", "399.99", "planned"),
    }
    assert run["left_out"] == []


def test_the_books_follow_every_step(finance, session, make):
    earnings = earned(make, 100_000)
    payable, clearing = (AccountKey(name, earnings.owner, "IDR") for name in (PAYABLE, CLEARING))
    run = finance.plan()
    assert (balance(session, payable), balance(session, clearing)) == (0, -60_000)
    finance.approve(run)
    sent = finance.submit(run)
    assert {row["status"] for row in sent["payouts"]} == {"sent"}
    assert sent["status"] == "submitted"
    assert (balance(session, payable), balance(session, clearing)) == (0, -60_000)
    for row in sent["payouts"]:
        finance.settle(row, status="paid", reference="BCA 0091")
    assert finance.show(run)["status"] == "closed"
    assert (balance(session, payable), balance(session, clearing)) == (0, 0)
    assert_in_order(session)


def test_report_has_the_promised_columns_and_the_ledgers_total(finance, session, make):
    earnings = earned(make, 100_000, 33_333)
    run = finance.plan()
    rows = report(finance, run)
    assert list(rows[0])[:9] == FIRST_COLUMNS
    reserved = sum(-balance(session, AccountKey(CLEARING, row["owner"], "IDR")) for row in rows)
    assert sum(from_decimal(row["amount"], "IDR") for row in rows) == reserved == 120_000
    assert {row["owner"] for row in rows} == {earnings.owner, earnings.curator_owner}
    finance.approve(run)
    finance.submit(run)
    sent = report(finance, run)
    assert {row["status"] for row in sent} == {"sent"}
    assert {row["rail"] for row in sent} == {"manual"}
    assert all(row["reference"].startswith("ETALASE ") for row in sent)
    assert sent[0]["name"] == earnings.community.name
    assert sent[0]["approved_by"].startswith("kunci")
    exports = session.execute(sa.select(AuditEntry).where(AuditEntry.action == "payout_run.exported")).scalars().all()
    assert [entry.detail for entry in exports] == [{"kind": "csv"}, {"kind": "csv"}]


def test_report_defuses_formulas(finance, session, make):
    earnings = earned(make, 100_000)
    earnings.community.name = '=HYPERLINK("https://jahat.test")'
    session.commit()
    run = finance.plan()
    names = {row["owner"]: row["name"] for row in report(finance, run)}
    assert names[earnings.owner] == '\'=HYPERLINK("https://jahat.test")'


def test_report_as_a_workbook(finance, make):
    earned(make, 100_000)
    run = finance.plan()
    answer = finance.client.get(f"{API}/{run['id']}/report.xlsx", headers=finance.maker)
    assert answer.status_code == 200
    assert answer.data[:2] == b"PK"
    assert f"payout-run-{run['id']}.xlsx" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<v>600.00</v>" in sheet
    assert "<f>" not in sheet


def test_held_money_waits_for_a_later_cutoff(finance, make):
    earnings = earned(make)
    earnings.earn(50_000, available_on=NOW + 30 * DAY)
    make.session.commit()
    early = finance.plan()
    assert early["payouts"] == []
    assert {row["reason"] for row in early["left_out"]} == {"held"}
    finance.approve(early, status=409)
    assert len(finance.plan(cutoff=clock.rfc3339(NOW + 30 * DAY))["payouts"]) == 2


def test_who_is_below_the_minimum_waits(finance, make):
    earnings = earned(make, 100_000)
    run = finance.plan(minimum="300.01")
    assert [row["owner"] for row in run["payouts"]] == [earnings.owner]
    assert run["left_out"] == [
        {
            "owner": earnings.curator_owner,
            "reason": "below_minimum",
            "amount": {"amount": "300.00", "currency": "IDR"},
        }
    ]
    exact = finance.plan(minimum={"amount": "300.00", "currency": "IDR"})
    assert [row["owner"] for row in exact["payouts"]] == [earnings.curator_owner]
    assert [row["reason"] for row in exact["left_out"]] == ["open_payout"]


def test_debt_and_missing_money_are_reasons(finance, make):
    indebted = earned(make)
    indebted.take(indebted.earn(10_000, available_on=NOW + DAY), 15_000)
    make.session.commit()
    assert {row["reason"] for row in finance.plan()["left_out"]} == {"debt"}


def test_a_second_run_finds_nothing_to_take(finance, make):
    earned(make, 100_000)
    assert len(finance.plan()["payouts"]) == 2
    again = finance.plan()
    assert again["payouts"] == []
    assert {row["reason"] for row in again["left_out"]} == {"open_payout"}


def test_sent_payouts_do_not_hold_up_the_next_run(finance, session, make):
    earnings = earned(make, 100_000)
    run = finance.plan()
    finance.approve(run)
    finance.submit(run)
    earnings.earn(20_000, available_on=NOW + DAY)
    session.commit()
    following = finance.plan()
    assert {row["owner"]: row["amount"]["amount"] for row in following["payouts"]}[earnings.owner] == "120.00"
    assert_in_order(session)


def test_cancelling_frees_the_money(finance, session, make):
    earned(make, 100_000)
    run = finance.plan()
    assert finance.cancel(run)["status"] == "cancelled"
    finance.cancel(run, status=409)
    again = finance.plan()
    assert again["total"] == run["total"]
    finance.approve(again)
    finance.cancel(again, headers=finance.approver)
    assert_in_order(session)


def test_what_was_sent_cannot_be_cancelled(finance, make):
    earned(make, 100_000)
    run = finance.plan()
    finance.approve(run)
    finance.submit(run)
    assert finance.cancel(run, status=409)["code"] == "not_cancellable"


@pytest.mark.parametrize("end", ["returned", "failed"])
def test_money_that_does_not_arrive_goes_back(finance, session, make, end):
    earnings = earned(make, 100_000)
    run = finance.plan()
    finance.approve(run)
    for row in finance.submit(run)["payouts"]:
        assert finance.settle(row, status=end)["status"] == end
    assert finance.show(run)["status"] == "closed"
    assert balance(session, AccountKey(PAYABLE, earnings.owner, "IDR")) == -60_000
    assert finance.plan()["total"] == run["total"]
    assert_in_order(session)


def test_paid_money_can_still_come_back(finance, session, make):
    earnings = earned(make, 100_000)
    run = finance.plan()
    finance.approve(run)
    rows = finance.submit(run)["payouts"]
    for row in rows:
        finance.settle(row, status="paid", reference="BCA 1")
    finance.settle(rows[0], status="returned", reference="BCA 1 R")
    assert balance(session, AccountKey(PAYABLE, earnings.owner, "IDR")) == -60_000
    assert_in_order(session)


def test_the_same_settlement_twice_is_one(finance, session, make):
    earned(make, 100_000)
    run = finance.plan()
    finance.approve(run)
    row = finance.submit(run)["payouts"][0]
    first = finance.settle(row, status="paid", reference="BCA 1")
    assert finance.settle(row, status="paid", reference="BCA 1") == first
    assert_in_order(session)


def test_another_settlement_is_refused(finance, make):
    earned(make, 100_000)
    run = finance.plan()
    planned = run["payouts"][0]
    body = {"status": "paid", "reference": "BCA 1"}
    path = f"/api/v1/payouts/{planned['payout']}/settlement"
    assert finance.client.post(path, headers=finance.maker, json=body).json["code"] == "not_settleable"
    finance.approve(run)
    finance.submit(run)
    assert finance.client.post(path, headers=finance.maker, json=body).status_code == 200
    other = finance.client.post(path, headers=finance.maker, json=body | {"reference": "BCA 2"})
    assert (other.status_code, other.json["code"]) == (409, "not_settleable")
    failed = finance.client.post(path, headers=finance.maker, json={"status": "failed"})
    assert failed.status_code == 409


def test_the_maker_never_approves(finance, make):
    earned(make, 100_000)
    run = finance.plan()
    assert finance.approve(run, headers=finance.maker, status=403)["code"] == "same_person"


def test_one_with_both_roles_is_still_one_person(finance, session, make):
    earned(make, 100_000)
    both = make.user(Role.FINANCE_MAKER)
    run = finance.plan()
    session.execute(sa.update(PayoutRun).values(made_by=f"user:{both.id}"))
    session.commit()
    assert finance.show(run)["made_by"] == f"user:{both.id}"
    with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
        session.execute(sa.update(PayoutRun).values(approved_by=PayoutRun.made_by))


def test_another_maker_has_no_say_in_approval(finance, make):
    earned(make, 100_000)
    run = finance.plan()
    second = make.key(Role.FINANCE_MAKER)
    assert finance.approve(run, headers=second, status=403)["code"] == "not_your_part"
    admin = make.key(Role.ADMIN)
    assert finance.approve(run, headers=admin, status=403)["code"] == "not_your_part"


def test_an_approver_does_not_plan(finance, make):
    assert finance.plan(headers=finance.approver, status=403)["code"] == "not_your_part"


def test_another_digest_is_refused(finance, make):
    earned(make, 100_000)
    run = finance.plan()
    for digest in ("0" * 64, "x", run["digest"].upper() + " "):
        assert finance.approve(run, digest=digest, status=409)["code"] == "digest_changed"
    assert finance.show(run)["status"] == "draft"


def test_rows_that_were_changed_are_not_approved(finance, session, make):
    earned(make, 100_000)
    run = finance.plan()
    session.execute(sa.update(Payout).values(payee="ORANG LAIN"))
    session.commit()
    assert finance.approve(run, status=409)["code"] == "digest_changed"


def test_rows_that_were_changed_are_not_sent(finance, session, make):
    earned(make, 100_000)
    run = finance.plan()
    finance.approve(run)
    session.execute(sa.update(Payout).values(payee="ORANG LAIN"))
    session.commit()
    assert finance.submit(run, status=409)["code"] == "digest_changed"
    assert session.execute(sa.select(sa.func.count(PayoutAttempt.id))).scalar_one() == 0


def test_nobody_approves_twice_and_nothing_is_sent_before(finance, make):
    earned(make, 100_000)
    run = finance.plan()
    assert finance.submit(run, status=409)["code"] == "not_approved"
    finance.approve(run)
    assert finance.approve(run, status=409)["code"] == "not_a_draft"


def test_submission_again_sends_nothing_again(finance, session, make):
    earned(make, 100_000)
    run = finance.plan()
    finance.approve(run)
    first = finance.submit(run)
    assert finance.submit(run) == first
    assert session.execute(sa.select(sa.func.count(PayoutAttempt.id))).scalar_one() == len(first["payouts"])


def test_lists_page_newest_first(finance, make):
    ids = [finance.plan()["id"] for _ in range(3)]
    first = finance.client.get(f"{API}?limit=2", headers=finance.maker).json
    assert [row["id"] for row in first["items"]] == ids[:0:-1]
    rest = finance.client.get(f"{API}?limit=2&cursor={first['next']}", headers=finance.maker).json
    assert [row["id"] for row in rest["items"]] == ids[:1]
    assert rest["next"] is None


def test_strangers_learn_nothing(finance, make):
    earnings = earned(make, 100_000)
    run = finance.plan()
    payout = run["payouts"][0]["payout"]
    strangers = [
        make.key(Role.COMMUNITY_OWNER, earnings.community.id),
        make.key(Role.MERCHANT_STAFF, earnings.merchant.id),
    ]
    gets = [API, f"{API}/{run['id']}", f"{API}/{run['id']}/report.csv", f"{API}/{run['id']}/report.xlsx"]
    posts = [API, *(f"{API}/{run['id']}/{step}" for step in ("approval", "submission", "cancellation"))]
    for headers in strangers:
        for path in [*gets, f"/api/v1/payouts/{payout}"]:
            assert finance.client.get(path, headers=headers).status_code == 404, path
        for path in [*posts, f"/api/v1/payouts/{payout}/settlement"]:
            assert finance.client.post(path, headers=headers, json={}).status_code == 404, path
    assert finance.client.get(API).status_code == 401
    assert finance.show(run)["status"] == "draft"


def test_what_is_not_there_is_404(finance):
    for number in (999_999, 2**63, 10**30):
        assert finance.client.get(f"{API}/{number}", headers=finance.maker).status_code == 404
        assert finance.client.get(f"{API}/{number}/report.csv", headers=finance.maker).status_code == 404
        answer = finance.client.post(
            f"/api/v1/payouts/{number}/settlement", headers=finance.maker, json={"status": "failed"}
        )
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"cutoff": "besok"}, "cutoff"),
        ({"cutoff": None}, "cutoff"),
        ({"cutoff": 20261115}, "cutoff"),
        ({"cutoff": "2026-11-15\u0000"}, "cutoff"),
        ({"currency": "XXX"}, "currency"),
        ({"currency": ["IDR"]}, "currency"),
        ({"currency": {"IDR": 1}, "minimum": "1"}, "currency"),
        ({"minimum": "-1"}, "minimum"),
        ({"minimum": "NaN"}, "minimum"),
        ({"minimum": "1e9"}, "minimum"),
        ({"minimum": 1.5}, "minimum"),
        ({"minimum": "0.001"}, "minimum"),
        ({"minimum": "9" * 30}, "minimum"),
        ({"minimum": {"amount": "1", "currency": "USD"}}, "minimum"),
        ({"minimum": {"amount": "1"}}, "minimum.currency"),
        ({"minimum": {"amount": "1", "currency": []}}, "minimum.currency"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_wrong_plans_are_refused_with_the_field(finance, session, over, field):
    answer = finance.plan(status=422, **over)
    assert field in answer["errors"], answer
    assert session.execute(sa.select(sa.func.count(PayoutRun.id))).scalar_one() == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "status"),
        ({"status": "sent"}, "status"),
        ({"status": ["paid"]}, "status"),
        ({"status": "paid"}, "reference"),
        ({"status": "paid", "reference": "\u0000 \u202e"}, "reference"),
        ({"status": "paid", "reference": "x" * 121}, "reference"),
        ({"status": "paid", "reference": 5}, "reference"),
        ({"status": "failed", "amount": "1"}, "amount"),
    ],
)
def test_wrong_settlements_are_refused_with_the_field(finance, make, body, field):
    earned(make, 100_000)
    run = finance.plan()
    finance.approve(run)
    row = finance.submit(run)["payouts"][0]
    answer = finance.client.post(f"/api/v1/payouts/{row['payout']}/settlement", headers=finance.maker, json=body)
    assert answer.status_code == 422
    assert field in answer.json["errors"]


def test_an_approval_without_a_digest_is_refused(finance, make):
    earned(make, 100_000)
    run = finance.plan()
    for body in ({}, {"digest": None}, {"digest": 5}, {"digest": run["digest"], "x": 1}):
        answer = finance.client.post(f"{API}/{run['id']}/approval", headers=finance.approver, json=body)
        assert answer.status_code == 422


def test_the_same_plan_with_one_key_is_one_run(finance, make):
    earned(make, 100_000)
    headers = finance.maker | {"Idempotency-Key": "november"}
    first = finance.plan(headers=headers)
    assert finance.plan(headers=headers) == first
    assert CUTOFF in first["cutoff"]
