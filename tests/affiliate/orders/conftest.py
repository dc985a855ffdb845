"""A shop that several connections see."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from affiliate.core.db import db, forget_session
from affiliate.merchants.models import Merchant, WebhookKey
from affiliate.orders.models import Delivery, RefusedRequests
from tests.factories import Make


@pytest.fixture
def open_shop(database):
    """A shop outside the isolating transaction, for requests on several connections."""
    built, _engine = database
    with built.app_context():
        make = Make(db.session)
        merchant = make.merchant(slug="toko-serempak")
        key = make.webhook_key(merchant)
        db.session.commit()
        yield built, merchant, key
        db.session.rollback()
        for kind in (RefusedRequests, Delivery, WebhookKey, Merchant):
            db.session.execute(sa.delete(kind))
        db.session.commit()
        forget_session()
