"""Order files as each actor may see them: the merchant's staff, finance and platform staff; others find nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.errors import NotFound
from affiliate.core.i18n import DEFAULT_ZONE
from affiliate.core.records import from_json
from affiliate.core.wording import ID_MAX
from affiliate.identity.actors import Actor
from affiliate.merchants.models import Programme
from affiliate.orders.files.models import OrderFile, OrderFileOrder, OrderFileProblem, OrderFileRow, Outcome


def zone(session: Session, merchant_id: int) -> str:
    """In which zone a merchant's times are that name none: its oldest programme's."""
    wanted = sa.select(Programme.timezone).where(Programme.merchant_id == merchant_id).order_by(Programme.id).limit(1)
    return session.execute(wanted).scalar() or DEFAULT_ZONE


def file_for(session: Session, actor: Actor, file_id: int, *, merchant_id: int | None = None) -> OrderFile:
    """A file that the actor sees (of this merchant, where one is named). Raises NotFound."""
    if not 0 < file_id <= ID_MAX:
        raise NotFound
    wanted = sa.select(OrderFile).where(OrderFile.id == file_id)
    if not actor.sees_all():
        wanted = wanted.where(OrderFile.merchant_id.in_(actor.merchants))
    if merchant_id is not None:
        wanted = wanted.where(OrderFile.merchant_id == merchant_id)
    found = session.execute(wanted.execution_options(populate_existing=True)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def files(session: Session, merchant_id: int, *, limit: int, before: int | None = None) -> Sequence[OrderFile]:
    """A merchant's files, newest first."""
    wanted = sa.select(OrderFile).where(OrderFile.merchant_id == merchant_id)
    if before is not None:
        wanted = wanted.where(OrderFile.id < before)
    newest_first = wanted.order_by(OrderFile.id.desc()).limit(limit)
    return session.execute(newest_first.execution_options(populate_existing=True)).scalars().all()


def orders(
    session: Session, file_id: int, outcome: Outcome | None, *, limit: int, after: int | None = None
) -> Sequence[OrderFileOrder]:
    """A file's orders of this outcome (else those that change something), in the order of the file."""
    wanted = sa.select(OrderFileOrder).where(OrderFileOrder.file_id == file_id)
    if outcome is not None:
        wanted = wanted.where(OrderFileOrder.outcome == outcome)
    if after is not None:
        wanted = wanted.where(OrderFileOrder.id > after)
    return session.execute(wanted.order_by(OrderFileOrder.id).limit(limit)).scalars().all()


def problems(
    session: Session, file_id: int, *, limit: int, after: tuple[int, int] | None = None
) -> Sequence[OrderFileProblem]:
    """What could not be read, in the order of the file; `after` is (line, id) of the last one seen."""
    wanted = sa.select(OrderFileProblem).where(OrderFileProblem.file_id == file_id)
    if after is not None:
        wanted = wanted.where(sa.tuple_(OrderFileProblem.line, OrderFileProblem.id) > sa.tuple_(*after))
    return session.execute(wanted.order_by(OrderFileProblem.line, OrderFileProblem.id).limit(limit)).scalars().all()


def refused_rows(session: Session, file_id: int, *, limit: int, after: int = -1) -> list[tuple[int, list[str], str]]:
    """(line, cells, codes of what is wrong in it) of rows with a problem, in the order of the file."""
    lines = (
        sa.select(OrderFileProblem.line)
        .where(OrderFileProblem.file_id == file_id, OrderFileProblem.line > after)
        .distinct()
        .order_by(OrderFileProblem.line)
        .limit(limit)
    )
    wanted = list(session.execute(lines).scalars())
    codes: dict[int, list[str]] = {line: [] for line in wanted}
    found = sa.select(OrderFileProblem.line, OrderFileProblem.code).where(
        OrderFileProblem.file_id == file_id, OrderFileProblem.line.in_(wanted)
    )
    for line, code in session.execute(found.order_by(OrderFileProblem.id)):
        if code not in codes[line]:
            codes[line].append(code)
    rows = sa.select(OrderFileRow.line, OrderFileRow.cells).where(
        OrderFileRow.file_id == file_id, OrderFileRow.line.in_(wanted)
    )
    cells: dict[int, Any] = {row.line: row.cells for row in session.execute(rows)}
    return [(line, from_json(cells.get(line, [])), " ".join(codes[line])) for line in wanted]
