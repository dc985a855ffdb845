"""Contrast: no colour that a community can choose makes its page unreadable."""

from __future__ import annotations

import itertools

import pytest

from affiliate.communities.rules import AA_SHAPE, AA_TEXT, contrast, is_colour, on, palette

STEPS = ("00", "33", "66", "99", "cc", "ff")
COLOURS = ["#" + "".join(parts) for parts in itertools.product(STEPS, repeat=3)]


def test_known_contrasts():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#9a3b26", "#9a3b26") == 1


@pytest.mark.parametrize("colour", COLOURS)
def test_every_colour_stays_readable(colour):
    found = palette(colour)
    assert found.accent == colour
    for tones in (found.light, found.dark):
        assert contrast(tones.on_accent, colour) >= AA_TEXT
        assert contrast(tones.ink, tones.paper) >= AA_TEXT
        assert contrast(tones.edge, tones.paper) >= AA_SHAPE


def test_a_dark_accent_is_kept_as_ink_and_a_pale_one_is_not():
    assert palette("#9A3B26").is_readable
    assert palette("#9a3b26").light.ink == "#9a3b26"
    assert not palette("#ffd23f").is_readable
    assert (on("#ffd23f"), on("#9a3b26")) == ("#000000", "#ffffff")


@pytest.mark.parametrize("text", ["", "red", "#fff", "#12345g", "#1234567", "#123456;}", "#123456\n", "１２３４５６"])
def test_what_is_no_colour(text):
    assert not is_colour(text)
    with pytest.raises(ValueError):
        palette(text)
