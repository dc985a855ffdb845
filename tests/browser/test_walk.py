"""The main walk in real Chromium, as the three users.

Upload → pick → publish → click → order → completion → hold passes → run → approval → CSV, against one server with its
worker; for the hold to pass it is stopped and started again with its clock 16 days on.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from affiliate.core.signing import standard_signature
from tests.browser.conftest import shot, sign_in, watch
from tests.browser.server import flask, serving
from tests.browser.words import say

pytestmark = pytest.mark.browser

PASSWORD = "kata-sandi-uji-coba"
SHOP = "https://toko-jalan.test"
# Headless Chromium names itself as such, and such a visit earns nothing: this one is a person's phone.
PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Mobile Safari/537.36"
)
FEED = (
    "id\ttitle\tlink\tprice\tavailability\tbrand\tproduct_type\n"
    f"K-1\tKebaya Sage\t{SHOP}/p/k-1\t689000.00 IDR\tin_stock\tAnggun\tKebaya\n"
    f"K-2\tKemeja Batik\t{SHOP}/p/k-2\t425000.00 IDR\tin_stock\tAnggun\tBatik\n"
    f"K-3\tSyal\t{SHOP}/p/k-3\tgratis\tin_stock\tAnggun\tKain\n"
)
PEOPLE = {
    "sari@toko.test": ("Sari", "merchant", ("--merchant", "toko-jalan")),
    "ada@lemari.test": ("Ada", "community", ("--community", "lemari-jalan")),
    "fina@etalase.test": ("Fina", "finance", ()),
    "agus@etalase.test": ("Agus", "finance-approver", ()),
}


@dataclass
class Api:
    """A program beside the people: sets the scene, and is the store's own server."""

    address: str
    key: str

    def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        request = Request(f"{self.address}/api/v1{path}", json.dumps(body).encode(), headers)
        with urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def deliver(self, hook: dict[str, Any], number: int, kind: str, data: dict[str, Any]) -> int:
        now = datetime.now(UTC)
        body = json.dumps({"type": kind, "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "data": data}).encode()
        headers = {
            "webhook-id": f"jalan-{number}",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": standard_signature(hook["secret"], f"jalan-{number}", now, body),
        }
        try:
            with urlopen(Request(self.address + urlsplit(hook["url"]).path, body, headers), timeout=10) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code


def open_page(browser: Browser) -> tuple[BrowserContext, Page, list[str]]:
    context = browser.new_context(locale="id-ID", timezone_id="Asia/Jakarta", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    return context, page, watch(page)


def until(done: Callable[[], bool], seconds: float = 15) -> None:
    """Wait for the worker, which runs beside the server."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "the worker did not get there"
        time.sleep(0.2)


def reload_until(page: Page, text: str) -> None:
    def there() -> bool:
        page.reload()
        return page.get_by_text(text).first.is_visible()

    until(there)


def press_and_confirm(page: Page, text: str) -> None:
    """Press a button that moves money; the page asks once more and says the sum."""
    page.get_by_role("button", name=text).click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("Rp62.010")
    asked.get_by_role("button").first.click()


def set_the_scene(data: Path, address: str) -> tuple[Api, dict[str, Any]]:
    api = Api(address, flask(data, "apikey", "create", "--role", "admin", "--name", "panggung").strip())
    api.call("/merchants", {"slug": "toko-jalan", "name": "Toko Jalan", "currency": "IDR", "shop_url": SHOP,
                            "allowed_hosts": ["toko-jalan.test"], "click_param": "ref"})  # fmt: skip
    api.call("/communities", {"slug": "lemari-jalan", "name": "Lemari Jalan"})
    programme = api.call("/programmes", {"merchant": "toko-jalan", "name": "Umum", "window_days": 30, "hold_days": 14,
                                         "payable_when": "held", "timezone": "Asia/Jakarta"})  # fmt: skip
    rates = [{"scope": "all", "kind": "percent", "bps": 1000}]
    api.call(f"/programmes/{programme['id']}/terms", {"valid_from": "2020-01-01T00:00:00Z", "rates": rates})
    split = {"platform_bps": 1000, "community_bps": 9000, "curator_bps": 0, "evangelist_bps": 0}
    api.call("/enrollments", {"programme": programme["id"], "community": "lemari-jalan", "split": split})
    for email, (name, role, scope) in PEOPLE.items():
        flask(
            data, "user", "create", "--email", email, "--name", name, "--role", role, *scope, "--password-stdin",
            stdin=PASSWORD,
        )  # fmt: skip
    return api, api.call("/merchants/toko-jalan/webhook-keys", {"kind": "standard"})


def upload_catalogue(browser: Browser, address: str, data: Path) -> None:
    context, page, wrong = open_page(browser)
    sign_in(page, address, "sari@toko.test", PASSWORD)
    page.goto(f"{address}/merchant/toko-jalan/catalogue")
    feed = data / "katalog.tsv"
    feed.write_text(FEED)
    page.get_by_label(say("File"), exact=True).set_input_files(feed)
    page.get_by_role("button", name=say("Send file")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("katalog.tsv")
    expect(page.get_by_text(say("What could not be used"))).to_be_visible(timeout=20_000)
    expect(page.get_by_role("cell", name="gratis").first).to_be_visible()
    shot(page, "walk-1-upload")
    page.goto(f"{address}/merchant/toko-jalan/products")
    expect(page.get_by_text("Kebaya Sage")).to_be_visible()
    expect(page.get_by_text("Rp689.000")).to_be_visible()
    assert wrong == []
    context.close()


def curate(browser: Browser, address: str) -> None:
    context, page, wrong = open_page(browser)
    sign_in(page, address, "ada@lemari.test", PASSWORD)
    page.goto(f"{address}/portal/lemari-jalan/collections")
    page.get_by_label(say("Name of a new collection")).fill("Pesta kebun")
    page.get_by_role("button", name=say("Make it")).click()
    for words, title in (("kebaya", "Kebaya Sage"), ("batik", "Kemeja Batik")):
        page.get_by_label(say("What are you looking for?")).fill(words)
        page.get_by_role("button", name=say("Search"), exact=True).click()
        page.get_by_role("button", name=say("Pick %(title)s", title=title)).click()
        expect(page.locator("#shelf").get_by_text(title).first).to_be_visible()
    note = page.get_by_label(say("Why this one? Your sentence about %(title)s", title="Kebaya Sage"))
    note.fill("Jatuhnya bagus, tidak panas.")
    page.get_by_role("button", name=say("Save the sentence about %(title)s", title="Kebaya Sage")).click()
    first = page.locator("[data-pick]").first
    before = first.inner_text()
    down = first.get_by_role("button").filter(has_text="↓")
    down.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-pick]").first).not_to_have_text(before)
    page.get_by_role("button", name=say("Publish"), exact=True).click()
    expect(page.get_by_text(say("In the window"), exact=True)).to_be_visible()
    shot(page, "walk-2-curate")
    assert wrong == []
    context.close()


def visit(browser: Browser, address: str) -> str:
    """Open the shop window on a phone without a script and go to the store; returns the token handed over."""
    context = browser.new_context(
        locale="id-ID",
        viewport={"width": 390, "height": 844},
        java_script_enabled=False,
        is_mobile=True,
        has_touch=True,
        user_agent=PHONE,
    )
    page = context.new_page()
    arrived: list[str] = []

    def store(route: Route) -> None:
        arrived.append(route.request.url)
        route.fulfill(status=200, content_type="text/html", body="<title>Toko</title>")

    page.route(f"{SHOP}/**", store)
    page.goto(f"{address}/c/lemari-jalan")
    expect(page.get_by_text("Jatuhnya bagus, tidak panas.")).to_be_visible()
    shot(page, "walk-3-storefront", full_page=True)
    card = page.locator("article").filter(has_text="Kebaya Sage")
    card.get_by_role("link").first.click()
    page.wait_for_url(f"{SHOP}/**")
    context.close()
    target = urlsplit(arrived[0])
    assert (target.netloc, target.path) == ("toko-jalan.test", "/p/k-1")
    return parse_qs(target.query)["ref"][0]


def see_the_sale(browser: Browser, address: str, api: Api, hook: dict[str, Any], token: str) -> None:
    context, page, wrong = open_page(browser)
    sign_in(page, address, "ada@lemari.test", PASSWORD)
    line = {"line_id": "1", "sku": "K-1", "category": "Kebaya", "quantity": 1, "unit_price": "689000.00"}
    order = {"order_id": "J-1", "version": 1, "currency": "IDR", "click_token": token, "lines": [line],
             "placed_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "shipping": "10000.00"}  # fmt: skip
    assert api.deliver(hook, 1, "order.placed", order) == 202
    page.goto(f"{address}/portal/lemari-jalan/orders")
    reload_until(page, "J-1")
    page.goto(f"{address}/portal/lemari-jalan/commissions")
    assert not page.get_by_text("J-1").is_visible()  # an unfinished order pays nothing
    assert api.deliver(hook, 2, "order.completed", order | {"version": 2}) == 202
    reload_until(page, "J-1")
    page.get_by_role("link", name="J-1").first.click()
    expect(page.get_by_text("Rp68.900").first).to_be_visible()
    expect(page.get_by_text("Rp62.010").first).to_be_visible()
    shot(page, "walk-4-explanation", full_page=True)
    assert wrong == []
    context.close()


def pay(browser: Browser, address: str) -> str:
    """Fina plans, Agus approves, Fina sends, marks paid and downloads; returns the report."""
    maker_context, maker, wrong = open_page(browser)
    sign_in(maker, address, "fina@etalase.test", PASSWORD)
    maker.goto(f"{address}/finance/")
    maker.get_by_role("button", name=say("Plan this run")).click()
    expect(maker.get_by_text("Rp62.010").first).to_be_visible()
    assert not maker.get_by_role("button", name=say("Approve this list")).is_visible()
    run_url = maker.url

    approver_context, approver, wrong_too = open_page(browser)
    sign_in(approver, address, "agus@etalase.test", PASSWORD)
    approver.goto(run_url)
    approver.get_by_label(say("The sum, read back")).fill("Rp62.011")
    approver.get_by_role("button", name=say("Approve this list")).click()
    expect(approver.locator(".wrong").first).to_be_visible()
    approver.get_by_label(say("The sum, read back")).fill("Rp62.010")
    approver.get_by_role("button", name=say("Approve this list")).click()
    expect(approver.get_by_role("heading", name=say("Sending"))).to_be_visible()
    approver_context.close()

    maker.goto(run_url)
    press_and_confirm(maker, say("Send %(sum)s", sum="Rp62.010"))
    maker.get_by_label(say("The bank's reference")).first.fill("BI-FAST 001")
    press_and_confirm(maker, say("All transferred"))
    expect(maker.get_by_role("heading", name=say("Done"), exact=True).first).to_be_visible()
    shot(maker, "walk-5-run", full_page=True)
    with maker.expect_download() as download:
        maker.get_by_role("link", name=say("Download CSV")).click()
    report = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert (wrong, wrong_too) == ([], [])
    maker_context.close()
    return report


def test_an_order_travels_from_catalogue_file_to_payout_report(browser: Browser, tmp_path: Path):
    flask(tmp_path, "db", "upgrade")
    with serving(tmp_path) as address:
        api, hook = set_the_scene(tmp_path, address)
        upload_catalogue(browser, address, tmp_path)
        curate(browser, address)
        token = visit(browser, address)
        see_the_sale(browser, address, api, hook, token)
        held = flask(tmp_path, "verify")
        assert " 0 broken" in held
    with serving(tmp_path, days=16) as address:
        rows = list(csv.DictReader(pay(browser, address).splitlines()))
    assert [(row["amount"], row["currency"], row["status"], row["reference"]) for row in rows] == [
        ("62010.00", "IDR", "paid", "BI-FAST 001")
    ]
    assert " 0 broken" in flask(tmp_path, "verify")
