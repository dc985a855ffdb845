"""How an order was credited, in Chromium: from a list to its story, for a store, a community and finance."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import shot, sign_in, watch
from tests.browser.test_pages import LOOKS, PASSWORD, findings

pytestmark = pytest.mark.browser

STORE, OTHERS, FINANCE = "joko@pasar-laras.example", "rio@sahabat-senandika.example", "fina@etalase.example"
WALKS = [
    # who, the list, the order, the link, what stands there (Indonesian, English)
    (STORE, "/merchant/pasar-laras/orders", "PL-JALAN-2", ("Kenapa?", "Why?"),
     ("40 %", "Sahabat Senandika", "Lemari Kita")),
    (STORE, "/merchant/pasar-laras/orders", "PL-LAMA-1", ("Kenapa tidak dihitung?", "Why was this not counted?"),
     (("Kliknya sudah terlalu lama", "The click was too long"),)),
    (STORE, "/merchant/pasar-laras/orders", "PL-ASING-1", ("Kenapa tidak dihitung?", "Why was this not counted?"),
     (("Kliknya menuju toko lain", "The click led to another store"),)),
    (OTHERS, "/portal/sahabat-senandika/orders?status=lost", "PL-JALAN-1", ("Kenapa?", "Why?"),
     (("Klik yang lebih akhir", "A later click counted"), ("Komunitas lain", "Another community"))),
    (FINANCE, "/merchant/rumah-anggun/orders", "RA-KUPON-1", ("Kenapa?", "Why?"),
     ("ADA10", ("Kupon di pesanan yang menentukan", "The coupon on the order decided"))),
]  # fmt: skip


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}-{look[2]}")
def look(request: pytest.FixtureRequest) -> tuple[str, int, str]:
    return request.param


@pytest.fixture
def window(browser: Browser, look: tuple[str, int, str]) -> Iterator[Page]:
    locale, width, scheme = look
    context = browser.new_context(
        locale=locale, timezone_id="Asia/Jakarta", viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(("email", "place", "ref", "link", "texts"), WALKS, ids=lambda part: str(part)[:24])
def test_from_a_list_to_the_story_of_an_order(window, look, demo, email, place, ref, link, texts):
    locale, width, scheme = look
    said = 0 if locale.startswith("id") else 1
    loud = watch(window)
    sign_in(window, demo, email, PASSWORD, locale=locale)
    joint = "&" if "?" in place else "?"
    window.goto(f"{demo}{place}{joint}order={ref}")
    row = window.get_by_role("row").filter(has_text=ref)
    row.get_by_role("link", name=link[said], exact=True).click()
    window.wait_for_url("**/attribution")
    text = window.locator("main").inner_text().replace("\u00a0", " ")
    for wanted in texts:
        assert (wanted if isinstance(wanted, str) else wanted[said]) in text
    if email == OTHERS:
        assert "Lemari Kita" not in text
    assert window.locator(".journey circle").count() >= 1
    assert window.evaluate("document.documentElement.scrollWidth") <= width
    assert window.locator("h1").count() == 1
    shot(window, f"attribution-{ref}-{locale[:2]}-{width}-{scheme}", full_page=True)
    assert (findings(window), loud) == ([], [])
