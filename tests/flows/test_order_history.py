"""A year of a real shop, told shuffled and partly twice through the signed intake: not one paisa of difference."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask, current_app

import app as application
from affiliate import pipeline
from affiliate.commissions.models import Commission, CommissionEvent, CommissionShare
from affiliate.conversions.models import Conversion
from affiliate.core import clock, migrate
from affiliate.core.db import db, transaction
from affiliate.core.settings import from_env
from affiliate.merchants.models import Enrollment, RateKind, RateScope, Split
from affiliate.orders import intake
from affiliate.orders.models import Delivery, Order
from affiliate.tracking import tokens
from payouts.booking import jobs as booking
from payouts.ledger.models import LedgerAccount, Posting
from tests.affiliate.orders import shop
from tests.conftest import Visitor, _engines, scratch_database
from tests.factories import Make
from tests.flows import history
from tests.flows.books import violations

SINCE = datetime(2022, 1, 1, tzinfo=UTC)
# Platform, community and curator by the marketplace that an order came over; one community has no curator.
SPLITS = {
    "Amazon": (1000, 6000, 3000), "Myntra": (777, 5555, 3668), "Flipkart": (3333, 3333, 3334), "Ajio": (0, 10_000, 0),
    "Nalli": (10_000, 0, 0), "Meesho": (1500, 5000, 3500),
}  # fmt: skip
WITHOUT_CURATOR = "Meesho"
UNCREDITED = "Others"
BATCH = 5000
OVER_HTTP = int(os.environ.get("HISTORY_OVER_HTTP") or 5)  # 1: every delivery as a request, which takes minutes longer


class Shop:
    """The store of the file, and one community for each marketplace."""

    def __init__(self, client, make: Make, best_seller: str) -> None:
        self.client = client
        self.merchant = make.merchant(currency=history.CURRENCY)
        self.key = make.webhook_key(self.merchant)
        self.programme = make.programme(self.merchant)
        make.terms(self.programme, rates=_rates(best_seller), valid_from=SINCE)
        product = make.product(self.merchant)
        self.links, self.owners = {}, {}
        for channel, split in SPLITS.items():
            community = make.community()
            make.enrollment(self.programme, community, split=(*split, 0))
            curator = None if channel == WITHOUT_CURATOR else make.curator(community)
            self.links[channel] = make.pick(community, product, curator=curator).link_id
            self.owners[channel] = ["platform", f"community:{community.id}", f"curator:{curator.id}" if curator else ""]
        make.session.execute(sa.update(Enrollment).values(enrolled_at=SINCE))
        make.session.execute(sa.update(Split).values(valid_from=SINCE))
        make.session.commit()

    def deliver(self, batch: list[tuple[str, bytes]], seed: int) -> None:
        """One in OVER_HTTP as a request of its own; the others by the verbs behind that address, in one transaction."""
        for name, body in batch[::OVER_HTTP]:
            answer = shop.send(self.client, self.merchant.slug, self.key, name, body)
            assert answer.status_code == 202, (seed, answer.get_data(as_text=True))
        with transaction(db.session) as session:
            for name, body in (one for number, one in enumerate(batch) if number % OVER_HTTP):
                now = clock.now()
                headers = shop.headers(self.key, name, body, at=now)
                intake.check_signature([self.key.secret], headers, body, now=now)
                intake.keep(session, self.merchant.id, self.key.kind, headers=headers, body=body, now=now)

    def token(self, sale: history.Sale) -> str | None:
        if sale.channel == UNCREDITED:
            return None
        days = self.programme.window_days + 1 if sale.is_late else 1
        keys = tokens.keys(current_app.config["ETALASE"].secret_key)
        return tokens.mint(self.links[sale.channel], sale.placed_at - timedelta(days=days), sale.number, keys)

    def expected(self, sale: history.Sale, best_seller: str) -> Counter[str]:
        """Paise by owner."""
        if sale.channel == UNCREDITED or sale.is_late:
            return Counter()
        platform, community, curator = SPLITS[sale.channel]
        if sale.channel == WITHOUT_CURATOR:
            community, curator = community + curator, 0
        given = history.parts(history.commission(sale, best_seller), [platform, community, curator])
        return Counter({owner: part for owner, part in zip(self.owners[sale.channel], given, strict=True) if part})


def _rates(best_seller: str) -> list[dict]:
    percent = [{"scope": RateScope.ALL, "rate_bps": history.PERCENT_ALL}]
    percent += [{"scope": RateScope.CATEGORY, "match": name, "rate_bps": bps} for name, bps in history.PERCENT.items()]
    percent += [{"scope": RateScope.SKU, "match": best_seller, "rate_bps": history.PERCENT_BEST_SELLER}]
    fixed = [(RateKind.PER_ITEM, history.AN_ITEM), (RateKind.PER_ORDER, history.AN_ORDER)]
    return [one | {"kind": RateKind.PERCENT} for one in percent] + [
        {"scope": RateScope.CATEGORY, "match": name, "kind": kind, "amount_minor": amount, "currency": history.CURRENCY}
        for kind, amounts in fixed
        for name, amount in amounts.items()
    ]


@pytest.fixture(params=_engines())
def house(request, tmp_path) -> Iterator[Flask]:
    """The application over a database of its own, with real commits: one transaction cannot hold all these locks."""
    for url in scratch_database(request.param, tmp_path):
        built = application.create_app(from_env({"DATABASE_URL": url, "DATA_DIR": str(tmp_path)}))
        built.test_client_class = Visitor
        built.config["TESTING"] = True
        migrate.upgrade(built.config["SQLALCHEMY_DATABASE_URI"])
        with built.app_context():
            sa.event.listen(db.engine, "connect", hurry)
            yield built
            db.session.remove()
            db.engine.dispose()


def hurry(connection, _record) -> None:
    """This database need not outlive a power cut."""
    is_sqlite = isinstance(connection, sqlite3.Connection)
    connection.execute("PRAGMA synchronous=OFF" if is_sqlite else "SET synchronous_commit TO off")
    connection.commit()


@pytest.mark.timeout(1800)  # 52,000 deliveries: minutes where other work shares the machine
def test_a_real_history_in_any_order_comes_to_the_same_books(house, shared_data, record_property):
    client, session = house.test_client(), db.session
    sales = history.read(shared_data / "orders" / "vrinda_fashion_orders.csv")
    best_seller = history.best_seller(sales)
    store = Shop(client, Make(session), best_seller)
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(2**32))
    record_property("seed", seed)
    deliveries = shuffled(store, sales, random.Random(seed))

    for start in range(0, len(deliveries), BATCH):
        store.deliver(deliveries[start : start + BATCH], seed)
        work_all()

    assert counted(session, Delivery) == len(set(deliveries)), f"seed {seed}"
    assert counted(session, Order) == counted(session, Conversion) == len(sales) == 14_173, f"seed {seed}"
    expected = {sale.ref: store.expected(sale, best_seller) for sale in sales}
    earned = by_order(session)
    different = {ref for ref in expected if expected[ref] != earned.get(ref, Counter())}
    assert (different, set(earned) - set(expected)) == (set(), set()), f"seed {seed}"
    whole = sum(expected.values(), Counter())
    assert sum(whole.values()) > 0
    assert by_account(session) == whole + Counter({f"merchant:{store.merchant.id}": sum(whole.values())}), (
        f"seed {seed}"
    )
    assert violations(session) == {}, f"seed {seed}"


def shuffled(store: Shop, sales: list[history.Sale], dice: random.Random) -> list[tuple[str, bytes]]:
    """(webhook id, body) of everything that the store says, a fifth of it twice, in any order."""
    told = [
        (f"{sale.ref}/{number}", json.dumps(message).encode())
        for sale in sales
        for number, message in enumerate(history.messages(sale, store.token(sale)))
    ]
    told += dice.sample(told, len(told) // 5)
    dice.shuffle(told)
    return told


def work_all() -> None:
    while pipeline.run(clock.now()):
        pass
    booking.run(clock.now())


def counted(session, table) -> int:
    return session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def by_order(session) -> dict[str, Counter[str]]:
    """Paise by order and owner, what is not zero."""
    rows = session.execute(
        sa.select(Order.ref, CommissionShare.owner, sa.func.sum(CommissionShare.amount_minor))
        .join(CommissionEvent, CommissionEvent.id == CommissionShare.event_id)
        .join(Commission, Commission.id == CommissionEvent.commission_id)
        .join(Order, Order.id == Commission.order_id)
        .group_by(Order.ref, CommissionShare.owner)
    )
    found: dict[str, Counter[str]] = {}
    for ref, owner, amount in rows:
        if amount:
            found.setdefault(ref, Counter())[owner] = int(amount)
    return found


def by_account(session) -> Counter[str]:
    """What the books say: owed to each owner and our own fees; and by the merchant to us."""
    rows = session.execute(
        sa.select(LedgerAccount.owner, sa.func.sum(Posting.amount_minor))
        .join(Posting, Posting.account_id == LedgerAccount.id)
        .group_by(LedgerAccount.owner)
    )
    return Counter({owner: abs(int(amount)) for owner, amount in rows if amount})
