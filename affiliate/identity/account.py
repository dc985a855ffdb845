"""A person's own account (name, language, password), and the one-time link that leads to a first or a new password."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, render_template, request, session, url_for

from affiliate.core import clock, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid
from affiliate.core.i18n import _
from affiliate.core.limits import limiter
from affiliate.identity import guards, passwords, people, service
from affiliate.identity.labels import ROLE_LABELS
from affiliate.identity.login import signed_in
from affiliate.identity.models import User
from affiliate.identity.queries import actor_of_user
from affiliate.identity.schemas import AccountForm, ChangePasswordForm, NewPasswordForm
from affiliate.identity.views import bp, close_present_session, home_of, start_session

# Somebody at another's open screen shall not try passwords for long.
WRONG_OLD = "5 per minute; 30 per hour"


def _who_changes() -> str:
    return guards.actor().ref


def _was_refused(response: Any) -> bool:
    return bool(response.status_code == Invalid.status)


@bp.get("/account")
@guards.person
def account() -> Any:
    return _account_page()


@bp.post("/account")
@guards.person
def save_account() -> Any:
    actor = guards.actor()
    try:
        given = web.load_form(AccountForm())
    except Invalid as refused:
        return _account_page(errors=refused.fields, typed=request.form), refused.status
    session.pop("language", None)  # the account says it from now on
    with transaction(db.session) as work:
        user = work.get_one(User, actor.user_id)
        people.save_profile(
            work, user, name=given["name"], locale=given["locale"] or None, actor=actor, now=clock.now()
        )
    flash(_("Saved."), "good")
    return web.see_other(url_for(".account"))


@bp.post("/account/password")
@guards.person
@limiter.limit(WRONG_OLD, key_func=_who_changes, deduct_when=_was_refused)
def change_password() -> Any:
    actor = guards.actor()
    try:
        given = web.load_form(ChangePasswordForm())
        with transaction(db.session) as work:
            user = work.get_one(User, actor.user_id)
            passwords.change_password(
                work,
                user,
                old=given["old"],
                password=given["password"],
                present=signed_in().token,
                actor=actor,
                now=clock.now(),
            )
    except Invalid as refused:
        return _account_page(password_errors=refused.fields), refused.status
    except passwords.DemoAccount as refused:
        flash(str(refused.text), "bad")
        return web.see_other(url_for(".account"))
    flash(_("The password is changed. Every other browser that was signed in with it is out."), "good")
    return web.see_other(url_for(".account"))


@bp.get("/welcome/<token>")
@guards.public("a one-time link is its holder's way in")
def welcome(token: str) -> Any:
    """Looking does not use the link up: chat programs open what they are sent, to show a preview."""
    return _welcome_page(passwords.owner_of_link(db.session, token, now=clock.now()))


@bp.post("/welcome/<token>")
@guards.public("a one-time link is its holder's way in")
def choose_password(token: str) -> Any:
    """Set the password and sign in with it; whoever was signed in here before is out."""
    now = clock.now()
    try:
        given = web.load_form(NewPasswordForm())
        with transaction(db.session) as work:
            user = passwords.choose_password(work, token, given["password"], now=now)
            opened = service.open_session(work, user, user_agent=str(request.user_agent), now=now)
    except Invalid as refused:
        owner = passwords.owner_of_link(db.session, token, now=now)
        return _welcome_page(owner, errors=refused.fields), refused.status
    close_present_session()
    start_session(user, opened)
    flash(_("Welcome, %(name)s. Your password is set.", name=user.name), "good")
    return web.see_other(home_of(actor_of_user(db.session, user)))


def _account_page(**context: Any) -> str:
    user = db.session.get_one(User, guards.actor().user_id)
    return render_template(
        "affiliate/identity/account.html",
        person=user,
        roles=[ROLE_LABELS[role] for role in ROLE_LABELS if role in guards.actor().roles],
        **context,
    )


def _welcome_page(user: User, **context: Any) -> Any:
    """The link is a secret: no other site learns it as a referrer, no cache keeps the page."""
    page = make_response(render_template("affiliate/identity/welcome.html", person=user, **context))
    page.headers["Referrer-Policy"] = "same-origin"
    page.headers["Cache-Control"] = "no-store"
    return page
