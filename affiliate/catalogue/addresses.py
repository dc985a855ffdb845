"""Addresses of products and pictures. Pure. A product's link may only lead to a host that the merchant named."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import SplitResult, quote, urlsplit

ADDRESS_MAX = 2000
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\\<>\"]")
_SAFE = "/?#[]@!$&'()*+,;=%:-._~"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_FIRST_LINK = re.compile(r"https?://[^\s\"'<>|;]+")


class AddressProblem(ValueError):
    """An address that cannot be used; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def product_link(text: str, allowed_hosts: Collection[str]) -> str:
    """The link as it may be stored: http(s), host among the allowed ones, letters beyond ASCII percent-encoded.

    Raises AddressProblem: link_unusable (no http(s) address, blanks, backslash, user name, control characters),
    link_too_long, host_not_allowed.
    """
    parts = _split(text)
    host = _ascii_host(parts)
    if host not in allowed_hosts and f"{host}:{parts.port}" not in allowed_hosts:
        raise AddressProblem("host_not_allowed")
    if parts.port not in (None, _DEFAULT_PORTS[parts.scheme]) and f"{host}:{parts.port}" not in allowed_hosts:
        raise AddressProblem("host_not_allowed")
    netloc = host if parts.port is None else f"{host}:{parts.port}"
    return _bounded(parts._replace(netloc=netloc if not parts.netloc.isascii() else parts.netloc))


def image_link(text: str) -> str | None:
    """The first usable picture address of a cell (some shops write several), or None."""
    found = _FIRST_LINK.search(text)
    if found is None:
        return None
    try:
        parts = _split(found.group().rstrip(",]"))
        host = _ascii_host(parts)
        return _bounded(parts if parts.netloc.isascii() else parts._replace(netloc=host))
    except AddressProblem:
        return None


def _split(text: str) -> SplitResult:
    if _FORBIDDEN.search(text):
        raise AddressProblem("link_unusable")
    try:
        parts = urlsplit(text)
        usable = parts.scheme in _DEFAULT_PORTS and bool(parts.hostname) and "@" not in parts.netloc
        usable = usable and parts.port != 0  # reading it raises for what is no number
    except ValueError:
        raise AddressProblem("link_unusable") from None
    if not usable:
        raise AddressProblem("link_unusable")
    return parts


def _ascii_host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise AddressProblem("link_unusable") from None


def _bounded(parts: SplitResult) -> str:
    link = quote(parts.geturl(), safe=_SAFE)
    if len(link) > ADDRESS_MAX:
        raise AddressProblem("link_too_long")
    return link
