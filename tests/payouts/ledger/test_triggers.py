"""What the database refuses, whoever asks: every statement here goes past our own code."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from affiliate.commissions.models import CommissionEvent
from affiliate.core import append_only
from affiliate.identity.models import Role
from payouts.ledger import triggers
from payouts.ledger.models import LedgerEntry, Posting
from payouts.ledger.service import post
from tests.conftest import NOW
from tests.payouts.earning import Earnings
from tests.payouts.ledger.test_service import owed


def refused(session, statement: str, **values) -> None:
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(sa.text(statement), values)


@pytest.fixture
def sealed(session) -> LedgerEntry:
    post(session, [owed(100)], now=NOW)
    return session.execute(sa.select(LedgerEntry)).scalar_one()


@pytest.fixture
def unsealed(session, sealed) -> LedgerEntry:
    """An entry without postings, beside the sealed one whose accounts it may use."""
    row = LedgerEntry(source="test:open", text="Test", currency="IDR", occurred_at=NOW)
    session.add(row)
    session.flush()
    return row


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entries SET text = 'other' WHERE id = :id",
        "UPDATE ledger_entries SET sealed_at = NULL WHERE id = :id",
        "UPDATE ledger_entries SET sealed_at = occurred_at WHERE id = :id",
        "DELETE FROM ledger_entries WHERE id = :id",
        "UPDATE postings SET amount_minor = amount_minor WHERE entry_id = :id",
        "DELETE FROM postings WHERE entry_id = :id",
        "INSERT INTO postings (entry_id, account_id, amount_minor) SELECT :id, max(account_id), 1 FROM postings",
        "DELETE FROM ledger_accounts",
        "UPDATE ledger_accounts SET owner = 'community:2'",
    ],
)
def test_what_is_sealed_stays_as_it_is(session, sealed, statement):
    refused(session, statement, id=sealed.id)


def test_an_entry_cannot_be_born_sealed(session):
    refused(
        session,
        "INSERT INTO ledger_entries (source, text, currency, occurred_at, sealed_at) "
        "VALUES ('test:9', 'Test', 'IDR', '2026-11-01 09:00:00', '2026-11-01 09:00:00')",
    )


def seal(session, entry: LedgerEntry) -> None:
    session.execute(sa.update(LedgerEntry).where(LedgerEntry.id == entry.id).values(sealed_at=NOW))


@pytest.mark.parametrize("amounts", [(), (5,), (5, -4), (5, -5, 1)])
def test_an_entry_that_does_not_balance_cannot_be_sealed(session, unsealed, amounts):
    account = session.execute(sa.select(Posting.account_id)).scalars().first()
    for amount in amounts:
        session.add(Posting(entry_id=unsealed.id, account_id=account, amount_minor=amount))
    session.flush()
    with pytest.raises(IntegrityError), session.begin_nested():
        seal(session, unsealed)


def test_an_entry_with_a_leg_in_another_currency_cannot_be_sealed(session, sealed):
    account = session.execute(sa.select(Posting.account_id)).scalars().first()
    entry = LedgerEntry(source="test:usd", text="Test", currency="USD", occurred_at=NOW)
    session.add(entry)
    session.flush()
    session.add_all(Posting(entry_id=entry.id, account_id=account, amount_minor=n) for n in (5, -5))
    session.flush()
    with pytest.raises(IntegrityError), session.begin_nested():
        seal(session, entry)


def test_sealing_changes_nothing_else(session, unsealed):
    account = session.execute(sa.select(Posting.account_id)).scalars().first()
    session.add_all(Posting(entry_id=unsealed.id, account_id=account, amount_minor=n) for n in (5, -5))
    session.flush()
    refused(session, "UPDATE ledger_entries SET sealed_at = occurred_at, text = 'other' WHERE id = :id", id=unsealed.id)
    seal(session, unsealed)
    refused(session, "UPDATE postings SET amount_minor = 6 WHERE entry_id = :id", id=unsealed.id)


def test_postgresql_refuses_to_commit_an_unsealed_entry(session, engine_name, unsealed):
    if engine_name != "postgres":
        pytest.skip("SQLite has no constraint trigger at commit; verify finds such an entry")
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))


@pytest.mark.parametrize("table", ["commission_events", "commission_shares", "audit_entries"])
def test_what_was_earned_and_done_is_never_rewritten(session, make, table):
    Earnings(make).earn(1000)
    make.key(Role.ADMIN)
    assert session.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() > 0
    refused(session, f"UPDATE {table} SET id = id")
    refused(session, f"DELETE FROM {table}")
    if session.get_bind().dialect.name == "postgresql":
        refused(session, f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize("dialect", append_only.DIALECTS)
def test_the_statements_of_an_engine_name_every_guarded_table(dialect):
    statements = triggers.statements(dialect)
    assert len(statements) == len(set(statements))
    tables = {"ledger_accounts", "ledger_entries", "postings", "commission_events", "commission_shares"}
    guarded = {name for name in (*tables, "audit_entries") if any(f" ON {name} " in text for text in statements)}
    assert guarded == {*tables, "audit_entries"}
    assert not any(":" in text.replace(": ", "") for text in statements), "a colon would be read as a parameter"


def test_every_trigger_stands_in_the_catalogue(session, engine_name):
    dialect = "postgresql" if engine_name == "postgres" else engine_name
    assert len(append_only.trigger_names(dialect)) >= 12
    assert append_only.missing_triggers(session) == set()


def test_a_missing_trigger_is_noticed(session, engine_name):
    table = f" ON {CommissionEvent.__tablename__}" if engine_name == "postgres" else ""
    session.execute(sa.text(f"DROP TRIGGER commission_events_no_update{table}"))
    assert append_only.missing_triggers(session) == {"commission_events_no_update"}
