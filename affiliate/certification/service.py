"""Verbs of the sandbox: open it, take a request in, reckon the checklist, give the badge, clear."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.certification import diagnosis, queries, rules, samples
from affiliate.certification.history import History, Received, history, read
from affiliate.certification.models import Certification, Reply, SandboxDelivery, SandboxKey
from affiliate.certification.queries import Filling
from affiliate.certification.steps import Result
from affiliate.core.db import affected, upsert
from affiliate.core.errors import AppError, Invalid
from affiliate.core.i18n import _l
from affiliate.core.signing import new_webhook_secret, sha256_hex
from affiliate.identity.actors import Actor, system
from affiliate.identity.service import record
from affiliate.merchants.models import Merchant, WebhookKind
from affiliate.merchants.rules import is_standard_secret
from affiliate.orders.adapters.reading import Shop
from affiliate.orders.intake import BadSignature
from affiliate.orders.schemes import SCHEMES

KEPT_MAX = 300  # requests of a shop system
KEPT_BYTES_MAX = 8 * 1024 * 1024
KEPT_DAY_MAX = 200  # requests of a store
# Anybody can send what is refused: bounded by itself, so that it keeps nobody out; the oldest make room.
REFUSED_MAX = 100
REFUSED_DAY_MAX = 50
REFUSED_BYTES = 64 * 1024  # of a body
HEADERS_MAX = 40
HEADER_CHARS = 1000
# What says who somebody is, or where: nobody needs it here.
_PRIVATE = frozenset(
    {"authorization", "proxy-authorization", "cookie", "forwarded", "x-forwarded-for", "x-real-ip", "x-request-id"}
)
_UNFIT = re.compile("[\0-\x1f\x7f\ud800-\udfff]")
_NOBODYS_SECRET = new_webhook_secret()


class SandboxFull(AppError):
    """A bound is reached; nothing of this request is kept."""

    status = 429
    code = "sandbox_full"
    message = _l("The sandbox is full for now. Clear it on its page, or go on tomorrow. Nothing was kept.")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a request is answered: its number here (None where it was not recorded), and what became of it."""

    request_id: int | None
    reply: Reply


@dataclass(frozen=True, slots=True)
class Seen:
    """A sandbox as it stands."""

    told: History
    results: list[Result]


def open_sandbox(
    session: Session, merchant: Merchant, kind: WebhookKind, *, shop_secret: str | None, actor: Actor, now: datetime
) -> SandboxKey:
    """The key of a shop system, made once; a secret that the shop gives is kept beside ours. Raises Invalid."""
    if shop_secret and kind is WebhookKind.STANDARD and not is_standard_secret(shop_secret):
        raise Invalid.field("secret", _l("A standard secret is whsec_ followed by 24 to 64 bytes in base64."))
    ours = new_webhook_secret() if kind is WebhookKind.STANDARD else secrets.token_urlsafe(32)
    insert = upsert(session, SandboxKey).values(merchant_id=merchant.id, kind=kind, secret=ours, created_at=now)
    made = affected(session.execute(insert.on_conflict_do_nothing(index_elements=["merchant_id", "kind"])))
    key = queries.keys(session, merchant)[kind]
    if made:
        record(session, actor, "sandbox.opened", ("merchant", merchant.id), now=now, kind=kind)
    if shop_secret and shop_secret != key.shop_secret:
        key.shop_secret = shop_secret
        record(session, actor, "sandbox.secret_given", ("merchant", merchant.id), now=now, kind=kind)
    session.flush()
    return key


def clear(session: Session, merchant: Merchant, kind: WebhookKind, *, actor: Actor, now: datetime) -> int:
    """Forget the recorded requests of a shop system; how many. Badges stay."""
    row = SandboxDelivery
    done = session.execute(
        sa.delete(row)
        .where(row.merchant_id == merchant.id, row.kind == kind)
        .execution_options(synchronize_session=False)
    )
    count = affected(done)
    record(session, actor, "sandbox.cleared", ("merchant", merchant.id), now=now, kind=kind, count=count)
    return count


