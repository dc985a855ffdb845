"""A line of the views' spool, written and read. Pure. Framed as a click's line is, with fields of its own:

    <length of the payload, 4 hex digits> <its CRC-32, 8 hex digits> <payload>\\n

milliseconds, nonce, community id, collection id (0: the front page), visitor, link ids parted by commas.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from zlib import crc32

from affiliate.tracking.tokens import LAST_MS

LINKS_MAX = 200
_HEAD = re.compile(rb"([0-9a-f]{4}) ([0-9a-f]{8}) ")
_FIELDS = (rb"\d{1,15}", rb"\d{1,19}", rb"\d{1,19}", rb"\d{1,19}", rb"[0-9a-f]{1,32}", rb"(?:\d{1,19}(?:,\d{1,19})*)?")
_PAYLOAD = re.compile(rb"\t".join(b"(%b)" % part for part in _FIELDS))
_ID_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ViewRecord:
    """One view as the page wrote it down; `collection_id` is 0 for the front page."""

    ms: int
    nonce: int
    community_id: int
    collection_id: int
    visitor: str
    link_ids: tuple[int, ...]


@dataclass(slots=True)
class Parsed:
    """What a stretch of spool holds: good records in order, and the pieces that are none."""

    records: list[ViewRecord] = field(default_factory=list)
    damaged: list[bytes] = field(default_factory=list)


def line(ms: int, nonce: int, community_id: int, collection_id: int, visitor: str, link_ids: Iterable[int]) -> bytes:
    """The line of one view; links beyond LINKS_MAX are left out."""
    links = ",".join(str(link_id) for link_id in sorted(set(link_ids))[:LINKS_MAX])
    payload = f"{ms}\t{nonce}\t{community_id}\t{collection_id}\t{visitor}\t{links}".encode("ascii")
    return b"%04x %08x %b\n" % (len(payload), crc32(payload), payload)


def line_of(record: ViewRecord) -> bytes:
    return line(record.ms, record.nonce, record.community_id, record.collection_id, record.visitor, record.link_ids)


def parse(data: bytes) -> Parsed:
    """Every good record of `data`, wherever it stands, and every piece between them."""
    parsed = Parsed()
    position = search = 0
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


def _record(payload: bytes) -> ViewRecord | None:
    match = _PAYLOAD.fullmatch(payload)
    if match is None:
        return None
    ms, nonce, community_id, collection_id = (int(part) for part in match.groups()[:4])
    link_ids = tuple(int(part) for part in match[6].split(b",") if part)
    if ms > LAST_MS or max(nonce, community_id, collection_id, *link_ids) > _ID_MAX:
        return None
    return ViewRecord(ms, nonce, community_id, collection_id, match[5].decode(), link_ids)


def _set_aside(parsed: Parsed, piece: bytes) -> None:
    parsed.damaged.extend(part for part in piece.split(b"\n") if part)
