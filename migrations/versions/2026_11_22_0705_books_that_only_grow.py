"""What the database itself holds of the books: tables that only grow, entries that must balance.

A copy, as every migration is: `affiliate.core.append_only.statements` must say the same (a test compares them).
"""

from alembic import op

revision = "2026_11_22_0705"
down_revision = "2026_11_22_0700"
branch_labels = None
depends_on = None

SQLITE = [
    """
CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit_entries only grows: update refused'); END
    """,
    """
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit_entries only grows: delete refused'); END
    """,
    """
CREATE TRIGGER commission_events_no_update BEFORE UPDATE ON commission_events BEGIN SELECT RAISE(ABORT, 'commission_events only grows: update refused'); END
    """,
    """
CREATE TRIGGER commission_events_no_delete BEFORE DELETE ON commission_events BEGIN SELECT RAISE(ABORT, 'commission_events only grows: delete refused'); END
    """,
    """
CREATE TRIGGER commission_shares_no_update BEFORE UPDATE ON commission_shares BEGIN SELECT RAISE(ABORT, 'commission_shares only grows: update refused'); END
    """,
    """
CREATE TRIGGER commission_shares_no_delete BEFORE DELETE ON commission_shares BEGIN SELECT RAISE(ABORT, 'commission_shares only grows: delete refused'); END
    """,
    """
CREATE TRIGGER ledger_accounts_no_update BEFORE UPDATE ON ledger_accounts BEGIN SELECT RAISE(ABORT, 'ledger_accounts only grows: update refused'); END
    """,
    """
CREATE TRIGGER ledger_accounts_no_delete BEFORE DELETE ON ledger_accounts BEGIN SELECT RAISE(ABORT, 'ledger_accounts only grows: delete refused'); END
    """,
    """
CREATE TRIGGER ledger_entries_born_open BEFORE INSERT ON ledger_entries WHEN NEW.sealed_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'ledger_entries: an entry is sealed after its postings'); END
    """,
    """
CREATE TRIGGER ledger_entries_no_update BEFORE UPDATE ON ledger_entries WHEN NOT (OLD.sealed_at IS NULL AND NEW.sealed_at IS NOT NULL AND NEW.id = OLD.id AND NEW.source = OLD.source AND NEW.text = OLD.text AND NEW.currency = OLD.currency AND NEW.occurred_at = OLD.occurred_at) BEGIN SELECT RAISE(ABORT, 'ledger_entries: only sealing may change an entry'); END
    """,
    """
CREATE TRIGGER ledger_entries_balanced BEFORE UPDATE ON ledger_entries WHEN NOT ((SELECT count(*) >= 2 AND sum(amount_minor) = 0 FROM postings WHERE entry_id = NEW.id) AND NOT EXISTS (SELECT 1 FROM postings JOIN ledger_accounts ON ledger_accounts.id = postings.account_id WHERE postings.entry_id = NEW.id AND ledger_accounts.currency <> NEW.currency)) BEGIN SELECT RAISE(ABORT, 'ledger_entries: the legs do not balance'); END
    """,
    """
CREATE TRIGGER ledger_entries_no_delete BEFORE DELETE ON ledger_entries WHEN OLD.sealed_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'ledger_entries only grows: delete refused'); END
    """,
    """
CREATE TRIGGER postings_no_insert BEFORE INSERT ON postings WHEN EXISTS (SELECT 1 FROM ledger_entries WHERE id = NEW.entry_id AND sealed_at IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'postings: the entry is sealed'); END
    """,
    """
CREATE TRIGGER postings_no_update BEFORE UPDATE ON postings BEGIN SELECT RAISE(ABORT, 'postings only grows: update refused'); END
    """,
    """
CREATE TRIGGER postings_no_delete BEFORE DELETE ON postings WHEN EXISTS (SELECT 1 FROM ledger_entries WHERE id = OLD.entry_id AND sealed_at IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'postings only grows: delete refused'); END
    """,
]

