"""Keep deliveries: one insert, and nothing else. What they say is read later, by the pipeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core import bulk
from affiliate.core.clock import local_date
from affiliate.core.db import among, upsert
from affiliate.core.errors import AppError, Conflict
from affiliate.core.i18n import DEFAULT_ZONE, _l
from affiliate.core.signing import new_webhook_secret, sha256_hex
from affiliate.merchants.models import Merchant, WebhookKey, WebhookKind
from affiliate.orders.models import Delivery, DeliveryStatus, RefusedRequests
from affiliate.orders.schemes import FROM_FILE, SCHEMES, woocommerce
from affiliate.orders.schemes.base import NO_KEY

Key = tuple[int, str, str]
_KEY = ("merchant_id", "kind", "delivery_id")
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


@dataclass(frozen=True, slots=True)
class Told:
    """A delivery as it came, from a merchant who is known to have signed it. Names of headers in lower case."""

    merchant_id: int
    kind: WebhookKind
    delivery_id: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def key(self) -> Key:
        """By which it is known again."""
        return self.merchant_id, self.kind.value, self.delivery_id


def told(merchant_id: int, kind: WebhookKind, headers: Mapping[str, str], body: bytes) -> Told:
    """A delivery under the id that its shop system gives it."""
    return Told(merchant_id, kind, SCHEMES[kind].delivery_id(headers, body), headers, body)


def is_signed(
    secrets: Sequence[str], headers: Mapping[str, str], body: bytes, *, now: datetime, kind: WebhookKind
) -> bool:
    """True when a live secret signed these bytes; without one, after the same work."""
    return SCHEMES[kind].verified(secrets or [_NOBODYS_SECRET], headers, body, now) and bool(secrets)


def check_signature(
    secrets: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    kind: WebhookKind = WebhookKind.STANDARD,
) -> None:
    """Raise BadSignature unless a live secret signed these bytes."""
    if not is_signed(secrets, headers, body, now=now, kind=kind):
        raise BadSignature


def keep(
    session: Session, merchant_id: int, kind: WebhookKind, *, headers: Mapping[str, str], body: bytes, now: datetime
) -> Kept:
    """Insert the delivery once by its own id. Raises DeliveryIdReused when that id came with another body."""
    kept = keep_all(session, [told(merchant_id, kind, headers, body)], now=now)[0]
    if kept is None:
        raise DeliveryIdReused
    return kept


def keep_all(session: Session, deliveries: Sequence[Told], *, now: datetime) -> list[Kept | None]:
    """Insert each delivery once by its own id, in one statement: for each what became of it, in their order.

    None where its id came before with another body: the first one stays. Two of these may share an id.
    """
    rows: dict[Key, dict[str, Any]] = {}
    for one in deliveries:
        rows.setdefault(one.key, _row(one, now))
    new = _insert(session, rows)
    known = _known(session, rows.keys() - new.keys())
    first = known | {key: (new_id, rows[key]["body_sha256"]) for key, new_id in new.items()}
    seen, kept = set(known), list[Kept | None]()
    for one in deliveries:
        first_id, digest = first[one.key]
        kept.append(Kept(first_id, repeat=one.key in seen) if sha256_hex(one.body) == digest else None)
        seen.add(one.key)
    _count_repeats(session, Counter(one.delivery_id for one in kept if one is not None and one.repeat))
    return kept


def keep_ping(session: Session, slug: str, *, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Keep WooCommerce's unsigned ping, one row a merchant however many come; nothing where nobody could sign."""
    kind = WebhookKind.WOOCOMMERCE
    keyed = sa.select(WebhookKey.merchant_id).where(WebhookKey.kind == kind, WebhookKey.revoked_at.is_(None))
    wanted = sa.select(Merchant.id).where(Merchant.slug == slug, Merchant.id.in_(keyed))
    merchant_id = session.execute(wanted).scalar_one_or_none()
    if merchant_id is None:
        return
    ping = Told(merchant_id, kind, woocommerce.PING_ID, headers, body)
    if not _insert(session, {ping.key: _row(ping, now)}):
        [(first_id, _digest)] = _known(session, {ping.key}).values()
        _count_repeats(session, {first_id: 1})


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


def _insert(session: Session, rows: Mapping[Key, Mapping[str, Any]]) -> dict[Key, int]:
    """Ids of those that were not known, in an order in which two who write wait for each other, never in a circle."""
    written = [rows[key] for key in sorted(rows)]
    new = bulk.insert_new(session, Delivery, written, key=_KEY, returning=("id", *_KEY))
    return {(row.merchant_id, row.kind, row.delivery_id): row.id for row in new}


def _row(one: Told, now: datetime) -> dict[str, Any]:
    scheme = SCHEMES.get(one.kind, FROM_FILE)
    return {
        "merchant_id": one.merchant_id,
        "kind": one.kind.value,
        "delivery_id": one.delivery_id,
        "topic": scheme.topic(one.headers),
        "headers": {name: one.headers[name] for name in scheme.kept if name in one.headers},
        "body": one.body,
        "body_sha256": sha256_hex(one.body),
        "received_at": now,
        "repeats": 0,
        "status": DeliveryStatus.RECEIVED,
        "attempts": 0,
        "next_try_at": now,
    }


def _known(session: Session, keys: Collection[Key]) -> dict[Key, tuple[int, str]]:
    """(id, digest of the body) of what is kept under these keys."""
    if not keys:
        return {}
    rows = session.execute(
        sa.select(Delivery.id, Delivery.merchant_id, Delivery.kind, Delivery.delivery_id, Delivery.body_sha256).where(
            among(session, Delivery.merchant_id, {key[0] for key in keys}),
            Delivery.kind.in_(sorted({key[1] for key in keys})),  # the index begins with both
            among(session, Delivery.delivery_id, {key[2] for key in keys}),
        )
    )
    found = {(row.merchant_id, row.kind.value, row.delivery_id): (row.id, row.body_sha256) for row in rows}
    return {key: found[key] for key in keys}


def _count_repeats(session: Session, repeats: Mapping[int, int]) -> None:
    for times in sorted(set(repeats.values())):
        ids = [delivery_id for delivery_id, count in repeats.items() if count == times]
        counted = sa.update(Delivery).where(Delivery.id.in_(sorted(ids))).values(repeats=Delivery.repeats + times)
        session.execute(counted, execution_options={"synchronize_session": False})
