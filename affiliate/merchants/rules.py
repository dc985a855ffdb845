"""What may stand in a merchant's row, and which version of terms counts at a moment. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Protocol, TypeVar
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from affiliate.core.signing import SECRET_PREFIX
from affiliate.merchants.models import AttributionModel, CouponRule, Rung

LADDER = (Rung.TOKEN, Rung.COUPON, Rung.REMEMBERED, Rung.REFERENCE)  # where a programme has said nothing
HOST_MAX = 253
STANDARD_SECRET_BYTES = range(24, 65)  # Standard Webhooks: 24 to 64 bytes of key
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_COUPON_ENDS = re.compile(r"[,;\s]+")
_CLICK_PARAM = re.compile(r"[A-Za-z0-9_.-]{1,40}")


@dataclass(frozen=True, slots=True)
class Default:
    """How orders are credited where a programme has said nothing."""

    model: AttributionModel = AttributionModel.LAST_CLICK
    ladder: tuple[Rung, ...] = LADDER
    coupon_rule: CouponRule = CouponRule.CLICK_WINS


class Version(Protocol):
    """Terms or a split."""

    @property
    def version(self) -> int: ...
    @property
    def valid_from(self) -> datetime: ...


AnyVersion = TypeVar("AnyVersion", bound=Version)


def in_force(versions: Iterable[AnyVersion], moment: datetime) -> AnyVersion | None:
    """The version with the latest `valid_from` not after the moment; of equal ones the higher version."""
    begun = [version for version in versions if version.valid_from <= moment]
    return max(begun, key=lambda version: (version.valid_from, version.version), default=None)


def host_name(text: str) -> str | None:
    """A plain host name in lower case; None for a scheme, port, path, wildcard, address in brackets or empty label."""
    name = text.strip().lower()
    labels = name.split(".")
    if len(name) > HOST_MAX or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    return name


def is_click_param(text: str) -> bool:
    return _CLICK_PARAM.fullmatch(text) is not None


def host_of(url: str) -> str | None:
    """The host of an http or https address without user and with a whole port; None for anything else."""
    if any(ord(char) <= 32 or ord(char) == 127 or char == "\\" for char in url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or port == 0:
        return None
    return host_name(parts.hostname or "")


def is_standard_secret(text: str) -> bool:
    """whsec_ and 24 to 64 bytes in base64."""
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return False
    return text.startswith(SECRET_PREFIX) and len(key) in STANDARD_SECRET_BYTES


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """True for a zone of the tz database, such as Asia/Jakarta."""
    return name in _zones()


def coupon_key(code: str) -> str:
    """A code as it is compared: without regard to case or to spaces around it."""
    return code.strip().casefold()


def coupon_keys(told: str | None) -> list[str]:
    """The codes that an order tells, in its order, each once: "SAVE10, cloz10" is save10 and cloz10."""
    return list(dict.fromkeys(coupon_key(part) for part in _COUPON_ENDS.split(told or "") if part))


def ladder_for(rule: CouponRule) -> tuple[Rung, ...]:
    """The usual ladder under a coupon rule."""
    return (Rung.COUPON, Rung.TOKEN, *LADDER[2:]) if rule is CouponRule.COUPON_WINS else LADDER


def ladder_fault(ladder: Sequence[Rung], rule: CouponRule, model: AttributionModel) -> str | None:
    """What is wrong with a ladder, as a stable code: a policy never says one thing and does another."""
    if len(set(ladder)) != len(ladder):
        return "rung_twice"
    if Rung.TOKEN not in ladder:
        return "token_missing"
    if Rung.COUPON in ladder:
        coupon_first = ladder.index(Rung.COUPON) < ladder.index(Rung.TOKEN)
        if coupon_first != (rule is CouponRule.COUPON_WINS):
            return "against_coupon_rule"
    if model is not AttributionModel.LAST_CLICK and Rung.REMEMBERED not in ladder:
        return "remembered_missing"
    return None
