"""Keep a delivery: one insert, and nothing else. What it says is read later, by the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.db import upsert
from affiliate.core.errors import AppError, Conflict
from affiliate.core.i18n import _l
from affiliate.core.signing import new_webhook_secret, sha256_hex, standard_verified
from affiliate.merchants.models import WebhookKind
from affiliate.orders.models import Delivery, DeliveryStatus

BODY_MAX = 256 * 1024
DELIVERY_ID_MAX = 200
HEADERS_KEPT = ("webhook-id", "webhook-timestamp", "webhook-signature", "content-type", "user-agent")
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


def check_signature(secrets: list[str], headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
    """Raise BadSignature unless a live secret signed these bytes; without one, after the same work."""
    verified = standard_verified(
        secrets or [_NOBODYS_SECRET],
        message_id=headers.get("webhook-id", ""),
        timestamp=headers.get("webhook-timestamp", ""),
        signature=headers.get("webhook-signature", ""),
        body=body,
        now=now,
    )
    if not (verified and secrets) or len(headers["webhook-id"]) > DELIVERY_ID_MAX:
        raise BadSignature


def keep(
    session: Session, merchant_id: int, kind: WebhookKind, *, headers: Mapping[str, str], body: bytes, now: datetime
) -> Kept:
    """Insert the delivery once by its own id. Raises DeliveryIdReused when that id came with another body."""
    digest = sha256_hex(body)
    delivery_id = headers["webhook-id"]
    insert = upsert(session, Delivery).values(
        merchant_id=merchant_id,
        kind=kind,
        delivery_id=delivery_id,
        headers={name: headers[name] for name in HEADERS_KEPT if name in headers},
        body=body,
        body_sha256=digest,
        received_at=now,
        status=DeliveryStatus.RECEIVED,
        next_try_at=now,
    )
    once = insert.on_conflict_do_nothing(index_elements=["merchant_id", "kind", "delivery_id"]).returning(Delivery.id)
    new_id = session.execute(once).scalar_one_or_none()
    if new_id is not None:
        return Kept(new_id, repeat=False)
    return _repeat(session, merchant_id, kind, delivery_id, digest)


def _repeat(session: Session, merchant_id: int, kind: WebhookKind, delivery_id: str, digest: str) -> Kept:
    first = session.execute(
        sa.select(Delivery.id, Delivery.body_sha256).where(
            Delivery.merchant_id == merchant_id, Delivery.kind == kind, Delivery.delivery_id == delivery_id
        )
    ).one()
    if first.body_sha256 != digest:
        raise DeliveryIdReused
    session.execute(sa.update(Delivery).where(Delivery.id == first.id).values(repeats=Delivery.repeats + 1))
    return Kept(first.id, repeat=True)
