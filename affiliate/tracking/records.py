"""A line of the spool, written and read. Pure.

    <length of the payload, 4 hex digits> <its CRC-32, 8 hex digits> <payload>\\n

The payload's fields are separated by tabs: milliseconds, nonce, link id, visitor, device, reason, referrer host. A
reader finds the next good line after any damage by its head and checksum, so a bad line never costs a good one.
NUL bytes are nothing: a file may be longer than what has been written to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from zlib import crc32

from affiliate.tracking.rules import Device, Reason
from affiliate.tracking.tokens import LAST_MS

_HEAD = re.compile(rb"([0-9a-f]{4}) ([0-9a-f]{8}) ")
_FIELDS = rb"\d{1,15} \d{1,19} \d{1,19} [0-9a-f]{1,32} [a-z]{1,12} [a-z_]{0,24} [a-z0-9.-]{0,255}"
_PAYLOAD = re.compile(rb"\t".join(b"(%b)" % field for field in _FIELDS.split()))
_LINE = re.compile(  # nearly every line, and only what needs no second look but for the checksum and a long nonce
    rb"([0-9a-f]{4}) ([0-9a-f]{8}) "
    rb"(\d{1,14}\t(\d{1,19})\t\d{1,18}\t[0-9a-f]{1,32}\t(?:%b)\t(?:%b)\t[a-z0-9.-]{0,255})\n"
    % (b"|".join(device.value.encode() for device in Device), b"|".join(r.value.encode() for r in Reason) + b"|")
)
_NOTHING = re.compile(rb"[\n\0]+")
_ID_MAX = 2**63 - 1
_DEVICES = frozenset(device.value for device in Device)
_REASONS = frozenset(reason.value for reason in Reason) | {""}


@dataclass(frozen=True, slots=True)
class ClickRecord:
    """One visit as the redirect wrote it down; `reason` and `referrer_host` are "" where there is none."""

    ms: int
    nonce: int
    link_id: int
    visitor: str
    device: str
    reason: str
    referrer_host: str


@dataclass(slots=True)
class Parsed:
    """What a stretch of spool holds: the payloads of good lines in order, and the pieces that are none."""

    payloads: list[bytes] = field(default_factory=list)
    damaged: list[bytes] = field(default_factory=list)

    @property
    def records(self) -> list[ClickRecord]:
        """The good lines one by one; the loader works on payloads, which is several times faster."""
        return [record_of(payload) for payload in self.payloads]


def line(ms: int, nonce: int, link_id: int, visitor: str, device: str, reason: str, referrer_host: str) -> bytes:
    """The line of one visit."""
    return framed(f"{ms}\t{nonce}\t{link_id}\t{visitor}\t{device}\t{reason}\t{referrer_host}".encode("ascii"))


def framed(payload: bytes) -> bytes:
    """A payload as a line, with its length and checksum before it."""
    return b"%04x %08x %b\n" % (len(payload), crc32(payload), payload)


def line_of(record: ClickRecord) -> bytes:
    return framed(payload_of(record))


def payload_of(record: ClickRecord) -> bytes:
    fields = (record.ms, record.nonce, record.link_id, record.visitor, record.device, record.reason)
    return "\t".join([*map(str, fields), record.referrer_host]).encode("ascii")


def record_of(payload: bytes) -> ClickRecord:
    """The fields of a good payload."""
    ms, nonce, link_id, visitor, device, reason, host = payload.decode("ascii").split("\t")
    return ClickRecord(int(ms), int(nonce), int(link_id), visitor, device, reason, host)


def parse(data: bytes) -> Parsed:
    """Every good line of `data`, wherever it stands, and every piece between them.

    Whole lines are found in bulk; what is left between them is searched byte by byte. Good lines cannot overlap (a
    head has blanks, a payload none), so this finds what a search of everything would.
    """
    parsed = Parsed()
    keep = parsed.payloads.append
    position = 0  # everything before it is accounted for
    for match in _LINE.finditer(data):
        length, checksum, payload, nonce = match.groups()
        if crc32(payload) != int(checksum, 16) or len(payload) != int(length, 16) or int(nonce) > _ID_MAX:
            continue
        start, end = match.span()
        if start != position:
            _search(parsed, data[position:start])
        keep(payload)
        position = end
    _search(parsed, data[position:])
    return parsed


def _search(parsed: Parsed, data: bytes) -> None:
    """Good payloads behind any head in a piece that is not all whole lines, and what remains of it."""
    position = search = 0
    while head := _HEAD.search(data, search):
        end = head.end() + int(head[1], 16)
        payload = data[head.end() : end]
        if crc32(payload) != int(head[2], 16) or not _is_sound(payload):
            search = head.start() + 1
            continue
        _set_aside(parsed, data[position : head.start()])
        parsed.payloads.append(payload)
        position = search = end
    _set_aside(parsed, data[position:])


def _is_sound(payload: bytes) -> bool:
    match = _PAYLOAD.fullmatch(payload)
    if match is None:
        return False
    ms, nonce, link_id, _visitor, device, reason, _host = (part.decode() for part in match.groups())
    if device not in _DEVICES or reason not in _REASONS:
        return False
    return int(ms) <= LAST_MS and int(nonce) <= _ID_MAX and int(link_id) <= _ID_MAX


def _set_aside(parsed: Parsed, piece: bytes) -> None:
    parsed.damaged.extend(part for part in _NOTHING.split(piece) if part)
