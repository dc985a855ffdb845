"""What applying orders of a file would do: `fold(known)` beside `fold(known + the file's events)`.

The same reading and the same fold as the pipeline's; nothing is written here but what was found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.clock import rfc3339
from affiliate.core.db import among
from affiliate.core.records import from_json
from affiliate.core.signing import sha256_hex
from affiliate.merchants.models import WebhookKind
from affiliate.orders import adapters, queries, rules
from affiliate.orders.adapters import file as adapter
from affiliate.orders.adapters.reading import Shop
from affiliate.orders.facts import Event
from affiliate.orders.files.drafts import Problem, draft
from affiliate.orders.files.models import OrderFile, OrderFileRow, Outcome
from affiliate.orders.files.plans import Plan
from affiliate.orders.schemas import REF_MAX, Unreadable

_MONEY = ("total_minor", "net_minor", "refunded_minor", "shipping_minor")
_MOMENTS = ("placed_at", "completed_at", "cancelled_at")
_WORDS = ("coupon", "click_token")
UNKNOWN_ORDER = "unknown_order"


@dataclass(frozen=True, slots=True)
class Compared:
    """One order: a row of order_file_orders, and what is wrong with its rows."""

    row: dict[str, Any]
    problems: Sequence[Problem]


def compare(
    session: Session, file: OrderFile, plan: Plan, shop: Shop, wanted: Mapping[str, Sequence[int]], *, now: datetime
) -> list[Compared]:
    """These orders (number -> lines) in a fixed number of queries. One that is left out gives nothing."""
    cells = _cells(session, file.id, [line for lines in wanted.values() for line in lines])
    told: dict[str, bytes] = {}
    found: list[Compared] = []
    for ref, lines in wanted.items():
        order, problems = _draft(ref, lines, cells, plan)
        if order is not None:
            told[ref] = _body(file, plan, lines, cells, order)
        elif problems:
            found.append(Compared(_row(file.id, ref, lines[0], Outcome.REFUSED), problems))
    known = queries.events(session, [(file.merchant_id, ref) for ref in told])
    for ref, body in told.items():
        found.append(_compared(file.id, ref, wanted[ref][0], body, known[file.merchant_id, ref], shop, plan, now))
    return found


def _cells(session: Session, file_id: int, lines: Sequence[int]) -> dict[int, list[str] | None]:
    """Line -> its cells; None where it could not be taken apart."""
    wanted = sa.select(OrderFileRow.line, OrderFileRow.cells, OrderFileRow.is_broken)
    wanted = wanted.where(OrderFileRow.file_id == file_id, among(session, OrderFileRow.line, lines))
    return {row.line: None if row.is_broken else from_json(row.cells) for row in session.execute(wanted)}


def _draft(
    ref: str, lines: Sequence[int], cells: Mapping[int, list[str] | None], plan: Plan
) -> tuple[dict[str, Any] | None, list[Problem]]:
    problems: list[Problem] = []
    rows: list[tuple[int, Sequence[str]]] = []
    for line in lines:
        row = cells[line]
        beyond = next((cell for cell in (row or [])[len(plan.headings) :] if cell.strip()), None)
        if row is None:
            problems.append(Problem(line, "", "", "row_unreadable"))
        elif beyond is not None:
            problems.append(Problem(line, "", beyond[:500], "too_many_cells"))
        else:
            rows.append((line, row))
    order, more = draft(ref, rows, plan) if rows else (None, [])
    return (None if problems else order), [*problems, *more]


def _body(
    file: OrderFile, plan: Plan, lines: Sequence[int], cells: Mapping[int, list[str] | None], order: Mapping[str, Any]
) -> bytes:
    named = {
        line: {
            heading: str(cell)
            for heading, cell in zip(plan.headings, cells[line] or (), strict=False)
            if heading and cell != ""
        }
        for line in lines
    }
    return adapter.written(file_id=file.id, filename=file.filename, rows=named, order=order)


def _row(file_id: int, ref: str, line: int, outcome: Outcome) -> dict[str, Any]:
    return {
        "file_id": file_id, "order_ref": _key(ref), "line": line, "outcome": outcome.value, "currency": None,
        "before_minor": 0, "after_minor": 0, "changes": {}, "body": b"", "delivery_id": None,
    }  # fmt: skip


def _key(ref: str) -> str:
    """The number as far as it fits; one that is too long ends in a digest, so that no two are one."""
    return ref if len(ref) <= REF_MAX else f"{ref[: REF_MAX - 17]}~{sha256_hex(ref.encode())[:16]}"


def _compared(
    file_id: int, ref: str, line: int, body: bytes, known: Mapping[str, Event], shop: Shop, plan: Plan, now: datetime
) -> Compared:
    try:
        events = adapters.read(WebhookKind.FILE, body, {}, shop).events
    except Unreadable as refusal:
        problem = Problem(line, plan.heading("order_total") or plan.heading("line_total"), "", refusal.reason)
        return Compared(_row(file_id, ref, line, Outcome.REFUSED), [problem])
    new = {facts.digest(): Event(facts.digest(), now, 0, facts) for facts in events}
    before = rules.fold(known.values())
    after = rules.fold({**new, **known}.values())
    if after is None:
        problem = Problem(line, plan.heading("original_ref"), ref, UNKNOWN_ORDER)
        return Compared(_row(file_id, ref, line, Outcome.REFUSED), [problem])
    if new.keys() & after.foreign:
        problem = Problem(line, plan.heading("currency"), events[0].currency, rules.CURRENCY_MISMATCH)
        return Compared(_row(file_id, ref, line, Outcome.REFUSED), [problem])
    is_changed = rules.changed(before, after)
    outcome = Outcome.NEW if before is None else Outcome.CHANGED if is_changed else Outcome.SAME
    told = _row(file_id, ref, line, outcome) | {
        "currency": after.currency,
        "before_minor": _earning(before) if before else 0,
        "after_minor": _earning(after),
        "changes": changes(before, after),
        "body": body,
    }
    return Compared(told, [])


def _earning(state: rules.OrderState) -> int:
    """What a commission is reckoned from; nothing once the order is cancelled."""
    return 0 if state.status.value == "cancelled" else state.net_minor


def changes(before: rules.OrderState | None, after: rules.OrderState) -> dict[str, list[Any]]:
    """Field -> [from, to] of what a person wants to see."""
    told, now = (_shown(before) if before else {}), _shown(after)
    return {name: [told.get(name), value] for name, value in now.items() if told.get(name) != value}


def _shown(state: rules.OrderState) -> dict[str, Any]:
    moments = {name: getattr(state, name) for name in _MOMENTS}
    return {
        "status": state.status.value,
        **{name: getattr(state, name) for name in _MONEY},
        **{name: rfc3339(moment) if moment else None for name, moment in moments.items()},
        **{name: getattr(state, name) for name in _WORDS},
        "lines": len(state.lines),
        "pieces": sum(one.line.quantity for one in state.lines),
    }
