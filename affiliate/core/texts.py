"""Which texts of the code and the templates have no translation yet (for the tests and `tools/texts`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from babel.messages.extract import extract_from_file

from affiliate.core.i18n import merged_catalogue

_KEYWORDS = {
    "_": None, "_l": None, "gettext": None, "lazy_gettext": None, "_n": (1, 2), "ngettext": (1, 2),
}  # fmt: skip
_FOLDERS = ("affiliate", "payouts", "templates", "app.py")


def _files(root: Path) -> Iterator[Path]:
    for folder in _FOLDERS:
        path = root / folder
        yield from [path] if path.is_file() else sorted(path.rglob("*"))


def texts(path: Path) -> Iterator[tuple[str, int]]:
    """(text, line) of every translatable text of one file."""
    method = "python" if path.suffix == ".py" else "jinja2" if path.suffix in {".html", ".txt", ".mjml"} else None
    if method is None:
        return
    options = {} if method == "python" else {"silent": "false", "newstyle_gettext": "true"}
    for line, message, _comments, _context in extract_from_file(method, str(path), keywords=_KEYWORDS, options=options):
        yield (message if isinstance(message, str) else message[0]), line


def untranslated(root: Path, code: str, wanted: Sequence[Path]) -> list[tuple[str, str]]:
    """(text, file:line) of texts below `wanted` without a translation into `code`, each once."""
    catalogue = merged_catalogue(code)
    found: dict[str, str] = {}
    for path in _files(root):
        if not path.is_file() or not any(path.is_relative_to(place) for place in wanted):
            continue
        for text, line in texts(path):
            message = catalogue.get(text)
            if message is None or not message.string or not all(_parts(message.string)):
                found.setdefault(text, f"{path.relative_to(root)}:{line}")
    return list(found.items())


def _parts(value: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
