"""Pure rules of links: where one may lead, how the token joins the address, which codes were probably meant."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable
from urllib.parse import quote, unquote_plus, urlsplit

from affiliate.core.addresses import allowed, plain
from affiliate.core.ids import ALPHABET

__all__ = [
    "CODE_LENGTH_MAX",
    "SUB_IDS",
    "TARGET_LENGTH_MAX",
    "allowed",
    "around_token",
    "first_allowed",
    "is_sub_id",
    "variants",
    "with_token",
]

CODE_LENGTH_MAX = 20
TARGET_LENGTH_MAX = 2000
VARIANTS_MAX = 1024
LABEL_LENGTH_MAX = 120
# A community's own words for where it put a link; they come back beside each order. Names are ours, values theirs.
SUB_IDS = ("channel", "sub1", "sub2", "sub3")
SUB_ID_LENGTH_MAX = 72
_SUB_ID = re.compile(rf"[A-Za-z0-9._~-]{{1,{SUB_ID_LENGTH_MAX}}}")
# Everything a URL may hold stays as it is, percent signs included; the rest is percent-encoded as UTF-8.
_KEPT = "%/:@!$&'()*+,;=~[]?#"
_LOOK_ALIKE = {"1": "iL", "l": "iL", "I": "iL", "i": "iL", "L": "Li"}


def with_token(url: str, param: str, token: str) -> str:
    """`url` with the query parameter `param` set to the token, everything else kept, in ASCII."""
    before, after = around_token(url, param)
    return before + token + after


def around_token(url: str, param: str) -> tuple[str, str]:
    """What stands before and after the token: computed once a link, so that a redirect only joins three strings."""
    simple = plain(url)
    if simple is not None and param.isascii() and param.isalnum() and param not in simple[3]:
        origin, _host, path, query, fragment = simple
        return f"{origin}{path or '/'}?{query}{'&' if query else ''}{param}=", fragment
    parts = urlsplit(url)
    kept = [piece for piece in parts.query.split("&") if not _sets(piece, param)] if parts.query else []
    query = "&".join([*(quote(piece, safe=_KEPT) for piece in kept), f"{quote(param, safe='')}="])
    fragment = f"#{quote(parts.fragment, safe=_KEPT)}" if parts.fragment else ""
    return f"{parts.scheme}://{parts.netloc}{quote(parts.path or '/', safe=_KEPT)}?{query}", fragment


def first_allowed(ladder: Iterable[str], allowed_hosts: Collection[str]) -> str:
    """The first of these addresses to which visitors may be led; "" where there is none."""
    return next((url for url in ladder if allowed(url, allowed_hosts)), "")


def is_sub_id(text: str) -> bool:
    """1 to 72 letters, digits and . _ ~ -: what every address, file and spreadsheet takes as it is."""
    return _SUB_ID.fullmatch(text) is not None


def _sets(piece: str, param: str) -> bool:
    return unquote_plus(piece.partition("=")[0]) == param


def variants(typed: str) -> list[str]:
    """Codes that may have been meant: without what chat programs glue to an address, in other case, look-alikes.

    At most VARIANTS_MAX of them; none for what was never a code.
    """
    found = re.search(r"[0-9A-Za-z]+", typed)
    if found is None or len(found[0]) > CODE_LENGTH_MAX:
        return []
    choices = [_LOOK_ALIKE.get(char) or _cases(char) for char in found[0]]
    if not all(choices):
        return []
    return ["".join(chars) for chars in itertools.islice(itertools.product(*choices), VARIANTS_MAX)]


def _cases(char: str) -> list[str]:
    return [form for form in dict.fromkeys((char, char.lower(), char.upper())) if form in ALPHABET]
