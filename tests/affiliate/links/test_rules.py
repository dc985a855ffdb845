"""Where a link may lead, how the token joins, which code was meant."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from affiliate.core import addresses
from affiliate.core.ids import link_code
from affiliate.links import rules

HOSTS = ["toko.test", "www.toko.test", "odd.test:8443"]


@pytest.mark.parametrize(
    "url",
    [
        "https://toko.test",
        "http://toko.test/p/1?a=b#c",
        "HTTPS://TOKO.TEST/p",
        "https://www.toko.test:443/x",
        "http://toko.test:80/",
        "https://odd.test:8443/p",
        "https://toko.test/sepatu merah/é?warna=mérah",
        "https://toko.test/?next=https://elsewhere.test/@x",
        "https://toko.test/@user/a:b",
    ],
)
def test_the_stores_own_addresses_are_allowed(url: str):
    assert rules.allowed(url, HOSTS)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "toko.test/p",
        "//toko.test/p",
        "/p/1",
        "javascript:alert(1)",
        "ftp://toko.test/",
        "data:text/html,x",
        "https://evil.test/",
        "https://sub.toko.test/",
        "https://toko.test.evil.test/",
        "https://eviltoko.test/",
        "https://toko.test@evil.test/",
        "https://user:secret@toko.test/",
        "https://@toko.test/",
        "https://evil.test\\@toko.test/",
        "https://toko.test\\.evil.test/",
        "https:\\\\toko.test/",
        "https:/toko.test/",
        "https:toko.test/",
        "https:///toko.test/",
        "https://toko.test:8443/",
        "https://toko.test:99999/",
        "https://toko.test:/",
        "https://toko.test:+443/",
        "http://toko.test:443/",
        "https://odd.test/",
        "https://toko.test./",
        "https://toko.test%2eevil.test/",
        "https://toko.test%00.evil.test/",
        "https://tоko.test/",  # a Cyrillic o
        "https://toko。test/",
        "https://toko.test/\r\nSet-Cookie: a=b",
        "https://toko.test/\tx",
        "https://to\nko.test/",
        "https://toko.test/\x00",
        "https://toko.test/\x85",
        "https://toko.test/\ud800",
        " https://toko.test/",
        "https://toko.test/ ",
        "https://[::1]/",
        "https://[toko.test]/",
        "https://toko.test;evil.test/",
        "https://evil.test;toko.test/",
        "https://2130706433/",
    ],
)
def test_every_other_address_is_refused(url: str):
    assert not rules.allowed(url, HOSTS)


def test_no_published_redirect_payload_leads_off_the_hosts(shared_data: Path):
    """As an address of its own, behind the store's name, and as the store's path: never another host."""
    payloads = [
        line.decode("utf-8", "surrogateescape").rstrip("\r\n")
        for path in sorted((shared_data / "hostile" / "redirect").iterdir())
        for line in path.read_bytes().splitlines()
    ]
    assert len(payloads) > 300
    tried = passed = 0
    for payload in payloads:
        for url in (
            payload,
            f"https:{payload}",
            f"https://{payload}",
            f"https://toko.test{payload}",
            f"https://toko.test/{payload}",
        ):
            tried += 1
            if rules.allowed(url, HOSTS):
                passed += 1
                location = rules.with_token(url, "etl", "TOKEN")
                assert location.isascii()
                assert location.isprintable()
                assert urlsplit(urljoin("https://etalase.test/go/x", location)).hostname in {"toko.test"}
    assert tried == 5 * len(payloads)
    assert 0 < passed < tried


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://toko.test", "https://toko.test/?etl=T"),
        ("https://toko.test/p", "https://toko.test/p?etl=T"),
        ("https://toko.test/p?", "https://toko.test/p?etl=T"),
        ("https://toko.test/p?a=1&a=2", "https://toko.test/p?a=1&a=2&etl=T"),
        ("https://toko.test/p?etl=old&a=1&etl=older", "https://toko.test/p?a=1&etl=T"),
        ("https://toko.test/p?%65tl=old", "https://toko.test/p?etl=T"),
        ("https://toko.test/p?etl", "https://toko.test/p?etl=T"),
        ("https://toko.test/p?xetl=1", "https://toko.test/p?xetl=1&etl=T"),
        ("https://toko.test/p#ulasan", "https://toko.test/p?etl=T#ulasan"),
        ("https://toko.test/p?a=1#/rute?b=2", "https://toko.test/p?a=1&etl=T#/rute?b=2"),
        (
            "https://toko.test/baju é/%20?q=mérah+tua&b=%C3%A9",
            "https://toko.test/baju%20%C3%A9/%20?q=m%C3%A9rah+tua&b=%C3%A9&etl=T",
        ),
        ('https://toko.test/"<x>', "https://toko.test/%22%3Cx%3E?etl=T"),
    ],
)
def test_the_token_joins_and_the_rest_stays(url: str, expected: str):
    assert rules.with_token(url, "etl", "T") == expected
    assert dict(parse_qsl(urlsplit(expected).query))["etl"] == "T"


def test_an_odd_parameter_name_is_encoded():
    assert rules.with_token("https://toko.test/", "a&b", "T") == "https://toko.test/?a%26b=T"


@pytest.mark.parametrize("tail", [".", ",", ")", "!", "”", ">", "*", "%20", "/", "’s"])
def test_what_chat_programs_glue_to_a_code_is_left_away(tail: str):
    code = link_code()
    assert rules.variants(code + tail)[0] == code


def test_other_case_and_look_alikes_are_among_the_variants():
    assert "aBc2xyzQ" in rules.variants("ABC2XYZQ")
    assert "iibbcc22" in rules.variants("1Ibbcc22")


@pytest.mark.parametrize("typed", ["", "...", "0000", "a" * 21, "é", "\x00"])
def test_what_was_never_a_code_has_no_variants(typed: str):
    assert rules.variants(typed) == []


def test_variants_are_bounded():
    assert len(rules.variants("a" * rules.CODE_LENGTH_MAX)) <= rules.VARIANTS_MAX


ORIGINS = st.sampled_from([
    "https://toko.test", "http://toko.test", "https://toko.test", "HTTPS://toko.test", "https://Toko.test",
    "https://jahat.test", "https://-toko.test", "https://toko.test.", "https://a@toko.test", "https://toko.test:8443",
    "//toko.test", "",
])  # fmt: skip
PIECES = st.sampled_from([
    "/", "//", "/p/1", "?", "?", "a=b", "&", "etl=1", "%65tl=1", "e+tl", "+", "%2f", "#", "#bagian", "\\",
    "@jahat.test", ":80", " ", "\t", "\n", "é", ";", "[", "~'()*!$,", "=etl",
])  # fmt: skip


@given(
    st.tuples(ORIGINS, st.lists(PIECES, max_size=8).map("".join)).map("".join) | st.text(),
    st.sampled_from(["etl", "e+tl", "é", "a"]),
)
def test_what_needs_no_second_look_is_what_two_looks_would_give(url, param):
    """The quick reading of plain addresses, against the slow one of all."""
    quick = rules.allowed(url, ("toko.test",)), rules.allowed(url, ("toko.test",)) and rules.around_token(url, param)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(addresses, "plain", lambda _url: None)
        patched.setattr(rules, "plain", lambda _url: None)
        slow = rules.allowed(url, ("toko.test",)), rules.allowed(url, ("toko.test",)) and rules.around_token(url, param)
    event(f"plain {addresses.plain(url) is not None}, allowed {quick[0]}")
    assert quick == slow
