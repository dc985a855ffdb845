"""A brand's colours and shapes, as pure functions: contrast after WCAG 2.2, never below AA.

Colours are "#rrggbb". A community chooses one accent, which surfaces show as it is; what stands on it, its edge and how
it is used as ink are computed for light and for dark pages, so that no choice can make a page unreadable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LIGHT_PAPER = "#fbf8f4"
DARK_PAPER = "#151311"
WHITE = "#ffffff"
BLACK = "#000000"
AA_TEXT = 4.5
AA_SHAPE = 3.0
CORNERS = ("sharp", "soft", "round")
WORDS = ("picks", "members", "curator")

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_STEPS = 40


@dataclass(frozen=True, slots=True)
class Tones:
    """One scheme's colours: text on the accent, an edge that stands out from the paper, accent-coloured text."""

    paper: str
    on_accent: str
    edge: str
    ink: str


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a brand on light and on dark pages."""

    accent: str
    light: Tones
    dark: Tones

    @property
    def is_readable(self) -> bool:
        """True when text on light pages may have the accent itself; dark pages mostly need a lighter one."""
        return self.light.ink == self.accent


def is_colour(text: str) -> bool:
    return _COLOUR.fullmatch(text) is not None


def contrast(one: str, other: str) -> float:
    """1.0 (none) to 21.0 (black on white), WCAG 2.2."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def palette(accent: str) -> Palette:
    """The brand's colours for both schemes. Raises ValueError for what is no #rrggbb."""
    if not is_colour(accent):
        raise ValueError(f"{accent!r} is no #rrggbb")
    colour = accent.lower()
    return Palette(colour, _tones(colour, LIGHT_PAPER), _tones(colour, DARK_PAPER))


def on(colour: str) -> str:
    """White where it reads well on the colour, else black: one of them always has 4.5 to 1."""
    return WHITE if contrast(WHITE, colour) >= AA_TEXT else BLACK


def _tones(accent: str, paper: str) -> Tones:
    return Tones(paper, on(accent), _moved_off(accent, paper, AA_SHAPE), _moved_off(accent, paper, AA_TEXT))


def _moved_off(colour: str, paper: str, wanted: float) -> str:
    """The colour, mixed with black or white just so far that it stands out from the paper by `wanted` to 1."""
    target = BLACK if _luminance(paper) > 0.5 else WHITE
    for step in range(_STEPS + 1):
        mixed = _mix(colour, target, step / _STEPS)
        if contrast(mixed, paper) >= wanted:
            return mixed
    return target


def _mix(colour: str, target: str, part: float) -> str:
    pairs = zip(_channels(colour), _channels(target), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
