"""Links known to one process, kept outside its memory: lines in a file of its own, and an index of eight bytes a slot.

A million links as Python objects take 315 MB; here they take 16 MB, and the file stays in the kernel's page cache. It
is no database: it is written anew from the database when a process starts, and only read back when a process starts
while the database is away. Design and figures: docs/decisions/0010.

    <length of the payload, 4 hex digits> <its CRC-32, 8 hex digits> <payload>\\n

A payload is `code TAB link id TAB merchant id TAB url`, the url empty for a link that leads nowhere now; or, without a
code, `TAB name TAB TAB value` for a note such as the stores' settings. The last line of a code counts.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import time
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

READY = ".links"  # complete: whoever starts without a database may read it
UNREADY = ".new"
SLOTS_MIN = 1 << 12
FILL_MAX = 0.6
READ_BYTES = 512  # holds nearly every line
LINE_MAX = 0xFFFF
OFFSET_MAX = 0xFFFF_FFFE

_HEAD = re.compile(rb"([0-9a-f]{4}) ([0-9a-f]{8}) ")
_HEAD_BYTES = 14
_TOMB = 0xFFFF_FFFF  # a slot that was used; its neighbours may have gone further because of it
_SCAN_BYTES = 1 << 20


class Fact(NamedTuple):
    """What the database says of a code."""

    code: str
    link_id: int
    merchant_id: int
    url: str  # "" where it leads nowhere


class Journal:
    """Facts by code. One writer at a time; readers need no lock. The file closes with its last user."""

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self.notes: dict[str, str] = {}
        self.live = 0
        self.lines = 0
        self._fd = fd
        self._end = 0
        self._slots = array("Q", bytes(8 * SLOTS_MIN))  # CRC-32 of the code << 32 | offset of its line + 1
        self._used = 0  # slots that are not empty

    def __del__(self) -> None:
        os.close(self._fd)

    @classmethod
    def create(cls, folder: Path) -> Journal:
        """An empty one, locked as long as this process holds it."""
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{time.time_ns() // 1_000_000:014d}-{os.getpid()}-{secrets.token_hex(4)}{UNREADY}"
        fd = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return cls(folder / name, fd)

    @classmethod
    def newest(cls, folder: Path) -> Iterator[Journal]:
        """What processes have left, or still write: the newest first, to be read only."""
        for path in sorted(folder.glob(f"*{READY}"), key=_changed_at, reverse=True):
            try:
                journal = cls(path, os.open(path, os.O_RDONLY | os.O_CLOEXEC))
            except FileNotFoundError:
                continue
            journal._scan()
            yield journal

    def publish(self) -> None:
        """Say that it is complete, and remove what dead processes have left."""
        ready = self.path.with_suffix(READY)
        self.path.rename(ready)
        self.path = ready
        for path in [*ready.parent.glob(f"*{READY}"), *ready.parent.glob(f"*{UNREADY}")]:
            if path != ready and _is_left(path):
                path.unlink(missing_ok=True)

    def note(self, name: str, value: str) -> None:
        """Keep a text beside the links; raises OSError."""
        if self.notes.get(name) != value:
            self._write([f"\t{name}\t\t{value}".encode()])
            self.notes[name] = value

    def keep(self, facts: Iterable[Fact]) -> None:
        """Remember these, in one write; raises OSError, and then none of them is changed."""
        facts = list(facts)
        payloads = ["\t".join(map(str, fact)).encode("utf-8", "surrogatepass") for fact in facts]
        for fact, offset in zip(facts, self._write(payloads), strict=True):
            self._point(fact.code, offset if fact.url else None)

    def forget(self, codes: Iterable[str]) -> None:
        """Know nothing of these any more, without a word to the disk."""
        for code in codes:
            self._point(code, None)

    def recall(self, code: str) -> Fact | None:
        """What was kept of a code; None for an unknown one, and for a line that is damaged."""
        for _place, entry in self._candidates(code):
            fact = self._read((entry & 0xFFFF_FFFF) - 1)
            if fact is not None and fact.code == code:
                return fact
        return None

    def _candidates(self, code: str) -> Iterator[tuple[int, int]]:
        """Places and entries of slots that may be this code's."""
        crc = crc32(code.encode())
        slots = self._slots  # one and the same, should it grow meanwhile
        mask = len(slots) - 1
        place = crc & mask
        while entry := slots[place]:
            if entry >> 32 == crc and entry & 0xFFFF_FFFF != _TOMB:
                yield place, entry
            place = (place + 1) & mask

    def _point(self, code: str, offset: int | None) -> None:
        """Let a code's slot point to a line, or to nothing."""
        for place, entry in self._candidates(code):
            if (known := self._read((entry & 0xFFFF_FFFF) - 1)) is None or known.code == code:
                self._slots[place] = entry | _TOMB if offset is None else (entry >> 32 << 32) | (offset + 1)
                self.live -= offset is None
                return
        if offset is not None:
            if self._used >= FILL_MAX * len(self._slots):
                self._grow()
            _put(self._slots, crc32(code.encode()) << 32 | (offset + 1))
            self._used += 1
            self.live += 1

    def _grow(self) -> None:
        slots = array("Q", bytes(16 * len(self._slots)))
        self._used = 0
        for entry in self._slots:
            if entry and entry & 0xFFFF_FFFF != _TOMB:
                _put(slots, entry)
                self._used += 1
        self._slots = slots

    def _read(self, offset: int) -> Fact | None:
        data = os.pread(self._fd, READ_BYTES, offset)
        head = _HEAD.match(data)
        if head is None:
            return None
        end = _HEAD_BYTES + int(head[1], 16)
        if end > len(data):
            data = os.pread(self._fd, end, offset)
        payload = data[_HEAD_BYTES:end]
        return _fact(payload) if crc32(payload) == int(head[2], 16) else None

    def _write(self, payloads: list[bytes]) -> list[int]:
        """Append lines in one write: where each begins."""
        offsets, parts, end = [], [], self._end
        for payload in payloads:
            if len(payload) > LINE_MAX or end > OFFSET_MAX:
                raise OSError("a line or a file of links that is too long")
            offsets.append(end)
            parts.append(b"%04x %08x %b\n" % (len(payload), crc32(payload), payload))
            end += len(parts[-1])
        data = b"".join(parts)
        if os.pwrite(self._fd, data, self._end) != len(data):
            raise OSError("the disk took only a part of the lines")
        self._end = end
        self.lines += len(payloads)
        return offsets

    def _scan(self) -> None:
        """Find again what the file holds, past any damage."""
        begin, rest = 0, b""  # what is not worked yet, and where it stands
        while chunk := os.pread(self._fd, _SCAN_BYTES, begin + len(rest)):
            data = rest + chunk
            worked = self._learn(data, begin)
            begin, rest = begin + worked, data[worked:]
        self._end = begin + len(rest)

    def _learn(self, data: bytes, begin: int) -> int:
        """Take in the whole lines of a stretch; how many bytes are worked. The rest may be a line that is cut."""
        search = 0
        while head := _HEAD.search(data, search):
            end = head.end() + int(head[1], 16)
            payload = data[head.end() : end]
            if crc32(payload) == int(head[2], 16):
                self._learn_line(payload, begin + head.start())
                search = end
            elif end > len(data):
                return head.start()
            else:
                search = head.start() + 1
        return max(search, len(data) - _HEAD_BYTES)

    def _learn_line(self, payload: bytes, offset: int) -> None:
        self.lines += 1
        fact = _fact(payload)
        if fact is not None:
            self._point(fact.code, offset if fact.url else None)
        else:
            _none, name, _none, value = payload.decode().split("\t", 3)
            self.notes[name] = value


def _put(slots: array[int], entry: int) -> None:
    mask = len(slots) - 1
    place = entry >> 32 & mask
    while slots[place]:
        place = (place + 1) & mask
    slots[place] = entry


def _fact(payload: bytes) -> Fact | None:
    """What a payload says of a code; None for a note."""
    code, link_id, merchant_id, url = payload.decode("utf-8", "surrogatepass").split("\t", 3)
    return Fact(code, int(link_id), int(merchant_id), url) if code else None


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _is_left(path: Path) -> bool:
    """True when no process holds the file any more."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True
