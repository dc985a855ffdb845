"""Builders of commissions without their conveyor: an order, its conversion, and the events that it earned."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from affiliate.commissions.models import Commission, CommissionEvent, CommissionShare, EventKind, ShareRole
from affiliate.communities.models import Community, Curator
from affiliate.conversions.models import Conversion, ConversionStatus
from affiliate.merchants.models import Merchant, Programme
from affiliate.orders.models import Order, OrderStatus
from payouts.booking import chart, service
from payouts.ledger.service import post
from tests.conftest import NOW
from tests.factories import EARLY, Make

HOLD = timedelta(days=14)
ROLES = {"platform": ShareRole.PLATFORM, "community": ShareRole.COMMUNITY, "curator": ShareRole.CURATOR}


class Earnings:
    """One merchant, one community with a curator; `earn` and `take` append events, `book` books them."""

    def __init__(self, make: Make, *, currency: str = "IDR", needs_funding: bool = False) -> None:
        self.make, self.session = make, make.session
        self.currency, self.needs_funding = currency, needs_funding
        self.merchant: Merchant = make.merchant(currency=currency)
        self.community: Community = make.community()
        self.curator: Curator = make.curator(self.community)
        self.programme: Programme = make.programme(self.merchant)
        self.enrollment = make.enrollment(self.programme, self.community)
        self._orders = 0
        self._payouts = 0

    @property
    def owner(self) -> str:
        return f"community:{self.community.id}"

    @property
    def curator_owner(self) -> str:
        return f"curator:{self.curator.id}"

    def _keep(self, row: Any) -> Any:
        self.session.add(row)
        self.session.flush()
        return row

    def order(self, *, ref: str | None = None, placed_at: datetime = EARLY) -> Order:
        self._orders += 1
        return self._keep(
            Order(
                merchant_id=self.merchant.id,
                ref=ref or f"O-{self._orders}",
                status=OrderStatus.COMPLETED,
                currency=self.currency,
                placed_at=placed_at,
                version=1,
                total_minor=100_000,
                net_minor=100_000,
                state_hash="0" * 64,
                first_seen_at=placed_at,
                updated_at=placed_at,
            )
        )

    def conversion(self, order: Order, **over: Any) -> Conversion:
        values: dict[str, Any] = {
            "merchant_id": order.merchant_id,
            "community_id": self.community.id,
            "status": ConversionStatus.CONFIRMED,
            "enrollment_id": self.enrollment.id,
            "currency": order.currency,
            "placed_at": order.placed_at,
            "updated_at": order.placed_at,
            **over,
        }
        conversion = self._keep(Conversion(order_id=order.id, **values))
        if conversion.community_estimate_minor:
            self.make.credit(conversion, self.enrollment)
        return conversion

    def commission(self, *, available_on: datetime = NOW + HOLD, **over: Any) -> Commission:
        order = self.order(**over)
        conversion = self.conversion(order)
        return self._keep(
            Commission(
                conversion_id=conversion.id,
                order_id=order.id,
                merchant_id=order.merchant_id,
                community_id=self.community.id,
                currency=order.currency,
                available_on=available_on,
                needs_funding=self.needs_funding,
                created_at=NOW,
            )
        )

    def event(
        self, commission: Commission, shares: dict[str, int], *, number: int = 1, at: datetime = NOW, **over: Any
    ) -> CommissionEvent:
        """An event with these shares by owner."""
        amount = sum(shares.values())
        kind = EventKind.EARNED if number == 1 else EventKind.ADJUSTED
        values: dict[str, Any] = {
            "amount_minor": amount,
            "available_on": max(commission.available_on, at) if amount > 0 else at,
            "currency": commission.currency,
            "merchant_id": commission.merchant_id,
            **over,
        }
        row = self._keep(
            CommissionEvent(
                commission_id=commission.id,
                number=number,
                kind=kind,
                community_id=self.community.id,
                needs_funding=commission.needs_funding,
                occurred_at=at,
                cause={},
                trace={},
                **values,
            )
        )
        for owner, share in shares.items():
            role = ROLES.get(owner.partition(":")[0], ShareRole.EVANGELIST)
            self._keep(CommissionShare(event_id=row.id, owner=owner, role=role, amount_minor=share))
        return row

    def split(self, amount: int) -> dict[str, int]:
        """A tenth is ours, three go to the curator, the rest to the community."""
        ours, theirs = amount // 10, amount * 3 // 10
        return {"platform": ours, self.curator_owner: theirs, self.owner: amount - ours - theirs}

    def earn(self, amount: int, **over: Any) -> CommissionEvent:
        """A new commission and its first event."""
        return self.event(self.commission(**over), self.split(amount))

    def take(self, earned: CommissionEvent, amount: int, *, at: datetime = NOW) -> CommissionEvent:
        """A further event of the same commission that takes back."""
        commission = self.session.get_one(Commission, earned.commission_id)
        shares = {owner: -part for owner, part in self.split(amount).items()}
        return self.event(commission, shares, number=earned.number + 1, at=at)

    def book(self, now: datetime = NOW) -> int:
        return service.book(self.session, limit=1000, now=now)

    def payout(self, owner: str, amount: int, *steps: str, now: datetime = NOW) -> None:
        """Book the steps of one payout: reserved, released, paid, returned."""
        self._payouts += 1
        fact = chart.PayoutFact(self._payouts, owner, self.currency, amount, now)
        post(self.session, [getattr(chart, f"payout_{step}")(fact) for step in steps], now=now)
