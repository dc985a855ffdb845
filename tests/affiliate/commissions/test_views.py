"""The list of commissions, and the page that answers "why did I get this amount?"."""

from __future__ import annotations

import pytest

from affiliate.identity.models import Role
from affiliate.merchants.models import PayableWhen, RateKind, RateScope
from affiliate.orders.models import OrderStatus
from tests.affiliate.conversions.sold import Sold
from tests.affiliate.conversions.test_views import page, sign_in


@pytest.fixture
def sold(make) -> Sold:
    item = {"scope": RateScope.SKU, "match": "T-2", "kind": RateKind.PER_ITEM, "amount_minor": 500_000}
    once = {"scope": RateScope.BRAND, "match": "Acme", "kind": RateKind.PER_ORDER, "amount_minor": 70_000}
    rates = [
        {"scope": RateScope.ALL, "kind": RateKind.PERCENT, "rate_bps": 1000},
        item | {"currency": "IDR"},
        once | {"currency": "IDR"},
    ]
    sold = Sold(make, rates=rates, payable_when=PayableWhen.FUNDED)
    sold.kept = sold.order(
        {"title": "Kemeja batik", "discount_minor": 55}, {"sku": "T-2"}, {"sku": "B-3", "brand": "Acme"}
    )
    sold.settle(sold.kept)
    return sold


@pytest.mark.parametrize(
    ("locale", "texts"),
    [
        ("en", ["10\u00a0%", "all products", "product T-2", "an item", "an order", "exactly Rp9.999,945, rounded"]),
        ("id", ["10\u00a0%", "semua produk", "produk T-2", "per barang", "per pesanan", "tepatnya Rp9.999,945"]),
    ],
)
def test_the_page_explains_an_amount_from_top_to_bottom(client, make, sold, locale, texts):
    sign_in(client, make, Role.CURATOR, sold.community.id, locale=locale)
    html = page(client, f"/commissions/{sold.commission(sold.kept).id}")
    for text in ["Kemeja batik", "A-1", sold.merchant.name, sold.community.name, sold.curator.name, *texts]:
        assert text in html
    assert "Rp15.699,94" in html  # 9.999,94 + 5.000 + 700


def test_a_cancelled_order_shows_what_was_taken_back_and_why(client, make, sold):
    sold.kept.status = OrderStatus.CANCELLED
    sold.settle(sold.kept)
    sign_in(client, make, Role.COMMUNITY_OWNER, sold.community.id, locale="en")
    html = page(client, f"/commissions/{sold.commission(sold.kept).id}")
    assert "The order was cancelled." in html
    assert "Taken back" in html


def test_an_order_leads_to_its_explanation(client, make, sold):
    sign_in(client, make, Role.MERCHANT_STAFF, sold.merchant.id)
    answer = client.get(f"/commissions/of-order/{sold.kept.id}")
    assert answer.status_code == 303
    assert answer.location == f"/commissions/{sold.commission(sold.kept).id}"
    assert page(client, answer.location)
    assert client.get("/commissions/of-order/999999").status_code == 404


@pytest.mark.parametrize("role", [Role.FINANCE_MAKER, Role.ADMIN])
def test_platform_staff_read_it_too(client, make, sold, role):
    sign_in(client, make, role)
    assert page(client, f"/commissions/{sold.commission(sold.kept).id}")


def test_strangers_find_nothing(client, make, sold):
    other = Sold(make)
    sign_in(client, make, Role.COMMUNITY_OWNER, other.community.id)
    assert client.get(f"/commissions/{sold.commission(sold.kept).id}").status_code == 404
    assert client.get(f"/commissions/of-order/{sold.kept.id}").status_code == 404
    assert client.get(f"/portal/{sold.community.slug}/commissions").status_code == 404


def test_the_list_shows_earnings_and_their_state(client, make, sold):
    sign_in(client, make, Role.COMMUNITY_OWNER, sold.community.id, locale="en")
    address = f"/portal/{sold.community.slug}/commissions"
    html = page(client, address)
    assert "A-1" in html
    assert "Why this amount?" in html
    assert "Rp14.129,94" in html  # nine tenths, less a minor unit that the split gave the platform
    shown = [name for name in ("held", "over") if "A-1" in page(client, f"{address}?hold={name}")]
    assert len(shown) == 1
    assert "No commission fits this filter" in page(client, f"{address}?order=B-9")


def test_an_empty_list_says_when_something_is_earned(client, make):
    community = make.community()
    sign_in(client, make, Role.COMMUNITY_OWNER, community.id, locale="en")
    assert "Nothing earned yet" in page(client, f"/portal/{community.slug}/commissions")
