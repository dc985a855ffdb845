"""Public codes that people type and chat programs do not damage."""

from __future__ import annotations

import secrets

# No 0 O 1 l I: they are confused when read aloud or copied by hand.
ALPHABET = "23456789abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"


def link_code(size: int = 8) -> str:
    """A random code that ends in a letter or digit, as all of its characters are."""
    return "".join(secrets.choice(ALPHABET) for _ in range(size))
