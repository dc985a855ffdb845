"""What merchants sell, and the files that told us."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base, choice, primary_key


class Availability(StrEnum):
    IN_STOCK = "in_stock"
    OUT_OF_STOCK = "out_of_stock"
    PREORDER = "preorder"
    BACKORDER = "backorder"


class ProductStatus(StrEnum):
    LISTED = "listed"
    WITHDRAWN = "withdrawn"


class UploadStage(StrEnum):
    """received → reading → merging → done; failed from any of the first three."""

    RECEIVED = "received"
    READING = "reading"
    MERGING = "merging"
    DONE = "done"
    FAILED = "failed"


class UploadMode(StrEnum):
    FULL = "full"  # what is not in the file is withdrawn
    DELTA = "delta"


class Format(StrEnum):
    """What a file turned out to be, by its content."""

    GOOGLE_XML = "google_xml"
    GOOGLE_TSV = "google_tsv"
    GOOGLE_CSV = "google_csv"
    SHOPIFY_CSV = "shopify_csv"
    PLAIN_CSV = "plain_csv"


class Product(Base):
    """One thing a merchant sells, by the merchant's own id (`sku`). Withdrawn products stay: picks point to them."""

    __tablename__ = "products"
    __table_args__ = (
        UniqueConstraint("merchant_id", "sku"),
        CheckConstraint("price_minor >= 0", name="price_sane"),
        Index("ix_products_merchant_status", "merchant_id", "status"),
        Index("ix_products_merchant_group", "merchant_id", "group_key"),  # a gone product's variants
    )

    id: Mapped[int] = primary_key()
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"))
    sku: Mapped[str] = mapped_column(String(120))
    group_key: Mapped[str | None] = mapped_column(String(200))  # item_group_id or Shopify handle: variants of one thing
    title: Mapped[str] = mapped_column(String(500))
    description: Mapped[str] = mapped_column(Text, default="")
    url: Mapped[str] = mapped_column(String(2000))  # http(s), host in the merchant's allowed_hosts
    image_url: Mapped[str | None] = mapped_column(String(2000))
    brand: Mapped[str | None] = mapped_column(String(200))
    category: Mapped[str | None] = mapped_column(String(500))
    gtin: Mapped[str | None] = mapped_column(String(20))
    price_minor: Mapped[int]
    sale_price_minor: Mapped[int | None]
    currency: Mapped[str] = mapped_column(String(3))
    availability: Mapped[Availability] = mapped_column(choice(Availability))
    status: Mapped[ProductStatus] = mapped_column(choice(ProductStatus), default=ProductStatus.LISTED)
    content_hash: Mapped[str] = mapped_column(String(64))  # of the fields above: equal means nothing changed
    search_text: Mapped[str] = mapped_column(Text, default="")  # lower-cased title, brand, category, sku
    first_seen_at: Mapped[datetime]
    changed_at: Mapped[datetime] = mapped_column(index=True)  # links follow the URL by it
    last_upload_id: Mapped[int | None]


class CatalogueUpload(Base):
    """One delivered file on its way in. `position` is the rows already staged: a killed reader goes on there."""

    __tablename__ = "catalogue_uploads"
    __table_args__ = (Index("ix_catalogue_uploads_stage", "stage"),)

    id: Mapped[int] = primary_key()
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"), index=True)
    filename: Mapped[str] = mapped_column(String(255))
    path: Mapped[str] = mapped_column(String(500))  # below the upload folder; empty once the file is gone
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]
    format: Mapped[Format | None] = mapped_column(choice(Format))  # as asked for, then as recognised
    mode: Mapped[UploadMode] = mapped_column(choice(UploadMode))
    currency: Mapped[str] = mapped_column(String(3))  # for prices that name none
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)  # our field -> column heading
    preview: Mapped[dict[str, Any]] = mapped_column(default=dict)  # headings and first rows of a table
    stage: Mapped[UploadStage] = mapped_column(choice(UploadStage), default=UploadStage.RECEIVED)
    position: Mapped[int] = mapped_column(default=0)
    bytes_read: Mapped[int] = mapped_column(default=0)
    rows_total: Mapped[int] = mapped_column(default=0)
    rows_ok: Mapped[int] = mapped_column(default=0)
    rows_failed: Mapped[int] = mapped_column(default=0)
    rows_skipped: Mapped[int] = mapped_column(default=0)  # drafts, unpublished, gift cards: not for sale, no error
    created: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    withdrawn: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str | None] = mapped_column(String(60))  # stable code: why the whole file was refused
    failure_detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    received_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(String(80))
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]

    @property
    def headings(self) -> list[str]:
        """The headings of a table, as far as it was recognised."""
        known = self.failure_detail if self.failure == "mapping_needed" else self.preview
        return list(known.get("headings", []))


class UploadRowError(Base):
    """One cell that could not be used: line and column as the file counts them, the value, and why."""

    __tablename__ = "upload_row_errors"
    __table_args__ = (
        Index("ix_upload_row_errors_upload_line", "upload_id", "line"),
        Index("ix_upload_row_errors_upload_sku", "upload_id", "sku"),
    )

    id: Mapped[int] = primary_key()
    upload_id: Mapped[int] = mapped_column(ForeignKey("catalogue_uploads.id"))
    line: Mapped[int]
    column: Mapped[str] = mapped_column(String(120))
    value: Mapped[str] = mapped_column(String(500))
    code: Mapped[str] = mapped_column(String(60))
    sku: Mapped[str] = mapped_column(String(120), default="")  # whose product is kept although its row is wrong


class StagedProduct(Base):
    """A good row of a file that is still being read; merged set-wise into products, then removed."""

    __tablename__ = "staged_products"
    __table_args__ = (UniqueConstraint("upload_id", "sku"),)

    id: Mapped[int] = primary_key()
    upload_id: Mapped[int] = mapped_column(ForeignKey("catalogue_uploads.id"))
    line: Mapped[int]
    sku: Mapped[str] = mapped_column(String(120))
    group_key: Mapped[str | None] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(500))
    description: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(String(2000))
    image_url: Mapped[str | None] = mapped_column(String(2000))
    brand: Mapped[str | None] = mapped_column(String(200))
    category: Mapped[str | None] = mapped_column(String(500))
    gtin: Mapped[str | None] = mapped_column(String(20))
    price_minor: Mapped[int]
    sale_price_minor: Mapped[int | None]
    currency: Mapped[str] = mapped_column(String(3))
    availability: Mapped[str] = mapped_column(String(24))
    content_hash: Mapped[str] = mapped_column(String(64))
    search_text: Mapped[str] = mapped_column(Text)


class SavedMapping(Base):
    """A column mapping that a person corrected once, remembered by the file's headings."""

    __tablename__ = "saved_mappings"
    __table_args__ = (UniqueConstraint("merchant_id", "headings_hash"),)

    id: Mapped[int] = primary_key()
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"))
    headings_hash: Mapped[str] = mapped_column(String(64))
    mapping: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]
