from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from affiliate.core import clock
from affiliate.identity.models import Role
from payouts.ledger.models import LedgerAccount
from payouts.receivables.service import record_receipt
from tests.conftest import NOW
from tests.factories import PASSWORD, ROBOT
from tests.payouts.earning import Earnings

ROWS = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)


@pytest.fixture
def earnings(make) -> Earnings:
    return Earnings(make)


def enter(client, make, role, scope_id=None) -> None:
    user = make.user(role, scope_id, locale="en")
    make.session.commit()
    assert client.post("/sign-in", data={"email": user.email, "password": PASSWORD}).status_code == 303


def words(html: str) -> str:
    """The text of a page, on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def rows_of(html: str) -> list[str]:
    return [words(row) for row in ROWS.findall(html)]


def receive(earnings: Earnings, amount: int, reference: str = "TRF-1") -> None:
    record_receipt(
        earnings.session, earnings.merchant, amount_minor=amount, currency="IDR", reference=reference,
        received_at=NOW, actor=ROBOT, now=NOW,
    )  # fmt: skip


# -- A community's balance


def test_the_balance_shows_every_figure_and_opens_every_line(client, make, earnings):
    now = clock.now()
    earned = earnings.earn(10_000_000, available_on=now - timedelta(days=2), ref="A-1")
    earnings.earn(5_000_000, available_on=now + timedelta(days=5), ref="A-2")
    earnings.book()
    earnings.payout(earnings.owner, 6_000_000, "reserved", "paid", now=now)
    enter(client, make, Role.COMMUNITY_OWNER, earnings.community.id)
    page = client.get(f"/portal/{earnings.community.slug}/balance").text
    text = words(page)
    assert "Available Rp30.000" in text
    assert "On hold Rp45.000" in text
    assert "Paid Rp60.000" in text
    assert "All lines together are what we owe you now: Rp75.000" in text
    assert f"/commissions/{earned.commission_id}" in page
    assert sum("A-1" in row for row in rows_of(page)) == 2, "one line for the community, one for the curator"
    assert any("Payout paid" in row and "−Rp60.000" in row for row in rows_of(page))


def test_held_money_stands_under_its_day(client, make, earnings):
    day = clock.now() + timedelta(days=5)
    earnings.earn(5_000_000, available_on=day)
    earnings.book()
    enter(client, make, Role.CURATOR, earnings.community.id)
    page = client.get(f"/portal/{earnings.community.slug}/balance").text
    written = f"{clock.local_date(day, 'Asia/Jakarta'):%-d %b %Y} Rp45.000"
    assert any(row == written for row in rows_of(page))
    assert "<svg" in page


def test_a_line_says_when_it_waits_for_the_stores_money(client, make):
    earnings = Earnings(make, needs_funding=True)
    earnings.earn(1_000_000, available_on=NOW, ref="A-1")
    earnings.earn(1_000_000, available_on=NOW, ref="A-2")
    earnings.book()
    receive(earnings, 1_000_000)
    enter(client, make, Role.COMMUNITY_OWNER, earnings.community.id)
    page = client.get(f"/portal/{earnings.community.slug}/balance").text
    waiting = {
        ref: [row for row in rows_of(page) if ref in row and "Waiting for the store" in row] for ref in ("A-1", "A-2")
    }
    assert {ref: len(rows) for ref, rows in waiting.items()} == {"A-1": 0, "A-2": 2}


def test_one_currency_is_shown_at_a_time(client, make, earnings):
    earnings.earn(5_000_000, available_on=NOW)
    earnings.currency = "USD"
    earnings.earn(1_000, available_on=NOW)
    earnings.book()
    enter(client, make, Role.COMMUNITY_OWNER, earnings.community.id)
    address = f"/portal/{earnings.community.slug}/balance"
    assert "Available Rp45.000" in words(client.get(address).text)
    assert "Available $9.00" in words(client.get(address, query_string={"currency": "USD"}).text)
    assert "Available Rp45.000" in words(client.get(address, query_string={"currency": "<script>"}).text)


def test_a_long_statement_has_older_pages_that_together_are_whole(client, make, earnings):
    for _ in range(60):
        earnings.earn(100_000, available_on=NOW)
    earnings.book()
    enter(client, make, Role.COMMUNITY_OWNER, earnings.community.id)
    address, found = f"/portal/{earnings.community.slug}/balance", []
    while address:
        page = client.get(address).text
        found += re.findall(r"order (O-\d+)", page)
        older = re.search(r'class="pager".*?href="([^"]+)"', page, re.DOTALL)
        address = older.group(1).replace("&amp;", "&") if older else None
    assert sorted(found) == sorted([f"O-{n}" for n in range(1, 61)] * 2)


def test_an_empty_balance_says_what_comes_first(client, make, earnings):
    enter(client, make, Role.COMMUNITY_OWNER, earnings.community.id)
    assert "Nothing earned yet" in client.get(f"/portal/{earnings.community.slug}/balance").text


def test_another_communitys_balance_is_not_there(client, make, earnings):
    enter(client, make, Role.COMMUNITY_OWNER, make.community().id)
    assert client.get(f"/portal/{earnings.community.slug}/balance").status_code == 404


def test_a_foreign_cursor_is_refused_with_a_sentence(client, make, earnings):
    earnings.earn(1_000)
    earnings.book()
    enter(client, make, Role.COMMUNITY_OWNER, earnings.community.id)
    assert client.get(f"/portal/{earnings.community.slug}/balance?cursor=nonsense").status_code == 422


# -- What a store owes


def test_a_store_sees_what_it_owes_order_by_order(client, make, earnings):
    first = earnings.earn(10_000_000, ref="A-1")
    earnings.earn(4_000_000, ref="A-2")
    earnings.take(first, 2_500_000)
    earnings.book()
    receive(earnings, 8_000_000)
    enter(client, make, Role.MERCHANT_STAFF, earnings.merchant.id)
    page = client.get(f"/merchant/{earnings.merchant.slug}/owed").text
    text = words(page)
    assert "Owed in all Rp115.000" in text
    assert "Received Rp80.000" in text
    assert "Open Rp35.000 covered up to order A-1" in text
    a_1 = next(row for row in rows_of(page) if row.startswith("A-1"))
    assert all(part in a_1 for part in ("Rp100.000", "−Rp25.000", "Rp75.000", "Covered"))
    assert next(row for row in rows_of(page) if row.startswith("A-2")).endswith("Rp40.000 Open Why this amount?")
    assert f"/commissions/{first.commission_id}" in page


def test_what_is_owed_can_be_downloaded_whole(client, make, earnings):
    first = earnings.earn(10_000_000, ref="=1+1")
    earnings.take(first, 2_500_000)
    for n in range(60):
        earnings.earn(1_000_000, ref=f"B-{n}")
    earnings.book()
    receive(earnings, 7_500_000)
    enter(client, make, Role.MERCHANT_STAFF, earnings.merchant.id)
    answer = client.get(f"/merchant/{earnings.merchant.slug}/owed.csv")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="owed-{earnings.merchant.slug}.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 61
    assert rows[-1]["order"] == "'=1+1", "no spreadsheet may take an order's number for a formula"
    assert [rows[-1][name] for name in ("earned", "taken_back", "owed", "status")] == [
        "100000.00", "-25000.00", "75000.00", "covered",
    ]  # fmt: skip
    assert {row["status"] for row in rows[:-1]} == {"open"}
    assert sum(float(row["owed"]) for row in rows) == 75_000 + 60 * 10_000


def test_a_store_that_owes_nothing_is_told_so(client, make, earnings):
    enter(client, make, Role.MERCHANT_STAFF, earnings.merchant.id)
    assert "Nothing is owed yet" in client.get(f"/merchant/{earnings.merchant.slug}/owed").text
    assert client.get(f"/merchant/{earnings.merchant.slug}/owed.csv").text.count("\n") == 1


@pytest.mark.parametrize("path", ["owed", "owed.csv"])
def test_another_stores_debt_is_not_there(client, make, earnings, path):
    enter(client, make, Role.MERCHANT_STAFF, make.merchant().id)
    assert client.get(f"/merchant/{earnings.merchant.slug}/{path}").status_code == 404


# -- The books


def test_the_trial_balance_proves_itself_equal(client, make, earnings):
    earnings.earn(10_000_000, available_on=NOW)
    earnings.book()
    receive(earnings, 4_000_000)
    earnings.payout(earnings.owner, 6_000_000, "reserved")
    enter(client, make, Role.FINANCE_MAKER)
    page = client.get("/finance/books").text
    rows = rows_of(page)
    assert "Our bank Asset 1 Rp40.000 –" in rows
    assert "Owed by stores Asset 1 Rp60.000 –" in rows
    assert "Owed to communities and curators Liability 2 – Rp30.000" in rows
    assert "On its way to the bank Liability 1 – Rp60.000" in rows
    assert "Our fees Income 1 – Rp10.000" in rows
    assert "Both sides Equal 6 Rp100.000 Rp100.000" in rows


def test_an_owner_in_debt_stands_on_the_other_side(client, make, earnings):
    earned = earnings.earn(10_000_000, available_on=NOW)
    earnings.book()
    earnings.payout(earnings.owner, 6_000_000, "reserved", "paid")
    earnings.take(earned, 10_000_000)
    earnings.book()
    enter(client, make, Role.ADMIN)
    page = client.get("/finance/books").text
    assert "Owed to communities and curators Liability 2 Rp60.000 –" in rows_of(page)
    assert "Equal" in words(page)


def test_every_account_opens_to_its_postings(client, make, earnings):
    earned = earnings.earn(10_000_000)
    earnings.book()
    enter(client, make, Role.FINANCE_APPROVER)
    accounts = client.get("/finance/books/IDR/payable").text
    assert f"{earnings.community.name} {earnings.owner} – Rp60.000" in rows_of(accounts)
    account = earnings.session.execute(
        sa.select(LedgerAccount.id).where(LedgerAccount.owner == earnings.owner)
    ).scalar_one()
    assert f"/finance/books/accounts/{account}" in accounts
    page = client.get(f"/finance/books/accounts/{account}").text
    assert f"commission_event:{earned.id}" in page
    assert "Rp60.000 credit" in words(page)


@pytest.mark.parametrize(
    "path", ["/finance/books/IDR/payable", "/finance/books/accounts/1", f"/finance/books/accounts/{2**70}"]
)
def test_an_account_that_is_not_there_is_404(client, make, path):
    enter(client, make, Role.FINANCE_MAKER)
    assert client.get(path).status_code == 404


def test_empty_books_say_so(client, make):
    enter(client, make, Role.FINANCE_MAKER)
    assert "The books are empty" in client.get("/finance/books").text


@pytest.mark.parametrize("role", [Role.COMMUNITY_OWNER, Role.MERCHANT_STAFF])
def test_the_books_are_for_finance_only(client, make, earnings, role):
    scope = earnings.community.id if role is Role.COMMUNITY_OWNER else earnings.merchant.id
    enter(client, make, role, scope)
    assert client.get("/finance/books").status_code == 404
    assert client.get("/finance/books/IDR/payable").status_code == 404
