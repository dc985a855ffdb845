"""What changes at a merchant: its row, its keys, its programmes, new versions of terms and splits."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.communities.models import Community
from affiliate.core import money
from affiliate.core.db import affected, upsert
from affiliate.core.errors import Conflict, Invalid
from affiliate.core.i18n import _l
from affiliate.core.signing import new_webhook_secret
from affiliate.identity.actors import Actor
from affiliate.identity.service import record
from affiliate.merchants import rules
from affiliate.merchants.models import (
    Enrollment,
    Merchant,
    Programme,
    Rate,
    RateKind,
    Split,
    Terms,
    WebhookKey,
    WebhookKind,
)

SPLIT_PARTS = ("platform_bps", "community_bps", "curator_bps", "evangelist_bps")


class SlugTaken(Conflict):
    code = "slug_taken"
    message = _l("This address is taken. Please choose another one.")


class EnrollmentEnded(Conflict):
    """A community that was in a programme before and is out now."""

    code = "enrollment_ended"
    message = _l("This community's enrollment has ended. Let it go on first; nothing was changed.")


def create_merchant(session: Session, *, profile: Mapping[str, Any], actor: Actor, now: datetime) -> Merchant:
    """A new merchant from what MerchantSchema lets through. Raises SlugTaken."""
    insert = upsert(session, Merchant).values(**profile, created_at=now)
    done = session.execute(insert.on_conflict_do_nothing(index_elements=["slug"]))
    if not affected(done):
        raise SlugTaken
    merchant = session.execute(sa.select(Merchant).where(Merchant.slug == profile["slug"])).scalar_one()
    record(session, actor, "merchant.created", ("merchant", merchant.id), now=now, slug=merchant.slug)
    return merchant


def save_merchant(
    session: Session, merchant: Merchant, *, profile: Mapping[str, Any], actor: Actor, now: datetime
) -> None:
    """A merchant's name, shop, hosts and click parameter; the redirect follows within seconds.

    Its address and its currency stay: webhooks are sent to the one, prices and terms were made in the other.
    """
    changed = {name: value for name, value in profile.items() if getattr(merchant, name) != value}
    if not changed:
        return
    session.execute(sa.update(Merchant).where(Merchant.id == merchant.id).values(**changed))
    record(session, actor, "merchant.saved", ("merchant", merchant.id), now=now, **changed)


def create_webhook_key(
    session: Session, merchant: Merchant, *, kind: WebhookKind, secret: str | None, actor: Actor, now: datetime
) -> WebhookKey:
    """A key that may sign deliveries of this kind; the secret is ours unless the shop system gave one.

    Raises Invalid for a standard secret that is not whsec_ and 24 to 64 bytes in base64.
    """
    if secret and kind is WebhookKind.STANDARD and not rules.is_standard_secret(secret):
        raise Invalid.field("secret", _l("A standard secret is whsec_ followed by 24 to 64 bytes in base64."))
    ours = new_webhook_secret() if kind is WebhookKind.STANDARD else secrets.token_urlsafe(32)
    key = WebhookKey(merchant_id=merchant.id, kind=kind, secret=secret or ours, created_at=now)
    session.add(key)
    session.flush()  # its id is needed
    record(session, actor, "webhook_key.created", ("webhook_key", key.id), now=now, merchant=merchant.id, kind=kind)
    return key


def revoke_webhook_key(session: Session, merchant: Merchant, key_id: int, *, actor: Actor, now: datetime) -> bool:
    """Refuse this key from now on; False when it was not live or is not this merchant's."""
    done = session.execute(
        sa.update(WebhookKey)
        .where(WebhookKey.id == key_id, WebhookKey.merchant_id == merchant.id, WebhookKey.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    if not affected(done):
        return False
    record(session, actor, "webhook_key.revoked", ("webhook_key", key_id), now=now, merchant=merchant.id)
    return True


def create_programme(
    session: Session, merchant: Merchant, *, offer: Mapping[str, Any], actor: Actor, now: datetime
) -> Programme:
    """A new programme from what ProgrammeSchema lets through; it earns nothing before it has terms."""
    programme = Programme(merchant_id=merchant.id, created_at=now, **offer)
    session.add(programme)
    session.flush()  # its id is needed
    record(session, actor, "programme.created", ("programme", programme.id), now=now, merchant=merchant.id)
    return programme


def add_terms(
    session: Session,
    programme: Programme,
    *,
    valid_from: datetime,
    rates: Sequence[Mapping[str, Any]],
    actor: Actor,
    now: datetime,
) -> tuple[Terms, list[Rate]]:
    """The programme's next version of terms, from what TermsSchema lets through. Raises Invalid for an amount."""
    currency = session.execute(sa.select(Merchant.currency).where(Merchant.id == programme.merchant_id)).scalar_one()
    amounts = [amount_of(rate, currency, place) for place, rate in enumerate(rates)]
    version = _next_version(session, programme)
    terms = Terms(
        programme_id=programme.id, version=version, valid_from=valid_from, created_at=now, created_by=actor.ref
    )
    session.add(terms)
    session.flush()  # its id is needed for the rates
    rows = [
        Rate(
            terms_id=terms.id,
            position=place,
            scope=rate["scope"],
            match=rate["match"],
            kind=rate["kind"],
            rate_bps=rate["bps"],
            amount_minor=amount,
            currency=amount_currency,
        )
        for place, (rate, (amount, amount_currency)) in enumerate(zip(rates, amounts, strict=True))
    ]
    session.add_all(rows)
    record(session, actor, "terms.added", ("programme", programme.id), now=now, version=version)
    return terms, rows


def amount_of(rate: Mapping[str, Any], currency: str, place: int) -> tuple[int | None, str | None]:
    """Minor units and currency of a fixed rate; a bare text is in the merchant's own currency."""
    if rate["kind"] is RateKind.PERCENT:
        return None, None
    given = rate["amount"]
    text, code = (given["amount"], given["currency"]) if isinstance(given, Mapping) else (given, currency)
    try:
        minor = money.from_decimal(text, code)
    except money.MoneyError as error:
        raise Invalid.field(
            f"rates.{place}.amount", _l("Use a plain amount such as 1500.00 in a known currency."), code=error.code
        ) from None
    if minor < 0:
        raise Invalid.field(f"rates.{place}.amount", _l("An amount cannot be negative."), code="negative_amount")
    return minor, code


def enroll(
    session: Session,
    programme: Programme,
    community: Community,
    *,
    split: Mapping[str, int],
    valid_from: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> tuple[Enrollment, Split]:
    """Admit a community with its split, or give an admitted one its next version; the same split again changes nothing.

    Counts from `valid_from`, by default now in whole seconds, as merchants tell the moment of an order. Raises
    EnrollmentEnded.
    """
    begins = valid_from or now.replace(microsecond=0)
    insert = upsert(session, Enrollment).values(
        programme_id=programme.id, community_id=community.id, enrolled_at=begins
    )
    session.execute(insert.on_conflict_do_nothing(index_elements=["programme_id", "community_id"]))
    enrollment = session.execute(
        sa.select(Enrollment)
        .where(Enrollment.programme_id == programme.id, Enrollment.community_id == community.id)
        .with_for_update()
    ).scalar_one()
    if enrollment.ended_at is not None:
        raise EnrollmentEnded
    newest = session.execute(
        sa.select(Split).where(Split.enrollment_id == enrollment.id).order_by(Split.version.desc()).limit(1)
    ).scalar_one_or_none()
    if newest is not None and all(getattr(newest, part) == split[part] for part in SPLIT_PARTS):
        return enrollment, newest
    added = Split(
        enrollment_id=enrollment.id,
        version=newest.version + 1 if newest else 1,
        valid_from=begins,
        created_at=now,
        created_by=actor.ref,
        **{part: split[part] for part in SPLIT_PARTS},
    )
    session.add(added)
    session.flush()  # its id is needed
    record(
        session, actor, "split.added", ("enrollment", enrollment.id), now=now, version=added.version, split=dict(split)
    )
    return enrollment, added


def end_enrollment(session: Session, enrollment: Enrollment, *, actor: Actor, now: datetime) -> bool:
    """From now on clicks earn this community nothing here; what was clicked before still counts. False when ended."""
    return _set_ended(session, enrollment, Enrollment.ended_at.is_(None), now, "enrollment.ended", actor, now)


def resume_enrollment(session: Session, enrollment: Enrollment, *, actor: Actor, now: datetime) -> bool:
    """Let an ended enrollment go on as if it had never ended, clicks of the pause included. False when it is live."""
    return _set_ended(session, enrollment, Enrollment.ended_at.is_not(None), None, "enrollment.resumed", actor, now)


def _set_ended(
    session: Session,
    enrollment: Enrollment,
    before: sa.ColumnElement[bool],
    ended_at: datetime | None,
    deed: str,
    actor: Actor,
    now: datetime,
) -> bool:
    change = sa.update(Enrollment).where(Enrollment.id == enrollment.id, before).values(ended_at=ended_at)
    if not affected(session.execute(change)):
        return False
    record(session, actor, deed, ("enrollment", enrollment.id), now=now)
    return True


def _next_version(session: Session, programme: Programme) -> int:
    """The next number of terms, while the programme's row is held against a second writer."""
    session.execute(sa.select(Programme.id).where(Programme.id == programme.id).with_for_update())
    newest = session.execute(sa.select(sa.func.max(Terms.version)).where(Terms.programme_id == programme.id))
    return (newest.scalar_one() or 0) + 1
