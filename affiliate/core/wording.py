"""What people type, made fit to store and to show: no control characters, no halves of characters, no tricks.

PostgreSQL refuses NUL and lone surrogates; direction overrides would turn the rest of a page around.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Any

from marshmallow import fields

_TURNS_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NOT_TEXT = frozenset({"Cc", "Cs"})
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
SLUG_MAX = 60
YEARS = range(2000, 2101)  # days outside are no days of ours
ID_MAX = 2**63 - 1


def one_line(text: str) -> str:
    """The text on one line, without what cannot be stored or seen; spaces run together."""
    kept = "".join(char if _shows(char) else " " if char.isspace() else "" for char in text)
    return unicodedata.normalize("NFC", " ".join(kept.split()))


def slug(text: str, fallback: str) -> str:
    """A title as it stands in an address: "Batik & Kebaya" is batik-kebaya; the fallback where no letter is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    found = _NOT_SLUG.sub("-", plain).strip("-")[: SLUG_MAX - 6].strip("-")  # room for a number behind it
    return found if len(found) >= 2 else fallback


def numbered(wanted: str, taken: frozenset[str] | set[str]) -> str:
    """`wanted`, or the first of wanted-2, wanted-3 … that is not taken."""
    number, name = 1, wanted
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _shows(char: str) -> bool:
    return char not in _TURNS_DIRECTION and unicodedata.category(char) not in _NOT_TEXT


def day_of(text: str | None) -> date | None:
    """2026-11-01 as a day; None for anything else."""
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.year in YEARS and found.isoformat() == text else None


def number_of(text: str | None) -> int | None:
    """An id as it stands in an address; None for anything else."""
    if not text or not text.isascii() or not text.isdigit() or len(text) > 19:
        return None
    return number if 0 < (number := int(text)) <= ID_MAX else None


class Line(fields.Str):
    """A field of a schema that holds one line; lengths are checked on what is left of it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return one_line(super()._deserialize(value, attr, data, **kwargs) or "")
