"""Real Chromium, driven by Playwright; each test has a page of its own, in Indonesian unless it asks otherwise."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, sync_playwright

from tests.browser.server import serving
from tests.conftest import missing

SHOTS = Path(__file__).parent / "shots"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        missing("browser", "Chromium is not installed")
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="id-ID", timezone_id="Asia/Jakarta", viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with the demo's month in it."""
    with serving(tmp_path_factory.mktemp("demo"), "--demo") as address:
        yield address


def watch(page: Page) -> list[str]:
    """Everything that goes wrong in a page from now on: script errors, refused content, missing or failing files."""
    wrong: list[str] = []

    def said(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            wrong.append(message.text)

    def answered(answer: Response) -> None:
        is_page = answer.request.resource_type == "document"
        if answer.status >= (500 if is_page else 400):
            wrong.append(f"{answer.status} {answer.url}")

    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("console", said)
    page.on("response", answered)
    return wrong


def sign_in(page: Page, address: str, email: str, password: str, *, locale: str = "id-ID") -> None:
    page.goto(f"{address}/sign-in")
    page.locator("input[name=email]").fill(email)
    page.locator("input[name=password]").fill(password)
    page.get_by_role("main").get_by_role("button", name="Masuk" if locale.startswith("id") else "Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def shot(page: Page, name: str, **options: Any) -> None:
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", **options)
