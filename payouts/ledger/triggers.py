"""What the database itself holds of the books, on both engines.

An entry is born unsealed, gets its postings, and is sealed: only when it has two legs or more, in its own currency,
that sum to zero. From then on nothing of it can be added to, changed or deleted. PostgreSQL also refuses to commit an
unsealed entry (SQLite has no such trigger: `verify` looks). Accounts are never changed or deleted.
"""

from __future__ import annotations

from affiliate.core import append_only
from affiliate.core.append_only import protect, refuse_postgresql, refuse_sqlite
from payouts.ledger.models import LedgerAccount, LedgerEntry, Posting

_SAME_ENTRY = " AND ".join(f"NEW.{name} = OLD.{name}" for name in ("id", "source", "text", "currency", "occurred_at"))
_BALANCED = (
    "(SELECT count(*) >= 2 AND sum(amount_minor) = 0 FROM postings WHERE entry_id = NEW.id) "
    "AND NOT EXISTS (SELECT 1 FROM postings JOIN ledger_accounts ON ledger_accounts.id = postings.account_id "
    "WHERE postings.entry_id = NEW.id AND ledger_accounts.currency <> NEW.currency)"
)
_SEALED = "EXISTS (SELECT 1 FROM ledger_entries WHERE id = {row}.entry_id AND sealed_at IS NOT NULL)"


def statements(dialect_name: str) -> list[str]:
    """All statements of an engine that keep tables append-only: of the books, and of every room that asked for it."""
    return append_only.statements(dialect_name)


def _sqlite_trigger(name: str, moment: str, table: str, when: str, message: str) -> str:
    return (
        f"CREATE TRIGGER {name} BEFORE {moment} ON {table} WHEN {when} "
        f"BEGIN SELECT RAISE(ABORT, '{table}: {message}'); END"
    )


def _entries_sqlite() -> list[str]:
    table = "ledger_entries"
    seals = f"OLD.sealed_at IS NULL AND NEW.sealed_at IS NOT NULL AND {_SAME_ENTRY}"
    return [
        _sqlite_trigger(
            f"{table}_born_open", "INSERT", table, "NEW.sealed_at IS NOT NULL", "an entry is sealed after its postings"
        ),
        _sqlite_trigger(f"{table}_no_update", "UPDATE", table, f"NOT ({seals})", "only sealing may change an entry"),
        _sqlite_trigger(f"{table}_balanced", "UPDATE", table, f"NOT ({_BALANCED})", "the legs do not balance"),
        *refuse_sqlite(table, "DELETE", "OLD.sealed_at IS NOT NULL"),
    ]


def _postings_sqlite() -> list[str]:
    table = "postings"
    return [
        _sqlite_trigger(f"{table}_no_insert", "INSERT", table, _SEALED.format(row="NEW"), "the entry is sealed"),
        *refuse_sqlite(table, "UPDATE"),
        *refuse_sqlite(table, "DELETE", _SEALED.format(row="OLD")),
    ]


def _function(name: str, body: str) -> str:
    return f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n{body}\nEND $$"


def _raise(condition: str, message: str) -> str:
    return (
        f"  IF {condition} THEN\n    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',\n"
        f"      MESSAGE = TG_TABLE_NAME || ': {message}';\n  END IF;"
    )


def _row_trigger(name: str, moment: str, table: str, function: str) -> str:
    return f"CREATE TRIGGER {name} BEFORE {moment} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()"


def _entries_postgresql() -> list[str]:
    table = "ledger_entries"
    seals = f"OLD.sealed_at IS NULL AND NEW.sealed_at IS NOT NULL AND {_SAME_ENTRY}"
    born = _raise("NEW.sealed_at IS NOT NULL", "an entry is sealed after its postings")
    only_seal = _raise(f"NOT ({seals})", "only sealing may change an entry")
    balanced = _raise(f"NOT ({_BALANCED})", "the legs do not balance")
    kept = _raise("OLD.sealed_at IS NOT NULL", "only grows")
    open_left = _raise(
        "EXISTS (SELECT 1 FROM ledger_entries WHERE id = NEW.id AND sealed_at IS NULL)", "an entry was left unsealed"
    )
    at_commit = (
        f"CREATE CONSTRAINT TRIGGER {table}_sealed_at_commit AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION ledger_entry_left_open()"
    )
    return [
        _function("ledger_entry_born", f"{born}\n  RETURN NEW;"),
        _function("ledger_entry_sealing", f"{only_seal}\n{balanced}\n  RETURN NEW;"),
        _function("ledger_entry_kept", f"{kept}\n  RETURN OLD;"),
        _function("ledger_entry_left_open", f"{open_left}\n  RETURN NULL;"),
        _row_trigger(f"{table}_born_open", "INSERT", table, "ledger_entry_born"),
        _row_trigger(f"{table}_no_update", "UPDATE", table, "ledger_entry_sealing"),
        _row_trigger(f"{table}_no_delete", "DELETE", table, "ledger_entry_kept"),
        at_commit,
        *refuse_postgresql(table),
    ]


def _postings_postgresql() -> list[str]:
    table = "postings"
    added = _raise(_SEALED.format(row="NEW"), "the entry is sealed")
    kept = _raise(_SEALED.format(row="OLD"), "only grows")
    return [
        _function("posting_added", f"{added}\n  RETURN NEW;"),
        _function("posting_kept", f"{kept}\n  RETURN OLD;"),
        _row_trigger(f"{table}_no_insert", "INSERT", table, "posting_added"),
        _row_trigger(f"{table}_no_delete", "DELETE", table, "posting_kept"),
        *refuse_postgresql(table, "UPDATE"),
    ]


protect(LedgerEntry.__table__, sqlite=_entries_sqlite(), postgresql=_entries_postgresql())
protect(Posting.__table__, sqlite=_postings_sqlite(), postgresql=_postings_postgresql())
append_only.append_only(LedgerAccount.__table__)
