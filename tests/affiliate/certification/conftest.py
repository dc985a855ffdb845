"""A store with a programme of 10 %, somebody of its staff at a browser, and an open sandbox of each shop system."""

from __future__ import annotations

from typing import Any

import pytest

from affiliate.certification import queries, service
from affiliate.core import clock
from affiliate.identity.models import Role
from affiliate.merchants.models import SHOP_KINDS, Merchant, WebhookKind
from tests.factories import PASSWORD, ROBOT


@pytest.fixture
def store(make: Any) -> Merchant:
    merchant = make.merchant(name="Griya Wastra")
    make.programme(merchant, bps=1000)
    make.session.commit()
    return merchant


@pytest.fixture
def keys(store: Merchant, session: Any) -> dict[WebhookKind, Any]:
    for kind in SHOP_KINDS:
        service.open_sandbox(session, store, kind, shop_secret=None, actor=ROBOT, now=clock.now())
    session.commit()
    return queries.keys(session, store)


@pytest.fixture
def staff(make: Any, store: Merchant, client: Any) -> Any:
    user = make.user(Role.MERCHANT_STAFF, store.id)
    make.session.commit()
    sign_in(client, user)
    return user


def sign_in(client: Any, user: Any) -> None:
    assert client.post("/sign-in", data={"email": user.email, "password": PASSWORD}).status_code == 303
