"""The job "views": from files of lines to rows, in batches, each batch one transaction with the file's position.

As the job "spool" does for clicks: killed anywhere it goes on from the last batch that was committed, a cut last line
of a live file waits for its rest, damaged lines go to `<file>.bad`.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from flask import current_app
from sqlalchemy.orm import Session

from affiliate.core.db import db, transaction
from affiliate.tracking import service as clicks
from affiliate.tracking import spool
from affiliate.tracking.pageviews import records, service
from affiliate.tracking.pageviews.recording import folder

BATCH_BYTES = 256 * 1024
BATCHES_A_RUN = 16


def run(now: datetime) -> int:
    """Load a bounded part of what the pages have written; how many lines were worked."""
    worked = batches = 0
    for path in sorted(folder(current_app.config["ETALASE"]).glob(f"*{spool.SUFFIX}")):
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
        start = clicks.position(db.session, _name(path))
        if start >= size and not is_finished:
            return 0  # nothing new: no transaction for it
        with transaction(db.session) as session:
            start = clicks.position(session, _name(path))
            data = os.pread(fd, BATCH_BYTES, start)
            data = data[: _whole(data, is_last=is_finished and start + len(data) >= size)]
            is_done = is_finished and start + len(data) >= size
            lines = _keep(session, path, data, start=start, finished_at=now if is_done else None)
    finally:
        os.close(fd)
    if is_done:
        path.unlink(missing_ok=True)
    return lines


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _whole(data: bytes, *, is_last: bool) -> int:
    """How much of `data` can be worked: up to its last line end, or all when nothing more will follow."""
    end = data.rfind(b"\n") + 1
    return len(data) if is_last or (not end and len(data) == BATCH_BYTES) else end


def _keep(session: Session, path: Path, data: bytes, *, start: int, finished_at: datetime | None) -> int:
    parsed = records.parse(data)
    loaded = service.load(session, parsed.records)
    bad = parsed.damaged + [records.line_of(record).rstrip(b"\n") for record in loaded.strangers]
    if bad:
        with path.with_name(path.name + ".bad").open("ab") as handle:
            handle.write(b"".join(line + b"\n" for line in bad))
    moved = clicks.advance(
        session, _name(path), start=start, end=start + len(data), loaded=loaded.new, set_aside=len(bad),
        finished_at=finished_at,
    )  # fmt: skip
    if not moved:
        raise LoadedByAnother(path.name)
    return len(parsed.records) + len(parsed.damaged)


class LoadedByAnother(Exception):
    """Two loaders took the same stretch: this one gives way, and its transaction is undone."""
