"""Sign in and out, issue and revoke keys, grant roles. Every deed leaves an audit entry in the same transaction."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from affiliate.core.db import affected, upsert
from affiliate.core.errors import AppError, Invalid
from affiliate.core.i18n import _l
from affiliate.core.signing import sha256_hex
from affiliate.identity.actors import Actor
from affiliate.identity.models import SCOPE_OF, ApiKey, AuditEntry, Grant, Role, User, UserSession

KEY_PREFIX = "etk_"
SESSION_LIFE = timedelta(days=14)
PASSWORD_MIN_LENGTH = 10
ADDRESS_MAX_LENGTH = 254
DEMO_PASSWORD = "etalase-demo-2026"  # noqa: S105  known to everybody, and refused in production

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
# 19 MiB and two passes: about 20 ms, and 32 sign-ins at once stay far below a small machine's memory.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_NO_SUCH_HASH = _hasher.hash(secrets.token_hex(16))


class WrongSignIn(AppError):
    status = 401
    code = "wrong_sign_in"
    message = _l("That address and password do not fit together. Please check both.")


def record(
    session: Session, actor: Actor, action: str, subject: tuple[str, Any], *, now: datetime, **detail: Any
) -> None:
    """Add an audit entry: who did what to which subject (kind, id)."""
    kind, subject_id = subject
    session.add(
        AuditEntry(at=now, actor=actor.ref, action=action, subject_kind=kind, subject_id=str(subject_id), detail=detail)
    )


def create_user(
    session: Session,
    email: str,
    *,
    name: str,
    password: str | None,
    now: datetime,
    locale: str | None = None,
    is_demo: bool = False,
) -> User:
    """A person, who can sign in as soon as they have a password.

    Raises Invalid for a short password, or an address that is none or is taken.
    """
    address = email.strip().lower()
    if not _ADDRESS.fullmatch(address) or len(address) > ADDRESS_MAX_LENGTH:
        raise Invalid.field("email", _l("This is no e-mail address."))
    if password is not None and len(password) < PASSWORD_MIN_LENGTH:
        raise Invalid.field("password", _l("Use at least 10 characters."))
    hashed = None if password is None else hash_password(password)
    insert = upsert(session, User).values(
        email=address, name=name, password_hash=hashed, locale=locale, is_demo=is_demo, is_active=True, created_at=now
    )
    if not affected(session.execute(insert.on_conflict_do_nothing(index_elements=["email"]))):
        raise Invalid.field("email", _l("There is an account with this address already."))
    return session.execute(sa.select(User).where(User.email == address)).scalar_one()


def hash_password(password: str) -> str:
    """argon2id, with its parameters and salt in the text."""
    return _hasher.hash(password)


def is_password_of(user: User, password: str) -> bool:
    """True when this opens the account; False also for somebody who has not chosen a password yet."""
    try:
        return user.password_hash is not None and _hasher.verify(user.password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def grant(
    session: Session,
    role: Role,
    *,
    user: User | None = None,
    key: ApiKey | None = None,
    scope_id: int | None = None,
    now: datetime,
) -> None:
    """Give a person or key a role; a role that belongs to a community or merchant needs its id."""
    kind = SCOPE_OF[role]
    if (kind == "platform") != (scope_id is None):
        raise Invalid.field("scope", _l("This role belongs to one community or store, or to the platform."))
    session.add(
        Grant(
            user_id=user.id if user else None,
            api_key_id=key.id if key else None,
            role=role,
            scope_kind=kind,
            scope_id=scope_id,
            created_at=now,
        )
    )


def check_password(session: Session, email: str, password: str, *, demo: bool = True) -> User:
    """The person with this address and password; demo accounts only where `demo` lets them in.

    Raises WrongSignIn, after the same work, for everybody else.
    """
    user = session.execute(sa.select(User).where(User.email == email.strip().lower())).scalar_one_or_none()
    try:
        _hasher.verify((user.password_hash if user else None) or _NO_SUCH_HASH, password)
    except (VerificationError, InvalidHashError):
        raise WrongSignIn from None
    if user is None or not user.is_active or (user.is_demo and not demo):
        raise WrongSignIn
    return user


def open_session(session: Session, user: User, *, user_agent: str, now: datetime) -> str:
    """Start a browser session; the returned token is shown once and kept only as its hash."""
    token = secrets.token_urlsafe(32)
    session.add(
        UserSession(
            user_id=user.id,
            token_hash=sha256_hex(token.encode()),
            created_at=now,
            expires_at=now + SESSION_LIFE,
            user_agent=user_agent[:200],
        )
    )
    return token


def close_session(session: Session, token: str, *, now: datetime) -> None:
    session.execute(
        sa.update(UserSession).where(UserSession.token_hash == sha256_hex(token.encode())).values(revoked_at=now)
    )


def close_sessions(session: Session, user_id: int, *, now: datetime, but: str | None = None) -> None:
    """End all browser sessions of a person at once; the one with the token `but` goes on."""
    ended = sa.update(UserSession).where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
    if but is not None:
        ended = ended.where(UserSession.token_hash != sha256_hex(but.encode()))
    session.execute(ended.values(revoked_at=now))


def choose_language(session: Session, user_id: int, code: str) -> None:
    """Keep the language in which this person wants to read Etalase."""
    session.execute(sa.update(User).where(User.id == user_id).values(locale=code))


def create_api_key(
    session: Session, name: str, *, role: Role, scope_id: int | None, actor: Actor, now: datetime
) -> str:
    """A new key, returned once in clear: etk_ and 43 random characters."""
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(
        name=name, prefix=secret[:12], secret_hash=sha256_hex(secret.encode()), created_at=now, created_by=actor.ref
    )
    session.add(key)
    session.flush()  # its id is needed for the grant
    grant(session, role, key=key, scope_id=scope_id, now=now)
    record(session, actor, "api_key.created", ("api_key", key.id), now=now, role=role.value, scope=scope_id)
    return secret


def revoke_api_key(session: Session, key_id: int, *, actor: Actor, now: datetime) -> bool:
    done = session.execute(
        sa.update(ApiKey).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None)).values(revoked_at=now)
    )
    record(session, actor, "api_key.revoked", ("api_key", key_id), now=now)
    return affected(done) == 1
