"""Two admins take each other's power away at the same moment, with real commits: one of them stays."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

import app as application
from affiliate.core import clock
from affiliate.core.db import Base, db, transaction
from affiliate.core.errors import AppError
from affiliate.core.settings import from_env
from affiliate.identity import people
from affiliate.identity.models import Grant, Role, User
from tests.conftest import _engines, scratch_database
from tests.factories import ROBOT, Make

ROUNDS = 6


@pytest.fixture(params=_engines())
def house(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Flask]:
    for url in scratch_database(request.param, tmp_path):
        built = application.create_app(from_env({"DATABASE_URL": url, "DATA_DIR": str(tmp_path)}))
        with built.app_context():
            Base.metadata.create_all(db.engine)
        yield built
        with built.app_context():
            db.session.remove()
            for engine in db.engines.values():
                engine.dispose()


def at_once(house: Flask, users: list[int], deed: Any) -> list[str]:
    """Each of the deeds against one of the users, from one starting gun; "done" or the name of the refusal."""
    gate = threading.Barrier(len(users))

    def one(user_id: int) -> str:
        with house.app_context():
            try:
                gate.wait()
                with transaction(db.session) as session:
                    deed(session, session.get_one(User, user_id))
            except AppError as refused:
                return refused.stable_code
            finally:
                db.session.remove()
        return "done"

    with ThreadPoolExecutor(len(users)) as pool:
        return sorted(pool.map(one, users))


def withdraw(session: Any, user: User) -> None:
    grant_id = session.scalars(sa.select(Grant.id).where(Grant.user_id == user.id, Grant.role == Role.ADMIN)).one()
    people.withdraw_role(session, user, grant_id, actor=ROBOT, now=clock.now())


def close(session: Any, user: User) -> None:
    people.close_account(session, user, actor=ROBOT, now=clock.now())


@pytest.mark.parametrize("deed", [withdraw, close])
def test_one_admin_is_always_left(house: Flask, deed: Any):
    for _round in range(ROUNDS):
        with house.app_context():
            db.session.execute(sa.update(User).values(is_active=False))
            make = Make(db.session)  # type: ignore[arg-type]  # a scoped session behaves as one
            users = [make.user(Role.ADMIN, email=f"{_round}-{place}@contoh.test").id for place in range(3)]
            db.session.commit()
        assert at_once(house, users, deed) == ["done", "done", "last_admin"]


def test_a_role_of_the_platform_is_held_once(house: Flask):
    """The uniqueness of the table does not hold for roles without a scope: the verb does."""
    with house.app_context():
        user = Make(db.session).user()  # type: ignore[arg-type]
        user_id = user.id
        db.session.commit()

    def give(session: Any, one: User) -> None:
        people.give_role(session, one, Role.FINANCE_MAKER, scope_id=None, actor=ROBOT, now=clock.now())

    assert at_once(house, [user_id] * 4, give) == ["done", "role_held", "role_held", "role_held"]


def test_an_address_is_taken_once(house: Flask):
    def invite(session: Any, _user: User) -> None:
        people.admit(
            session, "satu@contoh.test", name="Satu", role=Role.FINANCE_MAKER, scope_id=None, actor=ROBOT,
            now=clock.now(),
        )  # fmt: skip

    with house.app_context():
        user_id = Make(db.session).user().id  # type: ignore[arg-type]
        db.session.commit()
    answers = at_once(house, [user_id] * 4, invite)
    assert answers.count("done") == 1
    assert set(answers) <= {"done", "invalid", "role_held"}
