"""Verbs of uploads: receive a file, stage a batch of rows, read it again. Products are written by `merging` only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.leases import FINISHED, Claim, hold
from affiliate.catalogue.models import (
    CatalogueUpload,
    Format,
    SavedMapping,
    StagedProduct,
    UploadMode,
    UploadRowError,
    UploadStage,
)
from affiliate.catalogue.readers.rows import Refused
from affiliate.catalogue.rules import ProductRow
from affiliate.catalogue.storage import StoredFile
from affiliate.core.db import affected, upsert
from affiliate.core.errors import Conflict
from affiliate.core.i18n import _l
from affiliate.core.mapping import headings_hash
from affiliate.identity.actors import Actor
from affiliate.identity.service import record
from affiliate.merchants.models import Merchant


class StillReading(Conflict):
    code = "upload_still_reading"
    message = _l("This file is still being read. Please wait until it is done.")


class NewerUpload(Conflict):
    code = "newer_upload"
    message = _l("A newer file came after this one, so it is not read again. Please send it as a new upload.")


@dataclass(frozen=True, slots=True)
class GoodRow:
    """A product, its line, and the heading of its id for the case that the id came before."""

    line: int
    product: ProductRow
    id_column: str


@dataclass(frozen=True, slots=True)
class RowError:
    """One cell that could not be used. `sku`: whose row it is, as far as that could be read."""

    line: int
    column: str
    value: str
    code: str
    sku: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a stretch of rows came to. `failed` counts rows, `errors` cells; `position` and `bytes_read` are reached."""

    good: Sequence[GoodRow]
    errors: Sequence[RowError]
    failed: int
    skipped: int
    position: int
    bytes_read: int


def receive(
    session: Session,
    merchant: Merchant,
    stored: StoredFile,
    *,
    filename: str,
    format: Format | None,
    mode: UploadMode,
    currency: str | None,
    mapping: Mapping[str, str],
    actor: Actor,
    now: datetime,
) -> CatalogueUpload:
    """Note a stored file; the worker reads it."""
    upload = CatalogueUpload(
        merchant_id=merchant.id,
        filename=filename,
        path=stored.name,
        sha256=stored.sha256,
        size_bytes=stored.size_bytes,
        format=format,
        mode=mode,
        currency=currency or merchant.currency,
        mapping=dict(mapping),
        received_at=now,
        created_by=actor.ref,
    )
    session.add(upload)
    session.flush()  # its id is needed for the answer
    record(session, actor, "catalogue.uploaded", ("upload", upload.id), now=now, sha256=stored.sha256, mode=mode.value)
    return upload


def remembered_mapping(session: Session, merchant_id: int, headings: Sequence[str]) -> Mapping[str, str] | None:
    """The mapping that a person saved for a file of this merchant with these headings."""
    return session.execute(
        sa.select(SavedMapping.mapping).where(
            SavedMapping.merchant_id == merchant_id, SavedMapping.headings_hash == headings_hash(headings)
        )
    ).scalar_one_or_none()


def stage(session: Session, claimed: Claim, batch: Batch, *, lease_until: datetime) -> None:
    """Keep one batch: good rows, errors, and how far the file was read. Raises LeaseLost."""
    good, doubles = _without_doubles(session, claimed.upload_id, batch.good)
    errors = [*batch.errors, *doubles]
    hold(
        session,
        claimed,
        UploadStage.READING,
        {
            "position": batch.position,
            "bytes_read": batch.bytes_read,
            "rows_total": CatalogueUpload.rows_total + len(batch.good) + batch.failed,
            "rows_ok": CatalogueUpload.rows_ok + len(good),
            "rows_failed": CatalogueUpload.rows_failed + batch.failed + len(doubles),
            "rows_skipped": CatalogueUpload.rows_skipped + batch.skipped,
            "lease_until": lease_until,
        },
    )
    if good:
        session.execute(sa.insert(_table(StagedProduct)), [_staged(claimed.upload_id, row) for row in good])
    if errors:
        session.execute(
            sa.insert(_table(UploadRowError)), [{"upload_id": claimed.upload_id, **asdict(error)} for error in errors]
        )


