"""Addresses that strangers give us to call: only such as lead outside.

An address is read strictly, its name is resolved, every answer is looked at, and the call then goes to exactly an
answer that was looked at. Sources: RFC 6890 and the IANA special-purpose registries; the clouds' metadata addresses.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

URL_MAX = 1000
PORTS = frozenset({443, 8443})
ADDRESSES_MAX = 20  # a name with more answers is nobody's receiver
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1"})
# Names that lead inside wherever they are asked for (RFC 6761, RFC 6762, RFC 8375, RFC 9476).
_INSIDE_NAMES = (
    "localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "arpa", "onion", "invalid",
    "alt",
)  # fmt: skip
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# The last label begins with a letter: so no number in any notation is taken for a name.
_NAME = re.compile(rf"(?=.{{4,253}}\Z)(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])")
_SIGNS = r"!$%&'()*+,\-./0-9:;=@A-Z_a-z~"
_ADDRESS = re.compile(rf"(https?)://([A-Za-z0-9.-]+)(?::([0-9]{{1,5}}))?(/[{_SIGNS}]*)?(\?[?{_SIGNS}]*)?")
# Public by their number, and yet a way inside or to the machine's own cloud.
_ALSO_INSIDE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15",
        "240.0.0.0/4", "::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/23", "2002::/16",
        "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip

Resolver = Callable[[str, int], Sequence[str]]


class Fault(StrEnum):
    """Why an address is not called."""

    FORM = "form"  # not one of our kind of addresses at all
    SCHEME = "scheme"  # not https
    PORT = "port"
    NUMBER = "number"  # a number in place of a name
    INSIDE = "inside"  # its name or one of its addresses leads inside
    UNKNOWN = "unknown"  # the name has no address


class Unfit(Exception):
    """An address that is not called, and why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes: `path` with its query, `host` in lower case."""

    scheme: str
    host: str
    port: int
    path: str
    loopback: bool = False  # this very machine, for practice: never in production

    @property
    def authority(self) -> str:
        """The Host header's value."""
        return self.host if self.port == (443 if self.scheme == "https" else 80) else f"{self.host}:{self.port}"


def target(url: str, *, to_localhost: bool = False) -> Target:
    """Read an address; `to_localhost` also takes http to this machine. Raises Unfit."""
    match = _ADDRESS.fullmatch(url) if len(url) <= URL_MAX else None
    if match is None:
        raise Unfit(Fault.SCHEME if url.lower().startswith("http://") else Fault.FORM)
    scheme, host, path = match[1], match[2].lower(), (match[4] or "/") + (match[5] or "")
    port = int(match[3]) if match[3] else 443 if scheme == "https" else 80
    if not _read_alike(url, host, int(match[3]) if match[3] else None):
        raise Unfit(Fault.FORM)
    if to_localhost and host in LOOPBACK_NAMES and 0 < port <= 65535:
        return Target(scheme, host, port, path, loopback=True)
    if scheme != "https":
        raise Unfit(Fault.SCHEME)
    if re.fullmatch(r"[0-9.]+", host):
        raise Unfit(Fault.NUMBER)
    if not _NAME.fullmatch(host) or any(host == name or host.endswith(f".{name}") for name in _INSIDE_NAMES):
        raise Unfit(Fault.INSIDE)
    if port not in PORTS:
        raise Unfit(Fault.PORT)
    return Target(scheme, host, port, path)


def _read_alike(url: str, host: str, port: int | None) -> bool:
    """True when a second reader finds the same host and port: what two read differently is a trick."""
    try:
        parts = urlsplit(url)
        return (parts.hostname, parts.port, parts.username, parts.password) == (host, port, None, None)
    except ValueError:
        return False


def leads_outside(address: str) -> bool:
    """True for a public unicast address; False for everything that is or may embed another kind."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:  # also an address with a zone
        return False
    if found.is_multicast or found.is_reserved or found.is_unspecified or not found.is_global:
        return False
    return not any(found in network for network in _ALSO_INSIDE if network.version == found.version)


def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, by the machine's resolver. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def addresses(wanted: Target, *, resolve: Resolver = resolved) -> list[str]:
    """Addresses that may be called for a target: all of its name's, or none. Raises Unfit.

    A name with one address outside and one inside is refused: which of them is called must not be a matter of luck.
    """
    try:
        found = list(resolve(wanted.host, wanted.port))
    except (OSError, UnicodeError):
        raise Unfit(Fault.UNKNOWN) from None
    if not found or len(found) > ADDRESSES_MAX:
        raise Unfit(Fault.UNKNOWN)
    fits = _is_loopback if wanted.loopback else leads_outside
    if not all(fits(address) for address in found):
        raise Unfit(Fault.INSIDE)
    return found


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
