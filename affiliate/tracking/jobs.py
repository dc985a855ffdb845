"""The job "spool": from files of lines to rows, in batches, each batch one transaction with the file's position.

Killed anywhere, it goes on from the last batch that was committed. A line that is cut at the end of a live file waits
for its rest; damaged lines, and lines of links that this database does not have, go to `<file>.bad` and are counted
(after a kill a batch's bad lines may stand there twice; the count is exact).
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from flask import current_app
from sqlalchemy.orm import Session

from affiliate.core.db import db, transaction
from affiliate.tracking import records, service, spool

BATCH_BYTES = 256 * 1024  # some 3,000 clicks: SQLite lets nobody else write meanwhile
BATCHES_A_RUN = 16


def run(now: datetime) -> int:
    """Load a bounded part of what the redirect has written; how many lines were worked."""
    folder: Path = current_app.config["ETALASE"].spool_dir
    worked = 0
    batches = 0
    for path in sorted(folder.glob(f"*{spool.SUFFIX}")):
        while batches < BATCHES_A_RUN and (lines := load_batch(path, now=now)):
            worked += lines
            batches += 1
    return worked


def load_batch(path: Path, *, now: datetime) -> int:
    """Load the next stretch of one file, and remove the file behind its end; 0 when there is nothing to do now."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0  # another loader has just finished it
    try:
        is_finished = spool.is_finished(fd)  # before its size is read: nothing is appended after that
        size = os.fstat(fd).st_size
        with transaction(db.session) as session:
            start = service.position(session, path.name)
            data = os.pread(fd, BATCH_BYTES, start)
            at_end = start + len(data) >= size
            data = data[: _whole(data, is_last=is_finished and at_end)]
            is_done = is_finished and start + len(data) >= size
            lines = 0
            if data or is_done:
                lines = _keep(session, path, data, start=start, finished_at=now if is_done else None)
    finally:
        os.close(fd)
    if is_done:
        path.unlink(missing_ok=True)
    return lines


def _whole(data: bytes, *, is_last: bool) -> int:
    """How much of `data` can be worked: up to its last line end, or all when nothing more will follow."""
    end = data.rfind(b"\n") + 1
    if is_last or (not end and len(data) == BATCH_BYTES):  # a batch without a line end is damage, not a long line
        return len(data)
    return end


def _keep(session: Session, path: Path, data: bytes, *, start: int, finished_at: datetime | None) -> int:
    parsed = records.parse(data)
    loaded = service.load(session, parsed.records)
    bad = parsed.damaged + [records.line_of(record).rstrip(b"\n") for record in loaded.strangers]
    _set_aside(path, bad)
    moved = service.advance(
        session,
        path.name,
        start=start,
        end=start + len(data),
        loaded=loaded.new,
        set_aside=len(bad),
        finished_at=finished_at,
    )
    if not moved:
        raise LoadedByAnother(path.name)
    return len(parsed.records) + len(parsed.damaged)


def _set_aside(path: Path, lines: list[bytes]) -> None:
    if lines:
        with path.with_name(path.name + ".bad").open("ab") as handle:
            handle.write(b"".join(line + b"\n" for line in lines))


class LoadedByAnother(Exception):
    """Two loaders took the same stretch: this one gives way, and its transaction is undone."""
