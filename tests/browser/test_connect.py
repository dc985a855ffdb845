"""A new store connects Shopify: a wrong secret is explained, the right one makes the first delivery turn green.

The store is made by the admin, its staff comes in by a one-time link, and the page of deliveries stands open all the
while: what arrives shows up by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.affiliate.orders.adapters.shops import both, mac, shopify_line, shopify_order, shopify_refund
from tests.browser.conftest import shot, sign_in, watch
from tests.browser.words import say

pytestmark = pytest.mark.browser

APP = "shpss_" + "0a" * 16
STORE = "0b" * 32
LOOKS = [("id-ID", 1440, "light"), ("en-GB", 390, "dark")]
WORDS = {
    "id-ID": ("Buat kunci", "Diterima", "rahasia sebuah aplikasi"),
    "en-GB": ("Make a key", "Accepted", "secret of an app"),
}


PASSWORD = "etalase-demo-2026"
CHOSEN = "kebaya biru di jemuran"


def post(hooks: str, secret: str, content: Mapping, topic: str, delivery: str) -> int:
    body = json.dumps(content).encode()
    given = {
        "X-Shopify-Hmac-Sha256": mac(secret, body), "X-Shopify-Topic": topic, "X-Shopify-Webhook-Id": delivery,
        "X-Shopify-Shop-Domain": "rumah-anggun.myshopify.com", "Content-Type": "application/json",
    }  # fmt: skip
    try:
        with urlopen(Request(hooks, body, given)) as answer:
            return answer.status
    except HTTPError as refused:
        return refused.code


def make_key(page: Page, store: str, secret: str, button: str) -> None:
    page.goto(f"{store}/settings")
    page.locator("select[name=kind]").select_option("shopify")
    page.locator("input[name=secret]").fill(secret)
    page.get_by_role("button", name=button).click()
    assert secret in page.locator(".secret").inner_text()


def whole(page: Page, width: int) -> list[str]:
    found = [violation["id"] for violation in Axe().run(page).response["violations"]]
    wide = page.evaluate("document.documentElement.scrollWidth") - width
    return found + ([f"{wide} px too wide"] if wide > 0 else [])


def new_store(browser: Browser, demo: str, slug: str) -> str:
    """The admin adds a store and somebody of its staff; their one-time link."""
    page = browser.new_page(locale="id-ID")
    sign_in(page, demo, "admin@etalase.example", PASSWORD)
    page.goto(f"{demo}/admin/merchants/new")
    for name, value in {
        "name": "Toko Baru", "slug": slug, "shop_url": f"https://{slug}.test", "allowed_hosts": f"{slug}.test",
    }.items():  # fmt: skip
        page.locator(f"[name={name}]").fill(value)
    page.get_by_role("main").get_by_role("button", name=say("Add store")).click()
    page.locator("[name=name]").fill("Sari Baru")
    page.locator("[name=email]").fill(f"sari@{slug}.test")
    page.get_by_role("main").get_by_role("button", name=say("Add to its staff")).click()
    link = page.locator(".secret [data-copy]").get_attribute("data-copy")
    page.close()
    assert link is not None
    return link


def come_in(page: Page, link: str) -> None:
    page.goto(link)
    page.locator("[name=password]").fill(CHOSEN)
    page.locator("[name=again]").fill(CHOSEN)
    page.get_by_role("main").locator(".button-primary").click()
    page.wait_for_url("**/merchant/**")


@pytest.mark.parametrize(("locale", "width", "scheme"), LOOKS)
def test_a_new_store_connects_shopify(browser: Browser, demo: str, locale: str, width: int, scheme: str):
    context = browser.new_context(
        locale=locale, timezone_id="Asia/Jakarta", viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    page = context.new_page()
    loud, (button, accepted, explained), name = watch(page), WORDS[locale], f"connect-{locale[:2]}-{width}"
    slug = f"toko-baru-{locale[:2]}"
    store, hooks = f"{demo}/merchant/{slug}", f"{demo}/hooks/v1/{slug}/shopify"
    come_in(page, new_store(browser, demo, slug))
    order_id = 820982911946154500 + width
    order = shopify_order(
        id=order_id, test=True, taxes_included=True, financial_status="paid", fulfillment_status="fulfilled",
        line_items=[
            shopify_line(tax_lines=[{"price": "29729.73"}], discount_allocations=[{"amount": "15000.00"}]),
            shopify_line(2, gift_card=True, title="Kartu hadiah"),
        ],
    )  # fmt: skip

    make_key(page, store, APP, button)
    shot(page, f"{name}-key", full_page=True)
    page.goto(f"{store}/deliveries")
    expect(page.locator(".empty-title")).to_be_visible()
    loads: list[str] = []
    page.on("load", lambda: loads.append(page.url))
    assert post(hooks, STORE, order, "orders/create", f"w-{width}") == 401
    expect(page.locator(".message-bad")).to_contain_text(explained)  # it says so by itself
    assert loads == []
    shot(page, f"{name}-explained")
    problems = whole(page, width)

    make_key(page, store, STORE, button)
    page.goto(f"{store}/deliveries")
    expect(page.locator(".message-bad")).to_be_visible()
    loads.clear()
    assert post(hooks, STORE, order, "orders/create", f"w-{width}") == 202
    row = page.locator("tbody tr").filter(has_text=str(order_id)).filter(has_text="orders/create")
    expect(row.locator(".badge-good")).to_have_text(accepted, timeout=30_000)  # the page has turned green
    expect(page.locator(".message-good")).to_be_visible()
    expect(page.locator(".message-bad")).to_have_count(0)
    refund = shopify_refund(order_id=order_id) | {"total_duties_set": both("0.00")}
    assert post(hooks, STORE, refund, "refunds/create", f"r-{width}") == 202
    again = page.locator("tbody tr").filter(has_text="refunds/create")
    expect(again.locator(".badge-good")).to_have_text(accepted, timeout=30_000)
    assert loads == [], "nobody reloaded it"
    shot(page, f"{name}-green")
    row.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(accepted)
    assert str(order_id) in page.get_by_role("main").inner_text()
    shot(page, f"{name}-delivery", full_page=True)
    problems += whole(page, width)
    page.goto(f"{store}/deliveries")
    page.locator("tbody tr").filter(has_text="refunds/create").first.get_by_role("link").first.click()
    shot(page, f"{name}-refund", full_page=True)
    page.goto(f"{store}/orders/{order_id}")
    shot(page, f"{name}-order", full_page=True)
    problems += whole(page, width)
    page.goto(f"{store}/deliveries?verdict=unreadable")
    shot(page, f"{name}-filter")
    assert (problems, loud) == ([], [])
    context.close()
