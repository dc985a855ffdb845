"""The edge: where `next=` may lead, cursors, and refusals as pages."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask

from affiliate.core.errors import Invalid
from affiliate.core.web import decode_cursor, encode_cursor, local_target

HOME = "http://etalase.test/sign-in"


@pytest.mark.parametrize(
    "target", ["/portal/kebaya/", "/finance/?page=2", "/a?next=https://evil.test", "/%2f%2fevil.test"]
)
def test_an_address_of_this_house_is_taken(target):
    assert local_target(target, "/home") == target


@pytest.mark.parametrize(
    "target",
    [
        None, "", "//evil.test", "///evil.test", "https://evil.test", "javascript:alert(1)", "/\\evil.test",
        "\\\\evil.test", "/\t/evil.test", "/\n/evil.test", "portal", " /portal", "\x00/portal",
        "/\x7f/x", "http:evil.test",
    ],
)  # fmt: skip
def test_any_other_is_not(target):
    assert local_target(target, "/home") == "/home"


def test_no_known_trick_leaves_the_house(shared_data):
    """Whatever a browser would make of an accepted address, it stays on our host."""
    tried = 0
    for path in sorted((shared_data / "hostile/redirect").glob("*.txt")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            taken = local_target(line, "/home")
            tried += 1
            as_browsers_read = taken.replace("\\", "/").replace("\t", "").replace("\n", "").replace("\r", "")
            assert urlsplit(urljoin(HOME, as_browsers_read)).netloc == "etalase.test", line
    assert tried > 100


def test_a_cursor_comes_back_as_it_was():
    assert decode_cursor(encode_cursor(12, 7), parts=2) == [12, 7]
    assert decode_cursor(None) is None


@pytest.mark.parametrize(
    "text", ["x", "!!!!", encode_cursor("a"), encode_cursor(True), encode_cursor(2**63), encode_cursor(1, 2), "é"]
)
def test_a_foreign_cursor_is_refused(text):
    with pytest.raises(Invalid):
        decode_cursor(text)


@pytest.mark.parametrize(("code", "sentence"), [("id", "Tidak ada apa-apa di sini"), ("en", "There is nothing here")])
def test_a_missing_page_says_so_in_both_languages_and_sets_no_cookie(client, code, sentence):
    answer = client.get("/nowhere", headers={"Accept-Language": code})
    assert answer.status_code == 404
    assert f"<h1>{sentence}" in answer.text
    assert answer.text.count("<h1") == 1
    assert answer.headers["X-Request-Id"] in answer.text
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("status", "method", "path"), [(405, "DELETE", "/sign-in"), (404, "GET", "/assets/x/none.css")]
)
def test_other_refusals_are_pages_too(client, status, method, path):
    answer = client.open(path, method=method, headers={"Accept": "text/html"})
    assert answer.status_code == status
    assert answer.text.count("<h1") == 1


def test_a_failure_of_ours_shows_a_reference_and_no_cause(app: Flask, client, monkeypatch):
    def fail() -> str:
        raise RuntimeError("the secret cause")

    fail.__guard__ = ("public", "for this test")  # type: ignore[attr-defined]
    monkeypatch.setitem(app.view_functions, "identity.start", fail)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    answer = client.get("/", headers={"X-Request-Id": "ref-17"})
    assert answer.status_code == 500
    assert "ref-17" in answer.text
    assert "secret cause" not in answer.text


def test_a_form_without_its_token_is_refused_with_a_sentence(app: Flask, client, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    answer = client.post("/language", data={"language": "en"}, headers={"Accept-Language": "en"})
    assert answer.status_code == 400
    assert "This page has grown old" in answer.text
