"""`flask verify`: every invariant with the number of its violations, read-only. Meant for every night and every doubt.

Rooms keep their checks in `checks.py`. I-07 of the catalogue of invariants (a stored balance equals its sum) has no
check, because no balance is stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import click
import sqlalchemy as sa
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from affiliate.commissions import checks as commissions
from affiliate.core.db import db, forget_session, is_postgres
from affiliate.tracking.rollups import checks as rollups
from payouts.booking import checks as booking
from payouts.ledger import checks as ledger
from payouts.ledger.checks import Check
from payouts.receivables import checks as receivables
from payouts.runs import checks as runs

ROOMS: Sequence[Sequence[Check]] = (
    rollups.CHECKS,
    commissions.CHECKS,
    ledger.CHECKS,
    booking.CHECKS,
    receivables.CHECKS,
    runs.CHECKS,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant and how many rows break it."""

    code: str
    sentence: str
    violations: int


def findings(session: Session) -> list[Finding]:
    """All invariants of all rooms, in order of their codes."""
    found = [Finding(code, sentence, check(session)) for room in ROOMS for code, sentence, check in room]
    return sorted(found, key=lambda finding: finding.code)


@contextmanager
def reading(session: Session) -> Iterator[Session]:
    """The session on one snapshot, in which the database itself refuses every write.

    A session that is bound to somebody's connection, in the midst of their transaction, reads what they see.
    """
    if not is_postgres(session):
        session.execute(sa.text("PRAGMA query_only = ON"))
    elif isinstance(session.get_bind(), sa.Engine):
        session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
    try:
        yield session
    finally:
        if not is_postgres(session):
            session.execute(sa.text("PRAGMA query_only = OFF"))
        session.rollback()


@click.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@with_appcontext
def command(as_json: bool) -> None:
    """Check every invariant. Exit 0 only when all hold."""
    forget_session()
    with reading(db.session) as session:
        found = findings(session)
    broken = [finding for finding in found if finding.violations]
    if as_json:
        click.echo(json.dumps({"ok": not broken, "checks": [asdict(finding) for finding in found]}, indent=2))
    else:
        for finding in found:
            click.echo(f"{finding.violations:>8}  {finding.code:<15} {finding.sentence}")
        click.echo(f"{len(found)} invariants, {len(broken)} broken.")
    raise SystemExit(1 if broken else 0)