def _without_doubles(session: Session, upload_id: int, rows: Sequence[GoodRow]) -> tuple[list[GoodRow], list[RowError]]:
    """Rows whose id comes for the first time in this file, and errors for the others."""
    skus = {row.product.sku for row in rows}
    staged = sa.select(StagedProduct.sku).where(StagedProduct.upload_id == upload_id, StagedProduct.sku.in_(skus))
    seen = set(session.execute(staged).scalars())
    first: list[GoodRow] = []
    doubles: list[RowError] = []
    for row in rows:
        sku = row.product.sku
        if sku in seen:
            doubles.append(RowError(row.line, row.id_column, sku, "duplicate_id", sku))
        else:
            seen.add(sku)
            first.append(row)
    return first, doubles


def _staged(upload_id: int, row: GoodRow) -> dict[str, Any]:
    product = row.product
    return {
        "upload_id": upload_id,
        "line": row.line,
        **product.columns(),
        "content_hash": product.content_hash(),
        "search_text": product.search_text(),
    }


def finish_reading(session: Session, claimed: Claim, *, lease_until: datetime) -> None:
    """All rows were read. Raises Refused where none of them can be merged, LeaseLost."""
    hold(session, claimed, UploadStage.READING, {"stage": UploadStage.MERGING, "lease_until": lease_until})
    counts = session.execute(
        sa.select(CatalogueUpload.rows_total, CatalogueUpload.rows_ok).where(CatalogueUpload.id == claimed.upload_id)
    ).one()
    if not counts.rows_ok:
        raise Refused("no_good_rows" if counts.rows_total else "no_rows")


def elder_files(session: Session, claimed: Claim) -> list[str]:
    """Stored files of the merchant's finished elder uploads: only the newest can be read again."""
    return list(session.execute(sa.select(CatalogueUpload.path).where(_elder_with_file(claimed))).scalars())


def forget_elder_files(session: Session, claimed: Claim) -> None:
    """Note that those files are gone."""
    session.execute(
        sa.update(CatalogueUpload)
        .where(_elder_with_file(claimed))
        .values(path="")
        .execution_options(synchronize_session=False)
    )


def _elder_with_file(claimed: Claim) -> sa.ColumnElement[bool]:
    return sa.and_(
        CatalogueUpload.merchant_id == claimed.merchant_id,
        CatalogueUpload.id < claimed.upload_id,
        CatalogueUpload.stage.in_(FINISHED),
        CatalogueUpload.path != "",
    )


def read_again(
    session: Session, upload: CatalogueUpload, mapping: Mapping[str, str], *, actor: Actor, now: datetime
) -> None:
    """Read a finished table again by a mapping, and remember it for files with the same headings.

    Raises StillReading, NewerUpload.
    """
    newer = sa.select(CatalogueUpload.id).where(
        CatalogueUpload.merchant_id == upload.merchant_id, CatalogueUpload.id > upload.id
    )
    if not upload.path or session.execute(newer.limit(1)).scalar() is not None:
        raise NewerUpload
    headings = upload.headings
    restarted = session.execute(
        sa.update(CatalogueUpload)
        .where(CatalogueUpload.id == upload.id, CatalogueUpload.stage.in_(FINISHED))
        .values(
            stage=UploadStage.RECEIVED, format=Format.PLAIN_CSV, mapping=dict(mapping), failure=None, failure_detail={},
            position=0, bytes_read=0, rows_total=0, rows_ok=0, rows_failed=0, rows_skipped=0, created=0, changed=0,
            withdrawn=0, attempts=0, lease_until=None, finished_at=None,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if not affected(restarted):
        raise StillReading
    session.execute(sa.delete(_table(UploadRowError)).where(UploadRowError.upload_id == upload.id))
    _remember(session, upload.merchant_id, headings, mapping, now)
    record(session, actor, "catalogue.mapped", ("upload", upload.id), now=now, mapping=dict(mapping))


def _remember(
    session: Session, merchant_id: int, headings: Sequence[str], mapping: Mapping[str, str], now: datetime
) -> None:
    fresh = {"mapping": dict(mapping), "saved_at": now}
    insert = upsert(session, SavedMapping).values(
        merchant_id=merchant_id, headings_hash=headings_hash(headings), **fresh
    )
    session.execute(insert.on_conflict_do_update(index_elements=["merchant_id", "headings_hash"], set_=fresh))


def _table(model: Any) -> sa.Table:
    """The bare table: rows of a file never pass through the ORM's unit of work."""
    return cast(sa.Table, model.__table__)
