"""Credits of the time before there were parts become rows, whole and by their click."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

from affiliate.conversions.models import Conversion, ConversionStatus, Credit
from affiliate.core import migrate
from affiliate.merchants.models import Split, Terms
from affiliate.orders.models import Order, OrderStatus
from tests.conftest import scratch_database
from tests.factories import Make

REVISION = "2026_11_26_0420"
PLACED = datetime(2026, 10, 20, 3, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from scratch_database(request.param, tmp_path)


def two_orders(session: Session) -> Conversion:
    """One that is credited, one that is not."""
    make = Make(session)
    merchant, community = make.merchant(), make.community()
    programme = make.programme(merchant)
    enrollment = make.enrollment(programme, community)
    pick = make.pick(community, make.product(merchant), curator=make.curator(community))
    found = []
    for ref in ("A-1", "A-2"):
        order = Order(
            merchant_id=merchant.id, ref=ref, status=OrderStatus.PAID, currency="IDR", placed_at=PLACED, version=1,
            total_minor=100, net_minor=100, state_hash="x", first_seen_at=PLACED, updated_at=PLACED,
        )  # fmt: skip
        session.add(order)
        session.flush()
        row = Conversion(
            order_id=order.id, merchant_id=merchant.id, status=ConversionStatus.DECLINED, reason="no_click",
            currency="IDR", placed_at=PLACED, updated_at=PLACED, evidence={}, community_estimate_minor=90,
        )  # fmt: skip
        session.add(row)
        found.append(row)
    first = found[0]
    first.status, first.reason, first.clicked_at = ConversionStatus.PENDING, None, PLACED
    first.community_id, first.curator_id, first.link_id = community.id, pick.curator_id, pick.link_id
    first.programme_id, first.enrollment_id = programme.id, enrollment.id
    first.terms_id = session.execute(sa.select(Terms.id)).scalar_one()
    first.split_id = session.execute(sa.select(Split.id)).scalar_one()
    session.commit()
    return first


def test_a_credit_there_was_becomes_a_row(url):
    migrate.upgrade(url)
    engine = sa.create_engine(url)
    with Session(engine, expire_on_commit=False) as session:
        first = two_orders(session)
    before = ScriptDirectory(str(migrate.MIGRATIONS)).get_revision(REVISION).down_revision
    migrate.downgrade(url, str(before))
    migrate.upgrade(url)
    with Session(engine) as session:
        (credit,) = session.execute(sa.select(Credit)).scalars()
        same = ("community_id", "curator_id", "link_id", "enrollment_id", "split_id", "clicked_at")
        assert [getattr(credit, name) for name in same] == [getattr(first, name) for name in same]
        assert (credit.conversion_id, credit.position, credit.source, credit.weight_bps, credit.estimate_minor) == (
            first.id, 0, "token", 10_000, 90,
        )  # fmt: skip
    engine.dispose()
