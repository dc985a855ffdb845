"""GET /go/<code>: to the store with a token, never elsewhere, never a 500, and through a database outage."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask

from affiliate.core.settings import DEMO_SECRET_KEY
from affiliate.links import service as links
from affiliate.tracking import cache, records, redirect, tokens
from affiliate.tracking.cache import Asking, LinkCache
from affiliate.tracking.records import ClickRecord
from tests.affiliate.tracking.outage import no_database
from tests.affiliate.tracking.test_rules import CHROME
from tests.conftest import NOW

KEYS = tokens.keys(DEMO_SECRET_KEY)
PERSON = {"User-Agent": CHROME}


@pytest.fixture
def link(make):
    return make.link(make.community(), make.product(make.merchant(slug="toko")))


def spooled(app: Flask) -> list[ClickRecord]:
    """What the redirect has written down so far, in order."""
    files = sorted(app.config["ETALASE"].spool_dir.glob("*.log"))
    parsed = [records.parse(path.read_bytes()) for path in files]
    assert not any(part.damaged for part in parsed)
    return [record for part in parsed for record in part.records]


def token_in(location: str) -> tokens.ClickToken:
    found = tokens.read(parse_qs(urlsplit(location).query)["etl"][0], KEYS)
    assert found is not None
    return found


def test_a_visit_goes_to_the_store_with_a_token_and_is_written_down(app, client, link, make):
    answer = client.get(f"/go/{link.code}", headers={**PERSON, "Referer": "https://clozette.test/c/gaya?x=1"})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("https://toko.test/p/")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Referrer-Policy"]
    assert answer.data == b""
    token = token_in(answer.headers["Location"])
    (record,) = spooled(app)
    assert (record.link_id, record.nonce, tokens.moment(record.ms)) == (link.id, token.nonce, token.clicked_at)
    assert (token.link_id, record.reason, record.device, record.referrer_host) == (link.id, "", "desk", "clozette.test")


def test_neither_address_nor_full_referrer_is_written(app, client, link):
    client.get(
        f"/go/{link.code}",
        headers={**PERSON, "Referer": "https://a.test/secret"},
        environ_base={"REMOTE_ADDR": "203.0.113.77"},
    )
    (path,) = app.config["ETALASE"].spool_dir.glob("*.log")
    written = path.read_bytes()
    assert b"203.0.113.77" not in written
    assert b"secret" not in written
    assert b"Mozilla" not in written


@pytest.mark.parametrize(
    ("method", "headers", "reason"),
    [
        ("HEAD", PERSON, "head"),
        ("GET", {"User-Agent": ""}, "no_agent"),
        ("GET", {"User-Agent": "WhatsApp/2.23.20.0 A"}, "bot"),
        ("GET", {**PERSON, "Sec-Purpose": "prefetch;prerender"}, "prefetch"),
        ("GET", {**PERSON, "Purpose": "prefetch"}, "prefetch"),
        ("GET", {**PERSON, "X-Purpose": "preview"}, "prefetch"),
        ("GET", {**PERSON, "Accept": "image/webp,*/*"}, "embedded"),
        ("GET", {**PERSON, "X-Moz": "prefetch"}, "prefetch"),
        ("GET", {**PERSON, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, "embedded"),
        ("GET", {**PERSON, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, ""),
    ],
)
def test_every_visit_is_led_on_but_only_people_count(app, client, link, method, headers, reason):
    answer = client.open(f"/go/{link.code}", method=method, headers=headers)
    assert answer.status_code == 302
    assert [record.reason for record in spooled(app)] == [reason]


def test_a_post_is_no_visit(app, client, link):
    assert client.post(f"/go/{link.code}").status_code == 405
    assert spooled(app) == []


def test_the_products_new_address_counts_at_once(client, link, session):
    client.get(f"/go/{link.code}")
    session.execute(sa.text("UPDATE products SET url = 'https://toko.test/moved?a=1#b'"))
    location = client.get(f"/go/{link.code}").headers["Location"]
    assert location.startswith("https://toko.test/moved?a=1&etl=")
    assert location.endswith("#b")


def test_an_unknown_code_gets_a_friendly_page_with_what_was_meant(app, client, link):
    answer = client.get(f"/go/{link.code}).")
    assert answer.status_code == 404
    assert f"/go/{link.code}" in answer.text
    assert client.get("/go/zzzzzzzz").status_code == 404
    assert client.get("/go/").status_code == 404
    assert spooled(app) == []


def test_a_withdrawn_link_leads_to_the_communitys_window_and_back_when_restored(app, client, link, session):
    links.withdraw(session, link.id, now=NOW)
    answer = client.get(f"/go/{link.code}")
    assert answer.status_code == 410
    assert "/c/komunitas-" in answer.text
    assert spooled(app) == []
    links.restore(session, link.id)
    assert client.get(f"/go/{link.code}").status_code == 302


def test_a_link_without_a_page_of_the_store_leads_to_the_communitys_window(app, client, link, session):
    client.get(f"/go/{link.code}")
    link_merchant = session.get_one(type(link), link.id).merchant_id
    session.execute(
        sa.text("UPDATE merchants SET allowed_hosts = '[\"other.test\"]' WHERE id = :id"), {"id": link_merchant}
    )
    session.expire_all()
    answer = client.get(f"/go/{link.code}")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/c/komunitas-")
    assert answer.headers["Cache-Control"] == "no-store"
    window = client.get(answer.headers["Location"])
    assert window.status_code == 200
    assert "window-notice" in window.text
    assert "window-notice" not in client.get(answer.headers["Location"].partition("?")[0]).text


def payloads(shared_data: Path) -> list[str]:
    files = sorted((shared_data / "hostile" / "redirect").iterdir())
    lines = [line for path in files for line in path.read_bytes().splitlines()]
    return [line.decode("utf-8", "replace").replace("\x00", "") for line in lines]


@pytest.mark.parametrize("as_what", ["product", "deep link"])
def test_no_redirect_payload_as_an_address_leads_off_the_hosts(app, make, session, shared_data, monkeypatch, as_what):
    """Written into the table behind the back of every check."""
    monkeypatch.setattr(cache, "MISSES_PER_SECOND", 10**6)
    merchant, community = make.merchant(slug="toko"), make.community()
    if as_what == "product":
        product = make.product(merchant)
        link = make.link(community, product)
        change = sa.update(type(product)).where(type(product).id == product.id)
    else:
        link = links.create_to(session, community, merchant, "https://toko.test/", now=NOW)
        change = sa.update(type(link)).where(type(link).id == link.id)
    links_known = LinkCache(app, app.config["ETALASE"])
    refused = led_on = 0
    for payload in payloads(shared_data):
        for url in (payload, f"https:{payload}", f"https://toko.test{payload}"):
            session.execute(change.values({"url" if as_what == "product" else "target_url": url}))
            handover = links_known.find(link.code)
            if handover is None:
                refused += 1
                continue
            led_on += 1
            location = handover.before + "token" + handover.after
            assert urlsplit(location).hostname == "toko.test"
            assert re.fullmatch(r"[!-~]+", location), url  # nothing that ends a header line
    assert refused + led_on > 900
    assert led_on > 100


def test_no_redirect_payload_is_taken_as_a_deep_link_off_the_hosts(make, session, shared_data):
    merchant, community = make.merchant(slug="toko"), make.community()
    taken = 0
    for payload in payloads(shared_data):
        try:
            link = links.create_to(session, community, merchant, payload, now=NOW)
        except links.TargetRefused:
            continue
        taken += 1
        assert urlsplit(link.target_url).hostname == "toko.test"
    assert taken == 0


def test_no_redirect_payload_as_a_code_leads_anywhere(client, shared_data):
    for payload in payloads(shared_data)[::2]:
        answer = client.get("/go/" + payload.lstrip("/"))
        assert answer.status_code in {308, 400, 404}
        assert urlsplit(answer.headers.get("Location", "")).hostname in {None, "localhost"}


def hostile_environs() -> list[dict[str, Any]]:
    rng = random.Random(5)
    names = [
        "HTTP_USER_AGENT",
        "HTTP_REFERER",
        "HTTP_SEC_FETCH_MODE",
        "HTTP_SEC_FETCH_DEST",
        "HTTP_SEC_PURPOSE",
        "HTTP_PURPOSE",
        "REMOTE_ADDR",
        "HTTP_X_FORWARDED_FOR",
        "HTTP_COOKIE",
    ]
    texts = [
        "\x00",
        "\r\nX: y",
        "é\xff",
        "\ud800",
        "a" * 100_000,
        "%00%ff",
        "https://\x00.test",
        "()" * 5000,
        "\t",
        "\u2028",
        "💥",
    ]
    return [{name: rng.choice(texts) for name in rng.sample(names, rng.randrange(1, len(names)))} for _ in range(150)]


def call(app: Flask, environ: dict[str, Any]) -> str:
    """The raw WSGI call, as a server makes it."""
    base = {
        "REQUEST_METHOD": "GET",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
    }
    seen: list[str] = []
    body = app.wsgi_app({**base, **environ}, lambda status, headers, *_rest: seen.append(status))
    b"".join(body)
    return seen[0]


def test_no_header_makes_it_fail(app, link):
    for headers in hostile_environs():
        assert call(app, {"PATH_INFO": f"/go/{link.code}", **headers}) == "302 Found", headers
    assert len(spooled(app)) == 150


@pytest.mark.parametrize(
    "code",
    [
        "\x00",
        "é",
        "\xff\xfe",
        "..",
        "../../etc/passwd",
        "%00",
        "a" * 10_000,
        "a/b",
        "a b",
        "'; DROP TABLE clicks; --",
        "💥".encode().decode("latin-1"),
        " ",
    ],
)
def test_no_code_makes_it_fail(app, code):
    import io

    status = call(app, {"PATH_INFO": f"/go/{code}", "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO()})
    assert status.startswith(("404", "400", "308")), status


def test_it_serves_through_a_database_outage(app, client, link):
    assert client.get(f"/go/{link.code}", headers=PERSON).status_code == 302
    try:
        with no_database():
            for _ in range(20):
                assert client.get(f"/go/{link.code}", headers=PERSON).status_code == 302
            assert client.get("/go/zzzzzzzz").status_code == 404
            ready = client.get("/readyz")
            assert ready.status_code == 503
            assert ready.json["checks"] == {"database": "failed", "migrations": "failed", "spool": "ok"}
            assert client.get("/healthz").status_code == 200
    finally:
        app.extensions["etalase_redirect"]._cache._asking = Asking()  # the pause after a failure is not for other tests
    assert len(spooled(app)) == 21


def test_a_spool_that_cannot_be_written_does_not_stop_visitors(app, client, link, caplog):
    folder = app.config["ETALASE"].spool_dir
    redirect.stop(app)
    folder.rmdir() if folder.is_dir() else None
    folder.write_text("a file where the folder should be")
    try:
        answer = client.get(f"/go/{link.code}", headers=PERSON)
        assert answer.status_code == 302
        assert token_in(answer.headers["Location"]).link_id == link.id
        assert "click_not_spooled" in caplog.text
        assert client.get("/readyz").json["checks"]["spool"] == "failed"
    finally:
        folder.unlink()
        app.extensions["etalase_redirect"]._losses = redirect.Losses()


def test_tokens_of_two_visits_differ(client, link):
    places = {client.get(f"/go/{link.code}").headers["Location"] for _ in range(50)}
    assert len(places) == 50


def test_the_figures_for_prometheus(client, link):
    before = figures(client)
    client.get(f"/go/{link.code}", headers=PERSON)
    after = figures(client)
    assert after["etalase_clicks_spooled"] >= 1
    assert after["etalase_spool_bytes"] > before["etalase_spool_bytes"]


def figures(client) -> dict[str, float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    lines = [line for line in answer.text.splitlines() if line.startswith("etalase_")]
    return {name: float(value) for name, value in (line.split(" ") for line in lines)}
