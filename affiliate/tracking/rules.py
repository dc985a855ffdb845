"""Which visits count, and what we keep of a visitor. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from affiliate.core import signing
from affiliate.tracking.agents import is_program

REPEAT_HOURS = 1
REPEAT_MS = REPEAT_HOURS * 3_600_000
AGENT_LENGTH_MAX = 400
AGENTS_REMEMBERED = 8192
VISITOR_BYTES = 12

_HOST = re.compile(r"https?://([a-z0-9](?:[a-z0-9.-]{0,253}[a-z0-9])?)(?::\d{1,5})?(?:[/?#]|\Z)", re.I)
_AHEAD = re.compile(r"prefetch|prerender|preview", re.I)
_TABLET = re.compile(r"iPad|Tablet|PlayBook|Silk/|Android(?!.*Mobile)", re.I)
_PHONE = re.compile(r"Mobi|iPhone|iPod|Windows Phone|Opera Mini", re.I)


class Device(StrEnum):
    PHONE = "phone"
    TABLET = "tablet"
    DESK = "desk"
    BOT = "bot"


class Reason(StrEnum):
    """Why a visit earns nothing; it is recorded all the same."""

    HEAD = "head"  # asked for the headers only
    NO_AGENT = "no_agent"  # named no browser
    BOT = "bot"  # named itself as a crawler, preview or script
    PREFETCH = "prefetch"  # loaded ahead, seen by nobody yet
    EMBEDDED = "embedded"  # an image, frame or script, not a person going somewhere
    REPEATED = "repeated"  # the same visitor followed the same link within the hour before
    TOO_MANY = "too_many"  # the visitor followed more links within a minute than a person does
    TOO_FAST = "too_fast"  # the visitor followed this link faster than a person can


@lru_cache(maxsize=AGENTS_REMEMBERED)
def device_of(agent: str) -> Device:
    """The kind of machine behind a User-Agent header."""
    if is_program(agent):
        return Device.BOT
    if _TABLET.search(agent):
        return Device.TABLET
    return Device.PHONE if _PHONE.search(agent) else Device.DESK


def disqualified(
    *, method: str, agent: str, purpose: str = "", fetch_mode: str = "", fetch_dest: str = "", accept: str = ""
) -> Reason | None:
    """Why this visit does not count, or None. Headers as sent, "" where absent: older browsers send no Sec-Fetch-*.

    `purpose` is what Sec-Purpose, Purpose, X-Purpose and X-Moz say together. Source: Fetch Metadata Request Headers
    (W3C), for what a browser sends when a person goes somewhere; Sec-Fetch-User is not asked for, since in-app browsers
    and redirects leave it out. Without them, an Accept that begins with pictures is that of a picture in a page.
    """
    if method == "HEAD":
        return Reason.HEAD
    if not agent:
        return Reason.NO_AGENT
    if device_of(agent) is Device.BOT:
        return Reason.BOT
    if purpose and _AHEAD.search(purpose):
        return Reason.PREFETCH
    if (fetch_mode and fetch_mode != "navigate") or (fetch_dest and fetch_dest != "document"):
        return Reason.EMBEDDED
    if not fetch_dest and accept.startswith("image/") and "html" not in accept:
        return Reason.EMBEDDED
    return None


@lru_cache(maxsize=4)
def visitor_key(secret_key: str, year: int, month: int) -> bytes:
    """The month's key: a visitor of next month is another one to us."""
    return signing.keyed_hash(secret_key.encode(), f"visitor {year}-{month}".encode(), size=32)


def visitor(secret_key: str, at: datetime, address: str, agent: str) -> str:
    """A pseudonym of who came: the same within a month for the same address and browser, 24 hex digits."""
    who = f"{address}\n{agent}".encode("utf-8", "replace")
    return signing.keyed_hash(visitor_key(secret_key, at.year, at.month), who, size=VISITOR_BYTES).hex()


def referrer_host(referrer: str) -> str:
    """The host of a Referer header, lower case; "" where there is none worth keeping. Paths and queries are dropped."""
    match = _HOST.match(referrer) if referrer else None
    return match[1].lower() if match else ""
