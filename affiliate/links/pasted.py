"""An address that somebody pasted, made fit to give out: whose store it is, cleaned of other tokens. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from urllib.parse import unquote_plus, urlsplit

from affiliate.catalogue.addresses import AddressProblem, product_link
from affiliate.core.addresses import allowed

SCHEME = "https://"
_HAS_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)
_PLACE_AND_PORT = re.compile(r"[a-z0-9.-]+:[0-9]{1,5}(?:[/?#]|\Z)", re.I)


@dataclass(frozen=True, slots=True)
class Shop:
    """What of a store decides whether an address is its own."""

    merchant_id: int
    shop_url: str
    allowed_hosts: tuple[str, ...]
    click_param: str


def completed(text: str) -> str:
    """The address as a browser would read it from its bar: without the blanks around it, https where it says none."""
    address = text.strip()
    if not address or (_HAS_SCHEME.match(address) and not _PLACE_AND_PORT.match(address)):
        return address
    return SCHEME + address.lstrip("/")


def own_code(address: str, public_url: str) -> str | None:
    """The code of an address that is a link of ours already."""
    start = re.sub(r"\Ahttps?://", "", public_url, flags=re.I).lower() + "/go/"
    rest = re.sub(r"\Ahttps?://", "", address, flags=re.I)
    if not rest.lower().startswith(start):
        return None
    return re.split(r"[/?#]", rest[len(start) :])[0]


def stores_of(address: str, shops: Iterable[Shop]) -> list[Shop]:
    """The stores to which an address may lead; of several on one host those whose own front page it stands under."""
    found = [shop for shop in shops if _leads_to(address, shop.allowed_hosts)]
    beneath = [shop for shop in found if _is_beneath(address, shop.shop_url)]
    return beneath if len(found) > 1 and beneath else found


def _leads_to(address: str, hosts: Collection[str]) -> bool:
    try:
        return allowed(product_link(address, hosts), hosts)
    except AddressProblem:
        return False


def _is_beneath(address: str, front: str) -> bool:
    """True for the front page itself and for what stands in its folder; a front page at the root has no folder."""
    folder = urlsplit(front).path.rstrip("/")
    path = urlsplit(address).path
    return bool(folder) and (path == folder or path.startswith(folder + "/"))


def target(address: str, shop: Shop) -> str:
    """The address as it is kept: in ASCII, without a click mark that a visit brought. Raises AddressProblem."""
    return without_param(product_link(address, shop.allowed_hosts), shop.click_param)


def without_param(url: str, param: str) -> str:
    """The address without this query parameter; every other piece stays as it is, letter by letter."""
    before, hash_, fragment = url.partition("#")
    path, mark, query = before.partition("?")
    pieces = query.split("&") if mark else []
    kept = [piece for piece in pieces if unquote_plus(piece.partition("=")[0]) != param]
    return path + (mark + "&".join(kept) if kept else "") + hash_ + fragment
