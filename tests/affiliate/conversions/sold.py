"""A store with a programme, a community with a curator's pick, and orders that bring its token back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Session

from affiliate.commissions import service as commissions
from affiliate.commissions.models import Commission, CommissionEvent, CommissionShare
from affiliate.conversions import service as conversions
from affiliate.conversions.models import Conversion
from affiliate.orders.models import Order, OrderLine, OrderStatus
from affiliate.tracking import tokens
from tests.factories import Make

PLACED = datetime(2026, 10, 20, 3, 0, tzinfo=UTC)
COMPLETED = PLACED + timedelta(days=3)
NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
CLICKED = PLACED - timedelta(hours=2)


class Sold:
    """One store, one community. `order()` writes an order as the orders room leaves it; `settle()` works it."""

    def __init__(self, make: Make, *, with_curator: bool = True, **programme: Any) -> None:
        self.make = make
        self.session: Session = make.session
        split = programme.pop("split", (1000, 6000, 3000, 0))
        self.merchant = make.merchant(currency=programme.pop("currency", "IDR"))
        self.programme = make.programme(self.merchant, **programme)
        self.community = make.community()
        self.enrollment = make.enrollment(self.programme, self.community, split=split)
        self.curator = make.curator(self.community) if with_curator else None
        self.pick = make.pick(self.community, make.product(self.merchant), curator=self.curator)
        self._count = 0

    @property
    def keys(self) -> tokens.TokenKeys:
        return tokens.keys(current_app.config["ETALASE"].secret_key)

    def token(self, *, clicked_at: datetime = CLICKED, link_id: int | None = None, nonce: int = 7) -> str:
        return tokens.mint(link_id or self.pick.link_id, clicked_at, nonce, self.keys)

    def order(self, *lines: dict[str, Any], token: str | None = "own", **over: Any) -> Order:
        """An order of these lines (by default one of Rp100.000), completed unless said otherwise."""
        self._count += 1
        status = over.pop("status", OrderStatus.COMPLETED)
        kept = [_line(number, line) for number, line in enumerate(lines or ({},), 1)]
        net = sum(line.net_minor for line in kept)
        values: dict[str, Any] = {
            "ref": f"A-{self._count}",
            "currency": self.merchant.currency,
            "placed_at": PLACED,
            "completed_at": COMPLETED if status is OrderStatus.COMPLETED else None,
            "completed_seen_at": COMPLETED if status is OrderStatus.COMPLETED else None,
            "version": 1,
            "click_token": self.token(nonce=self._count) if token == "own" else token,
            "total_minor": net,
            "net_minor": net,
            "state_hash": "0" * 64,
            "first_seen_at": PLACED,
            "updated_at": PLACED,
            **over,
        }
        order = Order(merchant_id=self.merchant.id, status=status, **values)
        self.session.add(order)
        self.session.flush()
        for line in kept:
            line.order_id = order.id
        self.session.add_all(kept)
        self.session.flush()
        return order

    def settle(self, *orders: Order, now: datetime = NOW) -> list[int]:
        """Both verbs of the conveyor; ids of orders for which the books moved."""
        self.session.flush()
        ids = [order.id for order in orders]
        touched = conversions.settle(self.session, ids, keys=self.keys, now=now)
        moved = commissions.settle(self.session, sorted({*ids, *touched}), now=now)
        self.session.expire_all()
        return moved

    def conversion(self, order: Order) -> Conversion:
        return self.session.execute(sa.select(Conversion).where(Conversion.order_id == order.id)).scalar_one()

    def commission(self, order: Order) -> Commission:
        return self.session.execute(sa.select(Commission).where(Commission.order_id == order.id)).scalar_one()

    def events(self, order: Order) -> list[CommissionEvent]:
        wanted = sa.select(CommissionEvent).join(Commission).where(Commission.order_id == order.id)
        return list(self.session.execute(wanted.order_by(CommissionEvent.number)).scalars())

    def shares(self, order: Order) -> dict[str, int]:
        """What is booked, by the role of its owner."""
        rows = self.session.execute(
            sa.select(CommissionShare.role, sa.func.sum(CommissionShare.amount_minor))
            .join(CommissionEvent, CommissionEvent.id == CommissionShare.event_id)
            .join(Commission, Commission.id == CommissionEvent.commission_id)
            .where(Commission.order_id == order.id)
            .group_by(CommissionShare.role)
        )
        return {role.value: int(amount) for role, amount in rows}

    def line(self, order: Order, number: int = 1) -> OrderLine:
        return self.session.execute(
            sa.select(OrderLine).where(OrderLine.order_id == order.id, OrderLine.position == number)
        ).scalar_one()


@contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    """The SQL that is sent while this is open."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    bind = session.get_bind()
    sa.event.listen(bind, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(bind, "before_cursor_execute", note)


def _line(number: int, over: dict[str, Any]) -> OrderLine:
    values: dict[str, Any] = {
        "line_ref": str(number),
        "position": number,
        "sku": f"S-{number}",
        "quantity": 1,
        "unit_price_minor": 10_000_000,
        "discount_minor": 0,
        "tax_minor": 0,
        **over,
    }
    sold = values["quantity"] * values["unit_price_minor"] - values["discount_minor"] - values["tax_minor"]
    return OrderLine(**({"net_minor": sold} | values))
