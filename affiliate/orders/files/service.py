"""Verbs of order files: receive, keep rows, note what was found, take a person's choices, apply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core import bulk
from affiliate.core.db import affected, upsert
from affiliate.core.errors import Conflict
from affiliate.core.i18n import _l
from affiliate.core.mapping import headings_hash
from affiliate.core.records import Record, to_json
from affiliate.core.storage import StoredFile
from affiliate.identity.actors import Actor
from affiliate.identity.service import record
from affiliate.merchants.models import Merchant, WebhookKind
from affiliate.orders import intake
from affiliate.orders.files.comparing import Compared
from affiliate.orders.files.models import (
    FileStage,
    OrderFile,
    OrderFileMapping,
    OrderFileOrder,
    OrderFileProblem,
    OrderFileRow,
    Outcome,
)

APPLIED_OUTCOMES = (Outcome.NEW, Outcome.CHANGED, Outcome.SAME)  # what says nothing new is kept as said, too


class NotReady(Conflict):
    code = "file_not_ready"
    message = _l("This file is not ready to be applied. Nothing was changed; look at its page for what it needs.")


class NotOpen(Conflict):
    code = "file_not_open"
    message = _l("This file is being worked or was applied already, so its columns stay as they are.")


def receive(
    session: Session, merchant: Merchant, stored: StoredFile, *, filename: str, actor: Actor, now: datetime
) -> OrderFile:
    """Note a stored file; the worker reads it."""
    file = OrderFile(
        merchant_id=merchant.id,
        filename=filename,
        path=stored.name,
        sha256=stored.sha256,
        size_bytes=stored.size_bytes,
        received_at=now,
        created_by=actor.ref,
    )
    session.add(file)
    session.flush()  # its id is needed for the answer
    record(session, actor, "order_file.uploaded", ("order_file", file.id), now=now, sha256=stored.sha256)
    return file


def remembered(session: Session, merchant_id: int, headings: Sequence[str]) -> OrderFileMapping | None:
    """What a person chose for a file of this merchant with these headings."""
    return session.execute(
        sa.select(OrderFileMapping).where(
            OrderFileMapping.merchant_id == merchant_id, OrderFileMapping.headings_hash == headings_hash(headings)
        )
    ).scalar_one_or_none()


def stage(session: Session, file: OrderFile, taken: Sequence[Record]) -> None:
    """Keep a stretch of rows as they came."""
    rows = [
        {"file_id": file.id, "line": one.line, "cells": to_json(_storable(one.cells)), "is_broken": one.broken}
        for one in taken
    ]
    bulk.insert(session, OrderFileRow, rows)


def _storable(cells: Sequence[str]) -> list[str]:
    """Cells without the one character that PostgreSQL does not take."""
    return [cell.replace("\0", "\ufffd") if "\0" in cell else cell for cell in cells]


def keep_compared(session: Session, found: Sequence[Compared]) -> None:
    """Note what these orders would do, and what is wrong with them."""
    bulk.insert(session, OrderFileOrder, [one.row for one in found])
    problems = [
        {"file_id": one.row["file_id"], "order_ref": one.row["order_ref"], **asdict(problem)}
        for one in found
        for problem in one.problems
    ]
    bulk.insert(session, OrderFileProblem, problems)


def counted(session: Session, file_id: int) -> dict[str, Any]:
    """Orders by outcome, and the net before and after by currency, of what has been compared."""
    orders = OrderFileOrder
    rows = session.execute(
        sa.select(
            orders.outcome, orders.currency, sa.func.count(), sa.func.sum(orders.before_minor),
            sa.func.sum(orders.after_minor),
        )
        .where(orders.file_id == file_id)
        .group_by(orders.outcome, orders.currency)
    ).all()  # fmt: skip
    outcomes: Counter[str] = Counter()
    money: dict[str, list[int]] = {}
    for outcome, currency, count, before, after in rows:
        outcomes[outcome.value] += count
        if currency:
            sums = money.setdefault(currency, [0, 0])
            sums[0], sums[1] = sums[0] + int(before), sums[1] + int(after)
    refused = sa.select(sa.func.count()).where(OrderFileProblem.file_id == file_id)
    return {
        "orders": {one.value: outcomes[one.value] for one in Outcome},
        "money": money,
        "problems": session.execute(refused).scalar_one(),
    }


def choose(
    session: Session,
    file: OrderFile,
    mapping: Mapping[str, str],
    choices: Mapping[str, Any],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Read a file by these columns and choices, and remember them for files with the same headings. Raises NotOpen."""
    done = session.execute(
        sa.update(OrderFile)
        .where(OrderFile.id == file.id, OrderFile.stage.in_((FileStage.WAITING, FileStage.READY)))
        .values(
            stage=FileStage.CHECKING, mapping=dict(mapping), choices=dict(choices), questions={}, counts={},
            position=0, orders_total=0, tries=0, lease_until=None, compared_at=None,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if not affected(done):
        raise NotOpen
    for kind in (OrderFileOrder, OrderFileProblem):
        session.execute(sa.delete(kind).where(kind.file_id == file.id).execution_options(synchronize_session=False))
    fresh = {"mapping": dict(mapping), "choices": dict(choices), "saved_at": now}
    insert = upsert(session, OrderFileMapping).values(
        merchant_id=file.merchant_id, headings_hash=headings_hash(file.headings), **fresh
    )
    session.execute(insert.on_conflict_do_update(index_elements=["merchant_id", "headings_hash"], set_=fresh))
    record(session, actor, "order_file.mapped", ("order_file", file.id), now=now, mapping=dict(mapping))


def apply(session: Session, file: OrderFile, *, actor: Actor, now: datetime) -> None:
    """Let a compared file count. It cannot be taken back; a corrected file can follow. Raises NotReady."""
    done = session.execute(
        sa.update(OrderFile)
        .where(OrderFile.id == file.id, OrderFile.stage == FileStage.READY)
        .values(stage=FileStage.APPLYING, position=0, tries=0, lease_until=None, applied_by=actor.ref)
        .execution_options(synchronize_session=False)
    )
    if not affected(done):
        raise NotReady
    record(session, actor, "order_file.applied", ("order_file", file.id), now=now, sha256=file.sha256)


def deliver(session: Session, file: OrderFile, *, after: int, limit: int, now: datetime) -> int | None:
    """Keep the next orders of a file as deliveries, each once; the last one's id, None where there are no more."""
    wanted = (
        sa.select(OrderFileOrder.id, OrderFileOrder.order_ref, OrderFileOrder.body)
        .where(
            OrderFileOrder.file_id == file.id,
            OrderFileOrder.outcome.in_(APPLIED_OUTCOMES),
            OrderFileOrder.id > after,
        )
        .order_by(OrderFileOrder.id)
        .limit(limit)
    )
    rows = session.execute(wanted).all()
    if not rows:
        return None
    told = [
        intake.Told(file.merchant_id, WebhookKind.FILE, f"file-{file.id}-{row.order_ref}", {}, row.body)
        for row in rows
    ]  # fmt: skip
    kept = intake.keep_all(session, told, now=now)
    delivered = [
        {"id": row.id, "delivery_id": one.delivery_id} for row, one in zip(rows, kept, strict=True) if one is not None
    ]
    bulk.update(session, OrderFileOrder, delivered)
    return int(rows[-1].id)
