"""The start page, signing in and out, the language, and where each person's work begins."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template, request, session, url_for
from flask_limiter.util import get_remote_address
from flask_login import login_user, logout_user

from affiliate.core import clock, web
from affiliate.core.db import db, transaction
from affiliate.core.limits import limiter
from affiliate.core.pages import has_endpoint
from affiliate.identity import guards, service, staff
from affiliate.identity.actors import Actor
from affiliate.identity.labels import ROLE_LABELS
from affiliate.identity.login import SignedIn, signed_in
from affiliate.identity.models import User
from affiliate.identity.queries import actor_of_user
from affiliate.identity.schemas import LanguageForm, SignInForm

bp = Blueprint("identity", __name__)

# Wrong passwords only: somebody who knows theirs is never kept out by their own visits.
WRONG_FOR_ONE = "5 per minute; 30 per hour"
WRONG_FROM_ONE_PLACE = "30 per minute"


@bp.get("/")
@guards.public("what Etalase is, and the way in")
def start() -> Any:
    shown = [] if current_app.config["ETALASE"].production else staff.demo_people(db.session)
    return render_template(
        "affiliate/identity/start.html", demo=shown, role_labels=ROLE_LABELS, demo_password=service.DEMO_PASSWORD
    )


@bp.get("/home")
@guards.require(*guards.EVERY_ROLE)
def home() -> Any:
    """Where the work of this person begins."""
    return web.see_other(home_of(guards.actor()))


@bp.get("/sign-in")
@guards.public("the way in")
def sign_in() -> Any:
    if guards.actor().known:
        return web.see_other(web.local_target(request.args.get("next"), home_of(guards.actor())))
    return _sign_in_page(wanted=request.args.get("next"))


def _who_tries() -> str:
    return f"{get_remote_address()} {request.form.get('email', '')[:254].strip().lower()}"


def _was_wrong(response: Any) -> bool:
    return bool(response.status_code == service.WrongSignIn.status)


@bp.post("/sign-in")
@guards.public("the way in")
@limiter.limit(WRONG_FROM_ONE_PLACE, deduct_when=_was_wrong)
@limiter.limit(WRONG_FOR_ONE, key_func=_who_tries, deduct_when=_was_wrong)
def sign_in_now() -> Any:
    given = web.load_form(SignInForm())
    try:
        demo = not current_app.config["ETALASE"].production
        user = service.check_password(db.session, given["email"], given["password"], demo=demo)
    except service.WrongSignIn as error:
        return _sign_in_page(wanted=given["next"], email=given["email"], error=error), error.status
    close_present_session()
    with transaction(db.session) as work:
        token = service.open_session(work, user, user_agent=str(request.user_agent), now=clock.now())
    start_session(user, token)
    return web.see_other(web.local_target(given["next"], home_of(actor_of_user(db.session, user))))


@bp.post("/sign-out")
@guards.public("ends the session of whoever asks")
def sign_out() -> Any:
    close_present_session()
    return web.see_other(url_for(".start"))


@bp.get("/language")
@guards.public("the choice of language, for pages that set no cookie themselves")
def languages() -> Any:
    return render_template("affiliate/identity/languages.html", wanted=web.local_target(request.args.get("next"), "/"))


@bp.post("/language")
@guards.public("everybody may choose their language")
def language() -> Any:
    """Signed in, the choice is the account's from now on; else it lives in the visitor's cookie."""
    given = web.load_form(LanguageForm())
    user_id = guards.actor().user_id
    if user_id is None:
        session["language"] = given["language"]
    else:
        session.pop("language", None)
        with transaction(db.session) as work:
            service.choose_language(work, user_id, given["language"])
    return web.see_other(web.local_target(given["next"], url_for(".start")))


def _sign_in_page(**context: Any) -> str:
    return render_template("affiliate/identity/sign_in.html", **context)


def start_session(user: User, token: str) -> None:
    """A fresh cookie: nothing of the visitor's session lives on but their language."""
    session.permanent = True
    login_user(SignedIn(user, token))


def close_present_session() -> None:
    """Revoke the session of this browser, if it has one, and empty its cookie but for the language."""
    if signed_in().is_authenticated:
        with transaction(db.session) as work:
            service.close_session(work, signed_in().token, now=clock.now())
    logout_user()
    chosen = session.get("language")
    session.clear()
    if chosen:
        session["language"] = chosen


def home_of(actor: Actor) -> str:
    """The page where somebody with these roles begins; the start page for nobody."""
    doors = (
        (bool(actor.communities), "insights.portal"),
        (bool(actor.merchants), "insights.merchant"),
        (actor.is_finance, "runs.index"),
        (actor.is_admin, "identity.people"),
    )
    found = next((name for open_, name in doors if open_ and has_endpoint(name)), "identity.start")
    return url_for(found)
