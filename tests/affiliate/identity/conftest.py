"""What the tests of people share: an admin at a browser, and the one-time link that a page shows."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from affiliate.identity.models import Role, User
from tests.factories import PASSWORD, Make


@pytest.fixture
def admin(client: FlaskClient, make: Make, session: Any) -> User:
    user = make.user(Role.ADMIN, name="Nadia Admin", locale="en")
    session.commit()
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    return user


def link_on(page: str) -> str:
    """The path of the one-time link on a page; fails where there is none."""
    found = re.search(r'data-copy="http[^"]+(/welcome/[^"]+)"', page)
    assert found is not None
    return found[1]
