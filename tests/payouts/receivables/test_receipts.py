from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from affiliate.core import clock
from affiliate.core.errors import Invalid
from affiliate.identity.models import AuditEntry, Role
from payouts.ledger import queries as ledger
from payouts.ledger.accounts import AccountKey
from payouts.receivables import queries
from payouts.receivables.models import Receipt
from payouts.receivables.service import ReferenceUsed, record_receipt
from tests.conftest import NOW
from tests.factories import PASSWORD, ROBOT
from tests.payouts.earning import Earnings

CASH = AccountKey("cash", "platform", "IDR")


@pytest.fixture
def earnings(make) -> Earnings:
    return Earnings(make)


def receive(earnings: Earnings, amount: int = 1_000, reference: str = "TRF-1", currency: str = "IDR") -> Receipt:
    return record_receipt(
        earnings.session, earnings.merchant, amount_minor=amount, currency=currency, reference=reference,
        received_at=NOW, actor=ROBOT, now=NOW,
    )  # fmt: skip


def count(session, table) -> int:
    return session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_a_receipt_is_kept_booked_and_noted(session, earnings):
    receipt = receive(earnings, 1_500)
    assert ledger.balance(session, CASH) == 1_500
    owes = AccountKey("receivable", f"merchant:{earnings.merchant.id}", "IDR")
    assert ledger.balance(session, owes) == -1_500
    noted = session.execute(sa.select(AuditEntry).where(AuditEntry.subject_kind == "receipt")).scalar_one()
    assert (noted.subject_id, noted.detail["amount_minor"]) == (str(receipt.id), 1_500)


def test_a_reference_is_taken_once_a_store(session, make, earnings):
    receive(earnings)
    with pytest.raises(ReferenceUsed):
        receive(earnings, 2_000, " TRF-1 ")
    receive(Earnings(make))
    assert count(session, Receipt) == 2
    assert ledger.balance(session, CASH) == 2_000


@pytest.mark.parametrize(
    ("amount", "reference", "field"),
    [(0, "TRF-1", "amount"), (-5, "TRF-1", "amount"), (5, " ", "reference"), (5, "x" * 121, "reference")],
)
def test_what_is_no_receipt_is_refused(session, earnings, amount, reference, field):
    with pytest.raises(Invalid) as refusal:
        receive(earnings, amount, reference)
    assert list(refusal.value.fields) == [field]
    assert count(session, Receipt) == 0


def test_standings_say_what_is_owed_received_and_reached(session, make, earnings):
    earnings.earn(1_000, ref="A-1")
    earnings.earn(500, ref="A-2")
    earnings.earn(100, ref="A-3")
    earnings.book()
    receive(earnings, 1_400)
    standing = queries.standings_of(session, earnings.merchant)[0]
    assert (standing.owed_minor, standing.received_minor, standing.open_minor) == (1_600, 1_400, 200)
    assert standing.up_to.ref == "A-1"
    receive(earnings, 300, "TRF-2")
    ahead = queries.standings_of(session, earnings.merchant)[0]
    assert (ahead.open_minor, ahead.up_to.ref) == (-100, "A-3")


def test_a_store_that_paid_before_it_owed_stands_ahead(session, earnings):
    receive(earnings, 700)
    standing = queries.standings_of(session, earnings.merchant)[0]
    assert (standing.owed_minor, standing.open_minor, standing.up_to) == (0, -700, None)


# -- The page


def enter(client, make, role, scope_id=None) -> None:
    user = make.user(role, scope_id, locale="en")
    make.session.commit()
    assert client.post("/sign-in", data={"email": user.email, "password": PASSWORD}).status_code == 303


def today() -> str:
    return clock.local_date(clock.now(), "Asia/Jakarta").isoformat()


def form(earnings: Earnings, **over) -> dict[str, str]:
    given = {"amount": "1.500.000", "reference": "TRF-77", "received_on": today()}
    return {"merchant": earnings.merchant.slug, **given, **over}


def test_finance_records_what_came_and_sees_it(client, make, earnings):
    earnings.earn(200_000_000)
    earnings.book()
    enter(client, make, Role.FINANCE_MAKER)
    answer = client.post("/finance/receipts", data=form(earnings), follow_redirects=True)
    assert answer.status_code == 200
    text = " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())
    assert f"Rp1.500.000 from {earnings.merchant.name} is in the books." in text
    assert f"{earnings.merchant.name} Rp2.000.000 Rp1.500.000 Rp500.000" in text
    assert "TRF-77" in text
    assert ledger.balance(make.session, CASH) == 150_000_000


def test_another_currency_is_named_with_the_amount(client, make, earnings):
    enter(client, make, Role.FINANCE_MAKER)
    client.post("/finance/receipts", data=form(earnings, amount="120 USD"))
    assert ledger.balance(make.session, AccountKey("cash", "platform", "USD")) == 12_000


