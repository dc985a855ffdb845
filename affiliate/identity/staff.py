"""The admin's list of people, programs' keys and what each may do; and the demo's people. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from affiliate.core.errors import NotFound
from affiliate.identity.actors import Actor
from affiliate.identity.models import ApiKey, Grant, Role, User, UserSession
from affiliate.identity.scopes import Scope

Held = tuple[Role, Scope | None]  # a role, and for whom


@dataclass(frozen=True, slots=True)
class Person:
    """One row of the list; `seen_at` is the newest sign-in."""

    user: User
    held: list[Held]
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Key:
    """A program's key with what it may do."""

    key: ApiKey
    held: list[Held]


def people(session: Session, actor: Actor, *, wanted: str = "", after: int = 0, limit: int = 50) -> list[Person]:
    """Up to limit+1 people by id, whose name or address holds `wanted`; for platform admins only."""
    _admins_only(actor)
    query = sa.select(User).where(User.id > after).order_by(User.id).limit(limit + 1)
    if wanted:
        query = query.where(
            User.name.icontains(wanted, autoescape=True) | User.email.icontains(wanted, autoescape=True)
        )
    users = session.scalars(query).all()
    held = _held(session, Grant.user_id, [user.id for user in users])
    seen = {
        row.user_id: row.seen_at
        for row in session.execute(
            sa.select(UserSession.user_id, sa.func.max(UserSession.created_at).label("seen_at"))
            .where(UserSession.user_id.in_([user.id for user in users]))
            .group_by(UserSession.user_id)
        )
    }
    return [Person(user, held[user.id], seen.get(user.id)) for user in users]


def keys(session: Session, actor: Actor) -> list[Key]:
    """All live keys, newest first; for platform admins only."""
    _admins_only(actor)
    found = session.scalars(sa.select(ApiKey).where(ApiKey.revoked_at.is_(None)).order_by(ApiKey.id.desc())).all()
    held = _held(session, Grant.api_key_id, [key.id for key in found])
    return [Key(key, held[key.id]) for key in found]


def demo_people(session: Session) -> list[Person]:
    """Whoever has the demo's known password."""
    users = session.scalars(sa.select(User).where(User.is_demo, User.is_active).order_by(User.id).limit(12)).all()
    held = _held(session, Grant.user_id, [user.id for user in users])
    return [Person(user, held[user.id], None) for user in users]


def _held(session: Session, holder: InstrumentedAttribute[int | None], ids: Sequence[int]) -> dict[int, list[Held]]:
    """Roles by holder, in the order they were given."""
    found: dict[int, list[Held]] = defaultdict(list)
    rows = session.execute(
        sa.select(holder.label("holder"), Grant.role, Grant.scope_kind, Grant.scope_id)
        .where(holder.in_(ids))
        .order_by(Grant.id)
    )
    for row in rows:
        scope = None if row.scope_id is None else (row.scope_kind, row.scope_id)
        found[row.holder].append((row.role, scope))
    return found


def _admins_only(actor: Actor) -> None:
    if not actor.is_admin:
        raise NotFound
