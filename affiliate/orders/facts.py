"""What one delivery says, as plain values: amounts in minor units, times in UTC. Stored as an event's content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from affiliate.core.clock import rfc3339
from affiliate.core.signing import sha256_hex

PLACED = "order.placed"
PAID = "order.paid"
COMPLETED = "order.completed"
UPDATED = "order.updated"
CANCELLED = "order.cancelled"
REFUNDED = "order.refunded"
LIFE = (PLACED, PAID, COMPLETED, UPDATED, CANCELLED)
KINDS = frozenset({*LIFE, REFUNDED})


@dataclass(frozen=True, slots=True)
class LineFacts:
    """One line as sold. `net_minor` is quantity × unit_price − discount − tax, never negative."""

    line_ref: str
    sku: str | None
    title: str | None
    category: str | None
    brand: str | None
    quantity: int
    unit_price_minor: int
    discount_minor: int
    tax_minor: int

    @property
    def net_minor(self) -> int:
        return self.gross_minor - self.tax_minor

    @property
    def gross_minor(self) -> int:
        """What the customer pays for the line, tax included."""
        return self.quantity * self.unit_price_minor - self.discount_minor


@dataclass(frozen=True, slots=True)
class RefundLineFacts:
    """What a refund takes from one line; the amount is of the line's net, so without tax.

    Without an amount the pieces take their own share of that net.
    """

    line_ref: str
    quantity: int
    amount_minor: int | None


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """One refund. Without lines its amount is spread over the order's lines; with some, `beside_minor` is.

    `with_tax` says that what is spread is what the customer got, tax included: the lines lose its share of their nets.
    """

    refund_ref: str
    amount_minor: int
    lines: tuple[RefundLineFacts, ...] = ()
    beside_minor: int = 0
    with_tax: bool = False

    @property
    def spread_minor(self) -> int:
        return self.beside_minor if self.lines else self.amount_minor


@dataclass(frozen=True, slots=True)
class ReadingFacts:
    """What a file says beside the order itself. `at`: of which moment its word is.

    `refunded_minor` is all that went back until then, tax included; None where the file has no such column.
    `is_total`: only the order's total is told, its one line stands for all that it has.
    """

    at: datetime
    refunded_minor: int | None = None
    refunded_at: datetime | None = None
    has_shipping: bool = False
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class EventFacts:
    """One thing a merchant said about an order; None means "not told" throughout.

    A snapshot tells the order as it now is, with all its refunds, so that it overtakes what earlier snapshots told.
    What a file told has a `reading`, and no version.
    """

    kind: str
    order_ref: str
    version: int
    occurred_at: datetime
    currency: str
    placed_at: datetime | None = None
    click_token: str | None = None
    coupon: str | None = None
    reference: str | None = None
    is_test: bool | None = None
    customer_ref: str | None = None
    customer_is_new: bool | None = None
    shipping_minor: int = 0
    lines: tuple[LineFacts, ...] | None = None
    refund: RefundFacts | None = None
    is_snapshot: bool = False
    reading: ReadingFacts | None = None

    def content(self) -> dict[str, Any]:
        """As stored in `order_events.content`; kind, reference, version and time have columns of their own."""
        told = {name: getattr(self, name) for name in _TOLD}
        told["placed_at"] = rfc3339(self.placed_at) if self.placed_at else None
        told["lines"] = None if self.lines is None else [plain(line) for line in self.lines]
        told["refund"] = told_refund(self.refund) if self.refund else None
        # The same words as before there were these fields are the same event.
        if self.reference is None:
            del told["reference"]
        if not self.is_snapshot:
            del told["is_snapshot"]
        if self.reading is None:
            del told["reading"]
        else:
            told["reading"] = plain(self.reading) | {
                "at": rfc3339(self.reading.at),
                "refunded_at": rfc3339(self.reading.refunded_at) if self.reading.refunded_at else None,
            }
        return told

    def digest(self) -> str:
        """SHA-256 of the meaning: the same words in another delivery are the same event."""
        named = {
            "kind": self.kind,
            "order_ref": self.order_ref,
            "version": self.version,
            "occurred_at": rfc3339(self.occurred_at),
            "content": self.content(),
        }
        return sha256_hex(json.dumps(named, sort_keys=True, separators=(",", ":")).encode())


_COLUMNS = frozenset({"kind", "order_ref", "version", "occurred_at"})
_TOLD = tuple(one.name for one in fields(EventFacts) if one.name not in _COLUMNS)


def plain(row: Any) -> dict[str, Any]:
    """A flat dataclass as a dict; `asdict` copies in depth, at ten times the cost."""
    return {name: getattr(row, name) for name in row.__slots__}


def told_refund(refund: RefundFacts) -> dict[str, Any]:
    """A refund as stored; what only shop systems tell is left out where they do not."""
    told = plain(refund) | {"lines": [plain(line) for line in refund.lines]}
    for name in ("beside_minor", "with_tax"):
        if not told[name]:
            del told[name]
    return told


@dataclass(frozen=True, slots=True)
class Event:
    """A stored event: what was said, by its digest, and when it first came in."""

    digest: str
    received_at: datetime
    delivery_id: int
    facts: EventFacts


def from_content(
    kind: str, order_ref: str, version: int, occurred_at: datetime, content: Mapping[str, Any]
) -> EventFacts:
    """The facts of a stored event."""
    told = dict(content)
    lines, refund = told.pop("lines"), told.pop("refund")
    placed_at, reading = told.pop("placed_at"), told.pop("reading", None)
    return EventFacts(
        kind=kind,
        order_ref=order_ref,
        version=version,
        occurred_at=occurred_at,
        placed_at=datetime.fromisoformat(placed_at) if placed_at else None,
        lines=None if lines is None else tuple(LineFacts(**line) for line in lines),
        refund=_refund(refund) if refund else None,
        reading=_reading(reading) if reading else None,
        **told,
    )


def _refund(told: Mapping[str, Any]) -> RefundFacts:
    return RefundFacts(**{**told, "lines": tuple(RefundLineFacts(**line) for line in told["lines"])})


def _reading(told: Mapping[str, Any]) -> ReadingFacts:
    refunded_at = told["refunded_at"]
    moments = {
        "at": datetime.fromisoformat(told["at"]),
        "refunded_at": datetime.fromisoformat(refunded_at) if refunded_at else None,
    }
    return ReadingFacts(**{**told, **moments})
