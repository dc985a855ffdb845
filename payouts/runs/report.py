"""The payout report: one row a payout, as CSV and XLSX. Its total is the run's, and what the books reserved for it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO

import sqlalchemy as sa
import xlsxwriter
from sqlalchemy.orm import Session

from affiliate.core import clock, money
from affiliate.core.streams import csv_stream
from affiliate.identity.queries import people
from payouts.runs.models import Payout, PayoutRun
from payouts.runs.queries import owner_names

# The first nine are a promise to outside programs: in this order, never renamed. Others are added behind them.
COLUMNS = (
    "payout", "run", "owner", "role", "currency", "amount", "status", "rail", "reference",
    "name", "payee", "cutoff", "made_by", "approved_by", "settled_at",
)  # fmt: skip
AMOUNT = COLUMNS.index("amount")
BATCH = 1000


def filename(run: PayoutRun, ending: str) -> str:
    return f"payout-run-{run.id}.{ending}"


def rows(session: Session, run: PayoutRun) -> Iterator[tuple[object, ...]]:
    """The report's rows by owner, read in batches. Amounts are plain decimals, times RFC 3339."""
    persons = people(session, {ref for ref in (run.made_by, run.approved_by) if ref})
    made_by = persons.get(run.made_by, run.made_by)
    approved_by = persons.get(run.approved_by or "", run.approved_by or "")
    cutoff = clock.rfc3339(run.cutoff)
    query = sa.select(Payout).where(Payout.run_id == run.id).order_by(Payout.owner)
    for part in session.execute(query.execution_options(yield_per=BATCH)).scalars().partitions():
        names = owner_names(session, {payout.owner for payout in part})
        for payout in part:
            yield (
                payout.id,
                payout.run_id,
                payout.owner,
                payout.role,
                payout.currency,
                money.to_decimal(payout.amount_minor, payout.currency),
                payout.status.value,
                payout.rail,
                payout.reference,
                names[payout.owner],
                payout.payee,
                cutoff,
                made_by,
                approved_by,
                clock.rfc3339(payout.settled_at) if payout.settled_at else "",
            )


def csv_lines(session: Session, run: PayoutRun) -> Iterator[str]:
    """The report as CSV, piece by piece; text that a spreadsheet would take for a formula is defused."""
    return csv_stream(COLUMNS, rows(session, run))


def xlsx(session: Session, run: PayoutRun) -> bytes:
    """The report as a workbook: amounts are numbers, everything else is text and never a formula."""
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": True}) as book:
        sheet = book.add_worksheet(f"Run {run.id}")
        places = money.exponent(run.currency)
        amount = book.add_format({"num_format": "#,##0" + ("." + "0" * places if places else "")})
        bold = book.add_format({"bold": True})
        for column, head in enumerate(COLUMNS):
            sheet.write_string(0, column, head, bold)
        for number, row in enumerate(rows(session, run), start=1):
            for column, value in enumerate(row):
                if column == AMOUNT:
                    sheet.write_number(number, column, Decimal(str(value)), amount)
                else:
                    sheet.write_string(number, column, str(value))
        sheet.freeze_panes(1, 0)
    return buffer.getvalue()
