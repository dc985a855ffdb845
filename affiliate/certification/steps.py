"""The steps of the checklist, their states, and what they look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from affiliate.certification.history import History, Received, Told
from affiliate.merchants.models import WebhookKind
from affiliate.orders.rules import OrderState


class Step(StrEnum):
    """In the order in which they stand on the page."""

    PLACED = "placed"
    PAID = "paid"
    COMPLETED = "completed"
    PART_BY_LINE = "part_by_line"
    PART_BY_AMOUNT = "part_by_amount"
    FULL_REFUND = "full_refund"
    CANCEL = "cancel"
    REPEAT = "repeat"
    LATE_ORDER = "late_order"
    EARLY_REFUND = "early_refund"
    WRONG_SIGNATURE = "wrong_signature"
    IDR = "idr"
    ZERO_DECIMAL = "zero_decimal"


class State(StrEnum):
    MISSING = "missing"
    PASSED = "passed"
    FAILED = "failed"


class Why(StrEnum):
    """What went wrong."""

    SIGNATURE = "signature"  # `code` is the cause
    UNREADABLE = "unreadable"  # `code` is the reason, `field` the place
    NOT_SO_FAR = "not_so_far"  # the topic says more than the order in it
    UNKNOWN_LINE = "unknown_line"
    TOOK_NOTHING = "took_nothing"
    NO_ORDER = "no_order"
    OPENED_AGAIN = "opened_again"
    ID_REUSED = "id_reused"
    NO_VERSION = "no_version"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"


class Excuse(StrEnum):
    """Why a step is not demanded."""

    SUMS_ONLY = "sums_only"  # refunds are told without lines
    INSIDE = "inside"  # refunds come inside their order
    ONE_CURRENCY = "one_currency"  # the shop has one, and it is another


@dataclass(frozen=True, slots=True)
class Result:
    """One step. `request` is the recorded request that shows it, or that went wrong."""

    step: Step
    state: State
    excuse: Excuse | None = None
    request: int | None = None
    why: Why | None = None
    code: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A request that meant a step and did not get there."""

    by: Received
    why: Why
    code: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """What steps look at: the history, and the catalogue's prices by SKU (IDR, minor units)."""

    kind: WebhookKind
    told: History
    prices: Mapping[str, int]

    def known(self) -> Iterator[tuple[Told, OrderState]]:
        """The orders that have been told, with their states."""
        for order in self.told.orders.values():
            if order.state is not None:
                yield order, order.state
