"""Keys and people from the command line, and what scopes are called: identity, for who knows communities and stores.

Rank 9: nobody in affiliate imports it; `app.py` hangs `NamedScopes` into identity and the commands into the CLI.
"""

from __future__ import annotations

import sys

import click
import sqlalchemy as sa
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from affiliate.communities.models import Community
from affiliate.core import clock
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid
from affiliate.core.wording import one_line
from affiliate.identity import actors, service
from affiliate.identity.models import SCOPE_OF, Role
from affiliate.identity.scopes import Scope
from affiliate.merchants.models import Merchant

ROLES = {
    "admin": Role.ADMIN,
    "merchant": Role.MERCHANT_STAFF,
    "community": Role.COMMUNITY_OWNER,
    "curator": Role.CURATOR,
    "finance": Role.FINANCE_MAKER,
    "finance-approver": Role.FINANCE_APPROVER,
}
CHOICES_MAX = 500
NAME_MAX_LENGTH = 120
COMMAND = actors.system("command")
_KINDS: dict[str, type[Community] | type[Merchant]] = {"community": Community, "merchant": Merchant}


class NamedScopes:
    """Finds and names communities and stores for identity's pages."""

    def find(self, session: Session, kind: str, slug: str) -> int | None:
        """The id of a community or merchant by its slug."""
        model = _KINDS.get(kind)
        return None if model is None else session.scalar(sa.select(model.id).where(model.slug == slug))

    def names(self, session: Session, scopes: set[Scope]) -> dict[Scope, str]:
        """Names of many at once; two queries."""
        found: dict[Scope, str] = {}
        for kind, model in _KINDS.items():
            ids = {scope_id for named, scope_id in scopes if named == kind}
            rows = session.execute(sa.select(model.id, model.name).where(model.id.in_(ids))).all() if ids else []
            found |= {(kind, row.id): row.name for row in rows}
        return found

    def choices(self, session: Session, kind: str) -> list[tuple[str, str]]:
        """(slug, name) of all of a kind by name, for a form."""
        model = _KINDS[kind]
        rows = session.execute(sa.select(model.slug, model.name).order_by(model.name).limit(CHOICES_MAX)).all()
        return [(row.slug, row.name) for row in rows]


class Refused(click.ClickException):
    """A wrong word on the command line: a sentence on stderr, and exit 2."""

    exit_code = 2


keys = AppGroup("apikey", help="Keys of programs.")
people = AppGroup("user", help="People who sign in.")
_role = click.option("--role", required=True, type=click.Choice(list(ROLES)))
_merchant = click.option("--merchant", metavar="SLUG", help="The store that a merchant role belongs to.")
_community = click.option("--community", metavar="SLUG", help="The community that a community role belongs to.")


@keys.command("create")
@_role
@_merchant
@_community
@click.option("--name", required=True)
def create_key(role: str, merchant: str | None, community: str | None, name: str) -> None:
    """Print one new API key, alone."""
    with transaction(db.session) as session:
        scope_id = _scope_id(session, ROLES[role], merchant=merchant, community=community)
        secret = service.create_api_key(
            session, _named(name), role=ROLES[role], scope_id=scope_id, actor=COMMAND, now=clock.now()
        )
    click.echo(secret)


@people.command("create")
@click.option("--email", required=True)
@click.option("--name", required=True)
@_role
@_merchant
@_community
@click.option("--password-stdin", is_flag=True, required=True, help="Read the password from standard input.")
def create_user(
    email: str, name: str, role: str, merchant: str | None, community: str | None, password_stdin: bool
) -> None:
    """Add a person with one role; the password comes from standard input."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else ""
    now = clock.now()
    try:
        with transaction(db.session) as session:
            scope_id = _scope_id(session, ROLES[role], merchant=merchant, community=community)
            user = service.create_user(session, email, name=_named(name), password=password, now=now)
            service.grant(session, ROLES[role], user=user, scope_id=scope_id, now=now)
            service.record(session, COMMAND, "user.created", ("user", user.id), now=now, role=role, scope=scope_id)
    except Invalid as error:
        raise Refused(" ".join(str(text) for text in error.fields.values())) from None
    click.echo(f"{user.email} can sign in.")


def _named(text: str) -> str:
    name = one_line(text)
    if not 1 <= len(name) <= NAME_MAX_LENGTH:
        raise Refused(f"--name takes 1 to {NAME_MAX_LENGTH} characters.")
    return name


def _scope_id(session: Session, role: Role, *, merchant: str | None, community: str | None) -> int | None:
    """The id of the store or community that a role needs; Refused for a missing, unknown or superfluous one."""
    kind = SCOPE_OF[role]
    given = {"merchant": merchant, "community": community}
    extra = [word for word, slug in given.items() if slug and word != kind]
    if extra:
        raise Refused(f"This role takes no --{extra[0]}.")
    if kind == "platform":
        return None
    slug = given[kind]
    if not slug:
        raise Refused(f"This role needs --{kind} with a slug.")
    found = NamedScopes().find(session, kind, slug)
    if found is None:
        raise Refused(f"There is no {kind} called {slug!r}.")
    return found
