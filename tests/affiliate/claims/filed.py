"""A community, a store and people on both sides, as tests of claims need them."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

import sqlalchemy as sa
from PIL import Image

from affiliate import pipeline
from affiliate.claims import jobs, service
from affiliate.claims.models import Claim
from affiliate.claims.service import Filing
from affiliate.commissions.models import Commission, CommissionEvent
from affiliate.communities.models import Community
from affiliate.conversions.models import Conversion, Credit
from affiliate.identity.actors import Actor, from_grants
from affiliate.identity.models import Role
from affiliate.orders.models import Order
from affiliate.tracking.rollups.models import ClickHour
from payouts.booking import jobs as booking
from tests.affiliate.conversions.sold import NOW, Sold
from tests.factories import Make

DAY = date(2026, 10, 20)


class Claims(Sold):
    """`file()` files a claim of the community, `accept()` answers it as the store, `work()` runs the conveyor."""

    def __init__(self, make: Make, **programme: Any) -> None:
        super().__init__(make, **programme)
        self.curates = self.person(self.community)
        self.staff = from_grants("user:902", "Sari", [(Role.MERCHANT_STAFF, self.merchant.id)], user_id=902)
        self.admin = from_grants("user:903", "Admin", [(Role.ADMIN, None)], user_id=903)
        self._number = itertools.count(1)

    def person(self, community: Community, ref: str = "user:901") -> Actor:
        return from_grants(ref, "Ada", [(Role.CURATOR, community.id)])

    def file(self, order_ref: str | None = None, *, community: Community | None = None, **over: Any) -> Claim:
        now, picture = over.pop("now", NOW), over.pop("picture", None)
        actor = over.pop("actor", None) or self.person(community or self.community)
        told = {"ordered_on": DAY, "amount_minor": 10_000_000, **over}
        filing = Filing(order_ref or f"B-{next(self._number)}", **told)
        return service.file(
            self.session, community or self.community, self.merchant, filing, picture=picture, actor=actor, now=now
        )

    def accept(self, claim: Claim, order_ref: str | None = None, *, actor: Actor | None = None, **over: Any) -> None:
        service.accept(
            self.session, claim, order_ref=order_ref or claim.order_ref,
            amount_minor=over.get("amount_minor", claim.amount_minor), actor=actor or self.staff,
            is_another=over.get("is_another", False), now=over.get("now", NOW),
        )  # fmt: skip

    def clicked(self, count: int, at: datetime) -> None:
        """So many visits of people through the community's link, as the roll-up counts them."""
        hour = at.replace(minute=0, second=0, microsecond=0)
        self.session.add(
            ClickHour(hour=hour, link_id=self.pick.link_id, community_id=self.community.id,
                      merchant_id=self.merchant.id, visits=count, qualified=count)
        )  # fmt: skip
        self.session.flush()

    def work(self, now: datetime = NOW) -> None:
        """Everything that waits: orders, credits, commissions, claims, the ledger."""
        self.session.commit()
        while pipeline.run(now) + jobs.run(now) + booking.run(now):
            now += timedelta(seconds=1)
        self.session.expire_all()

    def books(self, order_ref: str) -> dict[str, Any]:
        """What stands of an order at the end, whatever the way to it."""
        order = self.session.execute(
            sa.select(Order).where(Order.merchant_id == self.merchant.id, Order.ref == order_ref)
        ).scalar_one_or_none()
        if order is None:
            return {}
        earned = sa.select(sa.func.coalesce(sa.func.sum(CommissionEvent.amount_minor), 0)).join(Commission)
        credits = sa.select(Credit.source, Credit.community_id, Credit.weight_bps, Credit.reason).join(Conversion)
        mine = (Conversion.order_id == order.id, Credit.withdrawn_at.is_(None))
        row = self.conversion(order)
        return {
            "order": (order.status.value, order.net_minor, order.refunded_minor),
            "conversion": (row.status.value, row.reason, row.community_id),
            "credits": [tuple(one) for one in self.session.execute(credits.where(*mine).order_by(Credit.position))],
            "earned": self.session.execute(earned.where(Commission.order_id == order.id)).scalar_one(),
        }


def photo(colour: str = "white", kind: str = "PNG", size: tuple[int, int] = (60, 80)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()
