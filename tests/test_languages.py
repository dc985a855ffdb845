"""Every text of the code and the pages exists in Indonesian, with the same placeholders."""

from __future__ import annotations

import re
from pathlib import Path

from affiliate.core.i18n import merged_catalogue
from affiliate.core.texts import untranslated

ROOT = Path(__file__).resolve().parents[1]
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


def test_nothing_is_half_translated():
    assert untranslated(ROOT, "id", [ROOT]) == []


def test_placeholders_survive_translation():
    wrong = []
    for message in merged_catalogue("id"):
        if not message.id:
            continue
        source = message.id if isinstance(message.id, str) else message.id[-1]
        target = message.string if isinstance(message.string, str) else message.string[-1]
        if set(PLACEHOLDER.findall(source)) != set(PLACEHOLDER.findall(target)):
            wrong.append(source)
    assert wrong == []


def test_no_translation_is_left_over():
    """A text that the code no longer says is removed from the catalogue, too."""
    from affiliate.core.texts import _files, texts

    said = {text for path in _files(ROOT) if path.is_file() for text, _line in texts(path)}
    left = [m.id for m in merged_catalogue("id") if m.id and (m.id if isinstance(m.id, str) else m.id[0]) not in said]
    assert left == []
