"""Orders with a story: a coupon, two communities on one order, a click that lost, some that nobody is credited for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from affiliate.core import clock
from payouts.demo.month import SHIPPING, Month, Telling, Visit
from payouts.demo.world import PickFact

SHARED_FROM = 9  # the day from which Pasar Laras shares orders between the first and the last click
COUPONS = (("rumah-anggun", "ADA10", "lemari-kita", "ada"), ("pasar-laras", "SAHABAT5", "sahabat-senandika", None))
ONLY_IN_JOURNEYS = ("sahabat-senandika", "pasar-laras")  # picks that the imagined month does not click


def add(month: Month, picks: Sequence[PickFact], *, begin: datetime) -> None:
    """Add the journeys to a month; nobody else's clicks or orders change."""
    road = _Road(month, picks, begin)
    hoodie, cap = ("sahabat-senandika", "PL-2008"), ("lemari-kita", "PL-2011")
    shoes, kebaya = ("lemari-kita", "PL-2003"), ("lemari-kita", "RA-101")
    # The last click counts; the other community's earlier one is told why not.
    day = road.from_day(4, days=2)
    road.visit(day, "a1", hoodie)
    road.order(day + 1, "PL-JALAN-1", shoes, road.visit(day + 1, "a1", shoes), customer="p-1")
    # First and last click share: two communities on one order.
    day = road.from_day(12, days=3)
    road.visit(day, "a2", cap)
    road.visit(day + 1, "a2", hoodie)
    road.order(day + 2, "PL-JALAN-2", shoes, road.visit(day + 2, "a2", shoes), customer="p-2")
    # A known customer comes back without a click mark.
    road.order(day + 4, "PL-JALAN-3", cap, None, customer="p-2")
    # A click and the other community's coupon on one order: here the click wins.
    road.order(17, "PL-JALAN-4", cap, road.visit(17, "a4", cap), coupon="SAHABAT5")
    # A coupon alone, written as people write it.
    road.order(18, "RA-KUPON-1", kebaya, None, coupon="ada10")
    # Nobody is credited: the click was too old; the mark was another store's.
    road.order(19, "PL-LAMA-1", shoes, road.visit(1, "a5", shoes))
    road.order(20, "PL-ASING-1", cap, road.visit(20, "a6", kebaya))
    month.visits.sort(key=lambda one: one.at)
    month.tellings.sort(key=lambda one: one.at)


class _Road:
    """Writes visits and orders of one person after another into the month."""

    def __init__(self, month: Month, picks: Sequence[PickFact], begin: datetime) -> None:
        self._month, self._begin, self._nonce = month, begin, 0
        self._picks = {(pick.club, pick.item.sku): pick for pick in picks}

    def from_day(self, day: int, *, days: int) -> int:
        """This day, or the first after it from which so many days lie in one month: a pseudonym lasts no longer."""
        while self._at(day).month != self._at(day + days - 1).month:
            day += 1
        return day

    def _at(self, day: int) -> datetime:
        return self._begin + timedelta(days=day, hours=11)

    def visit(self, day: int, visitor: str, pick: tuple[str, str]) -> Visit:
        """A click late in the morning of a day."""
        self._nonce += 1
        at = self._at(day) + timedelta(minutes=self._nonce)
        made = Visit(at, self._picks[pick], self._nonce, f"{visitor:0>24}", "phone", "", "www.instagram.com")
        self._month.visits.append(made)
        return made

    def order(
        self,
        day: int,
        ref: str,
        pick: tuple[str, str],
        visit: Visit | None,
        *,
        customer: str | None = None,
        coupon: str = "",
    ) -> None:
        """An order two hours after the time of clicks, paid at once and completed two days later."""
        fact = self._picks[pick]
        item, placed = fact.item, self._at(day) + timedelta(hours=2, minutes=self._nonce)
        data: dict[str, Any] = {
            "order_id": ref, "currency": "IDR", "placed_at": clock.rfc3339(placed), "test": False, "shipping": SHIPPING,
            "lines": [{"line_id": "1", "sku": item.sku, "title": item.title, "category": item.category,
                       "brand": fact.store.brand, "quantity": 1, "unit_price": f"{item.sale or item.price}.00",
                       "discount": "0.00", "tax": "0.00"}],
        }  # fmt: skip
        data |= {"customer": {"ref": customer}} if customer else {}
        data |= {"coupon": coupon} if coupon else {}
        for version, (kind, at) in enumerate((("paid", placed), ("completed", placed + timedelta(days=2))), 1):
            told = Telling(
                at, fact.store.slug, f"msg_{ref}_{version}".lower(), kind, data | {"version": version}, visit
            )
            self._month.tellings.append(told)
