"""Where an order's words come from, when they come from a file: which file, which rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.merchants.models import WebhookKind
from affiliate.orders.models import Delivery, OrderEvent

LINES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Source:
    """A file and the lines of it that one delivery holds."""

    file_id: int
    filename: str
    lines: tuple[int, ...]

    @property
    def lines_shown(self) -> str:
        more = " …" if len(self.lines) > LINES_SHOWN else ""
        return ", ".join(str(line) for line in self.lines[:LINES_SHOWN]) + more


def of_delivery(delivery: Delivery) -> Source | None:
    return _source(delivery.body) if delivery.kind is WebhookKind.FILE else None


def of_events(session: Session, events: Iterable[OrderEvent]) -> dict[int, Source]:
    """Delivery id -> source, of those events that a file told."""
    wanted = {event.delivery_id for event in events}
    files = sa.select(Delivery.id, Delivery.body).where(Delivery.id.in_(wanted), Delivery.kind == WebhookKind.FILE)
    return {row.id: _source(row.body) for row in session.execute(files)}


def _source(body: bytes) -> Source:
    told: Any = json.loads(body)
    return Source(told["file"], told["filename"], tuple(row["line"] for row in told["rows"]))
