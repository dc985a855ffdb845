"""What a page says in Indonesian, by the message id that its template uses."""

from __future__ import annotations

from affiliate.core.i18n import merged_catalogue

_CATALOGUE = merged_catalogue("id")


def say(text: str, **values: object) -> str:
    """The Indonesian text of a message id; a text that is not translated fails the test that asks for it."""
    message = _CATALOGUE.get(text)
    assert message is not None, text
    assert message.string, text
    found = message.string if isinstance(message.string, str) else message.string[0]
    return found % values if values else found
