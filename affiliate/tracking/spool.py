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


class KeptInPart(OSError):
    """The disk took only the first `kept` lines, and a piece of the next."""

    def __init__(self, kept: int) -> None:
        super().__init__("the disk took only a part of the lines")
        self.kept = kept


class _Segment:
    """One open file. It closes itself with the last thread that holds it, so nobody writes to a number given anew."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.size = 0
        self.opened_at = time.monotonic()

    def __del__(self) -> None:
        os.close(self.fd)


class Spool:
    """The files of one process in `folder`. Safe to use from many threads; not across a fork.

    What is appended at once is one write to a file opened for appending, so lines never mix; no lock is held meanwhile.
    """

    def __init__(self, folder: Path, *, max_bytes: int = SEGMENT_BYTES, max_seconds: float = SEGMENT_SECONDS) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._lock = threading.Lock()
        self._segment: _Segment | None = None
        self.lines = 0  # kept so far

    def append(self, lines: bytes) -> None:
        """Keep one or several whole lines; raises OSError, or KeptInPart, when not all of them could be kept."""
        segment = self._segment
        if segment is None or segment.size >= self._max_bytes:
            segment = self._next_segment(segment)
        written = os.write(segment.fd, lines)
        kept = lines.count(b"\n", 0, written)
        with self._lock:
            segment.size += written
            self.lines += kept
        if written != len(lines):
            raise KeptInPart(kept)

    def close_if_old(self) -> None:
        """Close a segment that has been open for long, so that its reader can finish and remove it."""
        segment = self._segment
        if segment is not None and time.monotonic() - segment.opened_at >= self._max_seconds:
            self.close()

    def close(self) -> None:
        """Let go of the segment; it closes as soon as nobody is writing to it, and the next line opens another."""
        with self._lock:
            self._segment = None

    def _next_segment(self, full: _Segment | None) -> _Segment:
        with self._lock:
            segment = self._segment
            if segment is None or segment is full:  # else another thread was faster
                segment = self._segment = _Segment(_opened(self._folder))
        return segment


def _opened(folder: Path) -> int:
    """A new file in `folder`, locked before a reader can see it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"clicks-{time.time_ns() // 1_000_000:014d}-{os.getpid()}-{secrets.token_hex(4)}{UNREADY}"
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
