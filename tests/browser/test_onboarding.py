"""A new store and a new community are brought on board without a terminal, in real Chromium, from an empty platform.

The admin adds the store, its staff, a programme with terms, the community with its owner and a curator, and admits it.
The new people come in by their one-time links, and each finds their place.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import shot, sign_in, watch
from tests.browser.server import flask, serving
from tests.browser.words import say

pytestmark = pytest.mark.browser

PASSWORD = "kata-sandi-uji-coba"
CHOSEN = "kebaya biru di jemuran"


def open_page(browser: Browser, *, width: int = 1440) -> tuple[Page, list[str]]:
    context = browser.new_context(locale="id-ID", timezone_id="Asia/Jakarta", viewport={"width": width, "height": 900})
    page = context.new_page()
    return page, watch(page)


def press(page: Page, text: str, **values: object) -> None:
    page.get_by_role("main").get_by_role("button", name=say(text, **values), exact=True).click()


def follow(page: Page, text: str) -> None:
    page.get_by_role("main").get_by_role("link", name=say(text), exact=True).click()


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"[name={name}]").fill(value)


def link_shown(page: Page) -> str:
    """The one-time link that stands on the page now, and never again."""
    found = page.locator(".secret [data-copy]").get_attribute("data-copy")
    assert found is not None
    assert "/welcome/" in found
    return found


def add_store(page: Page, address: str) -> str:
    """From the empty list to a store with staff; the staff person's link."""
    page.goto(f"{address}/admin/merchants")
    shot(page, "onboarding-01-no-store")
    follow(page, "Add a store")
    fill(page, name="Toko Baru", slug="toko-baru", shop_url="https://toko-baru.test", allowed_hosts="*.toko-baru.test")
    press(page, "Add store")
    expect(page.locator(".field-wrong .wrong")).to_be_visible()
    expect(page.locator("[name=name]")).to_have_value("Toko Baru")  # what was typed is kept
    shot(page, "onboarding-02-wrong-host", full_page=True)
    fill(page, allowed_hosts="toko-baru.test")
    press(page, "Add store")
    expect(page.get_by_role("heading", level=1)).to_have_text("Toko Baru")
    expect(page.locator(".steps [aria-current=step]")).to_have_count(1)
    shot(page, "onboarding-03-store", full_page=True)
    fill(page, name="Sari Baru", email="sari@toko-baru.test")
    press(page, "Add to its staff")
    link = link_shown(page)
    shot(page, "onboarding-04-staff", full_page=True)
    page.goto(page.url.removesuffix("/staff"))
    assert page.locator(".secret").count() == 0
    return link


def offer(page: Page) -> None:
    """A programme with terms: a wrong percentage first, a second row, and a later version."""
    page.locator(".steps a").first.click()
    fill(page, window_days="30", hold_days="dua")
    press(page, "Make the programme")
    expect(page.locator(".field-wrong [name=hold_days]")).to_have_value("dua")
    shot(page, "onboarding-05-programme", full_page=True)
    fill(page, hold_days="7")
    press(page, "Make the programme")
    expect(page.get_by_role("heading", level=1)).to_have_text(say("New terms"))
    page.locator("[name=value-0]").press_sequentially("10")
    expect(page.locator("#example")).to_contain_text("Rp30.000")  # told while it is typed
    press(page, "Another row")
    page.locator("[name=scope-1]").select_option("category")
    fill(page, **{"match-1": "Kebaya", "value-1": "12,5 persen"})
    press(page, "Keep these terms")
    expect(page.locator(".field-wrong [name=value-1]")).to_have_value("12,5 persen")
    shot(page, "onboarding-06-terms-wrong", full_page=True)
    fill(page, **{"value-1": "12,5"})
    press(page, "Keep these terms")
    expect(page.get_by_text("12,5 % dari kategori Kebaya")).to_be_visible()
    follow(page, "New terms")
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    fill(page, valid_from=tomorrow, **{"value-0": "8"})
    press(page, "Keep these terms")
    expect(page.locator("details.versions")).to_have_count(2)
    shot(page, "onboarding-07-programme", full_page=True)


