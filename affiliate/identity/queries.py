"""Who is asking: a session token or an API key, as an actor with its grants."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.signing import sha256_hex
from affiliate.identity.actors import Actor, from_grants
from affiliate.identity.models import ApiKey, Grant, User, UserSession


def user_by_session(session: Session, token: str, *, now: datetime) -> User | None:
    """The person whose live session this token opens."""
    return session.execute(
        sa.select(User)
        .join(UserSession, UserSession.user_id == User.id)
        .where(
            UserSession.token_hash == sha256_hex(token.encode()),
            UserSession.revoked_at.is_(None),
            UserSession.expires_at > now,
            User.is_active,
        )
    ).scalar_one_or_none()


def actor_of_user(session: Session, user: User) -> Actor:
    rows = session.execute(sa.select(Grant.role, Grant.scope_id).where(Grant.user_id == user.id)).all()
    return from_grants(
        f"user:{user.id}", user.name, [(row.role, row.scope_id) for row in rows], user_id=user.id, locale=user.locale
    )


def actor_of_key(session: Session, secret: str) -> Actor | None:
    """The actor of a live API key, or None."""
    key = session.execute(
        sa.select(ApiKey).where(ApiKey.secret_hash == sha256_hex(secret.encode()), ApiKey.revoked_at.is_(None))
    ).scalar_one_or_none()
    if key is None:
        return None
    rows = session.execute(sa.select(Grant.role, Grant.scope_id).where(Grant.api_key_id == key.id)).all()
    return from_grants(f"key:{key.id}", key.name, [(row.role, row.scope_id) for row in rows])


def people(session: Session, refs: set[str]) -> dict[str, str]:
    """Names for actor refs such as "user:7", for pages that say who did something."""
    ids = {int(ref.removeprefix("user:")) for ref in refs if ref.startswith("user:")}
    keys = {int(ref.removeprefix("key:")) for ref in refs if ref.startswith("key:")}
    found = {
        f"user:{row.id}": row.name for row in session.execute(sa.select(User.id, User.name).where(User.id.in_(ids)))
    }
    found |= {
        f"key:{row.id}": row.name
        for row in session.execute(sa.select(ApiKey.id, ApiKey.name).where(ApiKey.id.in_(keys)))
    }
    return found


def has_people(session: Session) -> bool:
    """False in a new database."""
    return session.execute(sa.select(User.id).limit(1)).scalar() is not None


def demo_people(session: Session) -> list[User]:
    """Accounts whose password everybody knows."""
    return list(session.execute(sa.select(User).where(User.is_demo).order_by(User.id)).scalars())
