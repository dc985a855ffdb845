"""What an operator decides about people: who is admitted, what each may do, whose account is closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.db import affected
from affiliate.core.errors import Conflict, Forbidden, Invalid, NotFound
from affiliate.core.i18n import _l
from affiliate.identity.actors import Actor
from affiliate.identity.models import Grant, Role, User
from affiliate.identity.passwords import INVITATION_LIFE, end_links, make_link
from affiliate.identity.service import close_sessions, create_user, grant, record

# Whoever makes a payout run must not be the one who approves it, so nobody holds both.
_APART = {Role.FINANCE_MAKER: Role.FINANCE_APPROVER, Role.FINANCE_APPROVER: Role.FINANCE_MAKER}


class LastAdmin(Conflict):
    code = "last_admin"
    message = _l("Nobody else could run the platform then. Make somebody else an admin first; nothing was changed.")


class NotYourself(Forbidden):
    code = "not_yourself"
    message = _l("You cannot close your own account. Another admin can; nothing was changed.")


@dataclass(frozen=True, slots=True)
class Admitted:
    """Somebody with a role; `token` opens the invitation of a person who is new here, and is told only now."""

    user: User
    token: str | None


def admit(
    session: Session, email: str, *, name: str, role: Role, scope_id: int | None, actor: Actor, now: datetime
) -> Admitted:
    """Give a role to the person with this address, who is invited first if they are new here. Raises Invalid."""
    known = session.execute(sa.select(User).where(User.email == email.strip().lower())).scalar_one_or_none()
    user = known or create_user(session, email, name=name, password=None, now=now)
    if known is None:
        record(session, actor, "user.invited", ("user", user.id), now=now, email=user.email)
    give_role(session, user, role, scope_id=scope_id, actor=actor, now=now)
    token = None if known else make_link(session, user, life=INVITATION_LIFE, actor=actor, now=now)
    return Admitted(user, token)


def give_role(session: Session, user: User, role: Role, *, scope_id: int | None, actor: Actor, now: datetime) -> None:
    """A further role. Raises Invalid where it is held already, or would join making and approving of payouts."""
    session.execute(sa.select(User.id).where(User.id == user.id).with_for_update())  # one change of roles at a time
    held = session.execute(sa.select(Grant.role, Grant.scope_id).where(Grant.user_id == user.id)).all()
    if any(row.role is role and row.scope_id == scope_id for row in held):
        raise Invalid.field("role", _l("This person has this role already."), code="role_held")
    if any(row.role is _APART.get(role) for row in held):
        text = _l("Nobody both makes and approves payouts. Withdraw the other finance role first.")
        raise Invalid.field("role", text, code="roles_apart")
    grant(session, role, user=user, scope_id=scope_id, now=now)
    record(session, actor, "role.given", ("user", user.id), now=now, role=role.value, scope=scope_id)


def withdraw_role(session: Session, user: User, grant_id: int, *, actor: Actor, now: datetime) -> Grant:
    """Take a role away; it ends at once. Raises NotFound for one that is not held, LastAdmin."""
    found = session.execute(sa.select(Grant).where(Grant.id == grant_id, Grant.user_id == user.id)).scalar_one_or_none()
    if found is None:
        raise NotFound
    if found.role is Role.ADMIN:
        _keep_an_admin(session, without=user.id)
    if not affected(session.execute(sa.delete(Grant).where(Grant.id == grant_id))):
        raise NotFound
    session.expunge(found)  # gone from the database, still told to the caller
    record(session, actor, "role.withdrawn", ("user", user.id), now=now, role=found.role.value, scope=found.scope_id)
    return found


def close_account(session: Session, user: User, *, actor: Actor, now: datetime) -> bool:
    """Keep somebody out: sessions and open links end at once, roles stay. False when it was closed already.

    Raises NotYourself, LastAdmin.
    """
    if actor.user_id == user.id:
        raise NotYourself
    _keep_an_admin(session, without=user.id)
    if not _set_active(session, user, now_active=False):
        return False
    close_sessions(session, user.id, now=now)
    end_links(session, user.id, now=now)
    record(session, actor, "user.closed", ("user", user.id), now=now)
    return True


def open_account(session: Session, user: User, *, actor: Actor, now: datetime) -> bool:
    """Let somebody in again, with the roles they had. False when it was open."""
    if not _set_active(session, user, now_active=True):
        return False
    record(session, actor, "user.opened", ("user", user.id), now=now)
    return True


def save_profile(session: Session, user: User, *, name: str, locale: str | None, actor: Actor, now: datetime) -> None:
    """A person's own name and language; no language means: as the browser says."""
    session.execute(sa.update(User).where(User.id == user.id).values(name=name, locale=locale))
    record(session, actor, "user.saved", ("user", user.id), now=now, name=name, locale=locale)


def _set_active(session: Session, user: User, *, now_active: bool) -> bool:
    change = sa.update(User).where(User.id == user.id, User.is_active.is_(not now_active))
    return affected(session.execute(change.values(is_active=now_active))) == 1


def _keep_an_admin(session: Session, *, without: int) -> None:
    """Raise LastAdmin when only this person can sign in as admin.

    Holds the rows of all of them, so that two admins cannot take each other's power away at once.
    """
    able = session.execute(
        sa.select(User.id)
        .join(Grant, Grant.user_id == User.id)
        .where(Grant.role == Role.ADMIN, User.is_active, User.password_hash.is_not(None))
        .order_by(User.id)
        .with_for_update()
    ).scalars()
    if set(able) == {without}:
        raise LastAdmin
