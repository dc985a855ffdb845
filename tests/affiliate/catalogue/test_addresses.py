"""Links lead to the merchant's own hosts and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.catalogue.addresses import ADDRESS_MAX, AddressProblem, image_link, product_link

HOSTS = frozenset({"toko.test", "www.toko.test", "lokal.test:8443"})


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("https://toko.test/p/1?a=b&c=d#x", "https://toko.test/p/1?a=b&c=d#x"),
        ("http://www.toko.test/p", "http://www.toko.test/p"),
        ("https://TOKO.test/P", "https://TOKO.test/P"),
        ("https://toko.test:443/p", "https://toko.test:443/p"),
        ("https://lokal.test:8443/p", "https://lokal.test:8443/p"),
        ("https://toko.test/baju/mérah", "https://toko.test/baju/m%C3%A9rah"),
        ("https://toko.test/a%20b|c", "https://toko.test/a%20b%7Cc"),
    ],
)
def test_an_own_link_is_kept(text: str, stored: str) -> None:
    assert product_link(text, HOSTS) == stored


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("https://evil.test/p", "host_not_allowed"),
        ("https://sub.toko.test/p", "host_not_allowed"),
        ("https://toko.test.evil.test/", "host_not_allowed"),
        ("https://toko.test./", "host_not_allowed"),
        ("https://toko.test:8443/", "host_not_allowed"),
        ("https://lokal.test/", "host_not_allowed"),
        ("https://toko.test@evil.test/", "link_unusable"),
        ("https://user:pw@toko.test/", "link_unusable"),
        ("https://toko.test\\@evil.test/", "link_unusable"),
        ("https:/\\toko.test", "link_unusable"),
        ("//toko.test/p", "link_unusable"),
        ("/p/1", "link_unusable"),
        ("javascript:alert(1)//toko.test", "link_unusable"),
        ("ftp://toko.test/p", "link_unusable"),
        ("https://toko.test/a b", "link_unusable"),
        ("https://toko.test/\u0000", "link_unusable"),
        ("https://toko.test/\r\nSet-Cookie: a", "link_unusable"),
        ("https://[::1", "link_unusable"),
        ("https://toko.test:99999/", "link_unusable"),
        ("https://toko.test/" + "x" * ADDRESS_MAX, "link_too_long"),
    ],
)
def test_a_foreign_or_broken_link_is_refused(text: str, code: str) -> None:
    with pytest.raises(AddressProblem) as refused:
        product_link(text, HOSTS)
    assert refused.value.code == code


def test_no_known_redirect_trick_passes(shared_data: Path) -> None:
    for path in (shared_data / "hostile" / "redirect").iterdir():
        for line in path.read_bytes().decode("utf-8", "replace").splitlines():
            with pytest.raises(AddressProblem):
                product_link(line, HOSTS)


@given(st.text())
def test_any_text_is_refused_by_name(text: str) -> None:
    with pytest.raises(AddressProblem):
        product_link("https://" + text, frozenset({"only.this.host.test"}))


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("https://cdn.test/a.jpg", "https://cdn.test/a.jpg"),
        ("https://cdn.test/a.jpg, https://cdn.test/b.jpg", "https://cdn.test/a.jpg"),
        ('["http://cdn.test/a.jpeg", "http://cdn.test/b.jpeg"]', "http://cdn.test/a.jpeg"),
        ("https://cdn.test/v1/fit/w_500,h_500/a.png", "https://cdn.test/v1/fit/w_500,h_500/a.png"),
        ("a.jpg", None),
        ("javascript:alert(1)", None),
        ("https://user@cdn.test/a.jpg", None),
        ("", None),
    ],
)
def test_the_first_usable_picture_is_taken(text: str, stored: str | None) -> None:
    assert image_link(text) == stored
