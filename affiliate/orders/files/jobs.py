"""Working order files in the background: read, check, compare; once a person says so, apply.

One call works for about a second. The open file stays with this process between calls; a process that dies leaves the
position it had reached, and the next one goes on there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import current_app

from affiliate.core.db import db, transaction
from affiliate.core.records import Record, TableRefused, from_json
from affiliate.core.tables import Table, open_table
from affiliate.core.wording import one_line
from affiliate.merchants.models import Merchant
from affiliate.orders import queries as orders
from affiliate.orders.adapters.reading import customer_key
from affiliate.orders.files import comparing, fields, leases, plans, queries, service
from affiliate.orders.files.models import FileStage, OrderFile, OrderFileRow

BATCH_ROWS = 2000
BATCH_ORDERS = 500
ROWS_MAX = 500_000
SLICE_SECONDS = 1.0
SAMPLES = 5
CELL_SHOWN = 80
log = logging.getLogger("etalase.order_files")
_HELD = "etalase_order_file_working"


def run(now: datetime) -> int:
    """Work one file for about a second; 0 where none is due."""
    working = _held_or_claimed(now)
    if working is None:
        return 0
    unfinished = False
    try:
        unfinished = _work(working)
    except TableRefused as refusal:
        with transaction(db.session) as session:
            failed = {"stage": FileStage.FAILED, "failure": refusal.code, "failure_detail": refusal.detail}
            leases.rest(session, working.file, failed)
    except leases.LeaseLost:
        log.info("order_file_taken_over", extra={"file": working.file.id})
    except Exception:
        log.exception("order_file_attempt_failed", extra={"file": working.file.id})
        with transaction(db.session) as session:
            leases.retry_later(session, working.file, now=working.moment())
    finally:
        if not unfinished:
            current_app.extensions.pop(_HELD, None)
    return 1


def _held_or_claimed(now: datetime) -> Working | None:
    held: Working | None = current_app.extensions.get(_HELD)
    if held is not None:
        held.set_clock(now)
        return held
    with transaction(db.session) as session:
        claimed = leases.claim(session, now=now)
    if claimed is None:
        return None
    working = Working(claimed, current_app.config["ETALASE"].upload_dir, now)
    current_app.extensions[_HELD] = working
    return working


def _work(working: Working) -> bool:
    """Steps until the second is over; True where the file is still unfinished."""
    end = time.monotonic() + SLICE_SECONDS
    while working.step():
        if time.monotonic() >= end:
            return True
    return False


class Working:
    """A file in this worker's hands."""

    def __init__(self, file: OrderFile, folder: Path, now: datetime) -> None:
        self.file = file
        self._path = folder / file.path
        self._stage = file.stage
        self._position = file.position
        self._records: Iterator[Record] | None = None
        self._scan: plans.Scan | None = None
        self._scanned_to = 0
        self._plan: plans.Plan | None = None
        self._refs: list[str] = []
        self.set_clock(now)

    def set_clock(self, now: datetime) -> None:
        self._started = (now, time.monotonic())

    def moment(self) -> datetime:
        """The present, counted from the `now` that the job was given."""
        now, started = self._started
        return now + timedelta(seconds=time.monotonic() - started)

    def step(self) -> bool:
        """One bounded piece of work in its own transaction; False once the file waits for a person, or is applied.

        Raises TableRefused, leases.LeaseLost.
        """
        if self._stage is FileStage.RECEIVED:
            return self._open()
        if self._stage is FileStage.READING:
            return self._read()
        if self._stage is FileStage.APPLYING:
            return self._apply()
        return self._check() if self._plan is None else self._compare()

    def _forward(self, **values: Any) -> None:
        with transaction(db.session) as session:
            leases.come_forward(session, self.file, values, now=self.moment())
        self._stage = values.get("stage", self._stage)
        for name, value in values.items():
            setattr(self.file, name, value)

    def _open(self) -> bool:
        """Find out what the file is; propose its columns, or take those that a person once chose."""
        table = self._table()
        samples = [[one_line(cell)[:CELL_SHOWN] for cell in row.cells] for row in islice(table.rows(), SAMPLES)]
        known = service.remembered(db.session, self.file.merchant_id, table.headings)
        shown = {
            "headings": list(table.headings), "samples": samples, "sheet": table.sheet,
            "other_sheets": list(table.other_sheets), "remembered": known is not None,
        }  # fmt: skip
        mapping = dict(known.mapping) if known else fields.propose(table.headings)
        choices = dict(known.choices) if known else {}
        self._forward(stage=FileStage.READING, table=shown, mapping=mapping, choices=choices)
        return True

    def _table(self) -> Table:
        try:
            return open_table(self._path)
        except FileNotFoundError:
            raise TableRefused("file_gone") from None

    def _read(self) -> bool:
        """Keep the next rows as they came."""
        if self._records is None:
            self._records = islice(self._table().rows(), self._position, None)
        taken = list(islice(self._records, BATCH_ROWS))
        self._position += len(taken)
        if self._position > ROWS_MAX:
            raise TableRefused("too_many_rows")
        if not taken:
            if not self._position:
                raise TableRefused("no_rows")
            self._forward(stage=FileStage.CHECKING, position=0)
            self._position = 0
            return True
        with transaction(db.session) as session:
            values = {"position": self._position, "rows_total": self._position}
            leases.come_forward(session, self.file, values, now=self.moment())
            service.stage(session, self.file, taken)
        return True

    def _check(self) -> bool:
        """Look at the next rows; after the last of them either ask a person or go on to compare."""
        if self._scan is None:
            self._scan = plans.Scan(self.file.headings, self.file.mapping)
        columns = (OrderFileRow.line, OrderFileRow.cells)
        wanted = sa.select(*columns).where(OrderFileRow.file_id == self.file.id, OrderFileRow.line > self._scanned_to)
        rows = db.session.execute(wanted.order_by(OrderFileRow.line).limit(BATCH_ROWS)).all()
        for row in rows:
            self._scan.see(row.line, from_json(row.cells))
        if rows:
            self._scanned_to = rows[-1].line
            with transaction(db.session) as session:  # a follower begins this pass anew, so it is no step forward
                leases.hold(session, self.file, {"lease_until": self.moment() + leases.LEASE})
            return True
        return self._decide(self._scan)

    def _decide(self, scan: plans.Scan) -> bool:
        merchant = db.session.get_one(Merchant, self.file.merchant_id)
        choices = plans.Choices.of(self.file.choices)
        zone = queries.zone(db.session, merchant.id)
        plan, questions = plans.plan(
            scan, self.file.headings, choices, currency=merchant.currency, zone=zone, at=self.file.received_at
        )
        read_as = {"signs": plan.signs, "dates": plan.orders, "words": dict(scan.words.most_common(plans.WORDS_MAX))}
        if questions:
            values = {"stage": FileStage.WAITING, "questions": questions, "table": {**self.file.table, "read": read_as}}
            with transaction(db.session) as session:
                leases.rest(session, self.file, values)
            return False
        self._plan, self._refs = plan, list(scan.rows)
        table = {**self.file.table, "read": read_as}
        self._forward(stage=FileStage.COMPARING, orders_total=len(self._refs), table=table)
        return True

    def _compare(self) -> bool:
        plan, scan, session = self._plan, self._scan, db.session
        assert plan, "the rows were checked"
        assert scan, "the rows were checked"
        refs = self._refs[self._position : self._position + BATCH_ORDERS]
        if not refs:
            counts = service.counted(session, self.file.id)
            values = {"stage": FileStage.READY, "counts": counts, "compared_at": self.moment()}
            with transaction(db.session) as session:
                leases.rest(session, self.file, values)
            return False
        secret = current_app.config["ETALASE"].secret_key
        shop = orders.shops(session, {self.file.merchant_id}, customer_key=customer_key(secret))[self.file.merchant_id]
        wanted = {ref: scan.rows[ref] for ref in refs}
        found = comparing.compare(session, self.file, plan, shop, wanted, now=self.moment())
        self._position += len(refs)
        with transaction(db.session) as session:
            leases.come_forward(session, self.file, {"position": self._position}, now=self.moment())
            service.keep_compared(session, found)
        return True

    def _apply(self) -> bool:
        """Keep the next orders as deliveries; `position` is the last one's id."""
        with transaction(db.session) as session:
            now = self.moment()
            last = service.deliver(session, self.file, after=self._position, limit=BATCH_ORDERS, now=now)
            if last is None:
                leases.rest(session, self.file, {"stage": FileStage.APPLIED, "applied_at": now})
                return False
            leases.come_forward(session, self.file, {"position": last}, now=now)
            self._position = last
        return True
