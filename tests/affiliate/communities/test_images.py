"""Logos: only pixels survive, and nothing that is not a picture gets in."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from affiliate.communities.images import BYTES_MAX, SIDE_MAX, NotALogo, read_logo


def drawn(kind: str, size: tuple[int, int] = (900, 600), mode: str = "RGB", **options: object) -> bytes:
    out = BytesIO()
    Image.new(mode, size, "#9a3b26").save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_three_kinds_become_a_small_webp(kind):
    logo = read_logo(drawn(kind))
    with Image.open(BytesIO(logo.body)) as kept:
        assert (kept.format, kept.size) == ("WEBP", (SIDE_MAX, 341))
    assert (logo.width, logo.height) == (SIDE_MAX, 341)


def test_transparency_is_kept():
    clear, indexed = BytesIO(), BytesIO()
    Image.new("RGBA", (64, 64), (154, 59, 38, 90)).save(clear, "PNG")
    Image.new("P", (64, 64)).save(indexed, "PNG", transparency=0)
    for data in (clear, indexed):
        with Image.open(BytesIO(read_logo(data.getvalue()).body)) as kept:
            assert kept.mode == "RGBA"


def test_exif_is_dropped_after_it_has_turned_the_picture():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x010E] = "Jalan rahasia 7"
    logo = read_logo(drawn("JPEG", exif=exif))
    assert logo.height > logo.width
    assert b"rahasia" not in logo.body
    with Image.open(BytesIO(logo.body)) as kept:
        assert not kept.getexif()


def test_the_same_picture_has_the_same_name():
    assert read_logo(drawn("PNG")).sha256 == read_logo(drawn("PNG")).sha256


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + b"\0" * 64,
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        drawn("PNG")[:200],
        drawn("JPEG")[:300],
        drawn("BMP", (32, 32)),
        drawn("PNG", (8, 400)),
        b"\x89PNG\r\n\x1a\n" + b"\xff" * 500,
        b"0" * (BYTES_MAX + 1),
    ],
)
def test_what_is_refused(data):
    with pytest.raises(NotALogo) as refusal:
        read_logo(data)
    assert list(refusal.value.fields) == ["logo"]


@pytest.mark.parametrize("side", [6400, 9000, 20_000])
def test_a_picture_that_would_fill_the_memory_is_refused_unread(side):
    with pytest.raises(NotALogo):
        read_logo(drawn("PNG", (side, side), mode="1"))
