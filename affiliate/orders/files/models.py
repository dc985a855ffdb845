"""Order files, their rows as they came, what each order in them would change, and what could not be read."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base, choice, primary_key


class FileStage(StrEnum):
    """received → reading → checking → comparing → ready → applying → applied; waiting for a person after checking."""

    RECEIVED = "received"
    READING = "reading"
    CHECKING = "checking"
    WAITING = "waiting"
    COMPARING = "comparing"
    READY = "ready"
    APPLYING = "applying"
    APPLIED = "applied"
    FAILED = "failed"


WORKED = (FileStage.RECEIVED, FileStage.READING, FileStage.CHECKING, FileStage.COMPARING, FileStage.APPLYING)


class Outcome(StrEnum):
    """What applying an order of a file would do."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


class OrderFile(Base):
    """One file on its way. `position` is rows staged, then orders compared, then orders applied."""

    __tablename__ = "order_files"
    __table_args__ = (Index("ix_order_files_stage", "stage"),)

    id: Mapped[int] = primary_key()
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"), index=True)
    filename: Mapped[str] = mapped_column(String(255))
    path: Mapped[str] = mapped_column(String(500))  # below the upload folder
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]
    stage: Mapped[FileStage] = mapped_column(choice(FileStage), default=FileStage.RECEIVED)
    table: Mapped[dict[str, Any]] = mapped_column(default=dict)  # headings, first rows, sheet, other sheets
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)  # our field -> column heading
    choices: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what a person said: see plans.Choices
    questions: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what only a person can say
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # orders by outcome, money by currency
    position: Mapped[int] = mapped_column(default=0)
    rows_total: Mapped[int] = mapped_column(default=0)
    orders_total: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str | None] = mapped_column(String(60))  # stable code: why the whole file was refused
    failure_detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    received_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))
    compared_at: Mapped[datetime | None]
    applied_at: Mapped[datetime | None]
    applied_by: Mapped[str | None] = mapped_column(String(80))
    attempts: Mapped[int] = mapped_column(default=0)  # of all workers: fences off those who lost their lease
    tries: Mapped[int] = mapped_column(default=0)  # since it last came forward
    lease_until: Mapped[datetime | None]

    @property
    def headings(self) -> list[str]:
        return list(self.table.get("headings", []))


class OrderFileRow(Base):
    """A row as it came: its cells, an exact number of a workbook as a list of one."""

    __tablename__ = "order_file_rows"

    file_id: Mapped[int] = mapped_column(ForeignKey("order_files.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    cells: Mapped[list[Any]]
    is_broken: Mapped[bool] = mapped_column(default=False)


class OrderFileOrder(Base):
    """One order of a file: what applying it would change, and the delivery that it is once it was applied."""

    __tablename__ = "order_file_orders"
    __table_args__ = (
        UniqueConstraint("file_id", "order_ref"),
        Index("ix_order_file_orders_file_outcome", "file_id", "outcome"),
    )

    id: Mapped[int] = primary_key()
    file_id: Mapped[int] = mapped_column(ForeignKey("order_files.id"))
    order_ref: Mapped[str] = mapped_column(String(120))
    line: Mapped[int]  # the first of its rows
    outcome: Mapped[Outcome] = mapped_column(choice(Outcome))
    currency: Mapped[str | None] = mapped_column(String(3))
    before_minor: Mapped[int] = mapped_column(default=0)  # net: what a commission is reckoned from
    after_minor: Mapped[int] = mapped_column(default=0)
    changes: Mapped[dict[str, Any]] = mapped_column(default=dict)  # field -> [from, to]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("deliveries.id"))


class OrderFileProblem(Base):
    """One cell that keeps its order from being applied: line and heading as the file has them, the value, and why."""

    __tablename__ = "order_file_problems"
    __table_args__ = (Index("ix_order_file_problems_file_line", "file_id", "line"),)

    id: Mapped[int] = primary_key()
    file_id: Mapped[int] = mapped_column(ForeignKey("order_files.id"))
    line: Mapped[int]
    order_ref: Mapped[str] = mapped_column(String(120), default="")
    column: Mapped[str] = mapped_column(String(120))
    value: Mapped[str] = mapped_column(String(500))
    code: Mapped[str] = mapped_column(String(60))


class OrderFileMapping(Base):
    """Columns and choices that a person made once, remembered by the file's headings."""

    __tablename__ = "order_file_mappings"
    __table_args__ = (UniqueConstraint("merchant_id", "headings_hash"),)

    id: Mapped[int] = primary_key()
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"))
    headings_hash: Mapped[str] = mapped_column(String(64))
    mapping: Mapped[dict[str, Any]]
    choices: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]
