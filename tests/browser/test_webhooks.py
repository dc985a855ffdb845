"""A community's developer connects a program: adds its address, copies the secret, sends a test and sees the answer.

A real server with its worker, a real receiver on this machine; the page of the message shows the answer by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.affiliate.outbox.receiver import Receiver, receiving, verified
from tests.browser.conftest import shot, sign_in, watch
from tests.browser.server import serving
from tests.browser.words import say

pytestmark = pytest.mark.browser

PASSWORD = "etalase-demo-2026"
LOOKS = [("id-ID", 1440, "light"), ("id-ID", 390, "dark")]


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with the demo, which may call this machine."""
    folder = tmp_path_factory.mktemp("practice")
    with serving(folder, "--demo", extra={"WEBHOOKS_TO_LOCALHOST": "1"}) as address:
        yield address


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.mark.parametrize(("locale", "width", "scheme"), LOOKS)
def test_a_program_is_connected_and_its_answer_appears_by_itself(
    browser: Browser, practice: str, receiver: Receiver, locale: str, width: int, scheme: str
):
    context = browser.new_context(locale=locale, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    loud = watch(page)
    sign_in(page, practice, "ada@lemari-kita.example", PASSWORD)
    page.goto(f"{practice}/portal/lemari-kita/webhooks")
    page.locator("input[name=url]").fill("https://10.0.0.1/hooks")
    page.get_by_role("button", name=say("Add the address")).click()
    expect(page.get_by_text(say("Use a host name, not a number."))).to_be_visible()
    page.locator("input[name=url]").fill(receiver.url)
    page.locator("input[name=note]").fill("Uji")
    page.get_by_role("button", name=say("Add the address")).click()
    secret = page.locator(".secret code").get_attribute("data-copy") or ""
    assert secret.startswith("whsec_")
    receiver.reply = lambda _got: (200, {}, b"diterima")
    page.get_by_role("button", name=say("Send a test")).click()
    expect(page.locator("#state")).to_have_text(say("Delivered"), timeout=15_000)
    expect(page.get_by_text("diterima", exact=True)).to_be_visible()
    assert [got.told["type"] for got in receiver.got] == ["ping"]
    assert verified(secret, receiver.got[0]) == [True]
    assert [found["id"] for found in Axe().run(page).response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shot(page, f"webhook-answer-{locale[:2]}-{width}-{scheme}", full_page=True)
    context.close()
    assert loud == []