def add_community(page: Page, address: str) -> tuple[str, str]:
    """A community with an owner and a curator; their links."""
    page.goto(f"{address}/admin/communities")
    shot(page, "onboarding-08-no-community")
    follow(page, "Add a community")
    fill(page, name="Komunitas Baru", slug="komunitas-baru")
    press(page, "Add community")
    shot(page, "onboarding-09-community", full_page=True)
    links = []
    for name, email, role, handle in (
        ("Ada Baru", "ada@komunitas-baru.test", "community_owner", ""),
        ("Rina Baru", "rina@komunitas-baru.test", "curator", "rina"),
    ):
        fill(page, name=name, email=email, handle=handle)
        page.locator("[name=role]").select_option(role)
        press(page, "Add and make the link")
        links.append(link_shown(page))
    expect(page.get_by_text("@rina")).to_be_visible()
    shot(page, "onboarding-10-people", full_page=True)
    return links[0], links[1]


def admit(page: Page) -> None:
    page.locator("#stores a").first.click()
    fill(page, platform_bps="10", community_bps="60", curator_bps="20", evangelist_bps="0")
    press(page, "Admit")
    expect(
        page.get_by_text(say("The four parts must sum to 100 %%; these make %(sum)s.", sum="90\u00a0%"))
    ).to_be_visible()
    shot(page, "onboarding-11-split-wrong", full_page=True)
    fill(page, curator_bps="30")
    press(page, "Admit")
    page.get_by_role("cell", name="Komunitas Baru").get_by_role("link").click()
    expect(page.locator("dl.facts")).to_contain_text("Rp18.000")
    press(page, "End the enrollment")
    expect(page.get_by_role("heading", level=1)).to_contain_text(say("Ended"))
    page.locator("[data-undo]").get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).not_to_contain_text(say("Ended"))
    shot(page, "onboarding-12-enrollment", full_page=True)


def come_in(browser: Browser, link: str, *, name: str) -> Page:
    """Open a one-time link on a phone, choose a password, and be in."""
    page, wrong = open_page(browser, width=390)
    page.goto(link)
    shot(page, f"onboarding-welcome-{name}", full_page=True)
    fill(page, password=CHOSEN, again="lain sekali")
    press(page, "Set the password and sign in")
    expect(page.get_by_text(say("The two do not match."))).to_be_visible()
    fill(page, password=CHOSEN, again=CHOSEN)
    press(page, "Set the password and sign in")
    assert wrong == []
    return page


def test_a_store_and_a_community_come_on_board_without_a_terminal(browser: Browser, tmp_path: Path):
    flask(tmp_path, "db", "upgrade")
    flask(
        tmp_path, "user", "create", "--email", "nadia@etalase.test", "--name", "Nadia", "--role", "admin",
        "--password-stdin", stdin=PASSWORD,
    )  # fmt: skip
    with serving(tmp_path) as address:
        admin, wrong = open_page(browser)
        sign_in(admin, address, "nadia@etalase.test", PASSWORD)
        staff_link = add_store(admin, address)
        offer(admin)
        owner_link, curator_link = add_community(admin, address)
        admit(admin)

        owner = come_in(browser, owner_link, name="owner")
        expect(owner).to_have_url(f"{address}/portal/komunitas-baru/")
        expect(owner.locator(".steps [aria-current=step]")).to_contain_text(say("Give your community its face"))
        shot(owner, "onboarding-13-portal", full_page=True)
        curator = come_in(browser, curator_link, name="curator")
        expect(curator).to_have_url(f"{address}/portal/komunitas-baru/")
        staff = come_in(browser, staff_link, name="staff")
        expect(staff).to_have_url(f"{address}/merchant/toko-baru/")
        staff.goto(f"{address}/merchant/toko-baru/settings")
        expect(staff.locator("details[open]").get_by_text("12,5 % dari kategori Kebaya")).to_be_visible()
        expect(staff.get_by_role("cell", name="Komunitas Baru")).to_be_visible()
        shot(staff, "onboarding-14-settings", full_page=True)

        stranger, _loud = open_page(browser)
        assert stranger.goto(owner_link).status == 404  # used up
        shot(stranger, "onboarding-15-used-link")
        sign_in(stranger, address, "ada@komunitas-baru.test", CHOSEN)
        expect(stranger).to_have_url(f"{address}/portal/komunitas-baru/")

        admin.goto(f"{address}/admin/merchants/toko-baru")
        expect(admin.locator(".steps [aria-current=step]")).to_contain_text(say("Make a webhook key"))
        admin.goto(f"{address}/admin/log")
        expect(admin.get_by_text(say("added terms")).first).to_be_visible()
        shot(admin, "onboarding-16-log", full_page=True)
        assert wrong == []
        for page in (admin, owner, curator, staff, stranger):
            page.context.close()
    assert " 0 broken" in flask(tmp_path, "verify")
