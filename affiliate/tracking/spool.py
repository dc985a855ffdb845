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


class Spool:
    """The files of one process in `folder`. Safe to use from many threads; not across a fork."""

    def __init__(self, folder: Path, *, max_bytes: int = SEGMENT_BYTES, max_seconds: float = SEGMENT_SECONDS) -> None:
        self.lines = 0
        self._folder = folder
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._lock = threading.Lock()
        self._fd: int | None = None
        self._size = 0
        self._opened_at = 0.0

    def append(self, line: bytes) -> None:
        """Keep one line; raises OSError when it could not be kept."""
        with self._lock:
            if self._fd is None or self._size >= self._max_bytes:
                self._begin_segment()
            fd = self._fd
            assert fd is not None
            written = os.write(fd, line)
            self._size += written
            if written < len(line):
                raise OSError("the disk took only a part of the line")
            self.lines += 1

    def close_if_old(self) -> None:
        """Close a segment that has been open for long, so that its reader can finish and remove it."""
        with self._lock:
            if self._fd is not None and time.monotonic() - self._opened_at >= self._max_seconds:
                self._end_segment()

    def close(self) -> None:
        with self._lock:
            self._end_segment()

    def _begin_segment(self) -> None:
        self._end_segment()
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"clicks-{time.time_ns() // 1_000_000:014d}-{os.getpid()}-{secrets.token_hex(4)}{UNREADY}"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.rename(path.with_suffix(SUFFIX))
        except OSError:
            os.close(fd)
            raise
        self._fd, self._size, self._opened_at = fd, 0, time.monotonic()

    def _end_segment(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def is_finished(fd: int) -> bool:
    """True when no writer holds the file open any more. Asked before its end is read."""
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
