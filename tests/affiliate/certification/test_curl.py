"""The downloaded scripts, run by a real shell, curl and openssl against a real server: every step turns green."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import pytest

from affiliate.merchants.models import SHOP_KINDS, WebhookKind
from tests.browser.server import flask, serving
from tests.conftest import scratch_database

PASSWORD = "kata-sandi-uji-coba"
PEOPLE = "admin@etalase.test"
KIND_NAMES = {
    WebhookKind.STANDARD: "Standard Webhooks",
    WebhookKind.SHOPIFY: "Shopify",
    WebhookKind.WOOCOMMERCE: "WooCommerce",
    WebhookKind.ADOBE: "Adobe Commerce",
}
pytestmark = pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="no curl or openssl")


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, OpenerDirector]]:
    """A server with one store, and an admin who is signed in."""
    folder = tmp_path_factory.mktemp("curl")
    for url in scratch_database(request.param, folder):
        yield from _house(folder, {"DATABASE_URL": url})


def _house(folder: Path, extra: dict[str, str]) -> Iterator[tuple[str, OpenerDirector]]:
    flask(folder, "db", "upgrade", extra=extra)
    flask(
        folder,
        "user",
        "create",
        "--email",
        PEOPLE,
        "--name",
        "Admin",
        "--role",
        "admin",
        "--password-stdin",
        stdin=f"{PASSWORD}\n",
        extra=extra,
    )
    with serving(folder, extra=extra) as address:
        browser = build_opener(HTTPCookieProcessor(CookieJar()))
        post(browser, f"{address}/sign-in", email=PEOPLE, password=PASSWORD)
        post(
            browser, f"{address}/admin/merchants", page=f"{address}/admin/merchants/new", slug="griya-wastra",
            name="Griya Wastra", currency="IDR", shop_url="https://griya.test", allowed_hosts="griya.test",
            click_param="etl",
        )  # fmt: skip
        yield f"{address}/merchant/griya-wastra/certification", browser


def get(browser: OpenerDirector, address: str) -> str:
    with browser.open(Request(address, headers={"Accept-Language": "en"}), timeout=60) as answer:
        return answer.read().decode()


def post(browser: OpenerDirector, address: str, page: str | None = None, **fields: str) -> str:
    token = re.search(r'name="csrf_token" value="([^"]+)"', get(browser, page or address))
    assert token is not None
    data = urlencode({"csrf_token": token[1], **fields}).encode()
    with browser.open(Request(address, data, {"Accept-Language": "en"}), timeout=60) as answer:
        return answer.read().decode()


def states(page: str) -> dict[str, str]:
    return dict(re.findall(r'id="step-(\w+)" data-state="(\w+)"', page))


def run(script: str, folder: Path) -> list[str]:
    """The statuses that curl was answered, in order."""
    place = folder / "samples.sh"
    place.write_text(script)
    done = subprocess.run(["sh", str(place)], cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return re.findall(r" → (\d{3})$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("kind", list(SHOP_KINDS))
@pytest.mark.parametrize("name", ["samples", "signing"])
def test_the_script_turns_every_step_green(house, tmp_path, kind, name):
    home, browser = house
    here = f"{home}?kind={kind.value}"
    post(browser, f"{home}/{kind.value}/key", page=here)
    if "data-confirm" in get(browser, here):
        post(browser, f"{home}/{kind.value}/clearing", page=here)
    without = {"part_by_line", "early_refund"} if kind is WebhookKind.WOOCOMMERCE else set()
    without |= {"early_refund"} if kind is WebhookKind.ADOBE else set()
    assert set(states(get(browser, here)).values()) == {"missing"}
    statuses = run(get(browser, f"{home}/{kind.value}/{name}.sh"), tmp_path)
    found = states(get(browser, here))
    assert {step for step, state in found.items() if state != "passed"} == without
    assert sorted(set(statuses)) == ["202", "401"]
    assert statuses.count("401") == 1
    assert f"Certified for {KIND_NAMES[kind]}" in get(browser, here)


def test_the_commands_of_one_step_are_enough_for_it(house, tmp_path):
    home, browser = house
    here = f"{home}?kind=standard"
    post(browser, f"{home}/standard/key", page=here)
    for step in ("placed", "part_by_amount", "late_order"):
        if "data-confirm" in get(browser, here):
            post(browser, f"{home}/standard/clearing", page=here)
        page = get(browser, here)
        (command,) = re.findall(rf'id="step-{step}".*?data-copy="([^"]*)"', page, re.DOTALL)
        run(unescape(command) + "\n", tmp_path)
        assert states(get(browser, here))[step] == "passed"


def test_many_at_once_are_one_badge_and_no_fault(house, tmp_path):
    """The whole script four times at the same moment: every request is answered as if it had come alone."""
    home, browser = house
    here = f"{home}?kind=standard"
    post(browser, f"{home}/standard/key", page=here)
    if "data-confirm" in get(browser, here):
        post(browser, f"{home}/standard/clearing", page=here)
    script = get(browser, f"{home}/standard/samples.sh")
    folders = [tmp_path / str(number) for number in range(4)]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda folder: run(script, folder), folders))
    assert all(set(one) == {"202", "401"} for one in answers)
    page = get(browser, here)
    assert set(states(page).values()) == {"passed"}
    assert len(re.findall(r'class="arrival"', page)) == 50
    assert "The newest 50 of 92." in page
