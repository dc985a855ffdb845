"""The spool: each process appends to a file of its own, with write(2) before the visitor is answered.

What is written survives the death of the process (not the loss of power: there is no fsync on this path). A live file
is locked by its writer; a `.log` that nobody locks is finished, whether it was closed or its writer died.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
import time
from pathlib import Path

SUFFIX = ".log"
UNREADY = ".new"  # not locked yet, so no reader may look at it
SEGMENT_BYTES = 16 * 1024 * 1024
SEGMENT_SECONDS = 300.0


class _Segment:
    """One open file. `busy` holds an entry for each thread that is writing to it: its append and pop are atomic."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.size = 0  # about: threads may overwrite each other's addition
        self.opened_at = time.monotonic()
        self.busy: list[None] = []


class Spool:
    """The files of one process in `folder`. Safe to use from many threads; not across a fork.

    Threads write side by side, each line by one write(2) to a file opened for appending; only the change from one
    segment to the next takes a lock. (A lock around the write made sixteen threads queue: docs/decisions/0004.)
    """

    def __init__(self, folder: Path, *, max_bytes: int = SEGMENT_BYTES, max_seconds: float = SEGMENT_SECONDS) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._lock = threading.Lock()
        self._segment: _Segment | None = None
        self._retired: list[_Segment] = []
        self._lines: dict[int, int] = {}  # by thread, so that no addition is lost

    @property
    def lines(self) -> int:
        """How many lines have been kept."""
        return sum(self._lines.copy().values())

    def append(self, line: bytes) -> None:
        """Keep one line; raises OSError when it could not be kept whole."""
        segment = self._enter()
        try:
            written = os.write(segment.fd, line)
        finally:
            segment.busy.pop()
            if segment is not self._segment:
                self._close_retired()
        segment.size += written
        if written < len(line):
            raise OSError("the disk took only a part of the line")
        thread = threading.get_ident()
        self._lines[thread] = self._lines.get(thread, 0) + 1

    def close_if_old(self) -> None:
        """Close a segment that has been open for long, so that its reader can finish and remove it."""
        segment = self._segment
        if segment is not None and time.monotonic() - segment.opened_at >= self._max_seconds:
            self.close()

    def close(self) -> None:
        """Close the segment, as soon as nobody is writing to it; the next line opens another."""
        with self._lock:
            self._retire()
        self._close_retired()

    def _enter(self) -> _Segment:
        """The segment to write to, marked busy. Looked at again after marking: it may have been retired in between."""
        while True:
            segment = self._segment
            if segment is None or segment.size >= self._max_bytes:
                segment = self._next_segment(segment)
            segment.busy.append(None)
            if segment is self._segment:
                return segment
            segment.busy.pop()

    def _next_segment(self, full: _Segment | None) -> _Segment:
        with self._lock:
            if self._segment is full or self._segment is None:  # else another thread was faster
                fresh = _Segment(self._open())
                self._retire()
                self._segment = fresh
            segment = self._segment
        self._close_retired()
        return segment

    def _retire(self) -> None:
        if self._segment is not None:
            self._retired.append(self._segment)
            self._segment = None

    def _close_retired(self) -> None:
        with self._lock:
            for segment in [segment for segment in self._retired if not segment.busy]:
                self._retired.remove(segment)
                os.close(segment.fd)

    def _open(self) -> int:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"clicks-{time.time_ns() // 1_000_000:014d}-{os.getpid()}-{secrets.token_hex(4)}{UNREADY}"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.rename(path.with_suffix(SUFFIX))
        except OSError:
            os.close(fd)
            raise
        return fd


def is_finished(fd: int) -> bool:
    """True when no writer holds the file open any more. Asked before its end is read."""
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
