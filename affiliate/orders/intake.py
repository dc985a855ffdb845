"""Keep a delivery: one insert, and nothing else. What it says is read later, by the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.clock import local_date
from affiliate.core.db import upsert
from affiliate.core.errors import AppError, Conflict
from affiliate.core.i18n import DEFAULT_ZONE, _l
from affiliate.core.signing import new_webhook_secret, sha256_hex
from affiliate.merchants.models import Merchant, WebhookKey, WebhookKind
from affiliate.orders.models import Delivery, DeliveryStatus, RefusedRequests
from affiliate.orders.schemes import SCHEMES, woocommerce
from affiliate.orders.schemes.base import NO_KEY

BODY_MAX = SCHEMES[WebhookKind.STANDARD].body_max
_NOBODYS_SECRET = new_webhook_secret()


class BadSignature(AppError):
    """Also for an unknown merchant: a stranger learns nothing."""

    status = 401
    code = "bad_signature"
    message = _l("No live key of this address signed these bytes within five minutes. Nothing was kept.")


class DeliveryIdReused(Conflict):
    code = "delivery_id_reused"
    message = _l("This webhook-id came with another body before. The first one is kept, this one is not.")


@dataclass(frozen=True, slots=True)
class Kept:
    """The delivery's id with us, and whether it had come before."""

    delivery_id: int
    repeat: bool


def check_signature(
    secrets: list[str],
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    kind: WebhookKind = WebhookKind.STANDARD,
) -> None:
    """Raise BadSignature unless a live secret signed these bytes; without one, after the same work."""
    verified = SCHEMES[kind].verified(secrets or [_NOBODYS_SECRET], headers, body, now)
    if not (verified and secrets):
        raise BadSignature


def keep(
    session: Session, merchant_id: int, kind: WebhookKind, *, headers: Mapping[str, str], body: bytes, now: datetime
) -> Kept:
    """Insert the delivery once by its own id. Raises DeliveryIdReused when that id came with another body."""
    delivery_id = SCHEMES[kind].delivery_id(headers, body)
    new_id = _insert(session, merchant_id, kind, delivery_id, headers, body, now)
    if new_id is not None:
        return Kept(new_id, repeat=False)
    return _repeat(session, merchant_id, kind, delivery_id, sha256_hex(body))


def keep_ping(session: Session, slug: str, *, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Keep WooCommerce's unsigned ping, one row a merchant however many come; nothing where nobody could sign."""
    kind = WebhookKind.WOOCOMMERCE
    keyed = sa.select(WebhookKey.merchant_id).where(WebhookKey.kind == kind, WebhookKey.revoked_at.is_(None))
    wanted = sa.select(Merchant.id).where(Merchant.slug == slug, Merchant.id.in_(keyed))
    merchant_id = session.execute(wanted).scalar_one_or_none()
    if merchant_id is None:
        return
    if _insert(session, merchant_id, kind, woocommerce.PING_ID, headers, body, now) is None:
        first = sa.select(Delivery.id).where(
            Delivery.merchant_id == merchant_id, Delivery.kind == kind, Delivery.delivery_id == woocommerce.PING_ID
        )
        _count_repeat(session, session.execute(first).scalar_one())


def count_refused(
    session: Session, slug: str, kind: WebhookKind, *, secrets: list[str], headers: Mapping[str, str], body: bytes,
    now: datetime,
) -> None:  # fmt: skip
    """Count a wrong signature for the merchant's page: one row a merchant, kind and day, none for a forged request."""
    cause = SCHEMES[kind].cause(secrets, headers, body, now) if secrets else NO_KEY
    row = sa.select(
        Merchant.id,
        sa.literal(kind, RefusedRequests.kind.type),
        sa.literal(local_date(now, DEFAULT_ZONE), RefusedRequests.day.type),
        sa.literal(1),
        sa.literal(now, RefusedRequests.last_at.type),
        sa.literal(cause),
    ).where(Merchant.slug == slug)
    insert = upsert(session, RefusedRequests).from_select(
        ["merchant_id", "kind", "day", "count", "last_at", "cause"], row
    )
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["merchant_id", "kind", "day"],
            set_={"count": RefusedRequests.count + 1, "last_at": insert.excluded.last_at, "cause": cause},
        )
    )


def _insert(
    session: Session,
    merchant_id: int,
    kind: WebhookKind,
    delivery_id: str,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> int | None:
    """The new row's id, or None where this id has come before."""
    insert = upsert(session, Delivery).values(
        merchant_id=merchant_id,
        kind=kind,
        delivery_id=delivery_id,
        topic=SCHEMES[kind].topic(headers),
        headers={name: headers[name] for name in SCHEMES[kind].kept if name in headers},
        body=body,
        body_sha256=sha256_hex(body),
        received_at=now,
        status=DeliveryStatus.RECEIVED,
        next_try_at=now,
    )
    once = insert.on_conflict_do_nothing(index_elements=["merchant_id", "kind", "delivery_id"]).returning(Delivery.id)
    return session.execute(once).scalar_one_or_none()


def _repeat(session: Session, merchant_id: int, kind: WebhookKind, delivery_id: str, digest: str) -> Kept:
    first = session.execute(
        sa.select(Delivery.id, Delivery.body_sha256).where(
            Delivery.merchant_id == merchant_id, Delivery.kind == kind, Delivery.delivery_id == delivery_id
        )
    ).one()
    if first.body_sha256 != digest:
        raise DeliveryIdReused
    _count_repeat(session, first.id)
    return Kept(first.id, repeat=True)


def _count_repeat(session: Session, delivery_id: int) -> None:
    session.execute(sa.update(Delivery).where(Delivery.id == delivery_id).values(repeats=Delivery.repeats + 1))
