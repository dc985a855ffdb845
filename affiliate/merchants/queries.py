"""Merchants and their offers as each actor may see them.

Platform staff see all; a merchant's staff their own; a community the merchants and programmes that it is enrolled in.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.communities.models import Community, Curator
from affiliate.core.db import among
from affiliate.core.errors import Forbidden, NotFound
from affiliate.identity.actors import Actor
from affiliate.identity.models import Role
from affiliate.identity.staff import held_scopes
from affiliate.merchants import rules
from affiliate.merchants.models import (
    AttributionPolicy,
    Coupon,
    Enrollment,
    Merchant,
    Programme,
    Rate,
    Split,
    Terms,
    WebhookKey,
    WebhookKind,
)


@dataclass(frozen=True, slots=True)
class Signers:
    """The merchant behind an address of the hooks, and the secrets of its live keys of that kind."""

    merchant_id: int
    secrets: list[str]


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a store has of all that it needs before a sale can be credited to anybody."""

    staff: bool
    programme: bool
    terms: bool
    key: bool
    community: bool

    @property
    def done(self) -> bool:
        return self.staff and self.programme and self.terms and self.key and self.community


def _programmes_joined(actor: Actor) -> sa.Select[Any]:
    """Ids of the programmes in which the actor's communities are enrolled."""
    return sa.select(Enrollment.programme_id).where(Enrollment.community_id.in_(actor.communities))


def _sees_merchant(actor: Actor) -> sa.ColumnElement[bool]:
    if actor.sees_all():
        return sa.true()
    joined = sa.select(Programme.merchant_id).where(Programme.id.in_(_programmes_joined(actor)))
    return Merchant.id.in_(actor.merchants) | Merchant.id.in_(joined)


def _sees_programme(actor: Actor) -> sa.ColumnElement[bool]:
    if actor.sees_all():
        return sa.true()
    return Programme.merchant_id.in_(actor.merchants) | Programme.id.in_(_programmes_joined(actor))


def _sees_enrollment(actor: Actor) -> sa.ColumnElement[bool]:
    if actor.sees_all():
        return sa.true()
    return Programme.merchant_id.in_(actor.merchants) | Enrollment.community_id.in_(actor.communities)


def merchant_by_slug(session: Session, slug: str) -> Merchant | None:
    """The merchant of a public address, whoever asks."""
    return session.execute(sa.select(Merchant).where(Merchant.slug == slug)).scalar_one_or_none()


def merchant_for(session: Session, actor: Actor, slug: str) -> Merchant:
    """A merchant as its staff, finance and admins see it. Raises NotFound for everybody else."""
    own = sa.true() if actor.sees_all() else Merchant.id.in_(actor.merchants)
    return _one(session, sa.select(Merchant).where(Merchant.slug == slug, own))


def merchant_run_by(session: Session, actor: Actor, slug: str) -> Merchant:
    """A merchant that this actor may change. Raises NotFound, or Forbidden for those who may only look."""
    merchant = merchant_for(session, actor, slug)
    if not actor.runs_merchant(merchant.id):
        raise Forbidden
    return merchant


def merchant_known_to(session: Session, actor: Actor, slug: str) -> Merchant:
    """A merchant as its staff and the communities that sell with it see it. Raises NotFound."""
    return _one(session, sa.select(Merchant).where(Merchant.slug == slug, _sees_merchant(actor)))


def merchants(session: Session, actor: Actor, *, after: int = 0, limit: int = 500) -> Sequence[Merchant]:
    """The merchants that the actor sees, oldest first."""
    wanted = sa.select(Merchant).where(Merchant.id > after, _sees_merchant(actor)).order_by(Merchant.id)
    return session.execute(wanted.limit(limit)).scalars().all()


def readiness(session: Session, merchant_ids: Collection[int]) -> dict[int, Readiness]:
    """How far these stores are, by id: five queries for any number of them."""
    programme, terms = sa.select(Programme.merchant_id), sa.select(Programme.merchant_id).join(Terms)
    live = sa.select(Programme.merchant_id).join(Enrollment).where(Enrollment.ended_at.is_(None))
    keys = sa.select(WebhookKey.merchant_id).where(WebhookKey.revoked_at.is_(None))
    own = {
        name: set(session.scalars(query.where(column.in_(merchant_ids)).distinct()))
        for name, query, column in (
            ("programme", programme, Programme.merchant_id),
            ("terms", terms, Programme.merchant_id),
            ("community", live, Programme.merchant_id),
            ("key", keys, WebhookKey.merchant_id),
        )
    }
    own["staff"] = held_scopes(session, Role.MERCHANT_STAFF)
    return {id_: Readiness(**{name: id_ in ids for name, ids in own.items()}) for id_ in merchant_ids}