POSTGRESQL = [
    """
CREATE OR REPLACE FUNCTION etalase_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
    MESSAGE = TG_TABLE_NAME || ' only grows: ' || lower(TG_OP) || ' refused';
END $$
    """,
    """
CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries FOR EACH ROW EXECUTE FUNCTION etalase_refuse()
    """,
    """
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries FOR EACH ROW EXECUTE FUNCTION etalase_refuse()
    """,
    """
CREATE TRIGGER audit_entries_no_truncate BEFORE TRUNCATE ON audit_entries EXECUTE FUNCTION etalase_refuse()
    """,
    """
CREATE TRIGGER commission_events_no_update BEFORE UPDATE ON commission_events FOR EACH ROW EXECUTE FUNCTION etalase_refuse()
    """,
    """
CREATE TRIGGER commission_events_no_delete BEFORE DELETE ON commission_events FOR EACH ROW EXECUTE FUNCTION etalase_refuse()
    """,
    """
CREATE TRIGGER commission_events_no_truncate BEFORE TRUNCATE ON commission_events EXECUTE FUNCTION etalase_refuse()
    """,
    """
CREATE TRIGGER commission_shares_no_update BEFORE UPDATE ON commission_shares FOR EACH ROW EXECUTE FUNCTION etalase_refuse()
    """,
    """
CREATE TRIGGER commission_shares_no_delete BEFORE DELETE ON commission_shares FOR EACH ROW EXECUTE FUNCTION etalase_refuse()
    """,
    """
CREATE TRIGGER commission_shares_no_truncate BEFORE TRUNCATE ON commission_shares EXECUTE FUNCTION etalase_refuse()
    """,
    """
CREATE TRIGGER ledger_accounts_no_update BEFORE UPDATE ON ledger_accounts FOR EACH ROW EXECUTE FUNCTION etalase_refuse()
    """,
    """
CREATE TRIGGER ledger_accounts_no_delete BEFORE DELETE ON ledger_accounts FOR EACH ROW EXECUTE FUNCTION etalase_refuse()
    """,
    """
CREATE TRIGGER ledger_accounts_no_truncate BEFORE TRUNCATE ON ledger_accounts EXECUTE FUNCTION etalase_refuse()
    """,
    """
CREATE OR REPLACE FUNCTION ledger_entry_born() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.sealed_at IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
      MESSAGE = TG_TABLE_NAME || ': an entry is sealed after its postings';
  END IF;
  RETURN NEW;
END $$
    """,
    """
CREATE OR REPLACE FUNCTION ledger_entry_sealing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (OLD.sealed_at IS NULL AND NEW.sealed_at IS NOT NULL AND NEW.id = OLD.id AND NEW.source = OLD.source AND NEW.text = OLD.text AND NEW.currency = OLD.currency AND NEW.occurred_at = OLD.occurred_at) THEN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
      MESSAGE = TG_TABLE_NAME || ': only sealing may change an entry';
  END IF;
  IF NOT ((SELECT count(*) >= 2 AND sum(amount_minor) = 0 FROM postings WHERE entry_id = NEW.id) AND NOT EXISTS (SELECT 1 FROM postings JOIN ledger_accounts ON ledger_accounts.id = postings.account_id WHERE postings.entry_id = NEW.id AND ledger_accounts.currency <> NEW.currency)) THEN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
      MESSAGE = TG_TABLE_NAME || ': the legs do not balance';
  END IF;
  RETURN NEW;
END $$
    """,
    """
CREATE OR REPLACE FUNCTION ledger_entry_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.sealed_at IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
      MESSAGE = TG_TABLE_NAME || ': only grows';
  END IF;
  RETURN OLD;
END $$
    """,
    """
CREATE OR REPLACE FUNCTION ledger_entry_left_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM ledger_entries WHERE id = NEW.id AND sealed_at IS NULL) THEN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
      MESSAGE = TG_TABLE_NAME || ': an entry was left unsealed';
  END IF;
  RETURN NULL;
END $$
    """,
    """
CREATE TRIGGER ledger_entries_born_open BEFORE INSERT ON ledger_entries FOR EACH ROW EXECUTE FUNCTION ledger_entry_born()
    """,
    """
CREATE TRIGGER ledger_entries_no_update BEFORE UPDATE ON ledger_entries FOR EACH ROW EXECUTE FUNCTION ledger_entry_sealing()
    """,
    """
CREATE TRIGGER ledger_entries_no_delete BEFORE DELETE ON ledger_entries FOR EACH ROW EXECUTE FUNCTION ledger_entry_kept()
    """,
    """
CREATE CONSTRAINT TRIGGER ledger_entries_sealed_at_commit AFTER INSERT ON ledger_entries DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_entry_left_open()
    """,
    """
CREATE TRIGGER ledger_entries_no_truncate BEFORE TRUNCATE ON ledger_entries EXECUTE FUNCTION etalase_refuse()
    """,
    """
CREATE OR REPLACE FUNCTION posting_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM ledger_entries WHERE id = NEW.entry_id AND sealed_at IS NOT NULL) THEN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
      MESSAGE = TG_TABLE_NAME || ': the entry is sealed';
  END IF;
  RETURN NEW;
END $$
    """,
    """
CREATE OR REPLACE FUNCTION posting_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM ledger_entries WHERE id = OLD.entry_id AND sealed_at IS NOT NULL) THEN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
      MESSAGE = TG_TABLE_NAME || ': only grows';
  END IF;
  RETURN OLD;
END $$
    """,
    """
CREATE TRIGGER postings_no_insert BEFORE INSERT ON postings FOR EACH ROW EXECUTE FUNCTION posting_added()
    """,
    """
CREATE TRIGGER postings_no_delete BEFORE DELETE ON postings FOR EACH ROW EXECUTE FUNCTION posting_kept()
    """,
    """
CREATE TRIGGER postings_no_update BEFORE UPDATE ON postings FOR EACH ROW EXECUTE FUNCTION etalase_refuse()
    """,
    """
CREATE TRIGGER postings_no_truncate BEFORE TRUNCATE ON postings EXECUTE FUNCTION etalase_refuse()
    """,
]


def upgrade() -> None:
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.get_bind().exec_driver_sql(statement.strip())


def downgrade() -> None:
    """Triggers go first, then the functions that only they use."""
    statements = SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL
    for statement in (text.split() for text in reversed(statements)):
        if "TRIGGER" in statement[:3]:
            name = statement[statement.index("TRIGGER") + 1]
            table = statement[statement.index("ON") + 1]
            on = "" if op.get_bind().dialect.name == "sqlite" else f" ON {table}"
            op.execute(f"DROP TRIGGER {name}{on}")
    for statement in (text.split() for text in statements):
        if "FUNCTION" in statement[:4]:
            op.execute(f"DROP FUNCTION {statement[statement.index('FUNCTION') + 1]}")
