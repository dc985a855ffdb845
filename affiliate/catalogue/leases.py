"""Who works an upload: claims with a lease, fenced by their attempt. Who lost the lease touches no row any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from affiliate.catalogue.models import CatalogueUpload, Format, StagedProduct, UploadMode, UploadStage
from affiliate.catalogue.readers.rows import Refused
from affiliate.core.db import affected
from affiliate.merchants.models import Merchant

ATTEMPTS_MAX = 3
LEASE = timedelta(minutes=5)
RETRY_AFTER = timedelta(seconds=10)
FINISHED = (UploadStage.DONE, UploadStage.FAILED)


class LeaseLost(Exception):
    """Another worker has this upload now, or it is gone; this one stops and writes nothing."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An upload that this worker may work, with what is needed to read it."""

    upload_id: int
    attempt: int
    merchant_id: int
    path: str
    format: Format | None
    mode: UploadMode
    currency: str
    mapping: Mapping[str, str]
    stage: UploadStage
    position: int
    shop_url: str
    allowed_hosts: frozenset[str]


def claim(session: Session, *, now: datetime) -> Claim | None:
    """The oldest upload that is due and has no unfinished elder of its merchant; None where there is none.

    One that failed too often is given up on the way, so that it blocks nobody.
    """
    while (upload_id := session.execute(_due(now)).scalar()) is not None:
        taken = session.execute(
            sa.update(CatalogueUpload)
            .where(CatalogueUpload.id == upload_id, _is_due(CatalogueUpload, now))
            .where(CatalogueUpload.attempts < ATTEMPTS_MAX)
            .values(
                stage=sa.case(
                    (CatalogueUpload.stage == UploadStage.RECEIVED, UploadStage.READING.value),
                    else_=CatalogueUpload.stage,
                ),
                attempts=CatalogueUpload.attempts + 1,
                lease_until=now + LEASE,
            )
            .execution_options(synchronize_session=False)
        )
        if affected(taken):
            return _claimed(session, upload_id)
        refuse(session, upload_id, "gave_up", {}, now=now, only=_is_due(CatalogueUpload, now))
    return None


def _due(now: datetime) -> sa.Select[int]:
    elder = aliased(CatalogueUpload)
    waiting = (
        sa.select(elder.id)
        .where(
            elder.merchant_id == CatalogueUpload.merchant_id,
            elder.id < CatalogueUpload.id,
            elder.stage.not_in(FINISHED),
        )
        .exists()
    )
    return (
        sa.select(CatalogueUpload.id)
        .where(_is_due(CatalogueUpload, now), ~waiting)
        .order_by(CatalogueUpload.id)
        .limit(1)
    )


def _is_due(upload: type[CatalogueUpload], now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(upload.stage.not_in(FINISHED), sa.or_(upload.lease_until.is_(None), upload.lease_until <= now))


def _claimed(session: Session, upload_id: int) -> Claim:
    upload, merchant = session.execute(
        sa.select(CatalogueUpload, Merchant)
        .join(Merchant, Merchant.id == CatalogueUpload.merchant_id)
        .where(CatalogueUpload.id == upload_id)
        .execution_options(populate_existing=True)
    ).one()
    return Claim(
        upload_id=upload.id,
        attempt=upload.attempts,
        merchant_id=merchant.id,
        path=upload.path,
        format=upload.format,
        mode=upload.mode,
        currency=upload.currency,
        mapping=upload.mapping,
        stage=upload.stage,
        position=upload.position,
        shop_url=merchant.shop_url,
        allowed_hosts=frozenset(host.lower() for host in merchant.allowed_hosts),
    )


def hold(session: Session, claimed: Claim, stage: UploadStage, values: Mapping[str, Any]) -> None:
    """Write on a claimed upload that is still ours and in this stage. Raises LeaseLost."""
    done = session.execute(
        sa.update(CatalogueUpload)
        .where(
            CatalogueUpload.id == claimed.upload_id,
            CatalogueUpload.attempts == claimed.attempt,
            CatalogueUpload.stage == stage,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if not affected(done):
        raise LeaseLost


def refuse(
    session: Session,
    upload_id: int,
    code: str,
    detail: Mapping[str, Any],
    *,
    now: datetime,
    only: sa.ColumnElement[bool],
) -> None:
    """End an unfinished upload as failed where `only` still holds, with the reason; products stay as they were."""
    done = session.execute(
        sa.update(CatalogueUpload)
        .where(CatalogueUpload.id == upload_id, CatalogueUpload.stage.not_in(FINISHED), only)
        .values(stage=UploadStage.FAILED, failure=code, failure_detail=dict(detail), finished_at=now, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    if affected(done):
        session.execute(
            sa.delete(StagedProduct)
            .where(StagedProduct.upload_id == upload_id)
            .execution_options(synchronize_session=False)
        )


def refuse_claimed(session: Session, claimed: Claim, refusal: Refused, *, now: datetime) -> None:
    """End a claimed upload as failed; nothing happens where another worker has it."""
    ours = CatalogueUpload.attempts == claimed.attempt
    refuse(session, claimed.upload_id, refusal.code, refusal.detail, now=now, only=ours)


def retry_later(session: Session, claimed: Claim, *, now: datetime) -> None:
    """After an unforeseen failure: due again soon, from the position that was reached."""
    session.execute(
        sa.update(CatalogueUpload)
        .where(CatalogueUpload.id == claimed.upload_id, CatalogueUpload.attempts == claimed.attempt)
        .where(CatalogueUpload.stage.not_in(FINISHED))
        .values(lease_until=now + RETRY_AFTER)
        .execution_options(synchronize_session=False)
    )
