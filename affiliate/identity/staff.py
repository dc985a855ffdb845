"""The admin's list of people, one person, programs' keys and what each may do; and the demo's people. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from affiliate.core.errors import NotFound
from affiliate.identity.actors import Actor
from affiliate.identity.models import ApiKey, Grant, PasswordLink, Role, User, UserSession
from affiliate.identity.scopes import Scope

Held = tuple[Role, Scope | None]  # a role, and for whom


@dataclass(frozen=True, slots=True)
class Person:
    """One row of the list; `seen_at` is the newest sign-in."""

    user: User
    held: list[Held]
    seen_at: datetime | None


class State(StrEnum):
    """How far somebody is in."""

    ACTIVE = "active"
    INVITED = "invited"  # has not chosen a password yet
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class File:
    """One person for their own page: grants, newest sign-in, sessions that are open, the link that still works."""

    user: User
    grants: Sequence[Grant]
    seen_at: datetime | None
    open_sessions: int
    link: PasswordLink | None


@dataclass(frozen=True, slots=True)
class Key:
    """A program's key with what it may do."""

    key: ApiKey
    held: list[Held]


def people(
    session: Session,
    actor: Actor,
    *,
    wanted: str = "",
    role: Role | None = None,
    state: State | None = None,
    after: int = 0,
    limit: int = 50,
) -> list[Person]:
    """Up to limit+1 people by id, whose name or address holds `wanted`; for platform admins only."""
    _admins_only(actor)
    query = sa.select(User).where(User.id > after).order_by(User.id).limit(limit + 1)
    if wanted:
        query = query.where(
            User.name.icontains(wanted, autoescape=True) | User.email.icontains(wanted, autoescape=True)
        )
    if role is not None:
        query = query.where(User.id.in_(sa.select(Grant.user_id).where(Grant.role == role)))
    if state is not None:
        query = query.where(_in_state(state))
    return _with_roles(session, session.scalars(query).all())


def _in_state(state: State) -> sa.ColumnElement[bool]:
    if state is State.CLOSED:
        return User.is_active.is_(False)
    chosen = User.password_hash.is_not(None) if state is State.ACTIVE else User.password_hash.is_(None)
    return User.is_active & chosen


def of_scope(session: Session, kind: str, scope_id: int) -> list[Person]:
    """Everybody with a role for this community or merchant, with all that they may do there; oldest first."""
    own = sa.select(Grant.user_id).where(Grant.scope_kind == kind, Grant.scope_id == scope_id)
    users = session.scalars(sa.select(User).where(User.id.in_(own)).order_by(User.id)).all()
    here = (kind, scope_id)
    return [
        Person(one.user, [held for held in one.held if held[1] == here], one.seen_at)
        for one in _with_roles(session, users)
    ]


def held_scopes(session: Session, role: Role) -> set[int]:
    """Ids of the communities or merchants for which somebody who is let in has this role."""
    query = sa.select(Grant.scope_id).join(User, User.id == Grant.user_id).where(Grant.role == role, User.is_active)
    return {scope_id for scope_id in session.scalars(query) if scope_id is not None}


def person(session: Session, actor: Actor, user_id: int, *, now: datetime) -> File:
    """One person; raises NotFound for everybody but platform admins, and for an id that nobody has."""
    _admins_only(actor)
    user = session.get(User, user_id)
    if user is None:
        raise NotFound
    live = sa.select(sa.func.count()).where(
        UserSession.user_id == user_id, UserSession.revoked_at.is_(None), UserSession.expires_at > now
    )
    link = sa.select(PasswordLink).where(
        PasswordLink.user_id == user_id, PasswordLink.ended_at.is_(None), PasswordLink.expires_at > now
    )
    return File(
        user,
        session.scalars(sa.select(Grant).where(Grant.user_id == user_id).order_by(Grant.id)).all(),
        session.scalar(sa.select(sa.func.max(UserSession.created_at)).where(UserSession.user_id == user_id)),
        session.scalar(live) or 0,
        session.scalars(link.order_by(PasswordLink.id.desc()).limit(1)).first(),
    )


def _with_roles(session: Session, users: Sequence[User]) -> list[Person]:
    ids = [user.id for user in users]
    held = _held(session, Grant.user_id, ids)
    rows = session.execute(
        sa.select(UserSession.user_id, sa.func.max(UserSession.created_at).label("seen_at"))
        .where(UserSession.user_id.in_(ids))
        .group_by(UserSession.user_id)
    )
    seen = {row.user_id: row.seen_at for row in rows}
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
