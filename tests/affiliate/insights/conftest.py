"""A community with something to look at: picks, visits, orders and money on known days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from affiliate.catalogue.models import Product
from affiliate.commissions.models import Commission, CommissionEvent, CommissionShare, EventKind, ShareRole
from affiliate.communities.models import Community
from affiliate.conversions.models import Conversion, ConversionStatus
from affiliate.merchants.models import Merchant
from affiliate.orders.models import Order, OrderStatus
from affiliate.storefronts.models import Pick
from affiliate.tracking import tokens
from affiliate.tracking.models import Click
from affiliate.tracking.pageviews import service as pageviews
from affiliate.tracking.pageviews.records import ViewRecord
from affiliate.tracking.rollups import mark_due
from affiliate.tracking.rollups import service as rollups
from tests.factories import PASSWORD, Make

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)  # Sunday noon in Jakarta


@pytest.fixture
def noon():
    with time_machine.travel(NOW, tick=False):
        yield NOW


@dataclass
class Day:
    """Writes what happened, at moments counted back from now."""

    session: Session
    make: Make
    _count: int = 0

    def _n(self) -> int:
        self._count += 1
        return self._count

    def visit(self, pick: Pick, *, ago: timedelta = timedelta(0), qualified: bool = True) -> None:
        """A click, loaded and summed."""
        mark_due(self.session, {(NOW - ago, pick.link_id)})
        self._add(
            Click(
                clicked_at=NOW - ago, nonce=self._n(), link_id=pick.link_id, community_id=pick.community_id,
                merchant_id=self._merchant_id(pick), visitor="v", device="phone", is_qualified=qualified,
            )
        )  # fmt: skip
        self.sum_up()

    def view(
        self, community: Community, picks: Sequence[Pick], *, collection_id: int | None = None,
        ago: timedelta = timedelta(0), visitor: str | None = None,
    ) -> None:  # fmt: skip
        """A view of a page with these picks on it, loaded and summed."""
        links = tuple(sorted(pick.link_id for pick in picks))
        n = self._n()
        at = tokens.milliseconds(NOW - ago)
        record = ViewRecord(at, n, community.id, collection_id or 0, visitor or f"{n:x}", links)
        pageviews.load(self.session, [record])
        self.sum_up()

    def sum_up(self) -> None:
        self.session.flush()
        for kind in rollups.KINDS:
            while rollups.count_anew(self.session, kind):
                pass

    def order(
        self, pick: Pick, status: ConversionStatus, *, ago: timedelta = timedelta(0), minor: int = 10_000_00
    ) -> Conversion:
        """An order credited to the pick; its estimate is `minor`, of which nine tenths are the community's."""
        at = NOW - ago
        order = self._add(
            Order(
                merchant_id=self._merchant_id(pick), ref=f"A-{self._n()}", status=OrderStatus.PAID, currency="IDR",
                placed_at=at, version=1, total_minor=minor * 10, net_minor=minor * 10, state_hash="x",
                first_seen_at=at, updated_at=at,
            )
        )  # fmt: skip
        programme = self.make.programme(self.merchant(pick))
        enrollment = self.make.enrollment(programme, self.community(pick))
        conversion = self._add(
            Conversion(
                order_id=order.id, merchant_id=order.merchant_id, community_id=pick.community_id, link_id=pick.link_id,
                programme_id=programme.id, enrollment_id=enrollment.id, status=status, currency="IDR",
                reason="cancelled" if status is ConversionStatus.DECLINED else None, estimate_minor=minor,
                community_estimate_minor=minor * 9 // 10, placed_at=at, updated_at=at,
            )
        )  # fmt: skip
        if status is not ConversionStatus.DECLINED:
            self.make.credit(conversion, enrollment)
        return conversion

    def earned(self, conversion: Conversion, minor: int, *, number: int = 1, ago: timedelta = timedelta(0)) -> None:
        """A commission event of `minor`: a tenth for the platform, six for the community, three for a curator."""
        at = NOW - ago
        commission = self.session.query(Commission).filter_by(conversion_id=conversion.id).one_or_none() or self._add(
            Commission(
                conversion_id=conversion.id, order_id=conversion.order_id, merchant_id=conversion.merchant_id,
                community_id=conversion.community_id, currency="IDR", available_on=at, needs_funding=False,
                created_at=at,
            )
        )  # fmt: skip
        event = self._add(
            CommissionEvent(
                commission_id=commission.id, number=number, kind=EventKind.EARNED if minor > 0 else EventKind.REVERSED,
                merchant_id=commission.merchant_id, community_id=commission.community_id, currency="IDR",
                amount_minor=minor, available_on=at, needs_funding=False, occurred_at=at, cause={}, trace={},
            )
        )  # fmt: skip
        curator = self.make.curator(self.session.get_one(Community, commission.community_id))
        for owner, role, tenths in (
            ("platform", ShareRole.PLATFORM, 1),
            (f"community:{commission.community_id}", ShareRole.COMMUNITY, 6),
            (f"curator:{curator.id}", ShareRole.CURATOR, 3),
        ):
            self._add(CommissionShare(event_id=event.id, owner=owner, role=role, amount_minor=minor * tenths // 10))

    def earned_in(self, conversion: Conversion, currency: str, minor: int) -> None:
        """A further event of the commission, all of it of another currency: nine tenths are the community's."""
        commission = self.session.query(Commission).filter_by(conversion_id=conversion.id).one()
        event = self._add(
            CommissionEvent(
                commission_id=commission.id, number=9, kind=EventKind.EARNED, merchant_id=commission.merchant_id,
                community_id=commission.community_id, currency=currency, amount_minor=minor, available_on=NOW,
                needs_funding=False, occurred_at=NOW, cause={}, trace={},
            )
        )  # fmt: skip
        owners = {ShareRole.PLATFORM: "platform", ShareRole.COMMUNITY: f"community:{commission.community_id}"}
        for role, amount in ((ShareRole.PLATFORM, minor - minor * 9 // 10), (ShareRole.COMMUNITY, minor * 9 // 10)):
            self._add(CommissionShare(event_id=event.id, owner=owners[role], role=role, amount_minor=amount))

    def community(self, pick: Pick) -> Any:
        return self.session.get_one(Community, pick.community_id)

    def merchant(self, pick: Pick) -> Any:
        return self.session.get_one(Merchant, self._merchant_id(pick))

    def _merchant_id(self, pick: Pick) -> int:
        return self.session.get_one(Product, pick.product_id).merchant_id

    def _add(self, row: Any) -> Any:
        self.session.add(row)
        self.session.flush()
        return row


@pytest.fixture
def day(session, make) -> Day:
    return Day(session, make)


@pytest.fixture
def enter(client, session) -> Callable[..., None]:
    """Sign a person in."""

    def sign_in(user: Any) -> None:
        session.commit()
        answer = client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
        assert answer.status_code == 303

    return sign_in


@pytest.fixture
def count_queries(app) -> Callable[[], Any]:
    """`with count_queries() as made:` counts the statements sent to the database into made[0]."""

    @contextmanager
    def counting() -> Iterator[list[int]]:
        made = [0]

        def count(*_args: Any) -> None:
            made[0] += 1

        event.listen(Engine, "before_cursor_execute", count)
        try:
            yield made
        finally:
            event.remove(Engine, "before_cursor_execute", count)

    return counting