def receive(
    session: Session, slug: str, kind: WebhookKind, *, headers: Mapping[str, str], body: bytes, now: datetime
) -> Receipt:
    """Record a request, whatever its signature. Raises BadSignature where no sandbox is open, SandboxFull."""
    found = queries.key_of_address(session, slug, kind)
    known = [secret for secret in (found[1].secret, found[1].shop_secret) if secret] if found else []
    fits = SCHEMES[kind].verified(known or [_NOBODYS_SECRET], headers, body, now)  # the same work for everybody
    if found is None:
        raise BadSignature
    merchant, key = found
    full = queries.filling(session, merchant, kind, now=now)
    if not fits:
        if full.refused_today >= REFUSED_DAY_MAX:
            return Receipt(None, Reply.REFUSED)
        if full.refused >= REFUSED_MAX:
            queries.forget_oldest_refused(session, merchant, kind)
        cause = _cause(session, merchant, key, known, headers, body, now)
        kept = _keep(session, merchant, kind, Reply.REFUSED, "", headers, body, now, cause)
        if not full.refused:  # further ones show nothing new
            _certify(session, merchant, kind, now=now)
        return kept
    if is_full(full, len(body)):
        raise SandboxFull
    delivery_id = SCHEMES[kind].delivery_id(headers, body)
    first = queries.first_of(session, merchant, kind, delivery_id)
    reply = Reply.KEPT if first is None else Reply.REPEAT if first == sha256_hex(body) else Reply.REUSED
    kept = _keep(session, merchant, kind, reply, delivery_id, headers, body, now)
    _certify(session, merchant, kind, now=now)
    return kept


def is_full(full: Filling, more_bytes: int = 0) -> bool:
    """True when no further request is kept, or none of so many bytes."""
    over = full.kept >= KEPT_MAX or full.kept_today >= KEPT_DAY_MAX
    return over or full.kept_bytes + more_bytes > KEPT_BYTES_MAX


def _cause(
    session: Session, merchant: Merchant, key: SandboxKey, known: Sequence[str], headers: Mapping[str, str],
    body: bytes, now: datetime,
) -> str:  # fmt: skip
    others = {
        diagnosis.REAL_KEY: queries.live_secrets(session, merchant),
        diagnosis.OTHER_SYSTEMS_KEY: queries.other_secrets(session, merchant, key.kind),
    }
    return diagnosis.cause(
        key.kind, headers, body, secrets=known, others=others, has_shop_secret=key.shop_secret is not None, now=now
    )


def _keep(
    session: Session, merchant: Merchant, kind: WebhookKind, reply: Reply, delivery_id: str,
    headers: Mapping[str, str], body: bytes, now: datetime, cause: str | None = None,
) -> Receipt:  # fmt: skip
    row = SandboxDelivery(
        merchant_id=merchant.id,
        kind=kind,
        reply=reply,
        cause=cause,
        delivery_id=delivery_id,
        headers=_shown(kind, headers),
        body=body[:REFUSED_BYTES] if reply is Reply.REFUSED else body,
        body_bytes=len(body),
        body_sha256=sha256_hex(body),
        received_at=now,
    )
    session.add(row)
    session.flush()
    return Receipt(row.id, reply)


def _shown(kind: WebhookKind, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers to keep: those that the shop system means something by, then others, a bounded number."""
    names = [name for name in SCHEMES[kind].kept if name in headers]
    names += [name for name in headers if name not in names and name not in _PRIVATE]
    return {_fit(name)[:100]: _fit(headers[name])[:HEADER_CHARS] for name in names[:HEADERS_MAX]}


def _fit(text: str) -> str:
    return _UNFIT.sub("?", text)


def look(session: Session, merchant: Merchant, kind: WebhookKind) -> Seen:
    """Read everything that is recorded, and judge every step."""
    shop = Shop(merchant.id, merchant.click_param)
    told = history(read(row, shop) for row in queries.requests(session, merchant, kind))
    prices = queries.prices(session, merchant, _skus(told))
    return Seen(told, rules.checklist(told, kind=kind, currency=merchant.currency, prices=prices))


def _skus(told: History) -> set[str]:
    states = [order.state for order in told.orders.values() if order.state and order.state.currency == "IDR"]
    return {one.line.sku for state in states for one in state.lines if one.line.sku}


def _certify(session: Session, merchant: Merchant, kind: WebhookKind, *, now: datetime) -> None:
    """Give the badge as soon as all demanded steps are passed; once for a version of the checklist."""
    if queries.certified(session, merchant, kind, rules.VERSION) is not None:
        return
    seen = look(session, merchant, kind)
    if not rules.is_passed(seen.results):
        return
    own = own_orders(seen.told)
    row = Certification(
        merchant_id=merchant.id, kind=kind, checklist_version=rules.VERSION, certified_at=now,
        steps=len(rules.demanded(seen.results)), own_orders=len(own),
    )  # fmt: skip
    session.add(row)
    subject = ("merchant", merchant.id)
    record(session, system("certification"), "merchant.certified", subject, now=now, kind=kind, own_orders=len(own))
    session.flush()


def own_orders(told: History) -> set[str]:
    """Orders that are none of our samples."""
    return set(told.orders) - samples.order_refs()


def is_sample(one: Received) -> bool:
    return one.order_ref in samples.order_refs()
