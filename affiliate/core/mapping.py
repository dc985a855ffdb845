"""Which column of a table holds which field: the general part, by headings and by cells. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def words(heading: str) -> str:
    """productName, product_name and "Product Name" are one."""
    return " ".join(re.sub(r"[\W_]+", " ", _CAMEL.sub(" ", heading)).lower().split())


def by_heading(headings: Sequence[str], synonyms: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Field -> heading, by the first synonym that a file has; no heading serves two fields, earlier fields go first."""
    by_words: dict[str, str] = {}
    for heading in headings:
        by_words.setdefault(words(heading), heading)
    found: dict[str, str] = {}
    for field, names in synonyms.items():
        name = next((name for name in names if name in by_words), None)
        if name and by_words[name] not in found.values():
            found[field] = by_words[name]
    return found


def headings_hash(headings: Sequence[str]) -> str:
    """The same for every file with these headings in this order."""
    return hashlib.sha256("\x1f".join(heading.strip().lower() for heading in headings).encode()).hexdigest()


def column(index: int, sample: Sequence[Sequence[str]]) -> list[str]:
    """The filled cells of one column."""
    return [row[index].strip() for row in sample if index < len(row) and row[index].strip()]


def share(cells: Sequence[str], fits: Callable[[str], bool]) -> float:
    """How much of these cells fits."""
    return sum(map(fits, cells)) / len(cells) if cells else 0.0
