"""Reading uploads in the background: claim, read a stretch, keep it, go on; then merge.

One call works for about a second, so that a large file does not hold up the conveyor. The open file stays with this
process between calls; a process that dies leaves the position it had reached, and the next one goes on there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from flask import current_app

from affiliate.catalogue import leases, merging, readers, service, storage
from affiliate.catalogue.models import UploadStage
from affiliate.catalogue.readers.recognise import recognise
from affiliate.catalogue.readers.rows import BrokenRow, Layout, RawRow, Refused, Row, UnlistedRow
from affiliate.catalogue.rules import SKU_MAX, Context, Problem, ProductRow, one_line, product_row
from affiliate.core.db import db, transaction

BATCH_ROWS = 1000
SLICE_SECONDS = 1.0
COLUMN_SHOWN = 120
VALUE_SHOWN = 500
log = logging.getLogger("etalase.catalogue")


_HELD = "etalase_catalogue_reading"


def run(now: datetime) -> int:
    """Work one upload for about a second; 0 where none is due."""
    reading = _held_or_claimed(now)
    if reading is None:
        return 0
    unfinished = False
    try:
        unfinished = _work(reading)
        if not unfinished:
            _remove_elder_files(reading.claim)
    except Refused as refusal:
        with transaction(db.session) as session:
            leases.refuse_claimed(session, reading.claim, refusal, now=reading.moment())
    except leases.LeaseLost:
        log.info("upload_taken_over", extra={"upload": reading.claim.upload_id})
    except Exception:
        log.exception("upload_attempt_failed", extra={"upload": reading.claim.upload_id})
        with transaction(db.session) as session:
            leases.retry_later(session, reading.claim, now=reading.moment())
    finally:
        if not unfinished:
            current_app.extensions.pop(_HELD, None)
            reading.close()
    return 1


def _held_or_claimed(now: datetime) -> Reading | None:
    held: Reading | None = current_app.extensions.get(_HELD)
    if held is not None:
        held.set_clock(now)
        return held
    with transaction(db.session) as session:
        claimed = leases.claim(session, now=now)
    if claimed is None:
        return None
    reading = Reading(claimed, current_app.config["ETALASE"].upload_dir, now)
    current_app.extensions[_HELD] = reading
    return reading


def _work(reading: Reading) -> bool:
    """Steps until the second is over; True where the upload is still unfinished."""
    end = time.monotonic() + SLICE_SECONDS
    while reading.step():
        if time.monotonic() >= end:
            return True
    return False


def _remove_elder_files(claimed: leases.Claim) -> None:
    """Files go before their names do: dying in between leaves nothing that nobody knows of."""
    folder = current_app.config["ETALASE"].upload_dir
    with transaction(db.session) as session:
        for name in service.elder_files(session, claimed):
            storage.remove(folder, name)
        service.forget_elder_files(session, claimed)


class Reading:
    """An upload in this worker's hands, with its file open."""

    def __init__(self, claimed: leases.Claim, folder: Path, now: datetime) -> None:
        self.claim = claimed
        self._path = folder / claimed.path
        self._handle: BinaryIO | None = None
        self._rows: Iterator[Row] = iter(())
        self._position = 0
        self._merging = claimed.stage is UploadStage.MERGING
        self.set_clock(now)

    def set_clock(self, now: datetime) -> None:
        self._started = (now, time.monotonic())

    def moment(self) -> datetime:
        """The present, counted from the `now` that the job was given."""
        now, started = self._started
        return now + timedelta(seconds=time.monotonic() - started)

    def close(self) -> None:
        if self._handle is not None:
            self._handle.close()

    def step(self) -> bool:
        """One bounded piece of work in its own transaction; False once the upload is finished.

        Raises Refused, leases.LeaseLost.
        """
        if self._merging:
            with transaction(db.session) as session:
                merging.merge(session, self.claim, now=self.moment())
            return False
        if self._handle is None:
            self._open()
        taken = list(islice(self._rows, BATCH_ROWS))
        if taken:
            self._keep(taken)
        else:
            self._finish_reading()
        return True

    def _open(self) -> None:
        """Open the file and go to where a former reader came."""
        try:
            layout = self._layout()
            self._handle = self._path.open("rb")
        except FileNotFoundError:
            raise Refused("file_gone") from None
        self._rows = readers.rows(self._handle, layout)
        self._position = sum(1 for _row in islice(self._rows, self.claim.position))

    def _layout(self) -> Layout:
        """Recognise the file and note what it is, so that a later reader takes it the same way."""
        claimed = self.claim
        found = recognise(
            self._path,
            wanted=claimed.format,
            given=claimed.mapping,
            remembered=lambda headings: service.remembered_mapping(db.session, claimed.merchant_id, headings),
            shop_url=claimed.shop_url,
        )
        with transaction(db.session) as session:
            values = {
                "format": found.layout.format,
                "mapping": dict(found.mapping or {}),
                "preview": {"headings": list(found.headings), "samples": [list(row) for row in found.samples]},
            }
            leases.hold(session, claimed, UploadStage.READING, values)
        return found.layout

    def _keep(self, taken: list[Row]) -> None:
        context = Context(self.claim.currency, self.claim.allowed_hosts)
        self._position += len(taken)
        batch = judged(taken, context, position=self._position, bytes_read=self._handle.tell() if self._handle else 0)
        with transaction(db.session) as session:
            service.stage(session, self.claim, batch, lease_until=self.moment() + leases.LEASE)

    def _finish_reading(self) -> None:
        with transaction(db.session) as session:
            service.finish_reading(session, self.claim, lease_until=self.moment() + leases.LEASE)
        self._merging = True


def judged(taken: list[Row], context: Context, *, position: int, bytes_read: int) -> service.Batch:
    """Rows of a file as products and errors."""
    good: list[service.GoodRow] = []
    errors: list[service.RowError] = []
    skipped = 0
    for row in taken:
        if isinstance(row, UnlistedRow):
            skipped += 1
        elif isinstance(row, BrokenRow):
            errors.append(service.RowError(row.line, "", one_line(row.value)[:VALUE_SHOWN], row.code))
        else:
            result = product_row(row.cells, context)
            if isinstance(result, ProductRow):
                good.append(service.GoodRow(row.line, result, row.headings.get("sku", "")[:COLUMN_SHOWN]))
            else:
                errors.extend(_errors(row, result))
    return service.Batch(good, errors, len(taken) - len(good) - skipped, skipped, position, bytes_read)


def _errors(row: RawRow, problems: tuple[Problem, ...]) -> Iterator[service.RowError]:
    sku = one_line(row.cells.get("sku", ""))[:SKU_MAX]
    for problem in problems:
        column = row.headings.get(problem.field, "")[:COLUMN_SHOWN]
        yield service.RowError(row.line, column, one_line(problem.value)[:VALUE_SHOWN], problem.code, sku)
