"""Communities, how they look, and the people whose picks earn."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base, primary_key


class Community(Base):
    """Who curates, promotes and earns. Who may steer it stands in identity's grants."""

    __tablename__ = "communities"

    id: Mapped[int] = primary_key()
    slug: Mapped[str] = mapped_column(String(60), unique=True)  # /c/<slug>
    name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]


class Brand(Base):
    """A community's face: colours, symbol, shape of corners, words. One row a community."""

    __tablename__ = "brands"

    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"), primary_key=True)
    accent: Mapped[str] = mapped_column(String(7), default="#9a3b26")  # #rrggbb; contrast is computed from it
    corners: Mapped[str] = mapped_column(String(10), default="soft")  # sharp, soft, round
    symbol: Mapped[str] = mapped_column(String(16), default="")  # an emoji or a letter, shown where the logo is small
    tagline: Mapped[str] = mapped_column(String(200), default="")
    words: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"members": "Wota", "picks": "Pilihan malam ini"}
    logo_sha256: Mapped[str | None] = mapped_column(String(64))
    updated_at: Mapped[datetime]


class BrandImage(Base):
    """A logo as we re-encoded it (PNG or WebP), served by its hash."""

    __tablename__ = "brand_images"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"), index=True)
    content_type: Mapped[str] = mapped_column(String(40))
    width: Mapped[int]
    height: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)


class Curator(Base):
    """A person whose picks earn, by a handle inside the community; `user_id` once they have an account."""

    __tablename__ = "curators"
    __table_args__ = (UniqueConstraint("community_id", "handle"),)

    id: Mapped[int] = primary_key()
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"))
    handle: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(120))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
