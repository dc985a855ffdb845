"""What comes in with an order file and its columns, and what programs see of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from affiliate.core import clock, web
from affiliate.core.dates import DAY_FIRST, MONTH_FIRST
from affiliate.core.numbers import COMMA, POINT
from affiliate.core.web import money_json
from affiliate.orders.files import fields as ours
from affiliate.orders.files.models import FileStage, OrderFile
from affiliate.orders.files.plans import AUTO


class FileForm(web.Strict):
    merchant = fields.Str(load_default=None, metadata={"description": "slug; needed where a key has several"})


class FileFiles(web.Strict):
    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class FileAccepted(Schema):
    id = fields.Int()
    url = fields.Str()


class ColumnsSchema(web.Strict):
    """How a file is to be read: our field -> heading, and what its cells leave open."""

    mapping = fields.Dict(
        keys=fields.Str(validate=validate.OneOf(ours.FIELDS)), values=fields.Str(validate=validate.Length(1, 500)),
        required=True,
    )  # fmt: skip
    decimal = fields.Str(load_default=AUTO, validate=validate.OneOf([AUTO, POINT, COMMA]))
    dates = fields.Str(load_default=AUTO, validate=validate.OneOf([AUTO, DAY_FIRST, MONTH_FIRST]))
    without_status = fields.Str(load_default=ours.COMPLETED, validate=validate.OneOf(ours.STATES))
    statuses = fields.Dict(
        keys=fields.Str(validate=validate.Length(1, 200)), values=fields.Str(validate=validate.OneOf(ours.STATES)),
        load_default=dict,
    )  # fmt: skip


class FileShown(Schema):
    id = fields.Int()
    merchant = fields.Str()
    filename = fields.Str()
    stage = fields.Enum(FileStage, by_value=True)
    size_bytes = fields.Int()
    rows_total = fields.Int()
    headings = fields.List(fields.Str())
    sheet = fields.Str()
    other_sheets = fields.List(fields.Str())
    mapping = fields.Dict()
    choices = fields.Dict()
    questions = fields.Dict()
    orders = fields.Dict()
    problems = fields.Int()
    money = fields.List(fields.Dict())
    failure = fields.Str(allow_none=True)
    failure_text = fields.Str(allow_none=True)
    received_at = fields.Str()
    compared_at = fields.Str(allow_none=True)
    applied_at = fields.Str(allow_none=True)
    refused_url = fields.Str()


def file_json(file: OrderFile, slug: str, *, failure_text: str | None, refused_url: str) -> dict[str, Any]:
    """An order file as programs see it."""
    counts: Mapping[str, Any] = file.counts
    return {
        "id": file.id,
        "merchant": slug,
        "filename": file.filename,
        "stage": file.stage,
        "size_bytes": file.size_bytes,
        "rows_total": file.rows_total,
        "headings": file.headings,
        "sheet": file.table.get("sheet", ""),
        "other_sheets": file.table.get("other_sheets", []),
        "mapping": file.mapping,
        "choices": file.choices,
        "questions": file.questions,
        "orders": counts.get("orders", {}),
        "problems": counts.get("problems", 0),
        "money": [
            {"net_before": money_json(before, currency), "net_after": money_json(after, currency)}
            for currency, (before, after) in sorted(counts.get("money", {}).items())
        ],
        "failure": file.failure,
        "failure_text": failure_text,
        "received_at": clock.rfc3339(file.received_at),
        "compared_at": clock.rfc3339(file.compared_at) if file.compared_at else None,
        "applied_at": clock.rfc3339(file.applied_at) if file.applied_at else None,
        "refused_url": refused_url,
    }
