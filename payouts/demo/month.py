"""A month as it could have been: who clicked what, and what the stores then told. Pure, from a seeded generator."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from affiliate.core import clock
from payouts.demo.world import PickFact

DAYS = 31
CLICKS_A_DAY = (70, 150)
BUYS_OF_100 = 4.2
CAME_BY_A_PAGE = 0.85
ONLY_LOOKED = (1, 2, 3, 3, 4, 5, 6)  # who looked at the time of a click and left
FRONT_PICKS = 5  # of each shelf on the front page
# Jakarta evenings are when people shop: hours in UTC, more often the fuller ones.
HOURS = [1, 3, 4, 5, 6, 8, 10, 11, 12, 12, 13, 13, 13, 14, 14, 14, 15, 15, 16]
REFERRERS = ["", "", "www.instagram.com", "www.instagram.com", "t.co", "www.tiktok.com", "web.whatsapp.com"]
SHIPPING = "18000.00"


@dataclass(frozen=True, slots=True)
class Visit:
    """One click on a pick."""

    at: datetime
    pick: PickFact
    nonce: int
    visitor: str
    device: str
    reason: str
    referrer_host: str


@dataclass(frozen=True, slots=True)
class View:
    """One look at a page of a community: a shelf, or the front page (no collection), with what stood on it."""

    at: datetime
    nonce: int
    community_id: int
    collection_id: int | None
    visitor: str
    link_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Telling:
    """One delivery of a store. `visit` says whose token the order brings back, None that it brings none."""

    at: datetime
    store: str
    message_id: str
    kind: str
    data: dict[str, Any]
    visit: Visit | None = None


@dataclass(slots=True)
class Month:
    """Everything that happens, by time."""

    visits: list[Visit] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    tellings: list[Telling] = field(default_factory=list)


def imagine(picks: Sequence[PickFact], *, begin: datetime, end: datetime, seed: int) -> Month:
    """The same month from the same picks, times and seed. Nothing lies after `end`."""
    chance = random.Random(seed)  # noqa: S311  a story, not a secret
    weights = [chance.paretovariate(1.3) for _pick in picks]
    month = Month()
    for day in range(DAYS):
        for _click in range(int(chance.randint(*CLICKS_A_DAY) * (0.7 + day / 60))):
            at = begin + timedelta(days=day, hours=chance.choice(HOURS), seconds=chance.randrange(3600))
            visit = _visit(chance, at, chance.choices(picks, weights)[0])
            month.visits.append(visit)
            if not visit.reason and visit.pick.item.in_stock and chance.random() * 100 < BUYS_OF_100:
                _order(chance, month, visit, number=len(month.tellings))
    _odd_ones(month, begin)
    month.views = [view for view in _views(random.Random(seed + 1), picks, month.visits) if view.at <= end]  # noqa: S311
    month.visits = sorted((one for one in month.visits if one.at <= end), key=lambda one: one.at)
    month.tellings = sorted((one for one in month.tellings if one.at <= end), key=lambda one: one.at)
    return month


def _visit(chance: random.Random, at: datetime, pick: PickFact) -> Visit:
    is_bot = chance.random() < 0.06
    device = "bot" if is_bot else chance.choices(["phone", "desk", "tablet"], [78, 18, 4])[0]
    visitor = f"{chance.getrandbits(96):024x}"
    return Visit(at, pick, chance.getrandbits(62), visitor, device, "bot" if is_bot else "", chance.choice(REFERRERS))


def _views(chance: random.Random, picks: Sequence[PickFact], visits: Sequence[Visit]) -> list[View]:
    """Who clicked had looked at a page before, but for those who got the link from a friend; most only look."""
    found = []
    for visit in visits:
        if visit.reason:
            continue
        if chance.random() < CAME_BY_A_PAGE:
            found.append(_view(chance, picks, visit, visit.visitor, seconds=chance.randint(5, 240)))
        for _looker in range(chance.choice(ONLY_LOOKED)):
            visitor = f"{chance.getrandbits(96):024x}"
            found.append(_view(chance, picks, visit, visitor, seconds=chance.randint(-2400, 2400)))
    return sorted(found, key=lambda view: view.at)


def _view(chance: random.Random, picks: Sequence[PickFact], visit: Visit, visitor: str, *, seconds: int) -> View:
    pick = visit.pick
    on_front = chance.random() < 0.4
    shelves: dict[int, list[int]] = {}
    for one in picks:
        if one.community_id == pick.community_id and (on_front or one.collection_id == pick.collection_id):
            shelves.setdefault(one.collection_id, []).append(one.link_id)
    links = [link_id for shelf in shelves.values() for link_id in (shelf[:FRONT_PICKS] if on_front else shelf)]
    return View(
        visit.at - timedelta(seconds=seconds), chance.getrandbits(62), pick.community_id,
        None if on_front else pick.collection_id, visitor, tuple(sorted(links)),
    )  # fmt: skip


def _order(chance: random.Random, month: Month, visit: Visit, number: int) -> None:
    """An order some time after its click, through as much of its life as there is time for."""
    item, store = visit.pick.item, visit.pick.store.slug
    placed = visit.at + timedelta(minutes=chance.randint(4, 900))
    ref = f"{item.sku.split('-')[0]}-{20_000 + number}"
    quantity = chance.choices([1, 2, 3], [80, 16, 4])[0]
    price = item.sale or item.price
    discount = chance.choice([0, 0, 0, 25_000])
    data = {
        "order_id": ref, "currency": "IDR", "placed_at": clock.rfc3339(placed), "test": False,
        "customer": {"ref": f"c{chance.getrandbits(40):x}", "is_new": chance.random() < 0.4},
        "lines": [{"line_id": "1", "sku": item.sku, "title": item.title, "category": item.category,
                   "brand": visit.pick.store.brand, "quantity": quantity, "unit_price": f"{price}.00",
                   "discount": f"{discount}.00", "tax": "0.00"}],
        "shipping": SHIPPING,
    }  # fmt: skip
    tell = _Teller(month, store, data, visit)
    tell(placed, "placed", 1)
    tell(placed + timedelta(minutes=chance.randint(2, 240)), "paid", 2)
    fate = chance.random()
    if fate < 0.09:
        tell(placed + timedelta(hours=chance.randint(6, 40)), "cancelled", 3)
        return
    done = placed + timedelta(days=chance.randint(2, 5), hours=chance.randint(0, 9))
    tell(done, "completed", 3)
    if fate < 0.17:
        units = 1 if quantity > 1 else quantity
        amount = (price * quantity - discount) * units // quantity
        refund = {"refund_id": f"{ref}-R1", "amount": f"{amount}.00",
                  "lines": [{"line_id": "1", "quantity": units, "amount": f"{amount}.00"}]}  # fmt: skip
        tell(done + timedelta(days=chance.choice([2, 4, 15, 18])), "refunded", 4, refund)


@dataclass(frozen=True, slots=True)
class _Teller:
    month: Month
    store: str
    data: dict[str, Any]
    visit: Visit | None

    def __call__(self, at: datetime, kind: str, version: int, refund: dict[str, Any] | None = None) -> None:
        data = self.data | {"version": version}
        if refund is not None:
            data = {key: data[key] for key in ("order_id", "currency", "version")} | {"refund": refund}
        message_id = f"msg_{self.data['order_id']}_{version}".lower()
        self.month.tellings.append(Telling(at, self.store, message_id, kind, data, self.visit))


def _odd_ones(month: Month, begin: datetime) -> None:
    """What every store sends some day: a test order, one that nobody referred, one that is unreadable, a repeat."""
    sample = next(one for one in month.tellings if one.kind == "completed")
    late = begin + timedelta(days=DAYS - 2, hours=6)
    lines = sample.data["lines"]
    plain = {"currency": "IDR", "placed_at": clock.rfc3339(late), "lines": lines, "shipping": SHIPPING, "version": 1}
    store = sample.store
    month.tellings += [
        Telling(late, store, "msg_test_order", "placed", plain | {"order_id": "UJI-1", "test": True}, sample.visit),
        Telling(late, store, "msg_no_referrer", "completed", plain | {"order_id": "LANGSUNG-7"}),
        Telling(
            late, store, "msg_unreadable", "placed",
            plain | {"order_id": "SALAH-3", "lines": [lines[0] | {"unit_price": "Rp350.000"}]},
        ),
        sample,
    ]  # fmt: skip
