"""Passwords: chosen through a one-time link, changed by their owner. Whatever changes one ends the other sessions."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.db import affected
from affiliate.core.errors import Conflict, Forbidden, Invalid, NotFound
from affiliate.core.i18n import _l
from affiliate.core.signing import sha256_hex
from affiliate.identity.actors import Actor
from affiliate.identity.models import PasswordLink, User
from affiliate.identity.service import (
    DEMO_PASSWORD,
    PASSWORD_MIN_LENGTH,
    close_sessions,
    hash_password,
    is_password_of,
    record,
)

INVITATION_LIFE = timedelta(days=7)
RESET_LIFE = timedelta(hours=24)


class LinkGone(NotFound):
    """Used, replaced, too old or never ours: a stranger learns nothing from the difference."""

    code = "link_gone"
    message = _l("This link no longer works: it was used, or it is too old. Ask your contact at Etalase for a new one.")


class AccountClosed(Conflict):
    code = "account_closed"
    message = _l("This account is closed, so a link would lead nowhere. Open the account first.")


class DemoAccount(Forbidden):
    code = "demo_account"
    message = _l("The demo's accounts keep the password that everybody knows. Nothing was changed.")


def make_link(session: Session, user: User, *, life: timedelta = RESET_LIFE, actor: Actor, now: datetime) -> str:
    """A fresh one-time link's token, returned once in clear; earlier links of the person end.

    Raises AccountClosed, or DemoAccount.
    """
    if not user.is_active:
        raise AccountClosed
    if user.is_demo:
        raise DemoAccount
    end_links(session, user.id, now=now)
    token = secrets.token_urlsafe(32)
    session.add(
        PasswordLink(
            user_id=user.id,
            token_hash=sha256_hex(token.encode()),
            created_at=now,
            created_by=actor.ref,
            expires_at=now + life,
        )
    )
    record(session, actor, "password_link.created", ("user", user.id), now=now)
    return token


def end_links(session: Session, user_id: int, *, now: datetime) -> None:
    """No open link of this person works from now on."""
    live = sa.update(PasswordLink).where(PasswordLink.user_id == user_id, PasswordLink.ended_at.is_(None))
    session.execute(live.values(ended_at=now))


def owner_of_link(session: Session, token: str, *, now: datetime) -> User:
    """Whose live link this is. Looking at it does not use it up. Raises LinkGone."""
    user = session.execute(
        sa.select(User).join(PasswordLink, PasswordLink.user_id == User.id).where(*_live(token, now), User.is_active)
    ).scalar_one_or_none()
    if user is None:
        raise LinkGone
    return user


def choose_password(session: Session, token: str, password: str, *, now: datetime) -> User:
    """Set the password of the link's owner, once, and end their sessions. Raises LinkGone, or Invalid."""
    user = owner_of_link(session, token, now=now)
    _check_new(password)
    used = session.execute(sa.update(PasswordLink).where(*_live(token, now)).values(ended_at=now))
    if affected(used) != 1:
        raise LinkGone
    _set(session, user, password)
    close_sessions(session, user.id, now=now)
    record(session, Actor(f"user:{user.id}"), "password.chosen", ("user", user.id), now=now)
    return user


def change_password(
    session: Session, user: User, *, old: str, password: str, present: str, actor: Actor, now: datetime
) -> None:
    """A person's own change; the session with the token `present` goes on, all others end.

    Raises Invalid for a wrong old or an unfit new password, DemoAccount for an account that everybody shares.
    """
    if user.is_demo:
        raise DemoAccount
    if not is_password_of(user, old):
        raise Invalid.field("old", _l("This is not your present password."))
    _check_new(password)
    _set(session, user, password)
    end_links(session, user.id, now=now)
    close_sessions(session, user.id, now=now, but=present)
    record(session, actor, "password.changed", ("user", user.id), now=now)


def _set(session: Session, user: User, password: str) -> None:
    session.execute(sa.update(User).where(User.id == user.id).values(password_hash=hash_password(password)))


def _check_new(password: str) -> None:
    if len(password) < PASSWORD_MIN_LENGTH:
        raise Invalid.field("password", _l("Use at least 10 characters."))
    if password == DEMO_PASSWORD:
        raise Invalid.field("password", _l("Everybody knows this password. Please choose another one."))


def _live(token: str, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        PasswordLink.token_hash == sha256_hex(token.encode()),
        PasswordLink.ended_at.is_(None),
        PasswordLink.expires_at > now,
    )
