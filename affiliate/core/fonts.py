"""Inter, cut down to what our pages write: `python -m affiliate.core.fonts <source.ttf> <target.woff2>`.

A program of its own, because the work takes seconds and much memory, which no web process should give.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

# Latin and Latin Extended-A, Romanian, general punctuation, currencies, arrows and the signs that our pages write.
LETTERS = (
    *range(0x20, 0x180), *range(0x218, 0x21C), *range(0x2010, 0x2034), 0x2039, 0x203A, 0x20A9, 0x20AB, 0x20AC, 0x20B1,
    0x20B9, 0x2116, 0x2122, *range(0x2190, 0x2194), 0x2197, 0x2212, 0x2248, 0x2260, 0x2264, 0x2265, 0x25CF, 0x2713,
)  # fmt: skip
FEATURES = ("kern", "liga", "calt", "ccmp", "locl", "mark", "mkmk", "tnum", "case")
AXES = {"opsz": 14, "wght": (400, 700)}


def make(source: Path, target: Path) -> None:
    """Write the variable font with our letters and weights as WOFF2; the target is whole or not there."""
    font = TTFont(source)
    subsetter = subset.Subsetter(subset.Options(layout_features=list(FEATURES), hinting=False))
    subsetter.populate(unicodes=LETTERS)
    subsetter.subset(font)
    instancer.instantiateVariableFont(font, AXES, inplace=True)
    font.flavor = "woff2"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as half:
        font.save(half)
    os.chmod(half.name, 0o644)
    os.replace(half.name, target)


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
