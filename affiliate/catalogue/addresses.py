"""Addresses of products and pictures. Pure. A product's link may only lead to a host that the merchant named."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import SplitResult, quote, urlsplit

from affiliate.core.addresses import allowed

ADDRESS_MAX = 2000
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\\<>\"]")
_SAFE = "/?#[]@!$&'()*+,;=%:-._~"
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
    link = _bounded(_split(text))
    if not allowed(link, allowed_hosts):
        raise AddressProblem("host_not_allowed")
    return link


def image_link(text: str) -> str | None:
    """The first usable picture address of a cell (some shops write several), or None."""
    found = _FIRST_LINK.search(text)
    if found is None:
        return None
    try:
        return _bounded(_split(found.group().rstrip(",]")))
    except AddressProblem:
        return None


def _split(text: str) -> SplitResult:
    if _FORBIDDEN.search(text):
        raise AddressProblem("link_unusable")
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
        usable = usable and parts.port != 0  # reading it raises for what is no number
    except ValueError:
        raise AddressProblem("link_unusable") from None
    if not usable:
        raise AddressProblem("link_unusable")
    return parts


def _bounded(parts: SplitResult) -> str:
    """The address in ASCII: the host as IDNA, everything else percent-encoded."""
    if not parts.netloc.isascii():
        parts = parts._replace(netloc=_ascii_place(parts))
    link = quote(parts.geturl(), safe=_SAFE)
    if len(link) > ADDRESS_MAX:
        raise AddressProblem("link_too_long")
    return link


def _ascii_place(parts: SplitResult) -> str:
    try:
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except UnicodeError:
        raise AddressProblem("link_unusable") from None
    return host if parts.port is None else f"{host}:{parts.port}"
