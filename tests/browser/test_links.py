"""Links and integration in real Chromium: paste, copy, follow; a link test that turns green, with or without script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from affiliate.core.settings import DEMO_SECRET_KEY
from affiliate.tracking import tokens
from tests.browser.conftest import shot, sign_in, watch
from tests.browser.words import say

pytestmark = pytest.mark.browser

PASSWORD = "etalase-demo-2026"


@pytest.fixture
def clipboard(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="id-ID", viewport={"width": 1440, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context
    context.close()


def test_paste_copy_qr_follow(clipboard: BrowserContext, demo: str):
    page = clipboard.new_page()
    loud = watch(page)
    sign_in(page, demo, "ada@lemari-kita.example", PASSWORD)
    page.goto(f"{demo}/portal/lemari-kita/links")
    page.locator("#f-url").fill(
        f"{demo.removeprefix('http://')}/demo/stores/rumah-anggun/RA-105?utm_source=ig&ra_ref=OLD"
    )
    page.locator("#f-label").fill("Bio Instagram")
    page.locator("#f-code").fill("masuk")
    page.get_by_role("button", name=say("Make the link")).click()
    wrong = page.locator(".field-wrong .wrong")
    expect(wrong).to_contain_text("lemarikita")
    shot(page, "links-refused-1440")
    page.locator("#f-url").fill(f"{demo}/demo/stores/rumah-anggun/RA-105?utm_source=ig&ra_ref=OLD")
    page.locator("#f-code").fill("gaunanggrek")
    page.locator("summary", has_text=say("Where will you put it?")).click()
    page.locator("#f-channel").fill("instagram-bio")
    page.get_by_role("button", name=say("Make the link")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bio Instagram")
    page.locator(".secret [data-copy] button").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{demo}/go/gaunanggrek"
    expect(page.locator("img.qr-large")).to_have_js_property("complete", True)
    assert page.locator("img.qr-large").evaluate("image => image.naturalWidth") > 100
    with page.expect_download() as saved:
        page.get_by_role("button", name=say("Save as picture (PNG)")).click()
    assert saved.value.suggested_filename == "etalase-gaunanggrek.png"
    shot(page, "links-made-1440", full_page=True)

    visitor = clipboard.new_page()
    visitor.goto(copied)
    found = urlsplit(visitor.url)
    assert found.path == "/demo/stores/rumah-anggun/RA-105"
    query = parse_qs(found.query)
    assert query["utm_source"] == ["ig"]
    assert len(query["ra_ref"]) == 1
    assert tokens.read(query["ra_ref"][0], tokens.keys(DEMO_SECRET_KEY)) is not None

    page.get_by_role("button", name=say("Withdraw")).first.click()
    page.get_by_role("button", name="Urungkan").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bio Instagram")
    visitor.goto(copied)
    assert urlsplit(visitor.url).path.startswith("/demo/stores/")
    assert loud == []


@pytest.mark.parametrize(("locale", "width", "scheme"), [("id-ID", 1440, "light"), ("en-GB", 390, "dark")])
def test_the_page_for_a_mistyped_code_is_friendly(browser: Browser, demo: str, locale: str, width: int, scheme: str):
    context = browser.new_context(locale=locale, viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{demo}/go/lemariarisam")
    assert page.get_by_role("link", name=re.compile("lemariarisan")).is_visible()
    assert page.get_by_role("link", name="Lemari Kita").is_visible()
    shot(page, f"go-near-{locale[:2]}-{width}")
    page.goto(f"{demo}/go/zzzzzzzz")
    shot(page, f"go-unknown-{locale[:2]}-{width}")
    page.goto(f"{demo}/c/lemari-kita?gone=1")
    shot(page, f"go-gone-{locale[:2]}-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def begin_test(page: Page, demo: str) -> None:
    sign_in(page, demo, "sari@rumah-anggun.example", PASSWORD)
    page.goto(f"{demo}/merchant/rumah-anggun/integration")
    page.get_by_role("button", name=say("Test my link")).click()


def test_test_my_link_turns_green_by_itself(page: Page, demo: str):
    loud = watch(page)
    begin_test(page, demo)
    steps = page.locator(".trial > li")
    expect(steps).to_have_count(7)
    assert page.locator(".landing mark").inner_text().isascii()
    shot(page, "integration-test-waiting-1440", full_page=True)
    page.get_by_role("button", name=say("Send a test order for me")).click()
    expect(page.locator(".trial > li.is-good")).to_have_count(7, timeout=20_000)  # no reload: the page asks by itself
    expect(steps.last).to_contain_text("Rp")
    shot(page, "integration-test-done-1440", full_page=True)
    assert loud == []


def test_test_my_link_works_without_a_script(browser: Browser, demo: str):
    context = browser.new_context(locale="id-ID", java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    begin_test(page, demo)
    shot(page, "integration-test-390", full_page=True)
    page.get_by_role("button", name=say("Send a test order for me")).click()
    for _ in range(40):
        if page.locator(".trial > li.is-good").count() == 7:
            break
        page.wait_for_timeout(500)
        page.reload()
    assert page.locator(".trial > li.is-good").count() == 7
    context.close()


def test_the_shopify_snippet_writes_the_token_into_the_cart(page: Page, demo: str):
    """The guide's own code, in a page that stands for a theme."""
    sign_in(page, demo, "sari@rumah-anggun.example", PASSWORD)
    page.goto(f"{demo}/merchant/rumah-anggun/integration?shop=shopify")
    snippet = page.locator("figure.code pre").first.get_attribute("data-copy")
    assert snippet is not None
    asked: list[str | None] = []
    page.context.route("https://toko-tema.test/**", lambda route: (
        asked.append(route.request.post_data) if route.request.method == "POST" else None,
        route.fulfill(status=200, content_type="text/html", body=f"<!doctype html><title>Tema</title>{snippet}"),
    ))  # fmt: skip
    theme = page.context.new_page()
    for address, expected in (
        ("https://toko-tema.test/", 0), ("https://toko-tema.test/p?ra_ref=TOKEN-1", 1),
        ("https://toko-tema.test/cart", 2), ("https://toko-tema.test/p?ra_ref=<script>", 3),
    ):  # fmt: skip
        theme.goto(address)
        theme.wait_for_load_state("networkidle")
        assert len(asked) == expected, address
    assert set(asked) == {'{"attributes":{"click_token":"TOKEN-1"}}'}