def slug_of(session: Session, merchant_id: int) -> str:
    return session.execute(sa.select(Merchant.slug).where(Merchant.id == merchant_id)).scalar_one()


def merchant_of(session: Session, programme: Programme) -> Merchant:
    """Whose programme this is."""
    return session.get_one(Merchant, programme.merchant_id)


def live_secrets(session: Session, addresses: Collection[tuple[str, str]]) -> dict[tuple[str, str], Signers]:
    """Who may sign for which (slug, kind) of the hooks; an address for which nobody can is left out."""
    rows = session.execute(
        sa.select(Merchant.slug, WebhookKey.kind, WebhookKey.merchant_id, WebhookKey.secret)
        .join(Merchant, Merchant.id == WebhookKey.merchant_id)
        .where(among(session, Merchant.slug, {slug for slug, _kind in addresses}), WebhookKey.revoked_at.is_(None))
        .order_by(WebhookKey.id)
    )
    found: dict[tuple[str, str], Signers] = {}
    for row in rows:
        if (row.slug, row.kind) in addresses:
            found.setdefault((row.slug, row.kind), Signers(row.merchant_id, [])).secrets.append(row.secret)
    return found


def systems_of_stores(session: Session, community: Community) -> list[tuple[str, list[WebhookKind]]]:
    """(store's name, kinds of its live keys) of the stores in whose programmes this community is enrolled, by name."""
    rows = session.execute(
        sa.select(Merchant.id, Merchant.name, WebhookKey.kind)
        .distinct()
        .join(WebhookKey, WebhookKey.merchant_id == Merchant.id)
        .join(Programme, Programme.merchant_id == Merchant.id)
        .join(Enrollment, Enrollment.programme_id == Programme.id)
        .where(Enrollment.community_id == community.id, WebhookKey.revoked_at.is_(None))
        .order_by(Merchant.name, Merchant.id, WebhookKey.kind)
    )
    found: dict[int, tuple[str, list[WebhookKind]]] = {}
    for row in rows:
        found.setdefault(row.id, (row.name, []))[1].append(row.kind)
    return list(found.values())


def webhook_keys(session: Session, merchant: Merchant) -> Sequence[WebhookKey]:
    """All keys of a merchant, live ones first, newest first."""
    return (
        session.execute(
            sa.select(WebhookKey)
            .where(WebhookKey.merchant_id == merchant.id)
            .order_by(WebhookKey.revoked_at.is_not(None), WebhookKey.id.desc())
        )
        .scalars()
        .all()
    )


def programme_for(session: Session, actor: Actor, programme_id: int) -> Programme:
    """A programme of a merchant's own, or one that the actor's community has joined. Raises NotFound."""
    return _one(session, sa.select(Programme).where(Programme.id == programme_id, _sees_programme(actor)))


def programme_run_by(session: Session, actor: Actor, programme_id: int) -> Programme:
    """A programme that this actor may change. Raises NotFound, or Forbidden for those who may only look."""
    programme = programme_for(session, actor, programme_id)
    if not actor.runs_merchant(programme.merchant_id):
        raise Forbidden
    return programme


def programmes(
    session: Session, actor: Actor, *, merchant_id: int | None = None, after: int = 0, limit: int = 500
) -> Sequence[sa.Row[Programme, str]]:
    """(programme, merchant's slug) rows that the actor sees, oldest first."""
    wanted = sa.select(Programme, Merchant.slug).join(Merchant, Merchant.id == Programme.merchant_id)
    wanted = wanted.where(Programme.id > after, _sees_programme(actor)).order_by(Programme.id)
    if merchant_id is not None:
        wanted = wanted.where(Programme.merchant_id == merchant_id)
    return session.execute(wanted.limit(limit)).all()


def enrollments(
    session: Session,
    actor: Actor,
    *,
    merchant_id: int | None = None,
    community_id: int | None = None,
    after: int = 0,
    limit: int = 500,
) -> Sequence[sa.Row[Enrollment, Programme, Community]]:
    """(enrollment, programme, community) rows that the actor sees, oldest first."""
    wanted = (
        sa.select(Enrollment, Programme, Community)
        .join(Programme, Programme.id == Enrollment.programme_id)
        .join(Community, Community.id == Enrollment.community_id)
        .where(Enrollment.id > after, _sees_enrollment(actor))
        .order_by(Enrollment.id)
    )
    if merchant_id is not None:
        wanted = wanted.where(Programme.merchant_id == merchant_id)
    if community_id is not None:
        wanted = wanted.where(Enrollment.community_id == community_id)
    return session.execute(wanted.limit(limit)).all()


