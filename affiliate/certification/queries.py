"""The sandbox's keys, requests and badges; what an order would pay by the terms in force."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.models import Product
from affiliate.certification.models import Certification, Reply, SandboxDelivery, SandboxKey
from affiliate.commissions.rules import RateLine
from affiliate.core.clock import local_date, start_of_day
from affiliate.core.errors import NotFound
from affiliate.core.i18n import DEFAULT_ZONE
from affiliate.merchants import queries as merchants
from affiliate.merchants.models import Merchant, Programme, WebhookKey, WebhookKind

SKUS_LOOKED_UP = 500


@dataclass(frozen=True, slots=True)
class Offer:
    """The newest programme with terms in force."""

    programme: str
    version: int
    rates: tuple[RateLine, ...]


@dataclass(frozen=True, slots=True)
class Filling:
    """How full a sandbox is: requests that were kept and refused, of this shop system and today of all."""

    kept: int
    kept_bytes: int
    refused: int
    kept_today: int
    refused_today: int


def keys(session: Session, merchant: Merchant) -> dict[WebhookKind, SandboxKey]:
    """A store's sandbox keys by shop system."""
    rows = session.execute(sa.select(SandboxKey).where(SandboxKey.merchant_id == merchant.id)).scalars()
    return {row.kind: row for row in rows}


def key_of_address(session: Session, slug: str, kind: WebhookKind) -> tuple[Merchant, SandboxKey] | None:
    """(store, key) of an address; the key is held until the transaction ends, so that requests come one by one."""
    wanted = sa.select(Merchant, SandboxKey).join(SandboxKey, SandboxKey.merchant_id == Merchant.id)
    held = wanted.where(Merchant.slug == slug, SandboxKey.kind == kind).with_for_update(of=SandboxKey)
    row = session.execute(held).one_or_none()
    return (row[0], row[1]) if row else None


def live_secrets(session: Session, merchant: Merchant) -> list[str]:
    """What signs at the store's real addresses."""
    live = sa.select(WebhookKey.secret).where(WebhookKey.merchant_id == merchant.id, WebhookKey.revoked_at.is_(None))
    return list(session.execute(live.order_by(WebhookKey.id.desc())).scalars())


def other_secrets(session: Session, merchant: Merchant, kind: WebhookKind) -> list[str]:
    """What signs in the store's sandboxes of other shop systems."""
    wanted = sa.select(SandboxKey.secret).where(SandboxKey.merchant_id == merchant.id, SandboxKey.kind != kind)
    return list(session.execute(wanted).scalars())


def filling(session: Session, merchant: Merchant, kind: WebhookKind, *, now: datetime) -> Filling:
    """What the bounds are compared with, in one query."""
    row = SandboxDelivery
    today = row.received_at >= start_of_day(local_date(now, DEFAULT_ZONE), DEFAULT_ZONE)
    own, refused = row.kind == kind, row.reply == Reply.REFUSED

    def total(value: sa.ColumnElement[int], *where: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.sum(sa.case((sa.and_(*where), value), else_=0)), 0)

    one = sa.literal(1)
    found = session.execute(
        sa.select(
            total(one, own, ~refused), total(row.body_bytes.expression, own, ~refused), total(one, own, refused),
            total(one, today, ~refused), total(one, today, refused),
        ).where(row.merchant_id == merchant.id)
    ).one()  # fmt: skip
    return Filling(*(int(value) for value in found))


def forget_oldest_refused(session: Session, merchant: Merchant, kind: WebhookKind) -> None:
    """Make room for one more of them."""
    row = SandboxDelivery
    oldest = sa.select(sa.func.min(row.id)).where(
        row.merchant_id == merchant.id, row.kind == kind, row.reply == Reply.REFUSED
    )
    gone = sa.delete(row).where(row.id.in_(oldest))
    session.execute(gone.execution_options(synchronize_session=False))


def first_of(session: Session, merchant: Merchant, kind: WebhookKind, delivery_id: str) -> str | None:
    """The digest of the body under which this id first came."""
    row = SandboxDelivery
    wanted = sa.select(row.body_sha256).where(
        row.merchant_id == merchant.id, row.kind == kind, row.delivery_id == delivery_id, row.reply == Reply.KEPT
    )
    return session.execute(wanted).scalar_one_or_none()


def requests(session: Session, merchant: Merchant, kind: WebhookKind) -> Sequence[SandboxDelivery]:
    """All recorded requests of a shop system, oldest first."""
    row = SandboxDelivery
    wanted = sa.select(row).where(row.merchant_id == merchant.id, row.kind == kind).order_by(row.received_at, row.id)
    return session.execute(wanted).scalars().all()


def newest(session: Session, merchant: Merchant, kind: WebhookKind) -> tuple[int, int]:
    """(how many requests are recorded, the newest one's id): what a page compares to know whether it is old."""
    row = SandboxDelivery
    wanted = sa.select(sa.func.count(), sa.func.coalesce(sa.func.max(row.id), 0))
    found = session.execute(wanted.where(row.merchant_id == merchant.id, row.kind == kind)).one()
    return found[0], found[1]


def request_of(session: Session, merchant: Merchant, request_id: int) -> SandboxDelivery:
    """A recorded request of this store. Raises NotFound."""
    row = SandboxDelivery
    found = session.execute(
        sa.select(row).where(row.id == request_id, row.merchant_id == merchant.id)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def certifications(session: Session) -> Sequence[Certification]:
    """All badges, the newest first."""
    wanted = sa.select(Certification).order_by(Certification.certified_at.desc(), Certification.id.desc())
    return session.execute(wanted).scalars().all()


def certified(session: Session, merchant: Merchant, kind: WebhookKind, version: int) -> Certification | None:
    """The badge for this version of the checklist."""
    row = Certification
    wanted = sa.select(row).where(row.merchant_id == merchant.id, row.kind == kind, row.checklist_version == version)
    return session.execute(wanted).scalar_one_or_none()


def prices(session: Session, merchant: Merchant, skus: Collection[str]) -> dict[str, int]:
    """The catalogue's rupiah prices of these articles."""
    wanted = sa.select(Product.sku, Product.price_minor).where(
        Product.merchant_id == merchant.id,
        Product.currency == "IDR",
        Product.sku.in_(sorted(skus)[:SKUS_LOOKED_UP]),
    )
    return {row.sku: row.price_minor for row in session.execute(wanted)}


def offer(session: Session, merchant: Merchant, *, now: datetime) -> Offer | None:
    """By what a sale would be paid now."""
    programmes = sa.select(Programme).where(Programme.merchant_id == merchant.id).order_by(Programme.id.desc())
    for programme in session.execute(programmes).scalars():
        found = merchants.terms_in_force(session, programme.id, at=now)
        if found is not None:
            terms, rates = found
            lines = (RateLine(*(getattr(rate, name) for name in RateLine.__slots__)) for rate in rates)
            return Offer(programme.name, terms.version, tuple(lines))
    return None
