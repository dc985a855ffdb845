"""Pasted addresses: whose they are, what is left of them, and what never becomes a link."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from affiliate.catalogue.addresses import AddressProblem
from affiliate.links import pasted
from affiliate.links.pasted import Shop

TOKO = Shop(1, "https://toko.test", ("toko.test", "www.toko.test", "toko.test:8443", "xn--tk-fkab.test"), "etl")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://toko.test/p/1", "https://toko.test/p/1"),
        ("  toko.test/p/1 \n", "https://toko.test/p/1"),
        ("//toko.test/p/1", "https://toko.test/p/1"),
        ("toko.test:8443/p", "https://toko.test:8443/p"),
        ("https://toko.test/p?utm_source=ig&utm_medium=story", "https://toko.test/p?utm_source=ig&utm_medium=story"),
        ("https://toko.test/p?a=1&etl=OLD&b=2", "https://toko.test/p?a=1&b=2"),
        ("https://toko.test/p?etl=OLD", "https://toko.test/p"),
        ("https://toko.test/p?%65tl=OLD&etl", "https://toko.test/p"),
        ("https://toko.test/p?xetl=1", "https://toko.test/p?xetl=1"),
        ("https://toko.test/p?a=1&etl=OLD#ulasan", "https://toko.test/p?a=1#ulasan"),
        ("https://toko.test/p#etl=OLD", "https://toko.test/p#etl=OLD"),
        ("https://toko.test/baju/é?q=mérah", "https://toko.test/baju/%C3%A9?q=m%C3%A9rah"),
        ("https://tökö.test/p", "https://xn--tk-fkab.test/p"),
        ("https://www.toko.test/?", "https://www.toko.test/"),
    ],
)
def test_what_is_kept_of_an_address(typed: str, kept: str):
    address = pasted.completed(typed)
    assert [shop.merchant_id for shop in pasted.stores_of(address, [TOKO])] == [1]
    assert pasted.target(address, TOKO) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "https://evil.test/", "https://toko.test@evil.test/", "https://user:pw@toko.test/", "https://toko.test:9/",
        "javascript:alert(1)", "data:text/html,x", "https://toko.test\\.evil.test/", "https://tоko.test/", "", "toko",
        "https://toko.test/a b", "https://toko.test/\x00", "mailto:a@toko.test", "ftp://toko.test/p",
    ],
)  # fmt: skip
def test_what_leads_elsewhere_is_no_stores(typed: str):
    assert pasted.stores_of(pasted.completed(typed), [TOKO]) == []


def test_of_several_stores_on_one_host_the_folder_decides():
    place = ("pasar.test",)
    one, other = (
        Shop(1, "https://pasar.test/stores/satu", place, "a"),
        Shop(2, "https://pasar.test/stores/dua", place, "b"),
    )
    assert pasted.stores_of("https://pasar.test/stores/satu/p-1", [one, other]) == [one]
    assert pasted.stores_of("https://pasar.test/stores/dua", [one, other]) == [other]
    assert pasted.stores_of("https://pasar.test/stores/satuan", [one, other]) == [one, other]
    root = Shop(3, "https://pasar.test/", place, "c")
    assert pasted.stores_of("https://pasar.test/x", [one, root]) == [one, root]


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("https://etalase.test/go/abc", "abc"),
        ("http://ETALASE.test/go/abc?x=1#y", "abc"),
        ("https://etalase.test/go/abc/def", "abc"),
        ("https://etalase.test/go/", ""),
        ("https://etalase.test/goods", None),
        ("https://etalase.test.evil.test/go/abc", None),
        ("https://toko.test/go/abc", None),
    ],
)
def test_our_own_links_are_recognised(address: str, code: str | None):
    assert pasted.own_code(address, "https://etalase.test") == code


def payloads(shared_data: Path) -> list[str]:
    files = sorted((shared_data / "hostile" / "redirect").iterdir())
    lines = [line for path in files for line in path.read_bytes().splitlines()]
    return [line.decode("utf-8", "surrogateescape") for line in lines]


def test_no_published_redirect_payload_becomes_a_link_elsewhere(shared_data: Path):
    """As it stands, behind a scheme, behind the store's name: refused, or an address of the store in plain ASCII."""
    kept = refused = 0
    for payload in payloads(shared_data):
        for text in (payload, f"https:{payload}", f"https://toko.test{payload}", f"https://toko.test/{payload}"):
            address = pasted.completed(text)
            shops = pasted.stores_of(address, [TOKO])
            if not shops:
                refused += 1
                continue
            found = pasted.target(address, TOKO)
            assert found.isascii()
            assert found.isprintable()
            assert " " not in found
            assert urlsplit(found).hostname in {"toko.test", "www.toko.test"}, payload
            kept += 1
    assert kept > 100
    assert refused > 800


def test_an_endless_address_is_a_problem_with_a_name():
    with pytest.raises(AddressProblem):
        pasted.target("https://toko.test/" + "é" * 1000, TOKO)
