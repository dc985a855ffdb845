"""A community's shop window: collections of picks, each pick with a curator's sentence and a link of its own."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base, choice, primary_key


class CollectionStatus(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"


class Collection(Base):
    """A shelf of the storefront, at /c/<community>/<slug> once it is published."""

    __tablename__ = "collections"
    __table_args__ = (UniqueConstraint("community_id", "slug"),)

    id: Mapped[int] = primary_key()
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"))
    slug: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(120))
    intro: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int]
    status: Mapped[CollectionStatus] = mapped_column(choice(CollectionStatus), default=CollectionStatus.DRAFT)
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class Pick(Base):
    """One product chosen for a collection. Withdrawn picks stay: their links live on and can be brought back."""

    __tablename__ = "picks"
    __table_args__ = (
        Index(
            "uq_picks_shown_once",
            "collection_id",
            "product_id",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
            sqlite_where=text("withdrawn_at IS NULL"),
        ),
        Index("ix_picks_link_id", "link_id", unique=True),
    )

    id: Mapped[int] = primary_key()
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"), index=True)
    collection_id: Mapped[int] = mapped_column(ForeignKey("collections.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    curator_id: Mapped[int | None] = mapped_column(ForeignKey("curators.id"), index=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("tracking_links.id"))
    note: Mapped[str] = mapped_column(String(500), default="")
    position: Mapped[int]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))
    withdrawn_at: Mapped[datetime | None]
