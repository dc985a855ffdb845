"""A stretch of spool made ready for the database: each visit with its trail, repeated ones of the same stretch marked.

Pure, and in bytes from end to end: at this rate every object made for a click counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from affiliate.tracking import models, rules

HOUR_MS = 3_600_000
COLUMNS = ("ms", "nonce", "link_id", "visitor", "device", "reason", "referrer_host", "trail")  # of a row
_REPEATED = b"\t%b\t" % rules.Reason.REPEATED.encode()


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as tab-separated text (COLUMNS), none empty or holding a quote, and between which moments they lie.

    `hours`: which links had visits in which hours since 1970, UTC.
    """

    rows: list[bytes]
    first_ms: int
    last_ms: int
    hours: frozenset[tuple[int, int]]


def arrange(payloads: Sequence[bytes]) -> Batch:
    """The batch of these good payloads (at least one)."""
    rows: list[bytes] = []
    moments: list[int] = []
    hours: set[tuple[int, bytes]] = set()
    first_of: dict[bytes, int] = {}  # the first visit of each visitor to each link that may count
    several: dict[bytes, list[int]] = {}  # where there are more
    trail_of = models.trail_of
    for number, payload in enumerate(payloads):
        ms, _nonce, link_id, visitor, _device, reason, _host = payload.split(b"\t")
        moment = int(ms)
        moments.append(moment)
        hours.add((moment // HOUR_MS, link_id))
        rows.append(b"%b\t%d" % (payload, trail_of(moment, visitor)))
        if not reason:
            pair = link_id + b" " + visitor
            first = first_of.setdefault(pair, number)
            if first != number:
                several.setdefault(pair, [first]).append(number)
    for numbers in several.values():
        for number in _repeated(payloads, numbers):
            rows[number] = _marked(rows[number])
    return Batch(rows, min(moments), max(moments), frozenset((hour, int(link_id)) for hour, link_id in hours))


def _repeated(payloads: Sequence[bytes], numbers: Sequence[int]) -> Iterator[int]:
    """Those of one visitor's visits to a link that have another of them in the hour before."""
    visits = sorted((*_key(payloads[number]), number) for number in numbers)
    before: tuple[int, int] | None = None
    is_repeated = False
    for ms, nonce, number in visits:
        if before != (ms, nonce):  # else the same visit again, which is the same as before
            is_repeated = before is not None and ms - before[0] < rules.REPEAT_MS
            before = (ms, nonce)
        if is_repeated:
            yield number


def _key(payload: bytes) -> tuple[int, int]:
    ms, nonce, _rest = payload.split(b"\t", 2)
    return int(ms), int(nonce)


def _marked(row: bytes) -> bytes:
    """The row of a visit that had no reason against it, with `repeated` as its reason."""
    before, after = row.split(b"\t\t", 1)
    return before + _REPEATED + after
