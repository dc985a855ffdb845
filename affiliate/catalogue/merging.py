"""The merge: staged rows become products in four statements and one transaction. Doing it twice changes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.leases import Claim, hold
from affiliate.catalogue.models import (
    CatalogueUpload,
    Product,
    ProductStatus,
    StagedProduct,
    UploadMode,
    UploadRowError,
    UploadStage,
)
from affiliate.core.db import affected

_PRODUCTS = cast(sa.Table, Product.__table__)
_STAGED = cast(sa.Table, StagedProduct.__table__)
_ERRORS = cast(sa.Table, UploadRowError.__table__)
_CONTENT = (
    "group_key", "title", "description", "url", "image_url", "brand", "category", "gtin", "price_minor",
    "sale_price_minor", "currency", "availability", "content_hash", "search_text",
)  # fmt: skip


def merge(session: Session, claimed: Claim, *, now: datetime) -> None:
    """Insert what is new, update what differs, bring back what was withdrawn, withdraw what a full file left out.

    A product whose row could not be used stays as it was: it is in the file. Raises LeaseLost.
    """
    hold(session, claimed, UploadStage.MERGING, {"finished_at": now})  # the row's lock keeps a second worker out
    changed = affected(session.execute(_update(claimed, now)))
    created = affected(session.execute(_insert(claimed, now)))
    withdrawn = affected(session.execute(_withdraw(claimed, now))) if claimed.mode is UploadMode.FULL else 0
    session.execute(sa.delete(_STAGED).where(_STAGED.c.upload_id == claimed.upload_id))
    hold(
        session,
        claimed,
        UploadStage.MERGING,
        {
            "stage": UploadStage.DONE,
            "created": created,
            "changed": changed,
            "withdrawn": withdrawn,
            "bytes_read": CatalogueUpload.size_bytes,
            "lease_until": None,
        },
    )


def _update(claimed: Claim, now: datetime) -> sa.Update:
    differs = (_PRODUCTS.c.content_hash != _STAGED.c.content_hash) | (_PRODUCTS.c.status == ProductStatus.WITHDRAWN)
    return (
        sa.update(_PRODUCTS)
        .where(
            _PRODUCTS.c.merchant_id == claimed.merchant_id,
            _STAGED.c.upload_id == claimed.upload_id,
            _PRODUCTS.c.sku == _STAGED.c.sku,
            differs,
        )
        .values(
            {name: _STAGED.c[name] for name in _CONTENT}
            | {"status": ProductStatus.LISTED, "changed_at": now, "last_upload_id": claimed.upload_id}
        )
    )


def _insert(claimed: Claim, now: datetime) -> sa.Insert:
    known = sa.select(_PRODUCTS.c.id).where(
        _PRODUCTS.c.merchant_id == claimed.merchant_id, _PRODUCTS.c.sku == _STAGED.c.sku
    )
    fixed = {
        "merchant_id": sa.literal(claimed.merchant_id, _PRODUCTS.c.merchant_id.type),
        "status": sa.literal(ProductStatus.LISTED, _PRODUCTS.c.status.type),
        "first_seen_at": sa.literal(now, _PRODUCTS.c.first_seen_at.type),
        "changed_at": sa.literal(now, _PRODUCTS.c.changed_at.type),
        "last_upload_id": sa.literal(claimed.upload_id, _PRODUCTS.c.last_upload_id.type),
    }
    new = (
        sa.select(*(_STAGED.c[name] for name in ("sku", *_CONTENT)), *fixed.values())
        .where(_STAGED.c.upload_id == claimed.upload_id, ~known.exists())
        .order_by(_STAGED.c.id)
    )
    insert = sa.insert(_PRODUCTS).from_select(["sku", *_CONTENT, *fixed], new)
    return insert.execution_options(preserve_rowcount=True)  # else an INSERT does not say how many rows it made


def _withdraw(claimed: Claim, now: datetime) -> sa.Update:
    in_file = sa.select(_STAGED.c.id).where(_STAGED.c.upload_id == claimed.upload_id, _STAGED.c.sku == _PRODUCTS.c.sku)
    in_errors = sa.select(_ERRORS.c.id).where(
        _ERRORS.c.upload_id == claimed.upload_id, _ERRORS.c.sku == _PRODUCTS.c.sku
    )
    return (
        sa.update(_PRODUCTS)
        .where(
            _PRODUCTS.c.merchant_id == claimed.merchant_id,
            _PRODUCTS.c.status == ProductStatus.LISTED,
            ~in_file.exists(),
            ~in_errors.exists(),
        )
        .values(status=ProductStatus.WITHDRAWN, changed_at=now, last_upload_id=claimed.upload_id)
    )
