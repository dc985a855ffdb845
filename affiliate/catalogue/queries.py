"""Products and uploads as each actor may see them.

Products: a merchant's staff see their own, communities those of all merchants (they curate from all), platform staff
everything. Uploads: the merchant's staff and platform staff.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.models import CatalogueUpload, Product, ProductStatus, UploadRowError
from affiliate.catalogue.rules import one_line
from affiliate.core.errors import NotFound
from affiliate.identity.actors import Actor
from affiliate.merchants.models import Merchant

WORDS_MAX = 8
EXAMPLES = 3
ID_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Cause:
    """Errors of an upload that have one reason in one column, with a few of their cells."""

    code: str
    column: str
    count: int
    examples: tuple[UploadRowError, ...]


def sees_product(actor: Actor) -> sa.ColumnElement[bool]:
    """The condition on `products` that carries the actor's rights."""
    if actor.sees_all() or actor.communities:
        return sa.true()
    return Product.merchant_id.in_(actor.merchants)


def search(
    session: Session,
    *,
    merchant_id: int | None = None,
    q: str = "",
    limit: int,
    after: int | None = None,
    status: ProductStatus | None = ProductStatus.LISTED,
    sku: str | None = None,
    visible: sa.ColumnElement[bool] | None = None,
) -> list[Product]:
    """Products in whose title, brand, category and sku all words of `q` occur, in any case; oldest first.

    `after` is the id of the last one seen. A status of None finds withdrawn ones too. `visible` is the caller's
    condition, such as `sees_product(actor)`.
    """
    wanted = sa.select(Product).order_by(Product.id).limit(limit)
    if visible is not None:
        wanted = wanted.where(visible)
    if merchant_id is not None:
        wanted = wanted.where(Product.merchant_id == merchant_id)
    if status is not None:
        wanted = wanted.where(Product.status == status)
    if sku is not None:
        wanted = wanted.where(Product.sku == one_line(sku))
    if after is not None:
        wanted = wanted.where(Product.id > after)
    for word in one_line(q).lower().split()[:WORDS_MAX]:
        wanted = wanted.where(Product.search_text.contains(word, autoescape=True))
    return list(session.execute(wanted).scalars())


def product_for(session: Session, actor: Actor, product_id: int) -> Product:
    """A product that the actor sees. Raises NotFound."""
    if not 0 < product_id <= ID_MAX:
        raise NotFound
    found = session.execute(
        sa.select(Product).where(Product.id == product_id, sees_product(actor))
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def merchant_seen(session: Session, actor: Actor, slug: str) -> Merchant:
    """The merchant of a slug whose products the actor sees. Raises NotFound."""
    found = session.execute(sa.select(Merchant).where(Merchant.slug == one_line(slug))).scalar_one_or_none()
    if found is None or not (actor.communities or actor.sees_merchant(found.id)):
        raise NotFound
    return found


def merchant_slugs(session: Session, products: Sequence[Product]) -> dict[int, str]:
    """Merchant id -> slug, for showing products."""
    ids = {product.merchant_id for product in products}
    return {
        row.id: row.slug for row in session.execute(sa.select(Merchant.id, Merchant.slug).where(Merchant.id.in_(ids)))
    }


def upload_for(session: Session, actor: Actor, upload_id: int, *, merchant_id: int | None = None) -> CatalogueUpload:
    """An upload that the actor sees (of this merchant, where one is named). Raises NotFound."""
    if not 0 < upload_id <= ID_MAX:
        raise NotFound
    wanted = sa.select(CatalogueUpload).where(CatalogueUpload.id == upload_id)
    if not actor.sees_all():
        wanted = wanted.where(CatalogueUpload.merchant_id.in_(actor.merchants))
    if merchant_id is not None:
        wanted = wanted.where(CatalogueUpload.merchant_id == merchant_id)
    found = session.execute(wanted.execution_options(populate_existing=True)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def uploads(session: Session, merchant_id: int, *, limit: int, before: int | None = None) -> list[CatalogueUpload]:
    """A merchant's uploads, newest first."""
    wanted = sa.select(CatalogueUpload).where(CatalogueUpload.merchant_id == merchant_id)
    if before is not None:
        wanted = wanted.where(CatalogueUpload.id < before)
    newest_first = wanted.order_by(CatalogueUpload.id.desc()).limit(limit)
    return list(session.execute(newest_first.execution_options(populate_existing=True)).scalars())


def row_errors(
    session: Session, upload_id: int, *, limit: int, after: tuple[int, int] | None = None, code: str | None = None
) -> list[UploadRowError]:
    """Errors of an upload in the order of its lines; `after` is (line, id) of the last one seen."""
    wanted = sa.select(UploadRowError).where(UploadRowError.upload_id == upload_id)
    if after is not None:
        wanted = wanted.where(sa.tuple_(UploadRowError.line, UploadRowError.id) > sa.tuple_(*after))
    if code:
        wanted = wanted.where(UploadRowError.code == one_line(code))
    return list(session.execute(wanted.order_by(UploadRowError.line, UploadRowError.id).limit(limit)).scalars())


def causes(session: Session, upload_id: int) -> list[Cause]:
    """The errors of an upload by reason and column, the most frequent first."""
    same = (UploadRowError.code, UploadRowError.column)
    ranked = (
        sa.select(
            UploadRowError.id,
            sa.func.row_number().over(partition_by=same, order_by=UploadRowError.id).label("place"),
            sa.func.count().over(partition_by=same).label("total"),
        )
        .where(UploadRowError.upload_id == upload_id)
        .subquery()
    )
    rows = session.execute(
        sa.select(UploadRowError, ranked.c.total)
        .join(ranked, ranked.c.id == UploadRowError.id)
        .where(ranked.c.place <= EXAMPLES)
        .order_by(ranked.c.total.desc(), UploadRowError.code, UploadRowError.column, UploadRowError.id)
    ).all()
    grouped: dict[tuple[str, str], tuple[int, list[UploadRowError]]] = {}
    for error, total in rows:
        grouped.setdefault((error.code, error.column), (total, []))[1].append(error)
    return [Cause(code, column, total, tuple(examples)) for (code, column), (total, examples) in grouped.items()]
