"""Keys and people from the command line: exactly the key on stdout, or a sentence on stderr and exit 2."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from affiliate.identity.models import ApiKey, AuditEntry, Grant, Role, User
from affiliate.identity.queries import actor_of_key
from affiliate.identity.service import check_password
from affiliate.keys import NamedScopes


@pytest.fixture
def run(app: Flask):
    return lambda *words, **more: app.test_cli_runner().invoke(args=list(words), **more)


@pytest.mark.parametrize(
    ("word", "scope", "role"),
    [
        ("admin", None, Role.ADMIN),
        ("merchant", "merchant", Role.MERCHANT_STAFF),
        ("community", "community", Role.COMMUNITY_OWNER),
        ("finance", None, Role.FINANCE_MAKER),
        ("finance-approver", None, Role.FINANCE_APPROVER),
    ],
)
def test_a_key_stands_alone_on_stdout(run, make, session, word, scope, role):
    row = getattr(make, scope)(slug="tempat") if scope else None
    session.commit()
    place = (f"--{scope}", "tempat") if scope else ()
    done = run("apikey", "create", "--role", word, *place, "--name", "Kasir")
    assert done.exit_code == 0, done.output
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    actor = actor_of_key(session, done.stdout.strip())
    assert actor is not None
    assert actor.roles == {role}
    assert row is None or row.id in actor.merchants | actor.communities
    assert session.scalars(sa.select(AuditEntry.actor)).all() == ["system:command"]


@pytest.mark.parametrize(
    "words",
    [
        ("--role", "merchant", "--name", "x"),
        ("--role", "merchant", "--merchant", "none", "--name", "x"),
        ("--role", "merchant", "--community", "tempat", "--name", "x"),
        ("--role", "admin", "--merchant", "tempat", "--name", "x"),
        ("--role", "emperor", "--name", "x"),
        ("--role", "admin"),
        ("--role", "admin", "--name", ""),
        ("--role", "admin", "--name", "x" * 121),
    ],
)
def test_a_wrong_scope_is_a_sentence_on_stderr(run, make, session, words):
    make.community(slug="tempat")
    session.commit()
    done = run("apikey", "create", *words)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert len(done.stderr) > 10
    assert session.scalars(sa.select(ApiKey)).all() == []


def test_a_person_can_be_added_and_signs_in(run, make, session):
    community = make.community(slug="kebaya")
    session.commit()
    done = run(
        "user", "create", "--email", "Sari@Contoh.test", "--name", "Sari", "--role", "curator", "--community", "kebaya",
        "--password-stdin", input="rahasia-sekali\n",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    user = check_password(session, "sari@contoh.test", "rahasia-sekali")
    held = session.execute(sa.select(Grant.role, Grant.scope_id).where(Grant.user_id == user.id)).all()
    assert [tuple(row) for row in held] == [(Role.CURATOR, community.id)]


@pytest.mark.parametrize(
    ("email", "password"), [("sari@contoh.test", "pendek\n"), ("bukan-alamat", "rahasia-sekali\n"), ("a@b", "")]
)
def test_a_person_that_makes_no_sense_is_refused(run, session, email, password):
    done = run("user", "create", "--email", email, "--name", "S", "--role", "admin", "--password-stdin", input=password)
    assert done.exit_code == 2
    assert len(done.stderr) > 10
    assert session.scalars(sa.select(User)).all() == []


def test_the_same_address_is_added_once(run, make, session):
    make.user(email="sari@contoh.test")
    session.commit()
    done = run(
        "user", "create", "--email", "SARI@contoh.test", "--name", "S", "--role", "admin", "--password-stdin",
        input="rahasia-sekali\n",
    )  # fmt: skip
    assert done.exit_code == 2
    assert session.scalars(sa.select(sa.func.count()).select_from(User)).one() == 1


def test_scopes_are_found_and_named_at_once(make, session):
    community, merchant = make.community(slug="kebaya", name="Kebaya"), make.merchant(slug="batik", name="Batik")
    scopes = NamedScopes()
    assert scopes.find(session, "community", "kebaya") == community.id
    assert scopes.find(session, "merchant", "kebaya") is None
    assert scopes.find(session, "planet", "kebaya") is None
    wanted = {("community", community.id), ("merchant", merchant.id), ("merchant", 10**9)}
    assert scopes.names(session, wanted) == {
        ("community", community.id): "Kebaya",
        ("merchant", merchant.id): "Batik",
    }
    assert scopes.names(session, set()) == {}
    assert ("kebaya", "Kebaya") in scopes.choices(session, "community")
