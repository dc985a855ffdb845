"""What is told, when it is tried again, and what an answer means. Source: the Standard Webhooks specification."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from affiliate.core.signing import sha256_hex


class EventType(StrEnum):
    """What can be heard; `ping` is sent by hand, to see whether an address hears."""

    CONVERSION_CREATED = "conversion.created"
    CONVERSION_CONFIRMED = "conversion.confirmed"
    CONVERSION_DECLINED = "conversion.declined"
    COMMISSION_EARNED = "commission.earned"
    COMMISSION_ADJUSTED = "commission.adjusted"
    COMMISSION_REVERSED = "commission.reversed"
    PAYOUT_SENT = "payout.sent"
    PAYOUT_PAID = "payout.paid"
    PAYOUT_FAILED = "payout.failed"
    PAYOUT_RETURNED = "payout.returned"
    PING = "ping"


COMMUNITY_HEARS = tuple(kind for kind in EventType if kind is not EventType.PING)
MERCHANT_HEARS = tuple(kind for kind in COMMUNITY_HEARS if not kind.startswith("payout."))


class Outcome(StrEnum):
    """How a try ended."""

    DELIVERED = "delivered"  # any 2xx
    REFUSED = "refused"  # an answer that is none
    GONE = "gone"  # 410: never again
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TLS = "tls"
    GARBLED = "garbled"
    UNKNOWN = "unknown"  # the name has no address
    INSIDE = "inside"  # the name leads inside: nothing was sent
    INTERRUPTED = "interrupted"  # the sender died: it may have arrived


LASTS = timedelta(days=3)
# After the first failure, the second, …; the last try is when the three days are over.
DELAYS = (
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5),
    timedelta(hours=10), timedelta(hours=14), timedelta(hours=20), timedelta(hours=24),
)  # fmt: skip
# How long a whole endpoint is left alone after its first failure in a row, its second, …: what waits for it waits too.
QUIET = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5), timedelta(minutes=10))
JITTER = 0.1  # of a delay, both ways: what failed together does not come back together
WAIT_MAX = timedelta(days=1)  # that a receiver may ask for
KEPT = timedelta(days=90)  # after it is settled
ROTATION = timedelta(hours=24)  # both secrets sign
BUSY = (429, 503)


def message_id(owner: str, source: str) -> str:
    """The webhook-id of a fact for an owner: the same however often and to how many of its addresses it is sent."""
    return "msg_" + sha256_hex(f"{owner}|{source}".encode())[:32]


def envelope(kind: EventType, timestamp: str, data: Mapping[str, Any]) -> bytes:
    """The bytes that are kept, signed and sent: {type, timestamp, data}."""
    told = {"type": kind.value, "timestamp": timestamp, "data": data}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()


def outcome_of(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome.DELIVERED
    return Outcome.GONE if status == 410 else Outcome.REFUSED


def wait_asked(status: int, retry_after: str | None, *, now: datetime) -> timedelta | None:
    """How long a busy receiver asks us to wait (RFC 9110, 10.2.3: seconds or a date); None where it does not."""
    if status not in BUSY or not retry_after:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return min(timedelta(seconds=int(retry_after[:9])), WAIT_MAX)
    try:
        moment = parsedate_to_datetime(retry_after)
    except (ValueError, TypeError, OverflowError):
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return max(timedelta(0), min(moment - now, WAIT_MAX))


def next_try(
    failures: int, *, now: datetime, give_up_at: datetime, jitter: float, wait: timedelta | None = None
) -> datetime | None:
    """When to try again after so many failures (from 1); None when the time is over.

    `jitter` lies in 0 … 1 and comes from the caller; `wait` is what the receiver asked for and counts where longer.
    """
    if now >= give_up_at:
        return None
    delay = DELAYS[min(failures, len(DELAYS)) - 1] * (1 + JITTER * (2 * jitter - 1))
    return min(now + max(delay, wait or timedelta(0)), give_up_at)


def quiet_until(failures: int, *, now: datetime, wait: timedelta | None = None) -> datetime:
    """Until when an endpoint is left alone after so many failures in a row (from 1)."""
    return now + max(QUIET[min(failures, len(QUIET)) - 1], wait or timedelta(0))
