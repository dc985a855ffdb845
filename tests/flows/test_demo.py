"""The demo: a month told through the real doors, whole, safe to seed twice, and with the books in order."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

import app as application
from affiliate.conversions.models import Conversion, Credit
from affiliate.core import work
from affiliate.core.settings import from_env
from affiliate.orders.models import Delivery, Order, OrderStatus
from affiliate.tracking.models import Click
from affiliate.tracking.rollups.models import ClickHour, ViewHour
from payouts.demo import drawings, story
from payouts.demo.seed import seed
from payouts.runs.models import Payout, PayoutStatus
from tests.flows.books import violations

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def count(session, *where) -> int:
    return session.execute(sa.select(sa.func.count()).where(*where)).scalar_one()


def test_the_month_has_everything_and_the_books_are_in_order(session):
    assert seed(NOW)
    for status in OrderStatus:
        assert count(session, Order.status == status), status
    reasons = set(session.execute(sa.select(Conversion.reason).distinct()).scalars())
    assert {None, "cancelled", "no_click", "test_order"} <= reasons
    assert {"outside_window", "other_merchant"} <= reasons
    decided = {evidence.get("decided_by") for evidence in session.execute(sa.select(Conversion.evidence)).scalars()}
    assert {"token", "coupon", "remembered"} <= decided
    parts = session.execute(sa.select(Credit.weight_bps).join(Conversion).join(Order).where(Order.ref == "PL-JALAN-2"))
    assert sorted(parts.scalars()) == [2000, 4000, 4000]
    assert count(session, Credit.weight_bps == 0, Credit.reason == "earlier_click") == 1
    assert count(session, Credit.weight_bps == 0, Credit.reason == "click_won") == 1
    verdicts = set(session.execute(sa.select(Delivery.verdict).distinct()).scalars())
    assert {"accepted", "unreadable"} <= verdicts
    assert count(session, Delivery.repeats > 0) == 1
    assert count(session, Click.is_qualified) > 1000
    clicked = session.execute(sa.select(sa.func.sum(ClickHour.qualified))).scalar_one()
    seen = session.execute(sa.select(sa.func.sum(ViewHour.visitors))).scalar_one()
    assert clicked == count(session, Click.is_qualified)
    assert 2 * clicked < seen < 10 * clicked
    assert count(session, Payout.status == PayoutStatus.PAID) >= 3
    paid_on = session.execute(sa.select(sa.func.min(Payout.settled_at))).scalar_one()
    late_refund = sa.select(Delivery.id).where(Delivery.topic == "order.refunded", Delivery.received_at > paid_on)
    assert session.execute(late_refund.limit(1)).scalar() is not None
    assert violations(session) == {}


def test_a_second_seed_changes_nothing(session):
    assert seed(NOW)
    before = count(session, Delivery.id.is_not(None)), count(session, Click.nonce.is_not(None))
    assert not seed(NOW)
    assert (count(session, Delivery.id.is_not(None)), count(session, Click.nonce.is_not(None))) == before


def test_every_thing_of_the_story_has_its_picture():
    names = {item.picture for one in story.STORES for item in one.items}
    assert {name for name in names if drawings.picture(name) is None} == set()
    assert drawings.picture("kebaya-neon") is None
    assert drawings.picture("../etc/passwd") is None


def test_an_order_in_the_stand_in_store_is_told_by_signed_deliveries(client, make, session):
    merchant = make.merchant()
    product = make.product(merchant)
    make.webhook_key(merchant)
    session.commit()
    place = f"/demo/stores/{merchant.slug}/{product.sku}"
    assert client.get(place).status_code == 200
    bought = client.post(f"{place}/orders", data={"token": ""})
    assert bought.status_code == 303
    work.run_once(application.STEPS)
    ref = session.execute(sa.select(Order.ref).where(Order.merchant_id == merchant.id)).scalar_one()
    for step, status in (("completed", OrderStatus.COMPLETED), ("refunded", OrderStatus.COMPLETED)):
        assert client.post(f"{place}/orders/{ref}/{step}").status_code == 303
        work.run_once(application.STEPS)
        order = session.execute(sa.select(Order).where(Order.ref == ref).execution_options(populate_existing=True))
        assert order.scalar_one().status == status
        assert client.get(f"{place}/orders/{ref}").status_code == 200
    assert session.execute(sa.select(Order.net_minor).where(Order.ref == ref)).scalar_one() == 0
    assert client.get("/demo/stores/nobody/nothing").status_code == 404
    assert client.get("/demo/pictures/kebaya-sage.svg").mimetype == "image/svg+xml"


def test_production_has_no_stand_in_store(tmp_path):
    env = {"DATA_DIR": str(tmp_path), "PUBLIC_URL": "https://etalase.example", "SECRET_KEY": "k" * 40}
    built = application.create_app(from_env(env))
    assert "demo" not in built.blueprints
