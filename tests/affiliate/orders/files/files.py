"""Order files of invented and of real shops, a worker that works them, and what came of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import xlsxwriter
from flask import current_app
from sqlalchemy.orm import Session

from affiliate import pipeline
from affiliate.core import storage
from affiliate.merchants.models import Merchant
from affiliate.orders.files import jobs, service
from affiliate.orders.files.models import FileStage, OrderFile, OrderFileOrder, OrderFileProblem
from affiliate.orders.models import Order, OrderLine, OrderRefund
from tests.conftest import NOW
from tests.factories import ROBOT

LINE = ("line_ref", "sku", "title", "quantity", "net_minor", "refunded_minor")
HEADS = ("No. Pesanan", "Tanggal", "Status", "SKU", "Nama Produk", "Jumlah", "Harga Satuan")


def row(
    ref: str = "A-1",
    day: str = "2026-10-20 10:00:00",
    status: str = "Selesai",
    sku: str = "Z-77",
    title: str = "Kebaya",
    pieces: object = 2,
    price: object = "150000",
) -> tuple[str, ...]:
    return (ref, day, status, sku, title, str(pieces), str(price))  # fmt: skip


def text(rows: Iterable[Sequence[object]], heads: Sequence[str] = HEADS, delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([heads, *rows])
    return out.getvalue()


def table(*rows: Sequence[object], heads: Sequence[str] = HEADS) -> bytes:
    return text(rows, heads).encode()


def workbook(rows: Iterable[Sequence[object]], heads: Sequence[str] = HEADS) -> bytes:
    """A workbook in which what looks like a number is one, as people's spreadsheets have it."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_numbers": False, "strings_to_formulas": False}) as made:
        sheet = made.add_worksheet("Pesanan")
        for y, cells in enumerate([heads, *rows]):
            for x, cell in enumerate(cells):
                if isinstance(cell, int | float):
                    sheet.write_number(y, x, cell)
                else:
                    sheet.write_string(y, x, str(cell))
    return out.getvalue()


def send(session: Session, merchant: Merchant, body: bytes, *, at: datetime = NOW, name: str = "orders.csv") -> int:
    folder = current_app.config["ETALASE"].upload_dir
    stored = storage.store(io.BytesIO(body), folder, limit=len(body) + 1)
    kept = service.receive(session, merchant, stored, filename=name, actor=ROBOT, now=at)
    session.commit()
    return kept.id


def work(now: datetime = NOW) -> None:
    """Everything that is due is worked."""
    calls = 0
    while jobs.run(now):
        calls += 1
        assert calls < 500, "the job finds work for ever"


def fresh(session: Session, file_id: int) -> OrderFile:
    session.expire_all()
    return session.execute(
        sa.select(OrderFile).where(OrderFile.id == file_id).execution_options(populate_existing=True)
    ).scalar_one()


def compared(session: Session, merchant: Merchant, body: bytes, **over: Any) -> OrderFile:
    """A file that was read and compared."""
    file_id = send(session, merchant, body, **over)
    work()
    return fresh(session, file_id)


def choose(session: Session, file: OrderFile, mapping: Mapping[str, str] | None = None, **choices: Any) -> OrderFile:
    """A person's word on a file, and the work after it."""
    told = {**file.mapping, **(mapping or {})}
    kept = {**file.choices, **choices}
    service.choose(session, file, {k: v for k, v in told.items() if v}, kept, actor=ROBOT, now=NOW)
    session.commit()
    work()
    return fresh(session, file.id)


def applied(session: Session, file: OrderFile, *, now: datetime = NOW) -> OrderFile:
    """The file counts, through the same pipeline as webhooks."""
    assert file.stage is FileStage.READY, (file.stage, file.failure, file.questions)
    service.apply(session, file, actor=ROBOT, now=now)
    session.commit()
    work(now)
    while pipeline.run(now + timedelta(minutes=1)):  # the job's clock has gone on
        pass
    done = fresh(session, file.id)
    assert done.stage is FileStage.APPLIED
    return done


def taken(session: Session, merchant: Merchant, body: bytes, **over: Any) -> OrderFile:
    return applied(session, compared(session, merchant, body, **over))


def problems(session: Session, file: OrderFile) -> list[tuple[int, str, str]]:
    found = sa.select(OrderFileProblem).where(OrderFileProblem.file_id == file.id)
    ordered = session.execute(found.order_by(OrderFileProblem.line, OrderFileProblem.id)).scalars()
    return [(one.line, one.column, one.code) for one in ordered]


def outcomes(session: Session, file: OrderFile) -> dict[str, str]:
    found = session.execute(sa.select(OrderFileOrder).where(OrderFileOrder.file_id == file.id)).scalars()
    return {one.order_ref: one.outcome.value for one in found}


def state(session: Session, merchant: Merchant) -> dict[str, Any]:
    """Every order of a store with its lines and refunds, but for ids and when we first heard of anything."""
    session.expire_all()
    found: dict[str, Any] = {}
    names = ("status", "currency", "placed_at", "completed_at", "cancelled_at", "version", "click_token", "coupon",
             "customer_ref", "shipping_minor", "total_minor", "net_minor", "refunded_minor")  # fmt: skip
    for order in session.execute(sa.select(Order).where(Order.merchant_id == merchant.id)).scalars():
        lines = session.execute(sa.select(OrderLine).where(OrderLine.order_id == order.id)).scalars()
        refunds = session.execute(sa.select(OrderRefund).where(OrderRefund.order_id == order.id)).scalars()
        found[order.ref] = (
            {name: getattr(order, name) for name in names},
            sorted(
                (one.line_ref, one.sku, one.title, one.quantity, one.net_minor, one.refunded_minor) for one in lines
            ),
            sorted((one.refund_ref, one.amount_minor, one.occurred_at) for one in refunds),
        )
    return found
