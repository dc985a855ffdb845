"""What every rail can do: send with a key, and say what became of a key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Result(StrEnum):
    """What a rail said. A time-out is `unknown`, never `refused`."""

    SENT = "sent"
    REFUSED = "refused"  # it certainly does not pay this
    UNKNOWN = "unknown"  # it may or may not have it: look it up before sending again


@dataclass(frozen=True, slots=True)
class Instruction:
    """One payment: so much, in this currency, to this payee. `purpose` is the text beside the transfer."""

    amount_minor: int
    currency: str
    payee: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A rail's answer. `reference` is the rail's own name for the payment, `detail` a line for the log."""

    result: Result
    reference: str = ""
    detail: str = ""


class Rail(Protocol):
    """One way to pay."""

    @property
    def name(self) -> str:
        """As it stands in payouts and reports."""

    def send(self, instruction: Instruction, key: str) -> Outcome:
        """Hand the payment over. The same key again is the same payment, never a second one."""

    def find(self, key: str) -> Outcome | None:
        """What became of a key that was sent before; None when the rail certainly never saw it."""