@pytest.mark.parametrize(
    ("over", "status", "told"),
    [
        ({"amount": "seribu"}, 422, "Write an amount such as"),
        ({"amount": "-5"}, 422, "Write an amount such as"),
        ({"amount": "0"}, 422, "Write an amount above zero."),
        ({"amount": "NaN"}, 422, "Write an amount such as"),
        ({"amount": "99999999999999999"}, 422, "Write an amount such as"),
        ({"amount": ""}, 422, "f-amount"),
        ({"reference": "  "}, 422, "Write the bank"),
        ({"reference": "x" * 500}, 422, "1 to 120 characters"),
        ({"received_on": "besok"}, 422, "f-received_on"),
        ({"received_on": "1999-12-31"}, 422, "today at the latest"),
        ({"received_on": "2999-01-01"}, 422, "today at the latest"),
        ({"merchant": "tidak-ada"}, 422, "Choose one of the stores."),
        ({"note": "x"}, 422, "message-bad"),
    ],
)
def test_a_wrong_entry_is_told_and_what_was_typed_is_kept(client, make, earnings, over, status, told):
    enter(client, make, Role.FINANCE_MAKER)
    answer = client.post("/finance/receipts", data=form(earnings, **over))
    assert (answer.status_code, told in answer.text) == (status, True)
    assert over.get("reference", "TRF-77").strip() in answer.text
    assert count(make.session, Receipt) == 0


def test_the_same_reference_again_is_told_and_changes_nothing(client, make, earnings):
    enter(client, make, Role.FINANCE_MAKER)
    client.post("/finance/receipts", data=form(earnings))
    answer = client.post("/finance/receipts", data=form(earnings))
    assert answer.status_code == 409
    assert "Nothing was recorded twice" in answer.text
    assert count(make.session, Receipt) == 1


def test_an_approver_looks_but_does_not_record(client, make, earnings):
    enter(client, make, Role.FINANCE_APPROVER)
    page = client.get("/finance/receipts")
    assert page.status_code == 200
    assert "Record receipt" not in page.text
    assert client.post("/finance/receipts", data=form(earnings)).status_code == 404
    assert count(make.session, Receipt) == 0


@pytest.mark.parametrize("role", [Role.COMMUNITY_OWNER, Role.MERCHANT_STAFF])
def test_others_do_not_find_the_page(client, make, earnings, role):
    enter(client, make, role, earnings.community.id if role is Role.COMMUNITY_OWNER else earnings.merchant.id)
    assert client.get("/finance/receipts").status_code == 404
    assert client.post("/finance/receipts", data=form(earnings)).status_code == 404


def test_an_empty_page_says_what_to_do_next(client, make):
    enter(client, make, Role.FINANCE_MAKER)
    page = client.get("/finance/receipts").text
    assert "No store owes us anything yet" in page
    assert "No partner store yet" in page


# -- The API


def body(earnings: Earnings, **over) -> dict:
    money = {"amount": "15000.00", "currency": "IDR"}
    given = {"merchant": earnings.merchant.slug, "amount": money, "reference": "TRF-77", "received_on": today()}
    return given | over


def test_a_program_records_and_lists_receipts(client, make, earnings):
    headers = make.key(Role.FINANCE_MAKER)
    answer = client.post("/api/v1/receipts", json=body(earnings), headers=headers)
    assert answer.status_code == 201
    assert answer.json["amount"] == {"amount": "15000.00", "currency": "IDR"}
    assert answer.json["received_on"] == today()
    listed = client.get("/api/v1/receipts", headers=headers).json
    assert listed == {"items": [answer.json], "next": None}
    again = client.post("/api/v1/receipts", json=body(earnings), headers=headers)
    assert (again.status_code, again.json["code"]) == (409, "receipt_reference_used")
    assert ledger.balance(make.session, CASH) == 1_500_000


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"amount": {"amount": "-1.00", "currency": "IDR"}}, "amount"),
        ({"amount": {"amount": "NaN", "currency": "IDR"}}, "amount.amount"),
        ({"amount": {"amount": "1.001", "currency": "IDR"}}, "amount.amount"),
        ({"amount": {"amount": "1.00", "currency": "XXX"}}, "amount.currency"),
        ({"amount": "1.00"}, "amount"),
        ({"reference": ""}, "reference"),
        ({"received_on": (NOW + timedelta(days=9999)).date().isoformat()}, "received_on"),
        ({"note": "x"}, "note"),
    ],
)
def test_a_wrong_body_names_its_field(client, make, earnings, over, field):
    answer = client.post("/api/v1/receipts", json=body(earnings, **over), headers=make.key(Role.FINANCE_MAKER))
    assert answer.status_code == 422
    assert [name.split("._schema")[0] for name in answer.json["errors"]] == [field]
    assert count(make.session, Receipt) == 0


def test_a_store_lists_its_own_receipts_only(client, make, earnings):
    receive(earnings)
    other = Earnings(make)
    receive(other, 7)
    headers = make.key(Role.MERCHANT_STAFF, earnings.merchant.id)
    items = client.get("/api/v1/receipts", headers=headers).json["items"]
    assert [item["merchant"] for item in items] == [earnings.merchant.slug]
    asked = client.get(f"/api/v1/receipts?merchant={other.merchant.slug}", headers=headers)
    assert asked.status_code == 404
    assert client.post("/api/v1/receipts", json=body(earnings), headers=headers).status_code == 404
