"""Every page of the demo, opened in Chromium: nothing fails, nothing overflows, axe finds nothing, both languages.

The screenshots land in tests/browser/shots; with SCREENS=1 those that the README shows are renewed in docs/screens.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser.conftest import shot, sign_in, watch
from tests.browser.server import ROOT

pytestmark = pytest.mark.browser

PASSWORD = "etalase-demo-2026"
SCREENS = ROOT / "docs" / "screens"
PLACES: dict[str | None, tuple[str, ...]] = {
    None: ("/", "/sign-in", "/c/lemari-kita", "/c/lemari-kita/kantor-hari-senin", "/c/sahabat-senandika",
           "/demo/stores/rumah-anggun/RA-101"),
    "ada@lemari-kita.example": (
        "/portal/lemari-kita/", "/portal/lemari-kita/collections", "/portal/lemari-kita/collections/1",
        "/portal/lemari-kita/links", "/portal/lemari-kita/links/1",
        "/portal/lemari-kita/brand", "/portal/lemari-kita/orders", "/portal/lemari-kita/orders?status=lost",
        "/portal/lemari-kita/programmes/1/attribution", "/portal/lemari-kita/commissions", "/commissions/1",
        "/portal/lemari-kita/webhooks", "/portal/lemari-kita/webhooks/1", "/portal/lemari-kita/webhooks/1/messages/1",
        "/portal/lemari-kita/webhooks/1?status=failed", "/portal/lemari-kita/balance",
        "/portal/lemari-kita/payout-account",
        "/portal/lemari-kita/insights", "/portal/lemari-kita/insights?by=pick&days=7",
        "/portal/lemari-kita/insights?from=2020-01-01&to=2020-01-02", "/portal/lemari-kita/orders?stage=refunded",
        "/portal/lemari-kita/claims", "/portal/lemari-kita/claims?status=accepted", "/portal/lemari-kita/claims/new",
        "/claims/2", "/claims/3",
    ),
    "sari@rumah-anggun.example": (
        "/merchant/rumah-anggun/", "/merchant/rumah-anggun/catalogue", "/merchant/rumah-anggun/catalogue/uploads/1",
        "/merchant/rumah-anggun/products", "/merchant/rumah-anggun/deliveries", "/merchant/rumah-anggun/deliveries/1",
        "/merchant/rumah-anggun/orders", "/merchant/rumah-anggun/integration",
        "/merchant/rumah-anggun/integration?shop=woocommerce", "/merchant/rumah-anggun/integration?shop=plain",
        "/merchant/rumah-anggun/integration?shop=coupon", "/merchant/rumah-anggun/settings",
        "/merchant/rumah-anggun/owed",
        "/merchant/rumah-anggun/certification", "/merchant/rumah-anggun/certification?kind=shopify",
        "/merchant/rumah-anggun/coupons", "/merchant/rumah-anggun/programmes/1/attribution",
        "/merchant/rumah-anggun/insights?by=community",
        "/merchant/rumah-anggun/webhooks", "/merchant/rumah-anggun/webhooks/2", "/merchant/rumah-anggun/webhooks/3",
        "/merchant/rumah-anggun/claims", "/merchant/rumah-anggun/claims?status=declined", "/claims/4",
    ),
    "fina@etalase.example": (
        "/finance/", "/finance/runs/1", "/finance/receipts", "/finance/books", "/finance/insights?by=merchant",
    ),
    "admin@etalase.example": (
        "/admin/", "/admin/people/new", "/admin/people/1", "/admin/keys", "/admin/log", "/account",
        "/admin/merchants", "/admin/merchants/new", "/admin/merchants/rumah-anggun",
        "/admin/merchants/rumah-anggun/profile", "/admin/merchants/rumah-anggun/programmes/new",
        "/admin/programmes/1", "/admin/programmes/1/terms/new", "/admin/enrollments/1",
        "/admin/communities", "/admin/communities/new", "/admin/communities/lemari-kita", "/admin/claims", "/claims/1",
        "/portal/sahabat-senandika/webhooks", "/merchant/pasar-laras/webhooks",
    ),
}  # fmt: skip
LOOKS = [("id-ID", 1440, "light"), ("en-GB", 390, "dark")]
README = {
    "/c/lemari-kita": "storefront", "/portal/lemari-kita/": "community", "/commissions/1": "explanation",
    "/finance/runs/1": "payout-run",
}  # fmt: skip


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}-{look[2]}")
def look(request: pytest.FixtureRequest) -> tuple[str, int, str]:
    return request.param


@pytest.fixture
def window(browser: Browser, look: tuple[str, int, str]) -> Iterator[Page]:
    locale, width, scheme = look
    context = browser.new_context(
        locale=locale, timezone_id="Asia/Jakarta", viewport={"width": width, "height": 900}, color_scheme=scheme,
        bypass_csp=False,
    )  # fmt: skip
    yield context.new_page()
    context.close()


def findings(page: Page) -> list[str]:
    report = Axe().run(page).response
    return [f"{found['id']}: {found['nodes'][0]['html'][:120]}" for found in report["violations"]]


def problems(page: Page, address: str, width: int) -> list[str]:
    """What is wrong with one page, in words."""
    answer = page.goto(address)
    assert answer is not None
    wrong = [] if answer.status == 200 else [f"answered {answer.status}"]
    wide = page.evaluate("document.documentElement.scrollWidth")
    wrong += [f"{wide - width} px too wide"] if wide > width else []
    heads = page.locator("h1").count()
    wrong += [f"{heads} headings of the first rank"] if heads != 1 else []
    return wrong + findings(page)


def keep(page: Page, name: str) -> None:
    """A picture for the README, small: what is drawn needs few colours."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("P", palette=Image.Palette.ADAPTIVE, colors=128)
    picture.save(SCREENS / f"{name}.png", optimize=True)


@pytest.mark.parametrize("email", list(PLACES), ids=lambda email: (email or "visitor").partition("@")[0])
def test_every_page_is_whole(window: Page, look: tuple[str, int, str], demo: str, email: str | None):
    locale, width, scheme = look
    loud = watch(window)
    if email:
        sign_in(window, demo, email, PASSWORD, locale=locale)
    wrong = {}
    for place in PLACES[email]:
        if found := problems(window, demo + place, width):
            wrong[place] = found
        name = f"{(email or 'visitor').partition('@')[0]}{place.replace('/', '-')}-{locale[:2]}-{width}-{scheme}"
        shot(window, name, full_page=True)
        if os.environ.get("SCREENS") and width == 1440 and place in README:
            keep(window, README[place])
    assert (wrong, loud) == ({}, [])


def test_the_storefront_needs_no_script_and_sets_no_cookie(browser: Browser, demo: str):
    context = browser.new_context(locale="id-ID", java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{demo}/c/sahabat-senandika")
    links = page.locator("a[href^='/go/']")
    assert links.count() >= 4
    assert page.get_by_text("komisi").first.is_visible()
    assert context.cookies() == []
    context.close()