def enrollment_for(session: Session, actor: Actor, enrollment_id: int) -> sa.Row[Enrollment, Programme, Community]:
    """One enrollment with its programme and community. Raises NotFound."""
    found = [row for row in enrollments(session, actor, after=enrollment_id - 1, limit=1) if row[0].id == enrollment_id]
    if not found:
        raise NotFound
    return found[0]


def frozen_terms(session: Session, programme_ids: Collection[int]) -> list[tuple[Terms, list[Rate]]]:
    """Every version of these programmes' terms with its rates in order; by programme, then version."""
    versions = session.execute(
        sa.select(Terms).where(Terms.programme_id.in_(programme_ids)).order_by(Terms.programme_id, Terms.version)
    ).scalars()
    found: dict[int, tuple[Terms, list[Rate]]] = {terms.id: (terms, []) for terms in versions}
    rates = session.execute(
        sa.select(Rate)
        .join(Terms, Terms.id == Rate.terms_id)
        .where(Terms.programme_id.in_(programme_ids))
        .order_by(Rate.terms_id, Rate.position)
    ).scalars()
    for rate in rates:
        found[rate.terms_id][1].append(rate)
    return list(found.values())


def terms_in_force(session: Session, programme_id: int, *, at: datetime) -> tuple[Terms, list[Rate]] | None:
    """The terms of a programme that count at a moment, with their rates."""
    versions = {terms.id: (terms, rates) for terms, rates in frozen_terms(session, [programme_id])}
    newest = rules.in_force([terms for terms, _rates in versions.values()], at)
    return versions[newest.id] if newest else None


def policies_of(session: Session, programme_ids: Collection[int]) -> Sequence[AttributionPolicy]:
    """Every version of how these programmes credit orders; by programme, then version."""
    wanted = sa.select(AttributionPolicy).where(AttributionPolicy.programme_id.in_(programme_ids))
    ordered = wanted.order_by(AttributionPolicy.programme_id, AttributionPolicy.version)
    return session.execute(ordered).scalars().all()


def coupons(
    session: Session, actor: Actor, merchant: Merchant, *, before: int | None = None, limit: int = 500
) -> Sequence[sa.Row[Coupon, Community, Curator | None]]:
    """A merchant's coupons, newest first: all of them for its staff, a community's own for the community."""
    wanted = (
        sa.select(Coupon, Community, Curator)
        .join(Community, Community.id == Coupon.community_id)
        .outerjoin(Curator, Curator.id == Coupon.curator_id)
        .where(Coupon.merchant_id == merchant.id)
        .order_by(Coupon.id.desc())
        .limit(limit)
    )
    if not actor.sees_merchant(merchant.id):
        wanted = wanted.where(Coupon.community_id.in_(actor.communities))
    if before is not None:
        wanted = wanted.where(Coupon.id < before)
    return session.execute(wanted).all()


def communities_joined(session: Session, merchant: Merchant) -> Sequence[Community]:
    """The communities in any of a merchant's programmes, by name."""
    joined = sa.select(Enrollment.community_id).join(Programme, Programme.id == Enrollment.programme_id)
    wanted = sa.select(Community).where(Community.id.in_(joined.where(Programme.merchant_id == merchant.id)))
    return session.execute(wanted.order_by(Community.name)).scalars().all()


def splits_of(session: Session, enrollment_ids: Collection[int]) -> Sequence[Split]:
    """Every version of these enrollments' splits; by enrollment, then version."""
    return (
        session.execute(
            sa.select(Split).where(Split.enrollment_id.in_(enrollment_ids)).order_by(Split.enrollment_id, Split.version)
        )
        .scalars()
        .all()
    )


def split_shown(versions: Sequence[Split], enrollment: Enrollment, at: datetime) -> Split:
    """The split of an enrollment that counts at a moment; before it has begun the first one."""
    own = [one for one in versions if one.enrollment_id == enrollment.id]
    return rules.in_force(own, at) or own[0]


def _one(session: Session, wanted: sa.Select[Any]) -> Any:
    found = session.execute(wanted).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found
