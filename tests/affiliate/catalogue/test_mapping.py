"""Which column holds what: from headings in two languages, then from the cells."""

from __future__ import annotations

import pytest

from affiliate.catalogue.readers.mapping import missing, propose
from affiliate.core.mapping import headings_hash

LINK = "https://toko.test/p/{}"


def _sample(*columns: str, rows: int = 5) -> list[list[str]]:
    return [[cell.format(number) for cell in columns] for number in range(rows)]


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (
            ["Kode Barang", "Nama Barang", "Tautan", "Harga Jual"],
            ["Kode Barang", "Nama Barang", "Tautan", "Harga Jual"],
        ),
        (["sku", "product_name", "productUrl", "unit price"], ["sku", "product_name", "productUrl", "unit price"]),
        (["ID", "Judul", "LINK PRODUK", "harga"], ["ID", "Judul", "LINK PRODUK", "harga"]),
        (["id", "sku", "nama", "harga", "link"], ["sku", "nama", "link", "harga"]),
    ],
)
def test_headings_of_both_languages_are_known(headings: list[str], expected: list[str]) -> None:
    proposal = propose(headings, _sample(*["{}"] * len(headings)))
    assert [proposal.mapping[field] for field in ("sku", "title", "url", "price")] == expected
    assert proposal.guessed == ()


def test_links_and_marked_prices_are_known_by_their_cells() -> None:
    proposal = propose(["sku", "nama", "kolom a", "kolom b"], _sample("S{}", "Kebaya {}", LINK, "Rp{}0.000"))
    assert (proposal.mapping["url"], proposal.mapping["price"]) == ("kolom a", "kolom b")
    assert proposal.guessed == ()


def test_a_bare_number_or_name_is_only_a_guess() -> None:
    proposal = propose(["a", "b", "c", "d"], _sample("S{}", "Kebaya nomor {}", LINK, "{}0000"))
    assert proposal.mapping == {"url": "c", "price": "d", "title": "b", "sku": "a"}
    assert set(proposal.guessed) == {"price", "title", "sku"}
    assert missing(proposal.mapping) == []


def test_pictures_are_no_product_links() -> None:
    proposal = propose(["sku", "nama", "harga", "x"], _sample("S{}", "Baju {}", "5{}00", "https://cdn.test/{}.jpg"))
    assert proposal.mapping["image_url"] == "x"
    assert missing(proposal.mapping) == ["url"]
    assert not proposal.possible


def test_a_mapping_is_remembered_by_headings_in_their_order() -> None:
    assert headings_hash(["A", "b "]) == headings_hash(["a", "B"])
    assert headings_hash(["a", "b"]) != headings_hash(["b", "a"])
