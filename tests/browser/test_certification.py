"""A store practises: the page stands open, explains a wrong secret, fills up by itself, and gives the badge."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from affiliate.certification import samples
from affiliate.certification.steps import Step
from affiliate.merchants.models import WebhookKind
from tests.browser.conftest import shot, sign_in, watch
from tests.browser.test_connect import LOOKS, whole

pytestmark = pytest.mark.browser

PASSWORD = "etalase-demo-2026"
KINDS = {"id-ID": WebhookKind.SHOPIFY, "en-GB": WebhookKind.STANDARD}  # one each: what is opened stays open
STORES = {"id-ID": ("rumah-anggun", "sari"), "en-GB": ("pasar-laras", "joko")}
WORDS = {
    "id-ID": ("Buka ruang latihan", "ahasia di toko Anda", "Tersertifikasi untuk Shopify"),
    "en-GB": ("Open the sandbox", "another one than ours", "Certified for Standard Webhooks"),
}


def post(address: str, headers: dict[str, str], body: bytes) -> int:
    try:
        with urlopen(Request(address, body, headers), timeout=30) as answer:
            return answer.status
    except HTTPError as refused:
        return refused.code


def kind_name(kind: WebhookKind) -> str:
    return {"shopify": "Shopify", "standard": "Standard Webhooks"}[kind.value]


def shown(page: Page, place: int) -> str:
    found = page.locator("dl.facts [data-copy]").nth(place).get_attribute("data-copy")
    assert found is not None
    return found


@pytest.mark.parametrize(("locale", "width", "scheme"), LOOKS)
def test_a_store_practises_until_it_has_its_badge(browser: Browser, demo: str, locale: str, width: int, scheme: str):
    width = 1280 if width > 1000 else width
    context = browser.new_context(
        locale=locale, timezone_id="Asia/Jakarta", viewport={"width": width, "height": 900}, color_scheme=scheme,
        permissions=["clipboard-read", "clipboard-write"],
    )  # fmt: skip
    page = context.new_page()
    loud, name, kind = watch(page), f"certification-{locale[:2]}-{width}", KINDS[locale]
    opens, explained, certified = WORDS[locale]
    slug, person = STORES[locale]
    sign_in(page, demo, f"{person}@{slug}.example", PASSWORD, locale=locale)
    page.goto(f"{demo}/merchant/{slug}/certification?kind={kind.value}")
    shot(page, f"{name}-1-closed", full_page=True)
    problems = whole(page, width)
    page.get_by_role("button", name=opens).click()
    page.wait_for_url("**/certification?kind=*")
    expect(page.locator(".checklist > li")).to_have_count(len(Step))
    shot(page, f"{name}-2-empty", full_page=True)
    problems += whole(page, width)
    address, secret = shown(page, 0), shown(page, 1)

    page.locator("#step-placed").get_by_role("button").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("curl ")
    assert address in copied

    loads: list[str] = []
    page.on("load", lambda: loads.append(page.url))
    told = samples.samples(kind, datetime.now(UTC))
    wrong = told[Step.WRONG_SIGNATURE][0]
    assert post(address, samples.headers(kind, wrong, secret, datetime.now(UTC)), wrong.body) == 401
    expect(page.locator("#step-placed")).to_have_attribute("data-state", "failed")
    expect(page.locator("#step-placed .wrong")).to_contain_text(explained)
    shot(page, f"{name}-3-wrong", full_page=True)
    problems += whole(page, width)
    for parts in told.values():
        for one in parts:
            post(address, samples.headers(kind, one, secret, datetime.now(UTC)), one.body)
    expect(page.locator(".certified")).to_contain_text(certified)
    expect(page.locator("li[data-state=passed]")).to_have_count(len(Step))
    assert loads == [], "it fills up by itself"
    shot(page, f"{name}-4-green", full_page=True)
    problems += whole(page, width)

    page.locator(".arrival").nth(4).click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    shot(page, f"{name}-5-request", full_page=True)
    problems += whole(page, width)
    page.go_back()
    page.locator("#sandbox form .button-danger").click()
    page.locator("dialog .button-primary").click()
    expect(page.locator("li[data-state=missing]")).to_have_count(len(Step))
    expect(page.locator(".certified")).to_be_visible()
    page.goto(f"{demo}/merchant/{slug}/integration")
    shot(page, f"{name}-6-guide")
    page.goto(f"{demo}/merchant/{slug}/")
    shot(page, f"{name}-7-home")
    problems += whole(page, width)
    page.goto(f"{demo}/merchant/{slug}/settings")
    shot(page, f"{name}-8-settings", full_page=True)
    problems += whole(page, width)
    page.context.clear_cookies()
    sign_in(page, demo, "admin@etalase.example", PASSWORD, locale=locale)
    page.goto(f"{demo}/admin/merchants")
    assert page.locator("tbody .badge").filter(has_text=kind_name(kind)).count() == 1
    shot(page, f"{name}-9-admin", full_page=True)
    problems += whole(page, width)
    assert (problems, loud) == ([], [])
    context.close()
