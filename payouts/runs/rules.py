"""Who is paid by a run and why the rest is not; the digest that an approver signs. Pure: plain values in and out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from affiliate.core import clock
from affiliate.core.signing import sha256_hex

ZONE = "Asia/Jakarta"  # a cut-off given as a day is the end of that day here
YEARS = range(2000, 2101)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
# Who can be paid, by the word before the colon in an owner's key, and the part they play.
ROLE_OF = {"community": "community", "curator": "curator", "member": "evangelist"}


class Reason(StrEnum):
    """Why somebody with money or a debt is not in a run."""

    BELOW_MINIMUM = "below_minimum"  # available, but less than the run's minimum
    HELD = "held"  # earned, but the hold ends after the cut-off
    NOT_FUNDED = "not_funded"  # earned, but the store has not paid us yet
    DEBT = "debt"  # refunds took back more than there is; carried, never reset
    OPEN_PAYOUT = "open_payout"  # another payout to them is still under way


@dataclass(frozen=True, slots=True)
class Position:
    """What one owner has at the cut-off, in minor units. `available` may be negative; the others never are."""

    owner: str
    available_minor: int
    held_minor: int = 0
    unfunded_minor: int = 0
    open_minor: int = 0  # already reserved by an open payout


@dataclass(frozen=True, slots=True)
class Due:
    owner: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """`amount_minor` is what of the owner's this run leaves for the reason given; negative for a debt."""

    owner: str
    reason: Reason
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole decision, both lists sorted by owner."""

    due: tuple[Due, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def total_minor(self) -> int:
        return sum(entry.amount_minor for entry in self.due)

    @property
    def owners(self) -> set[str]:
        return {entry.owner for entry in self.due} | {entry.owner for entry in self.left_out}


@dataclass(frozen=True, slots=True)
class Line:
    """What an approver signs of one payout."""

    owner: str
    amount_minor: int
    rail: str
    payee: str


def role_of(owner: str) -> str | None:
    """community, curator or evangelist; None for owners that no run pays (the platform, stores)."""
    return ROLE_OF.get(owner.partition(":")[0])


def plan(positions: Iterable[Position], *, minimum_minor: int) -> Plan:
    """Everybody who is due, and a reason for everybody else who has money or a debt."""
    due: list[Due] = []
    left_out: list[LeftOut] = []
    for position in sorted(positions, key=lambda entry: entry.owner):
        if role_of(position.owner) is None:
            continue
        left = _why_not(position, minimum_minor)
        if left is not None:
            left_out.append(left)
        elif position.available_minor > 0:
            due.append(Due(position.owner, position.available_minor))
    return Plan(tuple(due), tuple(left_out))


def _why_not(position: Position, minimum_minor: int) -> LeftOut | None:
    owner, available = position.owner, position.available_minor
    if position.open_minor:
        return LeftOut(owner, Reason.OPEN_PAYOUT, position.open_minor + available)
    if available < 0:
        return LeftOut(owner, Reason.DEBT, available)
    if 0 < available < minimum_minor:
        return LeftOut(owner, Reason.BELOW_MINIMUM, available)
    if available == 0 and position.held_minor > 0:
        return LeftOut(owner, Reason.HELD, position.held_minor)
    if available == 0 and position.unfunded_minor > 0:
        return LeftOut(owner, Reason.NOT_FUNDED, position.unfunded_minor)
    return None


def digest(currency: str, cutoff: datetime, lines: Sequence[Line]) -> str:
    """SHA-256 over the canonical JSON of a run: currency, cut-off, and each payout's owner, amount, rail and payee.

    The order of `lines` does not matter; two runs with one digest pay the same money the same way to the same places.
    """
    canonical = {
        "currency": currency,
        "cutoff": clock.rfc3339(cutoff),
        "payouts": sorted([line.owner, line.amount_minor, line.rail, line.payee] for line in lines),
    }
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256_hex(text.encode())


def read_cutoff(text: str) -> datetime | None:
    """The moment of an RFC 3339 time, or the last moment of a day (YYYY-MM-DD) in Jakarta; None for anything else."""
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            moment = clock.start_of_day(day + timedelta(days=1), ZONE) - timedelta(microseconds=1)
        elif _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text).astimezone(UTC)
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return moment if moment.year in YEARS else None
