"""The job "spool": from files of lines to rows, in batches, each batch one transaction with the file's position.

Killed anywhere, it goes on from the last batch that was committed. A line that is cut at the end of a live file waits
for its rest; damaged lines, and lines of links that this database does not have, go to `<file>.bad` and are counted
(after a kill a batch's bad lines may stand there twice; the count is exact). While the database works on one batch the
next is read and checked.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask import current_app
from sqlalchemy.orm import Session

from affiliate.core.db import db, is_postgres, transaction
from affiliate.tracking import arrivals, batches, records, service, spool, tokens
from affiliate.tracking.batches import Batch
from affiliate.tracking.retention.service import reopen

BATCH_BYTES = 4 * 1024 * 1024  # some 40,000 clicks, half a second: SQLite lets nobody else write meanwhile
BATCHES_A_RUN = 8
PAUSE_SECONDS = 0.02  # between batches on SQLite, so that those who wait for the lock get it


@dataclass(frozen=True, slots=True)
class Source:
    """An open spool file, and how much of it there is to read now."""

    path: Path
    fd: int
    is_finished: bool
    size: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a file, read and checked: where it lies, its good lines as a batch, and its damaged pieces."""

    start: int
    end: int
    lines: int
    batch: Batch | None
    damaged: list[bytes]
    is_last: bool  # nothing will ever follow


class LoadedByAnother(Exception):
    """Two loaders took the same stretch: this one gives way, and its transaction is undone."""


def run(now: datetime) -> int:
    """Load a bounded part of what the redirect has written; how many lines were worked."""
    folder: Path = current_app.config["ETALASE"].spool_dir
    worked = 0
    left = BATCHES_A_RUN
    for path in sorted(folder.glob(f"*{spool.SUFFIX}")):
        for lines in load_file(path, now=now, most=left):
            worked += lines
            left -= 1
        if not left:
            break
    return worked


def load_file(path: Path, *, now: datetime, most: int) -> Iterator[int]:
    """Load up to `most` batches of one file, and remove it behind its end; the lines of each batch."""
    with _opened(path) as source, ThreadPoolExecutor(1, thread_name_prefix="spool") as ahead:
        stretch = read(source, service.position(db.session, path.name)) if source else None
        while source and stretch and most:
            most -= 1
            following = ahead.submit(read, source, stretch.end) if most and not stretch.is_last else None
            try:
                _keep(source, stretch, now=now)
            except LoadedByAnother:
                return
            yield stretch.lines
            stretch = following.result() if following else None
            if stretch and not is_postgres(db.session):
                time.sleep(PAUSE_SECONDS)


@contextmanager
def _opened(path: Path) -> Iterator[Source | None]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:  # another loader has just finished it
        yield None
        return
    try:
        is_finished = spool.is_finished(fd)  # before its size is read: nothing is appended after that
        yield Source(path, fd, is_finished, os.fstat(fd).st_size)
    finally:
        os.close(fd)


def read(source: Source, start: int) -> Stretch | None:
    """The next stretch of a file from `start`, None when there is nothing to do yet. Asks no database."""
    data = os.pread(source.fd, BATCH_BYTES, start)
    is_last = source.is_finished and start + len(data) >= source.size
    data = data[: _whole(data, is_finished=source.is_finished, is_last=is_last)]
    if not data and not is_last:
        return None
    parsed = records.parse(data)
    return Stretch(
        start=start,
        end=start + len(data),
        lines=len(parsed.payloads) + len(parsed.damaged),
        batch=batches.arrange(parsed.payloads) if parsed.payloads else None,
        damaged=parsed.damaged,
        is_last=is_last,
    )


def _whole(data: bytes, *, is_finished: bool, is_last: bool) -> int:
    """How much of `data` can be worked: up to its last line end, or all when nothing more will follow.

    A NUL in a live file is a place that is still to be written.
    """
    if is_last:
        return len(data)
    written = len(data) if is_finished or (unwritten := data.find(b"\0")) < 0 else unwritten
    end = data.rfind(b"\n", 0, written) + 1
    return end or (written if written == BATCH_BYTES else 0)  # a batch without a line end is damage, not a long line


def _keep(source: Source, stretch: Stretch, *, now: datetime) -> None:
    """One transaction: the clicks and the position behind them. Then the file goes, if that was its end."""
    name = source.path.name
    with transaction(db.session) as session:
        arrivals.prepare(session)
        if service.position(session, name) != stretch.start:
            raise LoadedByAnother(name)
        new, bad = _load(session, stretch)
        if stretch.batch:
            reopen(session, tokens.moment(stretch.batch.first_ms))
        _set_aside(source.path, bad)
        moved = service.advance(
            session,
            name,
            start=stretch.start,
            end=stretch.end,
            loaded=new,
            set_aside=len(bad),
            finished_at=now if stretch.is_last else None,
        )
        if not moved:
            raise LoadedByAnother(name)
    if stretch.is_last:
        source.path.unlink(missing_ok=True)


def _load(session: Session, stretch: Stretch) -> tuple[int, list[bytes]]:
    """How many clicks of a stretch were new, and what of it is to be set aside."""
    if stretch.batch is None:
        return 0, stretch.damaged
    loaded = service.load_batch(session, stretch.batch)
    return loaded.new, stretch.damaged + [records.framed(payload).rstrip(b"\n") for payload in loaded.strangers]


def _set_aside(path: Path, lines: list[bytes]) -> None:
    if lines:
        with path.with_name(path.name + ".bad").open("ab") as handle:
            handle.write(b"".join(line + b"\n" for line in lines))
