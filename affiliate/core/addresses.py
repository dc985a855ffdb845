"""Web addresses that come from outside: does one really lead to one of these hosts?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
# Read as browsers read it: the authority ends at the first / ? #, and holds nothing but a plain host and a port.
_ADDRESS = re.compile(r"(https?)://([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::([0-9]{1,5}))?(?:[/?#].*)?", re.I | re.S)
_DANGEROUS = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff]")

# Nearly every address: nothing in it could be read in two ways, needs quoting or may stand for something else.
_PLAIN = re.compile(
    r"(https?://([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?))(/[\w.~/:@!$'()*,;=&-]*)?(?:\?([\w.~/:@!$'()*,;=&?-]*))?(#[\w.~/-]+)?",
    re.A,
)


def plain(url: str) -> tuple[str, str, str, str, str] | None:
    """Origin, host, path, query and fragment (with its #) of an address that needs no second look; None for others."""
    match = _PLAIN.fullmatch(url)
    if match is None:
        return None
    origin, host, path, query, fragment = match.groups("")
    return origin, host, path, query, fragment


def allowed(url: str, allowed_hosts: Iterable[str]) -> bool:
    """True when `url` is http(s) to exactly one of the hosts ("shop.example", or "shop.example:8443" for an odd port).

    No user info, backslash, control character or trailing dot; two independent readings must agree on the host.
    """
    simple = plain(url)
    if simple is not None:
        return simple[1] in {name.lower() for name in allowed_hosts}
    match = _ADDRESS.fullmatch(url)
    if match is None or _DANGEROUS.search(url) or url != url.strip():
        return False
    scheme, host = match[1].lower(), match[2].lower()
    port = int(match[3]) if match[3] else _DEFAULT_PORTS[scheme]
    if (scheme, host, port) != _second_reading(url):
        return False
    place = host if port == _DEFAULT_PORTS[scheme] else f"{host}:{port}"
    return place in {name.lower() for name in allowed_hosts}


def _second_reading(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if parts.username is not None or parts.password is not None:
        return None
    return parts.scheme, parts.hostname or "", port
