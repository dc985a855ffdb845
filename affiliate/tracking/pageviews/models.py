"""Pages as they were shown, which links stood on them, and their views. Rows come from the spool, each view once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base, primary_key


class ShownPage(Base):
    """One page of a community with one set of links on it; another set is another page."""

    __tablename__ = "shown_pages"

    id: Mapped[int] = primary_key()
    digest: Mapped[str] = mapped_column(String(32), unique=True)  # of community, collection and links
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"), index=True)
    collection_id: Mapped[int | None]  # None: the front page; a number only, for tracking knows no collections


class ShownLink(Base):
    """A link that stands on a page."""

    __tablename__ = "shown_links"

    page_id: Mapped[int] = mapped_column(ForeignKey("shown_pages.id"), primary_key=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("tracking_links.id"), primary_key=True, index=True)


class PageView(Base):
    """One view. The key is what its line says (moment and nonce), so that a line loaded twice is one view."""

    __tablename__ = "page_views"

    viewed_at: Mapped[datetime] = mapped_column(primary_key=True)  # to the millisecond
    nonce: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    page_id: Mapped[int] = mapped_column(ForeignKey("shown_pages.id"))
    visitor: Mapped[str] = mapped_column(String(32))  # the same pseudonym as on clicks
