"""A line of the spool, written and read. Pure.

    <length of the payload, 4 hex digits> <its CRC-32, 8 hex digits> <payload>\\n

The payload's fields are separated by tabs: milliseconds, nonce, link id, visitor, device, reason, referrer host. A
reader finds the next good line after any damage by its head and checksum, so a bad line never costs a good one.
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
    """What a stretch of spool holds: good records in order, and the pieces that are none."""

    records: list[ClickRecord] = field(default_factory=list)
    damaged: list[bytes] = field(default_factory=list)


def line(ms: int, nonce: int, link_id: int, visitor: str, device: str, reason: str, referrer_host: str) -> bytes:
    """The line of one visit."""
    payload = f"{ms}\t{nonce}\t{link_id}\t{visitor}\t{device}\t{reason}\t{referrer_host}".encode("ascii")
    return b"%04x %08x %b\n" % (len(payload), crc32(payload), payload)


def line_of(record: ClickRecord) -> bytes:
    return line(
        record.ms,
        record.nonce,
        record.link_id,
        record.visitor,
        record.device,
        record.reason,
        record.referrer_host,
    )


def parse(data: bytes) -> Parsed:
    """Every good record of `data`, wherever it stands, and every piece between them."""
    parsed = Parsed()
    position = 0  # everything before it is accounted for
    search = 0
    while head := _HEAD.search(data, search):
        end = head.end() + int(head[1], 16)
        payload = data[head.end() : end]
        record = _record(payload) if crc32(payload) == int(head[2], 16) else None
        if record is None:
            search = head.start() + 1
            continue
        _set_aside(parsed, data[position : head.start()])
        parsed.records.append(record)
        position = search = end
    _set_aside(parsed, data[position:])
    return parsed


def _record(payload: bytes) -> ClickRecord | None:
    match = _PAYLOAD.fullmatch(payload)
    if match is None:
        return None
    ms, nonce, link_id, visitor, device, reason, host = (part.decode() for part in match.groups())
    if device not in _DEVICES or reason not in _REASONS:
        return None
    if int(ms) > LAST_MS or int(nonce) > _ID_MAX or int(link_id) > _ID_MAX:
        return None
    return ClickRecord(int(ms), int(nonce), int(link_id), visitor, device, reason, host)


def _set_aside(parsed: Parsed, piece: bytes) -> None:
    parsed.damaged.extend(part for part in piece.split(b"\n") if part)
